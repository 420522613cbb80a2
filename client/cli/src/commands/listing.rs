//! `plimsoll underlying` and `strike`.

use std::path::PathBuf;

use plimsoll::events::{StrikeCreated, UnderlyingCreated};
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction;
use plimsoll_client::presets;
use plimsoll_client::price::{format_atoms, format_quote, parse_atoms};
use plimsoll_client::status::load_oracles;
use plimsoll_core::margin::scenario::{NO_PEER, PEERS_MAX};
use serde_json::json;
use solana_signer::Signer;

use super::parameters;
use crate::output::{table, Facts};
use crate::series::{expiry_name, expiry_time, load_expiry, underlying as find_underlying, underlying_name};
use crate::session::Session;
use crate::{amount, Failure};

/// Commands of `underlying`.
#[derive(clap::Subcommand)]
pub enum UnderlyingCommand {
    /// List an asset; the signer is the clearinghouse's authority.
    #[command(after_help = "Examples:\n  plimsoll underlying create --preset btc\n  \
        plimsoll underlying create --preset btc --print-default-parameters > btc.toml\n  \
        plimsoll underlying create --preset btc --parameters btc.toml\n  \
        plimsoll underlying create --preset eth --peer BTC\n  \
        plimsoll underlying create --preset sol --feed-id <64 HEX DIGITS> --contract-size 10")]
    Create(UnderlyingCreate),
    /// Underlyings with their accepted prices.
    #[command(after_help = "Example:\n  plimsoll underlying list")]
    List,
    /// What an underlying is listed with: feed, contract, and every parameter as `underlying create --parameters` reads it.
    #[command(after_help = "Examples:\n  plimsoll underlying show BTC\n  plimsoll underlying show BTC > btc.toml")]
    Show {
        /// Name or index of the underlying.
        underlying: String,
    },
}

