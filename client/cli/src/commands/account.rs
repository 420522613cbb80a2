//! `plimsoll account`.

use plimsoll::state::margin_account::{MODE_CROSS, MODE_ISOLATED};
use plimsoll::state::MarginAccount;
use plimsoll::MarginAccountOpenArgs;
use plimsoll_client::directory::Directory;
use plimsoll_client::ledger::{AccountFilter, LedgerExt as _};
use plimsoll_client::price::{format_atoms, format_quote};
use plimsoll_client::status::series_of;
use plimsoll_client::{address, instruction, Pubkey};
use serde_json::{json, Value};
use solana_signer::Signer;

use crate::output::{pairs, table};
use crate::series::{expiry_name, load_expiry, underlying_name};
use crate::session::Session;
use crate::{config, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Open a margin account of the signer; registers the signer as owner if it is new.
    #[command(after_help = "Examples:\n  plimsoll account open\n  plimsoll account open --mode isolated")]
    Open {
        /// What is margined together.
        #[arg(long, value_enum, default_value_t = Mode::Cross)]
        mode: Mode,
    },
    /// Margin accounts of an owner.
    List {
        /// Owner [default: the signer].
        #[arg(long, value_name = "ADDRESS")]
        owner: Option<String>,
    },
    /// Cash, collateral and legs of an account.
    Show {
        /// Account: address, or id of one of your own [default: lists your own].
        account: Option<String>,
    },
}

/// Margin modes that can be opened.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Mode {
    /// Several underlyings and expiries, spreads recognised.
    Cross,
    /// One expiry of one underlying.
    Isolated,
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
    }
}

fn open(session: &Session, mode: Mode) -> Result<(), Failure> {
    let clearinghouse = session.clearinghouse()?;
    let signer = session.keypair()?;
    let key = signer.pubkey();
    let record = session.owner_record(&key)?;
    let id = record.map_or(0, |record| record.next_account);
    let mode = match mode {
        Mode::Cross => MODE_CROSS,
        Mode::Isolated => MODE_ISOLATED,
    };
    let mut instructions = Vec::new();
    if record.is_none() {
        instructions.push(instruction::owner_create(&clearinghouse, &key, &key));
    }
    let args = MarginAccountOpenArgs { id, mode };
    instructions.push(instruction::margin_account_open(&clearinghouse, &key, &key, args));
    let outcome = session.execute(&instructions, &[&signer])?;
    let at = address::margin_account(&clearinghouse, &key, id);
    let rows = vec![("account", at.to_string()), ("id", id.to_string()), ("mode", mode_name(mode).to_owned())];
    let value = json!({
        "account": at.to_string(), "id": id, "mode": mode_name(mode), "owner": key.to_string(),
        "owner_created": record.is_none(),
    });
    session.report(&outcome, rows, value);
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
    let legs = legs(session, &directory, &account)?;
    let held = account.collaterals.iter().filter(|slot| slot.amount > 0);
    let collateral: Vec<(u16, String)> = held
        .map(|slot| {
            let decimals = directory.collaterals.get(&slot.index).map_or(0, |c| u32::from(c.decimals));
            (slot.index, format_atoms(slot.amount, decimals))
        })
        .collect();
    let mut rows = vec![
        ("account", at.to_string()),
        ("owner", format!("{} #{}", account.owner, account.id)),
        ("mode", mode_name(account.mode).to_owned()),
        ("status", status_name(&account).to_owned()),
        ("cash", format_quote(account.cash)),
        ("held, locked", format!("{}, {}", format_quote(account.held), format_quote(account.locked))),
        ("sequence", account.sequence.to_string()),
    ];
    rows.extend(collateral.iter().map(|(index, amount)| ("collateral", format!("{amount} of number {index}"))));
    if account.delegate.key != Pubkey::default() {
        rows.push(("delegate", account.delegate.key.to_string()));
    }
    let lines = legs.iter().map(|(name, quantity)| vec![name.clone(), format!("{quantity:+}")]).collect();
    let text = format!("{}\n{}", pairs(&rows), table(&["leg", "contracts"], lines));
    let value = json!({
        "account": at.to_string(), "owner": account.owner.to_string(), "id": account.id,
        "mode": mode_name(account.mode), "status": status_name(&account), "cash": format_quote(account.cash),
        "held": format_quote(account.held), "locked": format_quote(account.locked), "sequence": account.sequence,
        "collateral": collateral.iter().map(|(i, a)| json!({ "index": i, "amount": a })).collect::<Vec<_>>(),
        "legs": legs.iter().map(|(s, q)| json!({ "series": s, "quantity": q })).collect::<Vec<_>>(),
    });
    session.print(&text, &value);
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

const fn mode_name(mode: u8) -> &'static str {
    if mode == MODE_ISOLATED {
        "isolated"
    } else {
        "cross"
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
