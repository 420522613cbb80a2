//! The whole story with a small cast: it must end solvent, with the fund paying for the one who defaults.

use std::fmt::Write as _;
use std::path::PathBuf;

use plimsoll_demo::market::Market;
use plimsoll_demo::play::Progress;
use plimsoll_demo::summary::Summary;
use plimsoll_demo::{report, run, Run};

/// First bar of the synthetic file: 3 June 2026, 00:00 UTC.
const START: i64 = 1_780_444_800;
const BAR_SECONDS: i64 = 300;

struct Silent;

impl Progress for Silent {
    fn at(&self, _phase: &str, _done: u64, _total: u64) {}
}

fn atoms(tokens: f64) -> i64 {
    (tokens * 1e6).round() as i64
}

/// What a summary must say of itself, whatever was played.
fn assert_adds_up(summary: &Summary) {
    let sum = |read: fn(&plimsoll_demo::summary::Account) -> f64| -> i64 {
        summary.accounts.iter().map(|account| atoms(read(account))).sum()
    };
    let paid_in = sum(|a| a.deposited) + atoms(summary.insurance_funded);
    assert_eq!(paid_in, sum(|a| a.withdrawn) + atoms(summary.assets), "quote tokens in = out + vault: {summary:#?}");
    let owed = sum(|a| a.left) + atoms(summary.insurance) + atoms(summary.surplus);
    assert_eq!(owed, atoms(summary.claims), "claims = cash + fund + surplus when nothing is open: {summary:#?}");
    assert_eq!(sum(|a| a.fees), atoms(summary.fees));
    assert_eq!(sum(|a| a.bad_debt), atoms(summary.bad_debt));
    assert_eq!(atoms(summary.bad_debt), atoms(summary.insurance_paid) + atoms(summary.deficit));
    assert_eq!(summary.accounts.iter().map(|a| a.trades).sum::<u64>(), 2 * summary.trades);
    assert_eq!(summary.accounts.iter().map(|a| a.margin_calls).sum::<u64>(), summary.margin_calls);
    assert_eq!(summary.accounts.iter().map(|a| a.liquidations).sum::<u64>(), summary.liquidations);
    for account in &summary.accounts {
        let gained = account.withdrawn + account.left + account.collateral_out;
        assert_eq!(atoms(account.pnl), atoms(gained - account.deposited - account.collateral_in), "{account:?}");
    }
}

fn assert_default_is_paid(summary: &Summary) {
    assert!(summary.solvent, "{summary:#?}");
    assert_eq!(summary.deficit, 0.0);
    assert!(summary.margin_calls > 0 && summary.liquidations > 0 && summary.bids > 0, "{summary:#?}");
    assert!(summary.bad_debt > 0.0, "somebody must owe more than it has: {summary:#?}");
    assert_eq!(summary.insurance_paid, summary.bad_debt);
    assert!(summary.insurance > 0.0 && summary.insurance_paid < summary.insurance_funded);
}

/// A calm hour, a fall by 40 % in 25 minutes, a calm hour.
fn crash_file() -> PathBuf {
    let mut text = String::from("timestamp,open,high,low,close\n");
    let mut open = 2_000.0f64;
    for bar in 0..29 {
        let close = if (12..17).contains(&bar) { open * 0.90 } else { open * 1.0005 };
        let (high, low) = (open.max(close) * 1.0002, open.min(close) * 0.9998);
        writeln!(text, "{},{open},{high},{low},{close}", START + bar * BAR_SECONDS).unwrap();
        open = close;
    }
    let file = std::env::temp_dir().join(format!("ETH_crash_{}.csv", std::process::id()));
    std::fs::write(&file, text).unwrap();
    file
}

fn play(market: &Market, traders: usize) -> Run {
    run(market, traders, 7, &Silent).unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn the_built_in_crash_ends_solvent_and_the_insurance_pays() {
    let market = Market::load(None).unwrap();
    let played = play(&market, 3);
    assert_default_is_paid(&played.summary);
    assert_adds_up(&played.summary);
    assert_eq!(played.record.settlements.len(), 4, "two expiries of two coins");
    let left: f64 = played.summary.accounts.iter().map(|account| account.left).sum();
    assert_eq!(left, 0.0, "everybody can leave");
}

#[test]
fn a_price_file_gives_the_same_run_every_time() {
    let file = crash_file();
    let market = Market::load(Some(&file)).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(market.coins[0].symbol, "ETH");
    let first = play(&market, 2);
    assert_default_is_paid(&first.summary);
    assert_adds_up(&first.summary);
    assert_eq!(first.summary, play(&market, 2).summary);

    let html = report::html(&market, &first).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("<svg") && html.ends_with("</html>\n"));
    assert!(!html.contains("NaN") && !html.contains("src=") && !html.contains("href="), "nothing from outside");
    let picture = report::picture(&market, &first).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("Wanda"));
}
