//! `plimsoll settle`.

use plimsoll_client::directory::Directory;
use plimsoll_client::instruction;
use serde_json::{json, Value};
use solana_program::instruction::Instruction;

use crate::series::{expiry_time, underlying};
use crate::session::Session;
use crate::Failure;

/// Commands of the group; anyone may run them.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Add the accepted price to the settlement average, in the last half hour before expiry.
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

/// An expiry.
#[derive(clap::Args)]
pub struct Which {
    /// Name or index of the underlying.
    underlying: String,
    /// Expiry: 30JAN26, 30JAN26T0800 or unix seconds.
    expiry: String,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let directory = session.directory()?;
    match command {
        Command::Sample(which) => {
            let (index, time) = resolve(session, &directory, which)?;
            let build = instruction::settlement_sample(&directory.underlying(index), time);
            send(session, build, which, ("sampled", json!({})))
        }
        Command::Expiry(which) => {
            let (index, time) = resolve(session, &directory, which)?;
            let build = instruction::expiry_settle(&directory.underlying(index), time);
            send(session, build, which, ("settled", json!({})))
        }
        Command::Account { account, which } => {
            let (index, time) = resolve(session, &directory, which)?;
            let (at, account) = session.account("ACCOUNT", account)?;
            let build = instruction::account_settle(&directory, &account, index, time);
            send(session, build, which, ("settled account", json!({ "account": at.to_string() })))
        }
    }
}

fn resolve(session: &Session, directory: &Directory, which: &Which) -> Result<(u16, i64), Failure> {
    let index = underlying(session, directory, &which.underlying)?;
    Ok((index, expiry_time(&directory.underlyings[&index], &which.expiry)?))
}

fn send(
    session: &Session,
    build: Instruction,
    which: &Which,
    (done, mut value): (&'static str, Value),
) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let outcome = session.execute(&[build], &[&signer])?;
    let name = format!("{}-{}", which.underlying.to_ascii_uppercase(), which.expiry.to_ascii_uppercase());
    value["expiry"] = json!(name);
    session.report(&outcome, vec![(done, name)], value);
    Ok(())
}
