//! `plimsoll clearinghouse`.

use std::path::PathBuf;

use plimsoll::events::ClearinghouseCreated;
use plimsoll_client::{instruction, presets};
use serde_json::json;
use solana_signer::Signer;

use super::parameters;
use crate::config;
use crate::output::Facts;
use crate::session::Session;
use crate::Failure;

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Open a clearinghouse; the signer is its creator and pays the rent.
    #[command(after_help = "Examples:\n  plimsoll clearinghouse create --quote-mint <MINT>\n  \
        plimsoll clearinghouse create --print-default-parameters > rules.toml\n  \
        plimsoll clearinghouse create --quote-mint <MINT> --parameters rules.toml")]
    Create(Create),
    /// Keys, parameters and balances of the clearinghouse.
    #[command(after_help = "Example:\n  plimsoll --clearinghouse <ADDRESS> clearinghouse show")]
    Show,
}

/// Arguments of `clearinghouse create`.
#[derive(clap::Args)]
pub struct Create {
    /// Mint of the quote token: classic SPL Token with 6 decimals.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "print_default_parameters")]
    quote_mint: Option<String>,
    /// Number within the creator's clearinghouses.
    #[arg(long, default_value_t = 0)]
    index: u16,
    /// Lists underlyings and collateral [default: the signer].
    #[arg(long, value_name = "ADDRESS")]
    authority: Option<String>,
    /// Stored as guardian [default: the authority].
    #[arg(long, value_name = "ADDRESS")]
    guardian: Option<String>,
    /// TOML file whose fields replace the defaults.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Print the defaults as such a file and stop.
    #[arg(long)]
    print_default_parameters: bool,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create(session, args),
        Command::Show => show(session),
    }
}

fn create(session: &Session, args: &Create) -> Result<(), Failure> {
    if args.print_default_parameters {
        let none = plimsoll_client::Pubkey::default();
        let mut defaults = presets::clearinghouse(0, none, none).parameters;
        session.print(
            &parameters::print_clearinghouse(&mut defaults),
            &json!({ "parameters": parameters::print_clearinghouse(&mut defaults) }),
        );
        return Ok(());
    }
    let mint = config::address("--quote-mint", args.quote_mint.as_deref().unwrap_or_default())?;
    let signer = session.keypair()?;
    let key = |flag: &str, text: &Option<String>, default| {
        text.as_deref().map_or(Ok(default), |text| config::address(flag, text))
    };
    let authority = key("--authority", &args.authority, signer.pubkey())?;
    let guardian = key("--guardian", &args.guardian, authority)?;
    let mut create = presets::clearinghouse(args.index, authority, guardian);
    parameters::apply_clearinghouse(&mut create.parameters, args.parameters.as_deref())?;
    let outcome = session.execute(&[instruction::clearinghouse_create(&signer.pubkey(), &mint, create)], &[&signer])?;
    let event: ClearinghouseCreated = session.event(&outcome)?;
    let facts = Facts::default()
        .text("clearinghouse", event.clearinghouse)
        .text("creator", event.creator)
        .field("index", event.index)
        .text("authority", event.authority)
        .text("guardian", guardian)
        .text("quote_mint", event.quote_mint);
    session.report(&outcome, facts);
    Ok(())
}

fn show(session: &Session) -> Result<(), Failure> {
    let directory = session.directory()?;
    let state = &directory.clearinghouse;
    let mut stored = state.parameters;
    let text = parameters::print_clearinghouse(&mut stored);
    let facts = Facts::default()
        .text("clearinghouse", directory.address)
        .text("creator", state.creator)
        .field("index", state.index)
        .text("authority", state.authority)
        .text("guardian", state.guardian)
        .text("quote_mint", state.quote_mint)
        .text("vault", state.vault)
        .field("underlyings", state.next_underlying)
        .field("collaterals", state.next_collateral)
        .quote("surplus", state.surplus)
        .quote("deficit", state.deficit)
        .json("parameters", text.clone());
    session.show_with(facts, &[String::new(), text]);
    Ok(())
}
