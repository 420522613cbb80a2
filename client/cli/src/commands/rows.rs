//! `plimsoll rows`: risk rows, from which portfolio margin of large books is taken.

use plimsoll::events::{RowsClosed, RowsGrown, RowsOpened, RowsRefreshed};
use plimsoll::state::RiskRows;
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::{LedgerExt as _, Outcome};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::rows::{first_room, growths, RowsStanding};
use plimsoll_client::snapshot::MarketData;
use plimsoll_client::{address, instruction};
use serde_json::json;
use solana_program::instruction::Instruction;
use solana_signer::Signer;

use super::expiry::Which;
use crate::output::{table, Facts};
use crate::refusal::explain_here;
use crate::series::load_expiry;
use crate::session::Session;
use crate::Failure;

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Open the risk rows of an expiry, with room for its strikes; the signer pays the rent and gets it back at the close.
    #[command(after_help = "Example:\n  plimsoll rows open BTC 30JAN26\n\n\
        They hold no values before the first `plimsoll rows refresh`.")]
    Open(Which),
    /// Add room for the strikes that an expiry listed since its rows were opened; the signer pays the rent.
    #[command(after_help = "Example:\n  plimsoll rows grow BTC 30JAN26")]
    Grow(Which),
    /// Fill the rows of an expiry at the accepted price; anyone may.
    #[command(after_help = "Examples:\n  plimsoll rows refresh BTC 30JAN26\n  \
        plimsoll rows refresh BTC 30JAN26 --payee 0\n\n\
        Commands that need fresh rows refresh them by themselves. A refresh is paid out of the expiry's trade fees, to\n\
        the account of --payee, if the rows could not be used any more.")]
    Refresh {
        /// Whose rows.
        #[command(flatten)]
        which: Which,
        /// Margin account that is paid: address, or id of one of your own.
        #[arg(long, value_name = "ACCOUNT")]
        payee: Option<String>,
    },
    /// Age, drift, steps and strikes of the rows of an expiry, and whether they stand in for fresh prices.
    #[command(after_help = "Examples:\n  plimsoll rows show BTC 30JAN26\n  plimsoll --json rows show BTC 30JAN26")]
    Show(Which),
    /// Close the rows of an expiry that is settled or closed; the rent goes back to who paid it. Anyone may.
    #[command(after_help = "Example:\n  plimsoll --dry-run rows close BTC 30JAN26")]
    Close(Which),
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let directory = session.directory()?;
    match command {
        Command::Open(which) => open(session, &directory, which),
        Command::Grow(which) => grow(session, &directory, which),
        Command::Refresh { which, payee } => refresh(session, &directory, which, payee.as_deref()),
        Command::Show(which) => show(session, &directory, which),
        Command::Close(which) => close(session, &directory, which),
    }
}

/// Sends instructions that the signer pays for.
fn send(session: &Session, instructions: &[Instruction]) -> Result<Outcome, Failure> {
    let signer = session.keypair()?;
    session.execute(instructions, &[&signer])
}

fn open(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let strikes = load_expiry(session, directory, index, time)?.strikes().len();
    let (expiry, payer) = (directory.expiry(index, time), session.keypair()?.pubkey());
    let mut instructions = vec![instruction::rows_open(&expiry, &payer)];
    let more = growths(first_room(), strikes);
    instructions.extend(std::iter::repeat_n(instruction::rows_grow(&expiry, &payer), more));
    let outcome = send(session, &instructions)?;
    let event: RowsOpened = session.event(&outcome)?;
    let grown = session.ok(outcome.events_of::<RowsGrown>())?;
    let room = grown.last().map_or(u64::try_from(first_room()).unwrap_or(0), |grown| grown.strikes);
    let facts = Facts::default()
        .text("expiry", name)
        .text("rows", event.rows)
        .field("strikes_listed", strikes)
        .field("room_for_strikes", room)
        .text("rent_payer", event.rent_payer);
    session.report(&outcome, facts);
    Ok(())
}

fn grow(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let standing = standing(session, directory, (index, time))?.ok_or_else(|| closed(&name))?;
    let (expiry, payer) = (directory.expiry(index, time), session.keypair()?.pubkey());
    // Who asks for room that no strike needs yet gets one step of it, or is told that there is no more.
    let more = growths(standing.room, standing.listed).max(1);
    let instructions = vec![instruction::rows_grow(&expiry, &payer); more];
    let outcome = send(session, &instructions)?;
    let grown = session.ok(outcome.events_of::<RowsGrown>())?;
    let facts = Facts::default()
        .text("expiry", name)
        .text("rows", standing.address)
        .field("strikes_listed", standing.listed)
        .field("room_before", standing.room)
        .field("room_for_strikes", grown.last().map(|grown| grown.strikes));
    session.report(&outcome, facts);
    Ok(())
}

