//! `plimsoll insurance`.

use plimsoll::events::InsuranceDeposited;
use plimsoll::state::InsuranceFund;
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt as _;
use solana_signer::Signer;

use crate::output::Facts;
use crate::session::Session;
use crate::{amount, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
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
    /// What the fund holds, has received and has paid, and the deficit it could not cover.
    #[command(after_help = "Example:\n  plimsoll insurance show")]
    Show,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Deposit { amount, from } => deposit(session, amount, from.as_deref()),
        Command::Show => show(session),
    }
}

fn deposit(session: &Session, amount: &str, from: Option<&str>) -> Result<(), Failure> {
    let amount = amount::positive_quote("AMOUNT", amount)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let mint = directory.clearinghouse.quote_mint;
    let source = session.token_account("--from", from, &signer.pubkey(), &mint)?;
    let build = instruction::insurance_deposit(&directory, &signer.pubkey(), &source, amount);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: InsuranceDeposited = session.event(&outcome)?;
    let facts = Facts::default()
        .text("depositor", event.depositor)
        .quote("amount", event.amount)
        .quote("insurance_before", event.insurance_before)
        .quote("insurance_after", event.insurance_after)
        .quote("to_deficit", event.to_deficit)
        .quote("deficit_after", event.deficit_after);
    session.report(&outcome, facts);
    Ok(())
}

fn show(session: &Session) -> Result<(), Failure> {
    let directory = session.directory()?;
    let state = &directory.clearinghouse;
    let fund: InsuranceFund = session.ok(session.ledger.load(&state.insurance))?;
    let facts = Facts::default()
        .text("insurance", state.insurance)
        .quote("balance", fund.balance)
        .quote("received", fund.received_total)
        .quote("contributed", fund.contributed_total)
        .quote("paid", fund.paid_total)
        .field("incidents", fund.incident_count)
        .quote("deficit", state.deficit)
        .quote("deficit_locked", state.deficit_locked);
    session.show(facts);
    Ok(())
}
