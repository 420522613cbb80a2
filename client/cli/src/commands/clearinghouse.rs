//! `plimsoll clearinghouse`.

use std::path::PathBuf;

use plimsoll_client::price::format_quote;
use plimsoll_client::{address, instruction, presets};
use serde_json::json;
use solana_signer::Signer;

use super::parameters;
use crate::config;
use crate::output::pairs;
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
    let at = address::clearinghouse(&signer.pubkey(), args.index);
    let outcome = session.execute(&[instruction::clearinghouse_create(&signer.pubkey(), &mint, create)], &[&signer])?;
    let rows = vec![("clearinghouse", at.to_string()), ("authority", authority.to_string())];
    session.report(&outcome, rows, json!({ "clearinghouse": at.to_string(), "authority": authority.to_string() }));
    Ok(())
}

fn show(session: &Session) -> Result<(), Failure> {
    let directory = session.directory()?;
    let state = &directory.clearinghouse;
    let mut stored = state.parameters;
    let rows = [
        ("clearinghouse", directory.address.to_string()),
        ("creator", format!("{} #{}", state.creator, state.index)),
        ("authority", state.authority.to_string()),
        ("guardian", state.guardian.to_string()),
        ("quote mint", state.quote_mint.to_string()),
        ("vault", state.vault.to_string()),
        ("underlyings", state.next_underlying.to_string()),
        ("collaterals", state.next_collateral.to_string()),
        ("surplus", format_quote(state.surplus)),
        ("deficit", format_quote(state.deficit)),
    ];
    let text = parameters::print_clearinghouse(&mut stored);
    let value = json!({
        "clearinghouse": directory.address.to_string(),
        "creator": state.creator.to_string(),
        "index": state.index,
        "authority": state.authority.to_string(),
        "guardian": state.guardian.to_string(),
        "quote_mint": state.quote_mint.to_string(),
        "vault": state.vault.to_string(),
        "underlyings": state.next_underlying,
        "collaterals": state.next_collateral,
        "surplus": format_quote(state.surplus),
        "deficit": format_quote(state.deficit),
        "parameters": text,
    });
    session.print(&format!("{}\n\n{text}", pairs(&rows)), &value);
    Ok(())
}