/// Arguments of `underlying create`.
#[derive(clap::Args)]
pub struct UnderlyingCreate {
    /// Parameters to start from.
    #[arg(long, value_enum)]
    preset: Preset,
    /// Pyth feed id, 64 hexadecimal digits [default: the preset's].
    #[arg(long, value_name = "HEX")]
    feed_id: Option<String>,
    /// Underlying per contract, decimal [default: the preset's].
    #[arg(long, value_name = "AMOUNT")]
    contract_size: Option<String>,
    /// Underlying listed before whose correlation with this one is measured, by name or index; at most two.
    #[arg(long = "peer", value_name = "UNDERLYING")]
    peers: Vec<String>,
    /// TOML file whose fields replace the preset's.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Print the preset's parameters as such a file and stop.
    #[arg(long)]
    print_default_parameters: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Preset {
    /// Contracts of 0.01 BTC.
    Btc,
    /// Contracts of 0.1 ETH.
    Eth,
    /// Contracts of 1 SOL.
    Sol,
    /// USDC: prices the quote token.
    Stable,
}

/// Commands of `strike`.
#[derive(clap::Subcommand)]
pub enum StrikeCommand {
    /// List a strike of an expiry.
    #[command(after_help = "Example:\n  plimsoll strike create BTC 30JAN26 100000")]
    Create {
        /// Name or index of the underlying.
        underlying: String,
        /// Expiry: 30JAN26, 30JAN26T0800 or unix seconds.
        expiry: String,
        /// Strike price: quote tokens per whole underlying.
        price: String,
        /// In a full expiry: the listed strike without open interest whose place the new one takes.
        #[arg(long, value_name = "STRIKE")]
        replaces: Option<String>,
    },
}

/// Runs a command of `underlying`. Errors: `Input`, refusals, connection.
pub fn underlying(session: &Session, command: &UnderlyingCommand) -> Result<(), Failure> {
    match command {
        UnderlyingCommand::Create(args) => underlying_create(session, args),
        UnderlyingCommand::List => underlying_list(session),
        UnderlyingCommand::Show { underlying } => underlying_show(session, underlying),
    }
}

fn underlying_show(session: &Session, text: &str) -> Result<(), Failure> {
    let directory = session.directory()?;
    let index = find_underlying(session, &directory, text)?;
    let state = &directory.underlyings[&index];
    let name = underlying_name(session, &directory, index);
    let (at, size) = (directory.underlying(index), format_atoms(state.contract_size, 9));
    let feed = hexadecimal(&state.feed_id);
    let mut args = parameters::listing(state);
    let shown = format!(
        "# {name}: index {index}, address {at}\n# feed {feed}\n# contract {size}\n{}",
        parameters::print_underlying(&mut args)
    );
    let groups = parameters::listed(state).into_iter().map(|(name, fields)| {
        let fields = fields.into_iter().map(|(field, value)| (field.to_owned(), json!(value)));
        (name.to_owned(), serde_json::Value::Object(fields.collect()))
    });
    let value = json!({
        "name": name, "index": index, "address": at.to_string(), "feed_id": feed, "contract_size": size,
        "receiver_program": state.receiver_program.to_string(),
        "parameters": serde_json::Value::Object(groups.collect()),
    });
    session.print(&shown, &value);
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn underlying_create(session: &Session, args: &UnderlyingCreate) -> Result<(), Failure> {
    let preset = match args.preset {
        Preset::Btc => presets::btc,
        Preset::Eth => presets::eth,
        Preset::Sol => presets::sol,
        Preset::Stable => presets::stable,
    };
    if args.print_default_parameters {
        let text = parameters::print_underlying(&mut preset(0));
        session.print(&text, &json!({ "parameters": text }));
        return Ok(());
    }
    let mut create = preset(0);
    if let Some(text) = &args.feed_id {
        create.feed_id = feed_id(text)?;
    }
    if let Some(text) = &args.contract_size {
        let refused = |why: String| Failure::Input(format!("--contract-size: {why}"));
        let size = parse_atoms(text, 9).map_err(|error| refused(error.to_string()))?;
        let size = u64::try_from(size).ok().filter(|size| *size > 0);
        create.contract_size = size.ok_or_else(|| refused(format!("{text} must be more than 0")))?;
    }
    parameters::apply_underlying(&mut create, args.parameters.as_deref())?;
    let directory = session.directory()?;
    let signer = session.keypair()?;
    create.index = directory.clearinghouse.next_underlying;
    if !args.peers.is_empty() {
        create.portfolio.correlation_peers = peers(session, &directory, &args.peers)?;
    }
    let refused = |error| Failure::Input(format!("{error}: peers are listed before, each named once"));
    create.portfolio.rules().validate_peers(create.index).map_err(refused)?;
    let key = signer.pubkey();
    let build = instruction::underlying_create(&directory.address, &key, &key, create);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: UnderlyingCreated = session.event(&outcome)?;
    let facts = Facts::default()
        .text("underlying", event.underlying)
        .field("index", event.index)
        .field("feed_id", hexadecimal(&event.feed_id))
        .text("contract_size", format_atoms(event.contract_size, 9))
        .field("stable", event.stable == 1);
    session.report(&outcome, facts);
    Ok(())
}

fn peers(session: &Session, directory: &Directory, names: &[String]) -> Result<[u16; PEERS_MAX], Failure> {
    let mut peers = [NO_PEER; PEERS_MAX];
    if names.len() > peers.len() {
        return Err(Failure::Input(format!("--peer: {} of them, at most {PEERS_MAX}", names.len())));
    }
    for (peer, name) in peers.iter_mut().zip(names) {
        *peer = find_underlying(session, directory, name)?;
    }
    Ok(peers)
}

fn feed_id(text: &str) -> Result<[u8; 32], Failure> {
    let refused = || Failure::Input(format!("--feed-id {text:?}: expected 64 hexadecimal digits"));
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(refused());
    }
    let mut id = [0; 32];
    for (byte, at) in id.iter_mut().zip((0..64).step_by(2)) {
        let pair = digits.get(at..at + 2).ok_or_else(refused)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
    }
    Ok(id)
}

fn underlying_list(session: &Session) -> Result<(), Failure> {
    let directory = session.directory()?;
    let now = session.now()?;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (index, (state, oracle)) in session.ok(load_oracles(&session.ledger, &directory))? {
        let name = underlying_name(session, &directory, index);
        let accepted = oracle.price.publish_time > 0;
        let price = accepted.then(|| format_quote(oracle.price.price));
        let age = accepted.then(|| now.saturating_sub(oracle.price.publish_time));
        let size = format_atoms(state.contract_size, 9);
        rows.push(vec![
            name.clone(),
            index.to_string(),
            price.clone().unwrap_or_else(|| "-".to_owned()),
            age.map_or_else(|| "-".to_owned(), |age| format!("{age} s")),
            size.clone(),
            directory.underlying(index).to_string(),
        ]);
        values.push(json!({
            "name": name, "index": index, "address": directory.underlying(index).to_string(),
            "price": price, "price_age_seconds": age, "contract_size": size,
        }));
    }
    let text = table(&["underlying", "index", "price", "age", "contract", "address"], rows);
    session.print(&text, &json!({ "underlyings": values }));
    Ok(())
}

/// Runs a command of `strike`. Errors: `Input`, refusals, connection.
pub fn strike(session: &Session, command: &StrikeCommand) -> Result<(), Failure> {
    let StrikeCommand::Create { underlying, expiry, price, replaces } = command;
    let atoms = amount::price("PRICE", price)?;
    let directory = session.directory()?;
    let index = find_underlying(session, &directory, underlying)?;
    let time = expiry_time(&directory.underlyings[&index], expiry)?;
    let state = load_expiry(session, &directory, index, time)?;
    let signer = session.keypair()?;
    let underlying_at = directory.underlying(index);
    let build = match replaces {
        None => instruction::strike_create(&underlying_at, time, atoms),
        Some(old) => {
            let price = amount::price("--replaces", old)?;
            let id = (0u8..).zip(state.strikes()).find(|(_, strike)| strike.price == price).map(|(id, _)| id);
            let id = id.ok_or_else(|| Failure::Input(format!("--replaces {old}: that expiry lists no such strike")))?;
            instruction::strike_replace(&underlying_at, time, (id, atoms))
        }
    };
    let outcome = session.execute(&[build], &[&signer])?;
    let event: StrikeCreated = session.event(&outcome)?;
    let underlying = underlying_name(session, &directory, index);
    let date = expiry_name(directory.underlyings.get(&index), time);
    let facts = Facts::default()
        .text("strike", format!("{underlying}-{date}-{}", format_quote(event.price)))
        .text("expiry", event.expiry_account)
        .field("id", event.strike)
        .quote("price", event.price);
    session.report(&outcome, facts);
    Ok(())
}
