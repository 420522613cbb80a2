//! `plimsoll auction`.

use plimsoll::events::{AuctionBidTaken, AuctionEnded, AuctionStarted, BadDebtCovered};
use plimsoll::{AuctionBidArgs, AuctionStartArgs};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::quote;
use plimsoll_client::rows;
use plimsoll_client::snapshot::Snapshot;
use serde_json::{json, Value};
use solana_signer::Signer;

use super::live_margin::{balances_row, balances_value};
use crate::output::{dash, Facts};
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
    #[command(after_help = "Example:\n  plimsoll auction end <ADDRESS>")]
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
    let directory = session.prepare_one(&directory, &account)?;
    let args =
        AuctionStartArgs { valid_until: session.now()?.saturating_add(60), sequence: account.auction_sequence() };
    let build = session.ok(instruction::auction_start(&directory, &account, &starter, args))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event: AuctionStarted = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", at)
        .text("starter", event.starter)
        .field("auction", event.count)
        .quote("equity", event.equity)
        .quote("maintenance", event.maintenance)
        .quote("interest", event.interest)
        .quote("fee", event.fee)
        .quote("starter_fee", event.starter_fee)
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after);
    session.report(&outcome, facts);
    Ok(())
}

fn bid(session: &Session, args: &Bid) -> Result<(), Failure> {
    let fraction = amount::share("--fraction", &args.fraction)?;
    let price_limit = amount::quote("--limit", &args.limit)?;
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", &args.account)?;
    let (bidder_at, bidder) = session.account("--bidder", &args.bidder)?;
    let directory = session.directory()?;
    let after = [account, rows::taken(&account, &bidder)];
    let directory = session.prepare(&directory, &[account, bidder], &after, None)?;
    let snapshot = session.ok(Snapshot::load(&session.ledger, &directory, &[at, bidder_at]))?;
    let quoted = session.ok(quote::bid(&snapshot, 0, Some(1), fraction))?;
    let valid_until = session.now()?.saturating_add(i64::from(args.valid_for));
    let terms = AuctionBidArgs { fraction, price_limit, valid_until, sequence: account.auction_sequence() };
    let side = Side { account: &bidder, authority: signer.pubkey() };
    let build = session.ok(instruction::auction_bid(&directory, &account, side, quoted.takeover, terms))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event: AuctionBidTaken = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("bidder", event.bidder)
        .text("fraction", format_atoms(event.fraction, 6))
        .field("takeover", quoted.takeover)
        .text("price_factor", format_atoms(event.price_factor, 9))
        .quote("value", event.value)
        .quote("payment", event.payment)
        .quote("slice", event.slice)
        .quote("interest", event.interest)
        .quote("equity_before", event.equity_before)
        .quote("maintenance_before", event.maintenance_before)
        .quote("maintenance_after", event.maintenance_after)
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after)
        .quote("bidder_cash_before", event.bidder_cash_before)
        .quote("bidder_cash_after", event.bidder_cash_after)
        .json("bidder_margin_after", balances_value(&quoted.bidder_after))
        .row("bidder after", balances_row(&quoted.bidder_after))
        .field("legs_after", event.legs_after);
    let covered = session.ok(outcome.event::<BadDebtCovered>())?;
    session.report(&outcome, bad_debt(facts, covered.as_ref()));
    Ok(())
}

/// What the waterfall paid; null unless the account was insolvent.
fn bad_debt(facts: Facts, covered: Option<&BadDebtCovered>) -> Facts {
    let value = covered.map_or(Value::Null, |event| {
        json!({
            "incident": event.incident, "loss": format_quote(event.loss),
            "from_insurance": format_quote(event.from_insurance),
            "from_surplus": format_quote(event.from_surplus), "to_deficit": format_quote(event.to_deficit),
            "insurance_after": format_quote(event.insurance_after),
            "surplus_after": format_quote(event.surplus_after), "deficit_after": format_quote(event.deficit_after),
            "bad_debt_after": format_quote(event.bad_debt_after),
        })
    });
    let shown = covered.map(|event| {
        let [loss, fund, surplus, deficit] =
            [event.loss, event.from_insurance, event.from_surplus, event.to_deficit].map(format_quote);
        format!("{loss}: {fund} from the insurance fund, {surplus} from the surplus, {deficit} to the deficit")
    });
    facts.json("bad_debt", value).row("bad debt", dash(shown))
}

fn end(session: &Session, account: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", account)?;
    let directory = session.directory()?;
    let directory = session.prepare_one(&directory, &account)?;
    let build = session.ok(instruction::auction_end(&directory, &account))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event: AuctionEnded = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", at)
        .field("auction", event.count)
        .quote("equity", event.equity)
        .quote("maintenance", event.maintenance)
        .quote("buffered", event.buffer_margin)
        .field("elapsed_seconds", event.elapsed);
    session.report(&outcome, facts);
    Ok(())
}
