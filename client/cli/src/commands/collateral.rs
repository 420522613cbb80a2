//! `plimsoll collateral`: tokens that support margin.

use plimsoll::constants::INDEX_NONE;
use plimsoll::events::{CollateralCreated, CollateralMoved, CollateralSold};
use plimsoll::margin::ramped_factor;
use plimsoll::state::Collateral;
use plimsoll::{CollateralCreateArgs, CollateralSaleArgs};
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::LedgerExt as _;
use plimsoll_client::price::{format_atoms, format_percent, format_quote};
use plimsoll_client::status::load_oracles;
use plimsoll_client::{address, instruction, Pubkey};
use plimsoll_core::units::Ratio;
use serde_json::{json, Value};
use solana_signer::Signer;

use crate::output::{dash, table, Facts};
use crate::refusal::Known;
use crate::series::{underlying, underlying_name};
use crate::session::Session;
use crate::{amount, config, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List a token as collateral; the signer is the clearinghouse's authority. Its weight ramps from zero.
    #[command(after_help = "Examples:\n  \
        plimsoll collateral create --mint <MINT> --priced-by SOL --weight 0.9 --ramp-seconds 86400 --cap 100000\n  \
        plimsoll collateral create --mint <MINT> --weight 0.95 --ramp-seconds 86400 --cap 5000000")]
    Create(Create),
    /// Collateral with weights, prices and caps.
    #[command(after_help = "Example:\n  plimsoll collateral list")]
    List,
    /// Pay collateral into a margin account; a kind it does not hold yet only by its owner and not in auction.
    #[command(after_help = "Examples:\n  plimsoll collateral deposit 0 0 12.5\n  \
        plimsoll --dry-run collateral deposit 0 <MINT> 12.5")]
    Deposit(Deposit),
    /// Take collateral out of a margin account of yours.
    #[command(after_help = "Example:\n  plimsoll --dry-run collateral withdraw 0 0 2.5")]
    Withdraw(Withdraw),
    /// Buy collateral of an account in debt, at a discount that grows with time.
    #[command(after_help = "Example (at most 5 tokens, for at most 700):\n  \
        plimsoll --dry-run collateral buy <ADDRESS> 0 5 --buyer 0 --limit 700\n\n\
        No more is sold than cures the debt; what is bought lies in the buying account.")]
    Buy(Buy),
}

/// Arguments of `collateral create`.
#[derive(clap::Args)]
pub struct Create {
    /// Mint of the token: classic SPL Token with at most 12 decimals.
    #[arg(long, value_name = "ADDRESS")]
    mint: String,
    /// Underlying that prices it: name or index [default: one token is 1 USD].
    #[arg(long, value_name = "UNDERLYING")]
    priced_by: Option<String>,
    /// Share of its value that counts at the end of the ramp, above 0 and at most 0.95.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    weight: String,
    /// Seconds from weight zero to the full one: an hour to a year.
    #[arg(long)]
    ramp_seconds: u32,
    /// Most tokens that all accounts together may hold, decimal.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    cap: String,
}

/// Arguments of `collateral deposit`.
#[derive(clap::Args)]
pub struct Deposit {
    /// Account that receives: address, or id of one of your own.
    account: String,
    /// Collateral: mint or index, see `plimsoll collateral list`.
    collateral: String,
    /// Tokens, decimal.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Token account that pays [default: the signer's associated one].
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
}

/// Arguments of `collateral withdraw`.
#[derive(clap::Args)]
pub struct Withdraw {
    /// Account of yours: address or id.
    account: String,
    /// Collateral: mint or index, see `plimsoll collateral list`.
    collateral: String,
    /// Tokens, decimal.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Token account that receives [default: the signer's associated one].
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

/// Arguments of `collateral buy`.
#[derive(clap::Args)]
pub struct Buy {
    /// Account in debt.
    account: String,
    /// Collateral: mint or index, see `plimsoll collateral list`.
    collateral: String,
    /// Most tokens to buy, decimal.
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// Account that pays and receives: id of one of your own, or address of one that you own or act for.
    #[arg(long, value_name = "ACCOUNT")]
    buyer: String,
    /// Most to pay in all: quote tokens.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    limit: String,
    /// Seconds from now for which the order is valid.
    #[arg(long, default_value_t = 60)]
    valid_for: u32,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create(session, args),
        Command::List => list(session),
        Command::Deposit(args) => deposit(session, args),
        Command::Withdraw(args) => withdraw(session, args),
        Command::Buy(args) => buy(session, args),
    }
}

