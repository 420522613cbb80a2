//! Tests of the calibration.
use plimsoll_calibration::closeout::Delay;
use plimsoll_calibration::*;
#[test]
fn probe() {
    for a in ["BTC", "ETH", "SOL"] {
        let hs: Vec<History> = ["1h", "1d"]
            .iter()
            .map(|s| History::read(std::path::Path::new(&format!("/work/shared/data/{a}_2019-2023_{s}.csv"))).unwrap())
            .collect();
        let s = Settings {
            coverage: 0.99,
            horizon: 86_400,
            split: 0.6,
            delay: Delay { oracle: 150, inclusion: 60, auction: 600 },
            probability: 0.001,
            start: proposal::Proposal::shipped(),
        };
        let t = std::time::Instant::now();
        let c = calibrate(&hs, 0.00175, &s, &|m| eprintln!("{:?} {m}", t.elapsed())).unwrap();
        let o = &c.out_of_sample;
        eprintln!(
            "OOS k {} floor {} fit {:.4}/{:.4} test {:.4}/{:.4}",
            o.deviations, o.range_floor, o.fit.up, o.fit.down, o.test.up, o.test.down
        );
        for h in &c.horizons {
            eprintln!("h {} {:?}", h.seconds, h.deviations);
        }
        for f in &c.coverage {
            let x = &f.coverage;
            eprintln!(
                "{} {:.4} {:.4} {:.4} mean {:.3} cap {:.3} ptt {:.2}/{:.2} {:?}",
                f.file,
                x.up,
                x.down,
                x.both,
                x.mean_range,
                x.at_cap,
                f.initial_range.peak_to_trough,
                f.maintenance_range.peak_to_trough,
                x.worst
            );
        }
        for f in &c.initial {
            eprintln!("{} {:.4} {:?}", f.option, f.covered, f.worst.map(|w| (w.loss, w.requirement)));
        }
        for f in &c.closeout.rows {
            eprintln!("{} {:?} {}", f.tested, f.probability, f.worst_option);
        }
        eprintln!("{:?}", c.haircut);
        eprintln!("{}", c.proposal.toml(a));
        eprintln!("{:?}", t.elapsed());
    }
}
