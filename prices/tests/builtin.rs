//! The built-in crashes: ordered, positive, with the falls their names promise.
use plimsoll_prices::{Crash, Path};

#[test]
fn every_crash_is_a_path_of_about_forty_points_named_for_its_underlying() {
    for (crash, underlying) in Crash::ALL.into_iter().zip([0, 1]) {
        let path = Path::builtin(crash);
        Path::from_points(path.name(), path.knots().to_vec()).unwrap();
        assert!((40..=45).contains(&path.knots().len()));
        assert_eq!(path.drives(&["BTC", "SOL"]), underlying);
        assert_eq!(path.first().seconds, crash.start());
    }
}

#[test]
fn the_falls_are_those_of_their_days() {
    let btc = Path::builtin(Crash::BtcMarch2020);
    assert_eq!((btc.highest().price, btc.lowest().price), (7_935.0, 3_782.0));
    assert_eq!(btc.duration(), 48 * 3_600);
    let sol = Path::builtin(Crash::SolNovember2022);
    assert_eq!((sol.highest().price, sol.lowest().price), (31.7, 12.35));
    assert_eq!(sol.duration(), 60 * 3_600);
}