/// The collateral that `text` names: its mint or its index. Errors: `Input` with what is listed.
fn find<'a>(directory: &'a Directory, text: &str) -> Result<&'a Collateral, Failure> {
    let by_mint = |mint: Pubkey| directory.collaterals.values().find(|listed| listed.mint == mint);
    let found = match text.parse::<u16>() {
        Ok(index) => directory.collaterals.get(&index),
        Err(_) => by_mint(config::address("COLLATERAL", text)?),
    };
    found.ok_or_else(|| {
        let listed: Vec<String> = directory.collaterals.iter().map(|(i, c)| format!("{i} ({})", c.mint)).collect();
        let listed = if listed.is_empty() { "none".to_owned() } else { listed.join(", ") };
        Failure::Input(format!("COLLATERAL: {text:?} is not listed; listed: {listed}"))
    })
}

fn create(session: &Session, args: &Create) -> Result<(), Failure> {
    let mint = config::address("--mint", &args.mint)?;
    let cross_factor = amount::share("--weight", &args.weight)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let priced_by = match &args.priced_by {
        Some(text) => underlying(session, &directory, text)?,
        None => INDEX_NONE,
    };
    let decimals = session.ok(session.ledger.mint_decimals(&mint))?;
    let cap = amount::positive("--cap", &args.cap, u32::from(decimals))?;
    let (index, ramp_seconds) = (directory.clearinghouse.next_collateral, args.ramp_seconds);
    let terms = CollateralCreateArgs { index, priced_by, cross_factor, ramp_seconds, cap };
    let key = signer.pubkey();
    let build = instruction::collateral_create(&directory.address, &key, &key, &mint, terms);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: CollateralCreated = session.event(&outcome)?;
    let facts = Facts::default()
        .text("collateral", event.collateral)
        .field("index", event.index)
        .text("mint", event.mint)
        .text("vault", address::vault(&directory.address, &mint))
        .field("decimals", decimals)
        .field("priced_by", pricing_name(session, &directory, event.priced_by))
        .text("weight", format_atoms(event.cross_factor, 6))
        .field("ramp_seconds", event.ramp_seconds)
        .text("cap", format_atoms(event.cap, u32::from(decimals)));
    session.report(&outcome, facts);
    Ok(())
}

/// Name of the underlying that prices a collateral; none: one token is 1 USD.
fn pricing_name(session: &Session, directory: &Directory, index: u16) -> Option<String> {
    (index != INDEX_NONE).then(|| underlying_name(session, directory, index))
}

fn list(session: &Session) -> Result<(), Failure> {
    let directory = session.directory()?;
    let now = session.now()?;
    let oracles = session.ok(load_oracles(&session.ledger, &directory))?;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (index, listed) in &directory.collaterals {
        let tokens = |atoms: u64| format_atoms(atoms, u32::from(listed.decimals));
        let priced_by = pricing_name(session, &directory, listed.priced_by);
        let price = match oracles.get(&listed.priced_by) {
            Some((_, oracle)) => (oracle.price.price > 0).then(|| format_quote(oracle.price.price)),
            None => Some(format_quote(1_000_000)),
        };
        let weight = ramped_factor(listed, now);
        let percent = |ratio: Ratio| format!("{} %", format_percent(ratio));
        rows.push(vec![
            index.to_string(),
            priced_by.clone().unwrap_or_else(|| "1 USD".to_owned()),
            dash(price.clone()),
            format!("{} of {}", percent(weight), percent(Ratio(listed.cross_factor))),
            format!("{} of {}", tokens(listed.deposited), tokens(listed.cap)),
            listed.mint.to_string(),
        ]);
        values.push(json!({
            "index": index, "address": address::collateral(&directory.address, &listed.mint).to_string(),
            "mint": listed.mint.to_string(), "vault": listed.vault.to_string(), "decimals": listed.decimals,
            "priced_by": priced_by, "price": price, "weight_now": format_atoms(weight.0, 6),
            "weight": format_atoms(listed.cross_factor, 6), "ramp_start": listed.ramp_start,
            "ramp_seconds": listed.ramp_seconds, "deposited": tokens(listed.deposited), "cap": tokens(listed.cap),
        }));
    }
    let header = ["collateral", "priced by", "price", "weight now", "held", "mint"];
    session.print(&table(&header, rows), &json!({ "collaterals": Value::from(values) }));
    Ok(())
}

