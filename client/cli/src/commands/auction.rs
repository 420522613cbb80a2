//! `plimsoll auction`.

use plimsoll::events::{AuctionBidTaken, AuctionStarted};
use plimsoll::{AuctionBidArgs, AuctionStartArgs};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::quote;
use plimsoll_client::snapshot::Snapshot;
use serde_json::json;
use solana_signer::Signer;

use super::live_margin::balances_row;
use crate::session::Session;
use crate::{amount, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Start the auction of an account whose maintenance balance is negative.
    #[command(after_help = "Example:\n  plimsoll auction start <ADDRESS> --starter 0")]
    Start {
        /// Account to liquidate.
        account: String,
        /// Account of yours that receives the starter's share.
        #[arg(long, value_name = "ACCOUNT")]
        starter: String,
    },
    /// Take a share of an account in auction into an account of yours.
    #[command(after_help = "Examples:\n  \
        plimsoll --dry-run auction bid <ADDRESS> --bidder 0 --fraction 0.25 --limit 500\n  \
        plimsoll auction bid <ADDRESS> --bidder 0 --fraction 1 --limit=-20\n\n\
        An insolvent account is taken whole (--fraction 1), and --limit is then negative: the least to be paid.")]
    Bid(Bid),
    /// End the auction of an account that is healthy again.
    End {
        /// Account in auction.
        account: String,
    },
}

/// Arguments of `auction bid`.
#[derive(clap::Args)]
pub struct Bid {
    /// Account in auction.
    account: String,
    /// Account of yours that takes the legs.
    #[arg(long, value_name = "ACCOUNT")]
    bidder: String,
    /// Share of the remaining book, above 0 and at most 1.
    #[arg(long, allow_hyphen_values = true)]
    fraction: String,
    /// Most to pay; negative: least to be paid. Quote tokens.
    #[arg(long, allow_hyphen_values = true, value_name = "AMOUNT")]
    limit: String,
    /// Seconds from now for which the bid is valid.
    #[arg(long, default_value_t = 60)]
    valid_for: u32,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Start { account, starter } => start(session, account, starter),
        Command::Bid(args) => bid(session, args),
        Command::End { account } => end(session, account),
    }
}

fn start(session: &Session, account: &str, starter: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", account)?;
    let (_, starter) = session.account("--starter", starter)?;
    let directory = session.directory()?;
    let args = AuctionStartArgs { valid_until: session.now()?.saturating_add(60), sequence: account.sequence };
    let build = session.ok(instruction::auction_start(&directory, &account, &starter, args))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let mut rows = vec![("in auction", at.to_string())];
    let mut value = json!({ "account": at.to_string() });
    if let Some(event) = session.ok(outcome.event::<AuctionStarted>())? {
        rows.push(("equity", format_quote(event.equity)));
        rows.push(("maintenance", format_quote(event.maintenance)));
        rows.push(("start fee", format_quote(event.fee)));
        rows.push(("starter's share", format_quote(event.starter_fee)));
        value["equity"] = json!(format_quote(event.equity));
        value["maintenance"] = json!(format_quote(event.maintenance));
        value["fee"] = json!(format_quote(event.fee));
        value["starter_fee"] = json!(format_quote(event.starter_fee));
    }
    session.report(&outcome, rows, value);
    Ok(())
}

fn bid(session: &Session, args: &Bid) -> Result<(), Failure> {
    let fraction = amount::share("--fraction", &args.fraction)?;
    let price_limit = amount::quote("--limit", &args.limit)?;
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", &args.account)?;
    let (bidder_at, bidder) = session.account("--bidder", &args.bidder)?;
    let directory = session.directory()?;
    let snapshot = session.ok(Snapshot::load(&session.ledger, &directory, &[at, bidder_at]))?;
    let quoted = session.ok(quote::bid(&snapshot, 0, Some(1), fraction))?;
    let valid_until = session.now()?.saturating_add(i64::from(args.valid_for));
    let terms = AuctionBidArgs { fraction, price_limit, valid_until, sequence: account.sequence };
    let side = Side { account: &bidder, authority: signer.pubkey() };
    let build = session.ok(instruction::auction_bid(&directory, &account, side, quoted.takeover, terms))?;
    let mut rows = vec![("account", at.to_string()), ("fraction", format_atoms(fraction, 6))];
    if session.settings.dry_run {
        rows.push(("bidder after", balances_row(&quoted.bidder_after)));
        rows.push(("bidder's free cash", format_quote(quoted.bidder_cash_after)));
    }
    let outcome = session.execute(&[build], &[&signer])?;
    let mut value = json!({
        "account": at.to_string(), "bidder": bidder_at.to_string(), "fraction": format_atoms(fraction, 6),
        "takeover": quoted.takeover,
    });
    if let Some(event) = session.ok(outcome.event::<AuctionBidTaken>())? {
        rows.push(("value at the mark", format_quote(event.value)));
        rows.push(("paid", format_quote(event.payment)));
        rows.push(("to the fund", format_quote(event.slice)));
        rows.push(("maintenance", format_quote(event.maintenance_after)));
        rows.push(("legs left", event.legs_after.to_string()));
        value["value"] = json!(format_quote(event.value));
        value["payment"] = json!(format_quote(event.payment));
        value["slice"] = json!(format_quote(event.slice));
        value["maintenance_after"] = json!(format_quote(event.maintenance_after));
        value["legs_after"] = json!(event.legs_after);
    }
    session.report(&outcome, rows, value);
    Ok(())
}

fn end(session: &Session, account: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", account)?;
    let directory = session.directory()?;
    let build = session.ok(instruction::auction_end(&directory, &account))?;
    let outcome = session.execute(&[build], &[&signer])?;
    session.report(&outcome, vec![("auction ended", at.to_string())], json!({ "account": at.to_string() }));
    Ok(())
}
