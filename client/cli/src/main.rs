//! `plimsoll`: the command line of the Plimsoll clearinghouse. One module per group of commands.

mod amount;
mod calibrate;
mod chart;
mod commands;
mod config;
mod margin;
mod output;
mod page;
mod prepare;
mod refusal;
mod series;
mod session;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    account, auction, cash, clearinghouse, collateral, debt, expiry, insurance, listing, live_margin, oracle, rows,
    settle, status, trade,
};
use session::Session;

const EXAMPLES: &str = "\
Amounts are decimal text in whole tokens (1000.5); prices are quote tokens.
ACCOUNT is the address of a margin account, or the id of one of your own (0, 1, ...).
A series reads UNDERLYING-EXPIRY-STRIKE-KIND, as BTC-30JAN26-100000-C.

Examples:
  plimsoll account open
  plimsoll deposit 0 1000.5
  plimsoll margin show 0
  plimsoll --dry-run trade clear BTC-30JAN26-100000-C --quantity 3 --price 25.5 \\
      --buyer 0 --seller <ADDRESS> --seller-keypair maker.json
  plimsoll --json status

Settings come from flags, then PLIMSOLL_* variables, then the file of --config (TOML). Without one,
URL and keypair come from the configuration of the Solana tools (~/.config/solana/cli/config.yml).
  url = \"http://127.0.0.1:8899\"
  clearinghouse = \"<ADDRESS>\"
  keypair = \"/home/me/.config/solana/id.json\"
  priority_fee = 1000
  [underlyings]
  BTC = 0

Exit codes: 0 done, 1 refused on chain or no usable answer, 2 bad input, 3 a calibration that proposes nothing for a group.";

/// On-chain options clearinghouse: command line.
#[derive(Parser)]
#[command(name = "plimsoll", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: config::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Vault against claims, deficit, insurance, and accounts by health.
    #[command(after_help = "Examples:\n  plimsoll status\n  plimsoll --json status")]
    Status,
    /// Open or show a clearinghouse.
    #[command(subcommand)]
    Clearinghouse(clearinghouse::Command),
    /// List assets that options are written on.
    #[command(subcommand)]
    Underlying(listing::UnderlyingCommand),
    /// List, sweep and close expiries.
    #[command(subcommand)]
    Expiry(expiry::Command),
    /// Risk rows: what portfolio margin of large accounts is taken from.
    #[command(subcommand)]
    Rows(rows::Command),
    /// List strikes.
    #[command(subcommand)]
    Strike(listing::StrikeCommand),
    /// Open, list, show and close margin accounts; their modes and delegates.
    #[command(subcommand)]
    Account(account::Command),
    /// Pay quote tokens into any margin account.
    #[command(after_help = "Example:\n  plimsoll deposit 0 1000.5")]
    Deposit(cash::Deposit),
    /// Take quote tokens out of a margin account of yours.
    #[command(after_help = "Example:\n  plimsoll --dry-run withdraw 0 250")]
    Withdraw(cash::Withdraw),
    /// Tokens that support margin: list, deposit, withdraw, buy from accounts in debt.
    #[command(subcommand)]
    Collateral(collateral::Command),
    /// Clear trades agreed between two accounts.
    #[command(subcommand)]
    Trade(trade::Command),
    /// Margin of an account now, or of any portfolio offline.
    Margin(MarginCommand),
    /// Fit margin parameters to price history.
    Calibrate(calibrate::Args),
    /// Liquidation auctions.
    #[command(subcommand)]
    Auction(auction::Command),
    /// Expiry: samples, settlement price, payoffs.
    #[command(subcommand)]
    Settle(settle::Command),
    /// Prices of underlyings.
    #[command(subcommand)]
    Oracle(oracle::Command),
    /// Interest on debt.
    #[command(subcommand)]
    Debt(debt::DebtCommand),
    /// What accounts left unpaid.
    #[command(subcommand)]
    BadDebt(debt::BadDebtCommand),
    /// The insurance fund.
    #[command(subcommand)]
    Insurance(insurance::Command),
}

/// Without a subcommand: the offline evaluator on a JSON document.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct MarginCommand {
    #[command(flatten)]
    offline: margin::Args,
    #[command(subcommand)]
    live: Option<live_margin::Command>,
}

/// What a command returns when it cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The input is at fault: exit code 2.
    #[error("{0}")]
    Input(String),
    /// A report is printed, but what it was made for is not in it: exit code 3.
    #[error("{0}")]
    NotProposed(String),
    /// Anything else: exit code 1.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Input(_) => 2,
            Self::NotProposed(_) => 3,
            Self::Other(_) => 1,
        })
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Margin(MarginCommand { offline, live: None }) = &cli.command {
        return margin::run(&cli.global, offline);
    }
    if let Command::Calibrate(args) = &cli.command {
        return calibrate::run(args, cli.global.json());
    }
    let session = Session::new(&cli.global)?;
    match &cli.command {
        Command::Status => status::run(&session),
        Command::Clearinghouse(command) => clearinghouse::run(&session, command),
        Command::Underlying(command) => listing::underlying(&session, command),
        Command::Expiry(command) => expiry::run(&session, command),
        Command::Rows(command) => rows::run(&session, command),
        Command::Strike(command) => listing::strike(&session, command),
        Command::Account(command) => account::run(&session, command),
        Command::Deposit(args) => cash::deposit(&session, args),
        Command::Withdraw(args) => cash::withdraw(&session, args),
        Command::Trade(command) => trade::run(&session, command),
        Command::Margin(MarginCommand { live: Some(command), .. }) => live_margin::run(&session, command),
        Command::Margin(MarginCommand { offline, live: None }) => margin::run(&cli.global, offline),
        Command::Calibrate(args) => calibrate::run(args, cli.global.json()),
        Command::Auction(command) => auction::run(&session, command),
        Command::Settle(command) => settle::run(&session, command),
        Command::Collateral(command) => collateral::run(&session, command),
        Command::Oracle(command) => oracle::run(&session, command),
        Command::Debt(command) => debt::debt(&session, command),
        Command::BadDebt(command) => debt::bad_debt(&session, command),
        Command::Insurance(command) => insurance::run(&session, command),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}
