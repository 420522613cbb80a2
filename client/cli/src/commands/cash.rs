//! `plimsoll deposit`, `withdraw` and `insurance`.

use plimsoll::events::{Deposited, InsuranceDeposited, Withdrawn};
use plimsoll_client::instruction;
use plimsoll_client::price::format_quote;
use plimsoll_client::snapshot::Snapshot;
use serde_json::json;
use solana_signer::Signer;

use super::live_margin::balances_row;
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

/// Commands of `insurance`.
#[derive(clap::Subcommand)]
pub enum InsuranceCommand {
    /// Contribute to the insurance fund; not redeemable. A recorded deficit is covered first.
    #[command(after_help = "Example:\n  plimsoll insurance deposit 50000")]
    Deposit {
        /// Quote tokens, decimal.
        #[arg(allow_hyphen_values = true)]
        amount: String,
        /// Token account that pays [default: the signer's associated one].
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
}

/// Runs `deposit`. Errors: `Input`, refusals, connection.
pub fn deposit(session: &Session, args: &Deposit) -> Result<(), Failure> {
    let amount = amount::positive_quote("AMOUNT", &args.amount)?;
    let signer = session.keypair()?;
    let (at, before) = session.account("ACCOUNT", &args.account)?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let source = session.token_account("--from", args.from.as_deref(), &signer.pubkey(), &mint)?;
    let build = instruction::deposit(&directory, &at, &signer.pubkey(), &source, amount);
    let outcome = session.execute(&[build], &[&signer])?;
    let event = session.ok(outcome.event::<Deposited>())?;
    let after = event.map_or(before.cash, |event| event.cash_after);
    let mut rows = vec![
        ("account", at.to_string()),
        ("deposited", format_quote(amount)),
        ("cash", format!("{} -> {}", format_quote(before.cash), format_quote(after))),
    ];
    preview(session, &directory, &at, after, &mut rows);
    let value = json!({
        "account": at.to_string(), "amount": format_quote(amount),
        "cash_before": format_quote(before.cash), "cash_after": format_quote(after),
    });
    session.report(&outcome, rows, value);
    Ok(())
}

/// Runs `withdraw`. Errors: `Input`, refusals, connection.
pub fn withdraw(session: &Session, args: &Withdraw) -> Result<(), Failure> {
    let amount = amount::positive_quote("AMOUNT", &args.amount)?;
    let signer = session.keypair()?;
    let (at, account) = session.account("ACCOUNT", &args.account)?;
    if account.owner != signer.pubkey() {
        return Err(Failure::Input(format!(
            "ACCOUNT: {at} belongs to {}, and --keypair is {}: only the owner withdraws",
            account.owner,
            signer.pubkey()
        )));
    }
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let destination = session.token_account("--to", args.to.as_deref(), &signer.pubkey(), &mint)?;
    let build = session.ok(instruction::withdraw(&directory, &account, &destination, amount))?;
    let outcome = session.execute(&[build], &[&signer])?;
    let event = session.ok(outcome.event::<Withdrawn>())?;
    let after = event.as_ref().map_or(account.cash, |event| event.cash_after);
    let locked = event.as_ref().map_or(0, |event| event.locked);
    let mut rows = vec![
        ("account", at.to_string()),
        ("withdrawn", format_quote(amount)),
        ("cash", format!("{} -> {}", format_quote(account.cash), format_quote(after))),
    ];
    if locked > 0 {
        rows.push(("locked", format!("{} while the deficit is open", format_quote(locked))));
    }
    preview(session, &directory, &at, after, &mut rows);
    let value = json!({
        "account": at.to_string(), "amount": format_quote(amount), "destination": destination.to_string(),
        "cash_before": format_quote(account.cash), "cash_after": format_quote(after), "locked": format_quote(locked),
    });
    session.report(&outcome, rows, value);
    Ok(())
}

/// Under `--dry-run`: balances before and with the cash after. Without prices there is nothing to show.
fn preview(
    session: &Session,
    directory: &plimsoll_client::directory::Directory,
    at: &plimsoll_client::Pubkey,
    cash: i64,
    rows: &mut Vec<(&str, String)>,
) {
    if !session.settings.dry_run {
        return;
    }
    let Ok(mut snapshot) = Snapshot::load(&session.ledger, directory, &[*at]) else { return };
    let before = snapshot.balances(0);
    if let Some(account) = snapshot.accounts.first_mut() {
        account.cash = cash;
    }
    if let (Ok(before), Ok(after)) = (before, snapshot.balances(0)) {
        rows.push(("before", balances_row(&before)));
        rows.push(("after", balances_row(&after)));
    }
}

/// Runs a command of `insurance`. Errors: `Input`, refusals, connection.
pub fn insurance(session: &Session, command: &InsuranceCommand) -> Result<(), Failure> {
    let InsuranceCommand::Deposit { amount, from } = command;
    let amount = amount::positive_quote("AMOUNT", amount)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let source = session.token_account("--from", from.as_deref(), &signer.pubkey(), &mint)?;
    let build = instruction::insurance_deposit(&directory, &signer.pubkey(), &source, amount);
    let outcome = session.execute(&[build], &[&signer])?;
    let mut rows = vec![("contributed", format_quote(amount))];
    let mut value = json!({ "amount": format_quote(amount) });
    if let Some(event) = session.ok(outcome.event::<InsuranceDeposited>())? {
        let (before, after) = (format_quote(event.insurance_before), format_quote(event.insurance_after));
        rows.push(("insurance fund", format!("{before} -> {after}")));
        rows.push(("to the deficit", format_quote(event.to_deficit)));
        value["insurance_before"] = json!(before);
        value["insurance_after"] = json!(after);
        value["to_deficit"] = json!(format_quote(event.to_deficit));
        value["deficit_after"] = json!(format_quote(event.deficit_after));
    }
    session.report(&outcome, rows, value);
    Ok(())
}
