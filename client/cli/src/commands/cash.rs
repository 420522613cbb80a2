//! `plimsoll deposit` and `withdraw`.

use plimsoll::events::{Deposited, Withdrawn};
use plimsoll_client::directory::Directory;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::{instruction, Pubkey};
use serde_json::Value;
use solana_signer::Signer;

use super::live_margin::{balances_row, balances_value};
use crate::output::Facts;
use crate::session::Session;
use crate::{amount, Failure};

/// Arguments of `deposit`.
#[derive(clap::Args)]
pub struct Deposit {
    /// Account that receives: address, or id of one of your own.
    account: String,
    /// Quote tokens, decimal.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Token account that pays [default: the signer's associated one].
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
}

/// Arguments of `withdraw`.
#[derive(clap::Args)]
pub struct Withdraw {
    /// Account of yours: address or id.
    account: String,
    /// Quote tokens, decimal.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Token account that receives [default: the signer's associated one].
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

/// Runs `deposit`. Errors: `Input`, refusals, connection.
pub fn deposit(session: &Session, args: &Deposit) -> Result<(), Failure> {
    let amount = amount::positive_quote("AMOUNT", &args.amount)?;
    let signer = session.keypair()?;
    let (at, _) = session.account("ACCOUNT", &args.account)?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let source = session.token_account("--from", args.from.as_deref(), &signer.pubkey(), &mint)?;
    let before = Before::load(session, &directory, &at);
    let build = instruction::deposit(&directory, &at, &signer.pubkey(), &source, amount);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: Deposited = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("source", source)
        .quote("amount", event.amount)
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after);
    session.report(&outcome, before.with_cash(facts, event.cash_after));
    Ok(())
}

/// Runs `withdraw`. Errors: `Input`, refusals, connection.
pub fn withdraw(session: &Session, args: &Withdraw) -> Result<(), Failure> {
    let amount = amount::positive_quote("AMOUNT", &args.amount)?;
    let signer = session.keypair()?;
    let (at, account) = session.own_account("ACCOUNT", &args.account, &signer.pubkey())?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let destination = session.token_account("--to", args.to.as_deref(), &signer.pubkey(), &mint)?;
    let before = Before::load(session, &directory, &at);
    let directory = session.prepare_one(&directory, &account)?;
    let build = session.ok(instruction::withdraw(&directory, &account, &destination, amount))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event: Withdrawn = session.event(&outcome)?;
    // Locked while the deficit is open: zero without one.
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("destination", event.destination)
        .quote("amount", event.amount)
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after)
        .quote("locked", event.locked);
    session.report(&outcome, before.with_cash(facts, event.cash_after));
    Ok(())
}

/// The account as it was before money moved. A payment needs no price, so it is not held up by a valuation that does.
struct Before(Option<Snapshot>);

impl Before {
    fn load(session: &Session, directory: &Directory, at: &Pubkey) -> Self {
        Self(Snapshot::load(&session.ledger, directory, &[*at]).ok())
    }

    /// Adds the balances before and with `cash`, at the same prices; null where a price is missing.
    fn with_cash(self, facts: Facts, cash: i64) -> Facts {
        let before = self.0.as_ref().and_then(|snapshot| snapshot.balances(0).ok());
        let after = self.0.and_then(|mut snapshot| {
            snapshot.accounts.first_mut()?.cash = cash;
            snapshot.balances(0).ok()
        });
        [("margin_before", before), ("margin_after", after)].into_iter().fold(facts, |facts, (name, balances)| {
            let shown = balances.as_ref().map_or_else(|| "not valued: a price is missing".to_owned(), balances_row);
            facts.json(name, balances.as_ref().map_or(Value::Null, balances_value)).row(&name.replace('_', " "), shown)
        })
    }
}
