//! Price histories made up from a seed.

use plimsoll_calibration::closeout::Delay;
use plimsoll_calibration::coverage::{observations, Observation};
use plimsoll_calibration::history::Window;
use plimsoll_calibration::proposal::Proposal;
use plimsoll_calibration::replay::replay;
use plimsoll_calibration::{History, Settings};
use plimsoll_core::volatility::{ScanParameters, VolatilityParameters, VolatilityState};
use plimsoll_prices::Bar;

pub const VOLATILITY: VolatilityParameters =
    VolatilityParameters { reversion_seconds: 2_592_000, ..VolatilityParameters::shipped() };
pub const SCAN: ScanParameters = ScanParameters::shipped();
/// A multiple of a day.
pub const START: i64 = 1_577_836_800;

/// A bar of one price that runs `up` and `down` from it (shares) and comes back.
pub fn bar(timestamp: i64, price: f64, up: f64, down: f64) -> Bar {
    Bar { timestamp, open: price, high: price * (1.0 + up), low: price * (1.0 - down), close: price }
}

/// Hourly bars of `days`: returns of `hourly` deviation, every thousandth ten times as large.
pub fn hourly(file: &str, days: i64, hourly: f64, seed: u64) -> History {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut bars, mut price) = (Vec::new(), 10_000.0);
    for hour in 0..days * 24 {
        // The sum of twelve uniform numbers less six: close enough to a normal one.
        let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let jump = if uniform() < 0.001 { 10.0 } else { 1.0 };
        let open = price;
        price *= (normal * hourly * jump).exp();
        let (low, high) = (open.min(price) * (1.0 - hourly / 4.0), open.max(price) * (1.0 + hourly / 4.0));
        bars.push(Bar { timestamp: START + hour * 3_600, open, high, low, close: price });
    }
    History::from_bars(file, bars)
}

/// A crash and a rebound: hours of four days that move by a tenth, from calm to calm.
pub fn crash(file: &str) -> History {
    let mut price = 10_000.0;
    let bars = (0..96i64).map(|hour| {
        let open = price;
        price *= match hour {
            40..=48 => 0.88,
            52..=58 => 1.1,
            _ => 1.001,
        };
        Bar { timestamp: START + hour * 3_600, open, high: open.max(price), low: open.min(price), close: price }
    });
    History::from_bars(file, bars.collect())
}

/// Bars of one price that never moves.
pub fn constant(file: &str, bars: i64, seconds: i64) -> History {
    History::from_bars(file, (0..bars).map(|i| bar(START + i * seconds, 100.0, 0.0, 0.0)).collect())
}

/// 400 days of hours of a coin at about 60 % a year.
pub fn long() -> History {
    hourly("BTC_made-up_1h.csv", 400, 0.0065, 7)
}

pub fn states(history: &History) -> Vec<VolatilityState> {
    replay(history, &VOLATILITY, &SCAN).unwrap()
}

/// Every window of a day with its state.
pub fn daily(history: &History) -> Vec<Observation> {
    observations(&history.windows(86_400, 200), &states(history))
}

/// A window with these moves, at this volatility (1.0 is 100 %).
pub fn observation(up: f64, down: f64, volatility: f64) -> Observation {
    let window = Window { start: 0, end: 1, time: START, price: 100.0, up, down, close: up - down };
    let state = VolatilityState { state: (volatility * 4_294_967_296.0) as i64, ..VolatilityState::default() };
    Observation { window, state }
}

pub fn settings() -> Settings {
    Settings {
        coverage: 0.99,
        horizon: 86_400,
        split: 0.6,
        delay: Delay { oracle: 150, inclusion: 60, auction: 600 },
        probability: 0.001,
        start: Proposal::shipped(),
    }
}