fn refresh(session: &Session, directory: &Directory, which: &Which, payee: Option<&str>) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let payee = payee.map(|text| session.account("--payee", text)).transpose()?;
    standing(session, directory, (index, time))?.ok_or_else(|| closed(&name))?;
    let payee = payee.as_ref().map(|(_, account)| account);
    let outcome = send(session, &[instruction::rows_refresh(directory, index, time, payee)])?;
    let event: RowsRefreshed = session.event(&outcome)?;
    let facts = Facts::default()
        .text("expiry", name)
        .text("rows", event.rows)
        .quote("price", event.spot)
        .field("strikes_filled", event.filled.count_ones())
        .field("steps", event.steps)
        .quote("paid", event.paid);
    session.report(&outcome, facts);
    Ok(())
}

fn close(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    let rows = session.ok(session.ledger.find::<RiskRows>(&directory.rows_of(index, time)))?;
    let rows = rows.ok_or_else(|| closed(&name))?;
    let outcome = send(session, &[instruction::rows_close(&rows)])?;
    let event: RowsClosed = session.event(&outcome)?;
    let facts = Facts::default().text("expiry", name).text("rows", event.rows).text("rent_payer", event.rent_payer);
    session.report(&outcome, facts);
    Ok(())
}

fn show(session: &Session, directory: &Directory, which: &Which) -> Result<(), Failure> {
    let (index, time, name) = which.resolve(session, directory)?;
    load_expiry(session, directory, index, time)?;
    let Some(standing) = standing(session, directory, (index, time))? else {
        let facts = Facts::default()
            .text("expiry", &name)
            .text("rows", directory.rows_of(index, time))
            .field("open", false)
            .field("usable", false)
            .text("why", format!("they are not open: `plimsoll rows open {}`", name.replacen('-', " ", 1)));
        session.show(facts);
        return Ok(());
    };
    let header = standing.rows.header.rules();
    let facts = Facts::default()
        .text("expiry", &name)
        .text("rows", standing.address)
        .field("open", true)
        .field("usable", standing.is_usable())
        .field("why", why(&standing, &name))
        .text("rent_payer", standing.rows.rent_payer)
        .json("price", (header.computed_at != 0).then(|| format_quote(header.spot)))
        .json("computed_at", (header.computed_at != 0).then_some(header.computed_at))
        .json("age_seconds", standing.age)
        .json("age_max_seconds", standing.age_max)
        .json("drift", format_atoms(standing.drift, 6))
        .json("drift_max", format_atoms(standing.drift_max, 6))
        .json("steps", header.steps)
        .json("steps_needed", standing.steps_needed)
        .json("strikes_filled", standing.filled)
        .json("strikes_listed", standing.listed)
        .json("room_for_strikes", standing.room)
        .json("time", json!(session.now()?));
    let percent = |ppm: i64| format!("{} %", format_atoms(ppm, 4));
    let age = standing.age.map_or_else(|| "never refreshed".to_owned(), |age| format!("{age} s"));
    let limits = table(
        &["", "now", "limit"],
        vec![
            vec!["age, at most".to_owned(), age, format!("{} s", standing.age_max)],
            vec!["price moved, at most".to_owned(), percent(standing.drift), percent(standing.drift_max)],
            vec!["grid steps, at least".to_owned(), header.steps.to_string(), standing.steps_needed.to_string()],
            vec!["listed strikes filled".to_owned(), standing.filled.to_string(), standing.listed.to_string()],
            vec!["room for strikes".to_owned(), standing.room.to_string(), standing.listed.to_string()],
        ],
    );
    session.show_with(facts, &[limits]);
    Ok(())
}

/// Why rows do not stand in for fresh prices of every strike, and what to do; `None`: they do.
fn why(standing: &RowsStanding, name: &str) -> Option<String> {
    let expiry = name.replacen('-', " ", 1);
    if let Some(refusal) = &standing.refusal {
        return Some(explain_here(refusal));
    }
    let missing = standing.listed.saturating_sub(standing.filled);
    if standing.room < standing.listed {
        return Some(format!("{missing} strikes have no values: `plimsoll rows grow {expiry}`, then `rows refresh`"));
    }
    (missing > 0).then(|| format!("{missing} strikes were listed since: `plimsoll rows refresh {expiry}`"))
}

fn closed(name: &str) -> Failure {
    let expiry = name.replacen('-', " ", 1);
    Failure::Input(format!("no risk rows of {name} are open: `plimsoll rows open {expiry}`"))
}

/// The rows of an expiry and what the program would say to them now; `None`: they are not open. Errors: connection.
fn standing(
    session: &Session,
    directory: &Directory,
    (index, time): (u16, i64),
) -> Result<Option<RowsStanding>, Failure> {
    let underlying = directory.underlying(index);
    let addresses =
        [underlying, address::oracle(&underlying), directory.expiry(index, time), directory.rows_of(index, time)];
    let markets = session.ok(MarketData::load(&session.ledger, &addresses))?;
    session.ok(RowsStanding::of(&markets, directory, (index, time), session.now()?))
}
