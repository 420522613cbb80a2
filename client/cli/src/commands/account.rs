//! `plimsoll account`.

use plimsoll::events::{MarginAccountClosed, MarginAccountOpened};
use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED, MODE_PORTFOLIO};
use plimsoll::state::MarginAccount;
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::{AccountFilter, Ledger as _, LedgerExt as _};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::status::series_of;
use plimsoll_client::{instruction, Pubkey};
use serde_json::{json, Value};
use solana_signer::Signer;

use super::{delegate, mode};
use crate::output::{table, Facts};
use crate::series::{expiry_name, load_expiry, underlying_name};
use crate::session::Session;
use crate::{config, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Open a margin account of the signer; registers the signer as owner if it is new.
    #[command(after_help = "Examples:\n  plimsoll account open\n  plimsoll account open --mode portfolio")]
    Open {
        /// What is margined together.
        #[arg(long, value_enum, default_value_t = Mode::Cross)]
        mode: Mode,
    },
    /// Margin accounts of an owner.
    #[command(after_help = "Example:\n  plimsoll account list --owner <ADDRESS>")]
    List {
        /// Owner [default: the signer].
        #[arg(long, value_name = "ADDRESS")]
        owner: Option<String>,
    },
    /// Cash, collateral, legs and delegate of an account.
    #[command(after_help = "Examples:\n  plimsoll account show 0\n  plimsoll --json account show <ADDRESS>")]
    Show {
        /// Account: address, or id of one of your own [default: lists your own].
        account: Option<String>,
    },
    /// Change the margin mode of an account of yours; its balances under both modes are shown.
    #[command(after_help = "Examples:\n  plimsoll --dry-run account mode 0 portfolio\n  \
        plimsoll account mode 0 cross\n\n\
        The initial balance under the new mode must be 0 or more. Orders that were signed for the account before are void.")]
    Mode {
        /// Account of yours: address or id. It must not be in auction.
        account: String,
        /// Its new mode.
        #[arg(value_enum)]
        mode: Mode,
    },
    /// Close an empty margin account of yours; its rent comes back.
    #[command(after_help = "Example:\n  plimsoll --dry-run account close 1")]
    Close {
        /// Account of yours: address or id. It must hold no leg, cash, debt or collateral.
        account: String,
    },
    /// Let another key trade or bid for an account, within a budget.
    #[command(subcommand)]
    Delegate(delegate::Command),
}

/// Margin modes.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Mode {
    /// Several underlyings and expiries, spreads recognised.
    Cross,
    /// One expiry of one underlying.
    Isolated,
    /// Everything held together in the worst of a list of scenarios.
    Portfolio,
}

impl Mode {
    /// As accounts store it.
    pub const fn stored(self) -> u8 {
        match self {
            Self::Cross => MODE_CROSS,
            Self::Isolated => MODE_ISOLATED,
            Self::Portfolio => MODE_PORTFOLIO,
        }
    }
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Open { mode } => open(session, *mode),
        Command::List { owner } => {
            let owner = owner.as_deref().map(|text| config::address("--owner", text)).transpose()?;
            list(session, owner)
        }
        Command::Show { account: Some(account) } => show(session, account),
        Command::Show { account: None } => list(session, None),
        Command::Mode { account, mode } => mode::run(session, account, *mode),
        Command::Close { account } => close(session, account),
        Command::Delegate(command) => delegate::run(session, command),
    }
}

fn open(session: &Session, mode: Mode) -> Result<(), Failure> {
    let clearinghouse = session.clearinghouse()?;
    let signer = session.keypair()?;
    let key = signer.pubkey();
    let record = session.owner_record(&key)?;
    let id = record.map_or(0, |record| record.next_account);
    let mode = mode.stored();
    let mut instructions = Vec::new();
    if record.is_none() {
        instructions.push(instruction::owner_create(&clearinghouse, &key, &key));
    }
    let args = MarginAccountOpenArgs { id, mode };
    instructions.push(instruction::margin_account_open(&clearinghouse, &key, &key, args));
    let outcome = session.execute(&instructions, &[&signer])?;
    let event: MarginAccountOpened = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("owner", event.owner)
        .field("id", event.id)
        .text("mode", mode_name(event.mode))
        .field("owner_created", record.is_none());
    session.report(&outcome, facts);
    Ok(())
}

fn close(session: &Session, text: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let (at, account) = session.own_account("ACCOUNT", text, &signer.pubkey())?;
    let rent = session.ok(session.ledger.account(&at))?.map_or(0, |account| account.lamports);
    let outcome = session.execute(&[instruction::margin_account_close(&account)], &[&signer])?;
    let event: MarginAccountClosed = session.event(&outcome)?;
    let facts = Facts::default()
        .text("account", event.margin_account)
        .text("owner", event.owner)
        .field("id", event.id)
        .field("rent_lamports", rent);
    session.report(&outcome, facts);
    Ok(())
}

