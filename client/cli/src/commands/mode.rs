//! `plimsoll account mode`: another margin mode for an account.

use plimsoll::events::ModeChanged;
use plimsoll::state::MarginAccount;
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_core::margin::Balances;
use serde_json::Value;
use solana_signer::Signer;

use super::account::{mode_name, Mode};
use super::live_margin::{balances_row, balances_value};
use crate::output::Facts;
use crate::session::Session;
use crate::Failure;

/// Changes the mode. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, text: &str, mode: Mode) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.own_account("ACCOUNT", text, &signer.pubkey())?;
    let after = MarginAccount { mode: mode.stored(), ..account };
    let directory = session.prepare_one(&session.directory()?, &after)?;
    let [before, with] = [account, after].map(|account| balances(session, &directory, account));
    let build = session.ok(instruction::mode_set(&directory, &account, mode.stored()))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event: ModeChanged = session.event(&outcome)?;
    let name = |mode: u32| mode_name(u8::try_from(mode).unwrap_or(0));
    let facts = Facts::default()
        .text("account", at)
        .text("mode_before", name(event.mode_before))
        .text("mode_after", name(event.mode_after))
        .quote("initial_after", event.initial_after);
    let rows = [("margin_before", event.mode_before, before), ("margin_after", event.mode_after, with)];
    let facts = rows.into_iter().fold(facts, |facts, (field, mode, balances)| {
        let shown = balances.as_ref().map_or_else(|| "not valued: a price is missing".to_owned(), balances_row);
        facts.json(field, balances.as_ref().map_or(Value::Null, balances_value)).row(name(mode), shown)
    });
    session.report(&outcome, facts);
    Ok(())
}

/// The balances of an account as it might be; `None` where a price is missing.
fn balances(session: &Session, directory: &Directory, account: MarginAccount) -> Option<Balances> {
    let snapshot = Snapshot::of_accounts(&session.ledger, directory, vec![account], None, None);
    snapshot.and_then(|snapshot| snapshot.balances(0)).ok()
}
