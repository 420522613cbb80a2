//! `plimsoll debt` and `bad-debt`: what accounts owe, and what they left unpaid.

use plimsoll::events::{BadDebtRepaid, DebtAccrued};
use plimsoll::state::Owner;
use plimsoll_client::instruction;
use plimsoll_client::ledger::{AccountFilter, LedgerExt as _};
use plimsoll_client::price::format_quote;
use serde_json::{json, Value};
use solana_signer::Signer;

use crate::output::{table, Facts};
use crate::session::Session;
use crate::{amount, config, Failure};

/// Commands of `debt`.
#[derive(clap::Subcommand)]
pub enum DebtCommand {
    /// Move the interest that an account in debt owes to the insurance fund; anyone may.
    #[command(after_help = "Example:\n  plimsoll debt accrue <ADDRESS>\n\n\
        Debt is cured by a deposit, or by others who buy its collateral: `plimsoll collateral buy`.")]
    Accrue {
        /// Account: address, or id of one of your own.
        account: String,
    },
}

/// Commands of `bad-debt`.
#[derive(clap::Subcommand)]
pub enum BadDebtCommand {
    /// Repay what an owner's accounts left unpaid; anyone may, and no more than is owed is taken.
    #[command(after_help = "Example:\n  plimsoll bad-debt repay <OWNER> 1000\n\n\
        A recorded deficit is covered first, the rest goes to the insurance fund.")]
    Repay {
        /// Key of the owner that owes.
        owner: String,
        /// Quote tokens, decimal.
        #[arg(allow_hyphen_values = true)]
        amount: String,
        /// Token account that pays [default: the signer's associated one].
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
    /// Owners with bad debt, or what one owner owes.
    #[command(after_help = "Examples:\n  plimsoll bad-debt show\n  plimsoll bad-debt show <OWNER>")]
    Show {
        /// Key of an owner [default: every owner that owes].
        owner: Option<String>,
    },
}

/// Runs a command of `debt`. Errors: `Input`, refusals, connection.
pub fn debt(session: &Session, command: &DebtCommand) -> Result<(), Failure> {
    let DebtCommand::Accrue { account } = command;
    let signer = session.keypair()?;
    let (_, account) = session.account("ACCOUNT", account)?;
    let directory = session.directory()?;
    let outcome = session.execute(&[instruction::debt_accrue(&directory, &account)], &[&signer])?;
    let event: DebtAccrued = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .quote("interest", event.interest)
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after)
        .quote("insurance_before", event.insurance_before)
        .quote("insurance_after", event.insurance_after);
    session.report(&outcome, facts);
    Ok(())
}

/// Runs a command of `bad-debt`. Errors: `Input`, refusals, connection.
pub fn bad_debt(session: &Session, command: &BadDebtCommand) -> Result<(), Failure> {
    match command {
        BadDebtCommand::Repay { owner, amount, from } => repay(session, (owner, amount), from.as_deref()),
        BadDebtCommand::Show { owner } => show(session, owner.as_deref()),
    }
}

fn repay(session: &Session, (owner, amount): (&str, &str), from: Option<&str>) -> Result<(), Failure> {
    let owner = config::address("OWNER", owner)?;
    let amount = amount::positive_quote("AMOUNT", amount)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let source = session.token_account("--from", from, &signer.pubkey(), &mint)?;
    let build = instruction::bad_debt_repay(&directory, &owner, &signer.pubkey(), &source, amount);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: BadDebtRepaid = session.event(&outcome)?;
    let facts = Facts::default()
        .text("owner", event.owner)
        .text("payer", event.payer)
        .quote("amount", event.amount)
        .quote("bad_debt_before", event.bad_debt_before)
        .quote("bad_debt_after", event.bad_debt_after)
        .quote("to_deficit", event.to_deficit)
        .quote("deficit_after", event.deficit_after)
        .quote("insurance_after", event.insurance_after);
    session.report(&outcome, facts);
    Ok(())
}

fn show(session: &Session, owner: Option<&str>) -> Result<(), Failure> {
    let records: Vec<Owner> = match owner {
        Some(text) => {
            let owner = config::address("OWNER", text)?;
            let found = session.owner_record(&owner)?;
            let unknown = || Failure::Input(format!("OWNER: {owner} is not registered in this clearinghouse"));
            vec![found.ok_or_else(unknown)?]
        }
        None => owing(session)?,
    };
    let total: i128 = records.iter().map(|record| i128::from(record.bad_debt)).sum();
    let value = |record: &Owner| {
        json!({
            "owner": record.owner.to_string(), "bad_debt": format_quote(record.bad_debt),
            "accounts_opened": record.next_account,
        })
    };
    let row =
        |record: &Owner| vec![record.owner.to_string(), format_quote(record.bad_debt), record.next_account.to_string()];
    let rows = records.iter().map(row).collect();
    let facts = Facts::default().quote("bad_debt", total).json("owners", records.iter().map(value).collect::<Value>());
    let owners = table(&["owner", "bad debt", "accounts opened"], rows);
    session.show_with(facts, &[if records.is_empty() { "no owner owes bad debt".to_owned() } else { owners }]);
    Ok(())
}

/// Owners with bad debt, the largest first. Errors: `Input`, connection.
pub fn owing(session: &Session) -> Result<Vec<Owner>, Failure> {
    let filter =
        AccountFilter::all::<Owner>().with_key(std::mem::offset_of!(Owner, clearinghouse), &session.clearinghouse()?);
    let records = session.ok(session.ledger.load_all::<Owner>(&filter))?;
    let mut owing: Vec<Owner> = records.into_iter().map(|(_, record)| record).filter(|r| r.bad_debt > 0).collect();
    owing.sort_by_key(|record| std::cmp::Reverse(record.bad_debt));
    Ok(owing)
}
