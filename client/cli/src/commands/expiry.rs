//! `plimsoll expiry`: listing, fees and the end of expiries.

use plimsoll::events::{ExpiryClosed, ExpiryCreated, ExpirySwept};
use plimsoll::state::Expiry;
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{AccountFilter, LedgerExt as _};
use plimsoll_client::price::format_quote;
use serde_json::{json, Value};
use solana_signer::Signer;

use crate::output::{table, Facts};
use crate::series::{expiry_name, expiry_time, load_expiry, underlying as find_underlying, underlying_name};
use crate::session::Session;
use crate::Failure;

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List an expiry; the signer pays the rent.
    #[command(after_help = "Example:\n  plimsoll expiry create BTC 30JAN26")]
    Create(Which),
    /// Expiries with their strikes, open interest, fees and settlement.
    #[command(after_help = "Example:\n  plimsoll expiry list")]
    List,
    /// Move the trade fees of an expiry to the insurance fund and the surplus; anyone may.
    #[command(after_help = "Example:\n  plimsoll expiry sweep BTC 30JAN26")]
    Sweep(Which),
    /// Close an expiry that is over, empty and swept; its rent goes back to who paid it. Anyone may.
    #[command(after_help = "Example:\n  plimsoll --dry-run expiry close BTC 30JAN26")]
    Close(Which),
}

/// An expiry.
#[derive(clap::Args)]
pub struct Which {
    /// Name or index of the underlying.
    underlying: String,
    /// Expiry: 30JAN26 (at the grid's time of day), 30JAN26T0800 (UTC) or unix seconds.
    expiry: String,
}

impl Which {
    /// Index of the underlying, time in unix seconds, name as `BTC-30JAN26`. Errors: `Input`.
    pub fn resolve(&self, session: &Session, directory: &Directory) -> Result<(u16, i64, String), Failure> {
        let index = find_underlying(session, directory, &self.underlying)?;
        let time = expiry_time(&directory.underlyings[&index], &self.expiry)?;
        Ok((index, time, name(session, directory, index, time)))
    }
}

/// `BTC-30JAN26`.
pub fn name(session: &Session, directory: &Directory, index: u16, time: i64) -> String {
    let date = expiry_name(directory.underlyings.get(&index), time);
    format!("{}-{date}", underlying_name(session, directory, index))
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let directory = session.directory()?;
    match command {
        Command::Create(which) => create(session, &directory, which),
        Command::List => list(session, &directory),
        Command::Sweep(which) => sweep(session, &directory, which),
        Command::Close(which) => close(session, &directory, which),
    }
}

fn create(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let signer = session.keypair()?;
    let build = instruction::expiry_create(&directory.underlying(index), &signer.pubkey(), time);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: ExpiryCreated = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", event.expiry_account)
        .text("name", name)
        .field("underlying", index)
        .field("time", event.expiry)
        .text("rent_payer", event.rent_payer);
    session.report(&outcome, facts);
    Ok(())
}

fn list(session: &Session, directory: &Directory) -> Result<(), Failure> {
    let filter =
        AccountFilter::all::<Expiry>().with_key(std::mem::offset_of!(Expiry, clearinghouse), &directory.address);
    let mut expiries = session.ok(session.ledger.load_all::<Expiry>(&filter))?;
    expiries.sort_by_key(|(_, state)| (state.underlying_index, state.expiry));
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (at, state) in expiries {
        let name = name(session, directory, state.underlying_index, state.expiry);
        let order = state.order().iter().filter_map(|id| state.strikes().get(usize::from(*id)));
        let strikes: Vec<_> = order.copied().collect();
        let settled = state.is_settled().then(|| format_quote(state.settlement_price));
        let names: Vec<String> = strikes.iter().map(|s| format_quote(s.price)).collect();
        let interest: i64 = strikes.iter().flat_map(|s| s.open_interest).fold(0, i64::saturating_add);
        let status = settled.clone().map_or_else(|| "live".to_owned(), |price| format!("settled at {price}"));
        let fees = format_quote(state.fees_accrued);
        rows.push(vec![name.clone(), names.join(" "), interest.to_string(), fees.clone(), status]);
        let listed = strikes.iter().map(
            |s| json!({ "price": format_quote(s.price), "calls": s.open_interest[0], "puts": s.open_interest[1] }),
        );
        values.push(json!({
            "name": name, "underlying": state.underlying_index, "time": state.expiry, "address": at.to_string(),
            "settlement_price": settled, "settled_at": state.is_settled().then_some(state.settled_at),
            "open_interest": interest, "fees": fees, "settlement_balance": format_quote(state.settlement_balance),
            "unsettled_long": state.unsettled_long, "unsettled_short": state.unsettled_short,
            "covered_seconds": state.settlement.covered_seconds, "window_end": state.settlement.window_end,
            "rent_payer": state.rent_payer.to_string(), "strikes": listed.collect::<Value>(),
        }));
    }
    let header = ["expiry", "strikes", "open", "fees", "status"];
    session.print(&table(&header, rows), &json!({ "expiries": values }));
    Ok(())
}

fn sweep(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    load_expiry(session, directory, index, time)?;
    let signer = session.keypair()?;
    let outcome = session.execute(&[instruction::expiry_sweep(directory, index, time)], &[&signer])?;
    let event: ExpirySwept = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", event.expiry_account)
        .text("name", name)
        .quote("fees", event.fees)
        .quote("to_deficit", event.to_deficit)
        .quote("to_insurance", event.to_insurance)
        .quote("to_surplus", event.to_surplus)
        .quote("insurance_after", event.insurance_after)
        .quote("surplus_after", event.surplus_after);
    session.report(&outcome, facts);
    Ok(())
}

fn close(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let state = load_expiry(session, directory, index, time)?;
    let signer = session.keypair()?;
    let outcome = session.execute(&[instruction::expiry_close(&state)], &[&signer])?;
    let event: ExpiryClosed = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", event.expiry_account)
        .text("name", name)
        .field("time", event.expiry)
        .text("rent_payer", event.rent_payer);
    session.report(&outcome, facts);
    Ok(())
}