fn list(session: &Session, owner: Option<Pubkey>) -> Result<(), Failure> {
    let clearinghouse = session.clearinghouse()?;
    let owner = owner.map_or_else(|| session.keypair().map(|signer| signer.pubkey()), Ok)?;
    let filter = AccountFilter::all::<MarginAccount>()
        .with_key(std::mem::offset_of!(MarginAccount, clearinghouse), &clearinghouse)
        .with_key(std::mem::offset_of!(MarginAccount, owner), &owner);
    let mut accounts = session.ok(session.ledger.load_all::<MarginAccount>(&filter))?;
    accounts.sort_by_key(|(_, account)| account.id);
    let row = |(at, account): &(Pubkey, MarginAccount)| {
        vec![
            account.id.to_string(),
            format_quote(account.cash),
            account.position_count.to_string(),
            mode_name(account.mode).to_owned(),
            status_name(account).to_owned(),
            at.to_string(),
        ]
    };
    let value = |(at, account): &(Pubkey, MarginAccount)| {
        json!({
            "account": at.to_string(), "id": account.id, "cash": format_quote(account.cash),
            "legs": account.position_count, "mode": mode_name(account.mode), "status": status_name(account),
        })
    };
    let values: Vec<Value> = accounts.iter().map(value).collect();
    let rows = accounts.iter().map(row).collect();
    let text = table(&["id", "cash", "legs", "mode", "status", "address"], rows);
    let text = if accounts.is_empty() { format!("{owner} has no account: `plimsoll account open`") } else { text };
    session.print(&text, &json!({ "owner": owner.to_string(), "accounts": values }));
    Ok(())
}

fn show(session: &Session, text: &str) -> Result<(), Failure> {
    let (at, account) = session.account("ACCOUNT", text)?;
    let directory = session.directory()?;
    let now = session.now()?;
    let legs = legs(session, &directory, &account)?;
    let held: Vec<(u16, String, String)> = account
        .collaterals
        .iter()
        .filter(|slot| slot.amount > 0)
        .map(|slot| {
            let listed = directory.collaterals.get(&slot.index);
            let amount = format_atoms(slot.amount, listed.map_or(0, |listed| u32::from(listed.decimals)));
            (slot.index, listed.map_or_else(String::new, |listed| listed.mint.to_string()), amount)
        })
        .collect();
    let interest = plimsoll::cash::interest_due(&account, now, &directory.clearinghouse.parameters);
    let interest = session.ok(interest.map_err(Into::into))?;
    let facts = Facts::default()
        .text("account", at)
        .text("owner", account.owner)
        .field("id", account.id)
        .text("mode", mode_name(account.mode))
        .text("status", status_name(&account))
        .quote("cash", account.cash)
        .quote("interest_owed", interest)
        .field("debt_since", (account.debt_since > 0).then_some(account.debt_since))
        .quote("held", account.held)
        .field("held_until", (account.held_until > 0).then_some(account.held_until))
        .quote("locked", account.locked)
        .field("sequence", account.sequence);
    let facts = delegate::facts(facts, &account)
        .json(
            "collateral",
            held.iter().map(|(i, m, a)| json!({ "index": i, "mint": m, "amount": a })).collect::<Value>(),
        )
        .json("legs", legs.iter().map(|(s, q)| json!({ "series": s, "quantity": q })).collect::<Value>());
    let legs = legs.iter().map(|(name, quantity)| vec![name.clone(), format!("{quantity:+}")]).collect();
    let held = held.into_iter().map(|(index, mint, amount)| vec![index.to_string(), amount, mint]).collect();
    let tables = [table(&["leg", "contracts"], legs), table(&["collateral", "amount", "mint"], held)];
    session.show_with(facts, &tables);
    Ok(())
}

/// Names and quantities of the legs. Errors: connection.
pub fn legs(session: &Session, directory: &Directory, account: &MarginAccount) -> Result<Vec<(String, i32)>, Failure> {
    let mut legs = Vec::new();
    for leg in account.legs() {
        let key = series_of(account, leg);
        let expiry = load_expiry(session, directory, key.underlying, key.expiry)?;
        let strike = expiry.strikes().get(usize::from(key.strike)).map_or(0, |strike| strike.price);
        let name = format!(
            "{}-{}-{}-{}",
            underlying_name(session, directory, key.underlying),
            expiry_name(directory.underlyings.get(&key.underlying), key.expiry),
            format_quote(strike).trim_end_matches('0').trim_end_matches('.'),
            if key.kind == 0 { "C" } else { "P" }
        );
        legs.push((name, leg.quantity));
    }
    Ok(legs)
}

/// The margin mode in a word.
pub const fn mode_name(mode: u8) -> &'static str {
    match mode {
        MODE_ISOLATED => "isolated",
        MODE_PORTFOLIO => "portfolio",
        _ => "cross",
    }
}

/// What the account is doing, in a word.
pub const fn status_name(account: &MarginAccount) -> &'static str {
    if account.in_auction() {
        "in auction"
    } else {
        "open"
    }
}