/// Amounts of a refusal are in tokens of `listed`.
fn in_tokens(listed: &Collateral) -> Known {
    Known { account: None, decimals: Some(listed.decimals) }
}

/// What a movement of collateral did, from its event.
fn moved(event: &CollateralMoved, listed: &Collateral) -> Facts {
    let decimals = u32::from(listed.decimals);
    Facts::default()
        .text("account", event.margin_account)
        .field("collateral", event.collateral)
        .text("mint", listed.mint)
        .text("amount", format_atoms(event.amount.unsigned_abs(), decimals))
        .text("held_before", format_atoms(event.held_before, decimals))
        .text("held_after", format_atoms(event.held_after, decimals))
        .text("deposited_after", format_atoms(event.deposited_after, decimals))
}

fn deposit(session: &Session, args: &Deposit) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let listed = find(&directory, &args.collateral)?;
    let amount = amount::positive("AMOUNT", &args.amount, u32::from(listed.decimals))?;
    let (at, _) = session.account("ACCOUNT", &args.account)?;
    let key = signer.pubkey();
    let source = session.token_account("--from", args.from.as_deref(), &key, &listed.mint)?;
    let build = instruction::collateral_deposit(&directory, &at, (&key, &source), listed.index, amount);
    let outcome = session.execute_as(&[session.ok(build)?], &[&signer], |_| in_tokens(listed))?;
    let event: CollateralMoved = session.event(&outcome)?;
    session.report(&outcome, moved(&event, listed).text("source", source));
    Ok(())
}

fn withdraw(session: &Session, args: &Withdraw) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let listed = find(&directory, &args.collateral)?;
    let amount = amount::positive("AMOUNT", &args.amount, u32::from(listed.decimals))?;
    let (_, account) = session.own_account("ACCOUNT", &args.account, &signer.pubkey())?;
    let destination = session.token_account("--to", args.to.as_deref(), &signer.pubkey(), &listed.mint)?;
    let prepared = session.prepare_one(&directory, &account)?;
    let build = instruction::collateral_withdraw(&prepared, &account, &destination, listed.index, amount);
    let outcome = session.execute_as(&[session.ok(build)?], &[&signer], |_| in_tokens(listed))?;
    let event: CollateralMoved = session.event(&outcome)?;
    session.report(&outcome, moved(&event, listed).text("destination", destination));
    Ok(())
}

fn buy(session: &Session, args: &Buy) -> Result<(), Failure> {
    let price_limit = amount::price("--limit", &args.limit)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let listed = find(&directory, &args.collateral)?;
    let decimals = u32::from(listed.decimals);
    let amount = amount::positive("AMOUNT", &args.amount, decimals)?;
    let (_, account) = session.account("ACCOUNT", &args.account)?;
    let (_, buyer) = session.account("--buyer", &args.buyer)?;
    let valid_until = session.now()?.saturating_add(i64::from(args.valid_for));
    let terms = CollateralSaleArgs { collateral: listed.index, amount, price_limit, valid_until };
    let prepared = session.prepare(&directory, &[account, buyer], &[account, buyer], None)?;
    let build = instruction::collateral_sale(&prepared, &account, &buyer, &signer.pubkey(), terms);
    let outcome = session.execute_as(&[session.ok(build)?], &[&signer], |_| in_tokens(listed))?;
    let event: CollateralSold = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("buyer", event.buyer)
        .field("collateral", event.collateral)
        .text("mint", listed.mint)
        .text("amount", format_atoms(event.amount, decimals))
        .quote("proceeds", event.proceeds)
        .quote("price", event.price)
        .text("discount", format_atoms(event.discount, 6))
        .quote("cash_before", event.cash_before)
        .quote("cash_after", event.cash_after)
        .quote("buyer_cash_after", event.buyer_cash_after);
    session.report(&outcome, facts);
    Ok(())
}
