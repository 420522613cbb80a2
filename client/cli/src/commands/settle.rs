//! `plimsoll settle`.

use plimsoll::events::{AccountSettled, ExpirySettled, SettlementSampled};
use plimsoll_client::instruction;

use super::expiry::Which;
use crate::output::Facts;
use crate::series::load_expiry;
use crate::session::Session;
use crate::Failure;

/// Commands of the group; anyone may run them.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Add the accepted price to the settlement average, in the last half hour before expiry.
    #[command(after_help = "Example:\n  plimsoll settle sample BTC 30JAN26")]
    Sample(Which),
    /// Fix the settlement price of an expiry that is over.
    #[command(after_help = "Example:\n  plimsoll settle expiry BTC 30JAN26")]
    Expiry(Which),
    /// Pay out the legs of an account in a settled expiry.
    #[command(after_help = "Example:\n  plimsoll settle account 0 BTC 30JAN26")]
    Account {
        /// Account: address, or id of one of your own.
        account: String,
        #[command(flatten)]
        which: Which,
    },
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Sample(which) => sample(session, which),
        Command::Expiry(which) => expiry(session, which),
        Command::Account { account, which } => settle_account(session, account, which),
    }
}

fn sample(session: &Session, which: &Which) -> Result<(), Failure> {
    let directory = session.directory()?;
    let (index, time, name) = which.resolve(session, &directory)?;
    load_expiry(session, &directory, index, time)?;
    let signer = session.keypair()?;
    let build = instruction::settlement_sample(&directory.underlying(index), time);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: SettlementSampled = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", name)
        .text("address", event.expiry_account)
        .quote("price", event.price)
        .field("publish_time", event.publish_time)
        .field("covered_before", event.covered_before)
        .field("covered_after", event.covered_after)
        .field("window_end", event.window_end);
    session.report(&outcome, facts);
    Ok(())
}

fn expiry(session: &Session, which: &Which) -> Result<(), Failure> {
    let directory = session.directory()?;
    let (index, time, name) = which.resolve(session, &directory)?;
    load_expiry(session, &directory, index, time)?;
    let signer = session.keypair()?;
    let build = instruction::expiry_settle(&directory.underlying(index), time);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: ExpirySettled = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", name)
        .text("address", event.expiry_account)
        .quote("settlement_price", event.settlement_price)
        .field("covered_seconds", event.covered_seconds)
        .field("open_interest", event.open_interest);
    session.report(&outcome, facts);
    Ok(())
}

fn settle_account(session: &Session, account: &str, which: &Which) -> Result<(), Failure> {
    let directory = session.directory()?;
    let (index, time, name) = which.resolve(session, &directory)?;
    let state = load_expiry(session, &directory, index, time)?;
    let (at, account) = session.account("ACCOUNT", account)?;
    let signer = session.keypair()?;
    let build = instruction::account_settle(&directory, &account, index, time);
    let outcome = session.execute(&[build], &[&signer])?;
    // An account without legs there is left as it is: nothing happened, so there is no event.
    let event = session.ok(outcome.event::<AccountSettled>())?;
    let event = event.as_ref();
    let facts = Facts::default()
        .text("expiry", name)
        .text("account", at)
        .quote("settlement_price", event.map_or(state.settlement_price, |event| event.settlement_price))
        .field("contracts_long", event.map_or(0, |event| event.contracts_long))
        .field("contracts_short", event.map_or(0, |event| event.contracts_short))
        .quote("cash_before", event.map_or(account.cash, |event| event.cash_before))
        .quote("cash_after", event.map_or(account.cash, |event| event.cash_after))
        .quote("held_after", event.map_or(account.held, |event| event.held_after));
    session.report(&outcome, facts);
    Ok(())
}
