use plimsoll_calibration::chains::{half_spreads, read_half_spreads, read_quotes, typical_wide};
use plimsoll_calibration::CalibrationError;

const HEADER: &str = "currency,bid,ask,delta\n";

fn refusal(text: &str) -> String {
    read_quotes("chain.csv", text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_half_spread_is_half_of_ask_less_bid_by_distance_from_the_money() {
    let mut text = HEADER.to_owned();
    for i in 1..=10 {
        text += &format!("BTC,0.1,{},0.4\n", 0.1 + 0.002 * f64::from(i));
        text += &format!("BTC,0.01,{},-0.1\n", 0.01 + 0.0002 * f64::from(i));
    }
    // In the money, far out, one-sided: not counted.
    text += "BTC,0.5,0.9,0.9\nBTC,0.0001,0.5,0.01\nBTC,,0.5,0.4\nBTC,0,0.5,0.4\nBTC,1.05,1.0545,-0.99\n";
    let spreads = half_spreads("chain.csv", &read_quotes("chain.csv", text.as_bytes()).unwrap());
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    assert_eq!(spreads.len(), 2);
    assert_eq!((spreads[0].quotes, spreads[1].quotes), (10, 10));
    assert!(near(spreads[0].median, 0.005) && near(spreads[0].ninth_decile, 0.009), "{:?}", spreads[0]);
    assert!(near(spreads[1].median, 0.0005) && near(spreads[1].ninth_decile, 0.0009), "{:?}", spreads[1]);
}

#[test]
fn an_underlying_without_a_chain_takes_the_widest_of_all() {
    let text = format!("{HEADER}BTC,0.1,0.102,0.4\neth,0.1,0.106,0.4\n");
    let spreads = half_spreads("chain.csv", &read_quotes("chain.csv", text.as_bytes()).unwrap());
    let near = |asset: &str, expected: f64| {
        let found = typical_wide(&spreads, asset).unwrap();
        assert!((found - expected).abs() < 1e-12, "{asset}: {found}");
    };
    near("BTC", 0.001);
    near("ETH", 0.003);
    near("SOL", 0.003);
    assert_eq!(typical_wide(&[], "BTC"), None);
}

#[test]
fn a_malformed_chain_names_file_line_and_column() {
    let two = |line: &str| refusal(&format!("{HEADER}BTC,0.1,0.2,0.3\n{line}\n"));
    let of = |text: String, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    };
    of(two("BTC,x,0.2,0.3"), &["chain.csv", "line 3", "`bid`", "`x`"]);
    of(two("BTC,0.1,-0.2,0.3"), &["line 3", "`ask`", "-0.2"]);
    of(two("BTC,0.1,0.2,1.3"), &["line 3", "`delta`", "1.3", "-1..=1"]);
    of(two("BTC,0.3,0.2,0.3"), &["line 3", "`ask`", "0.2", "at least the bid"]);
    of(two("BTC,0.3"), &["line 3", "2 fields", "4"]);
    of(refusal("currency,bid,ask\nBTC,0.1,0.2\n"), &["line 1", "`delta`", "missing"]);
    of(refusal(&format!("{HEADER}BTC,,0.2,0.3\n")), &["both a bid and an ask"]);
    let missing = read_half_spreads(std::path::Path::new("/nowhere/chain.csv")).unwrap_err();
    assert!(matches!(missing, CalibrationError::ChainOpen { .. }), "{missing}");
}
