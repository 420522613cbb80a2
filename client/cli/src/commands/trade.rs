//! `plimsoll trade`.

use std::path::PathBuf;

use plimsoll::events::TradeCleared;
use plimsoll::positions::Series;
use plimsoll::TradeClearArgs;
use plimsoll_client::directory::Directory;
use plimsoll_client::error::{LedgerError, Refusal, Rejection};
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::price::format_quote;
use plimsoll_client::quote::{self, TradeQuote};
use plimsoll_client::rows;
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::Pubkey;
use plimsoll_core::trade::{Standing, TradeRefusal};
use plimsoll_core::units::Quote;
use serde_json::{json, Value};
use solana_keypair::Keypair;
use solana_signer::Signer;

use super::live_margin::liquidations;
use crate::output::{table, Facts};
use crate::refusal::Known;
use crate::session::{keypair, Session};
use crate::{amount, refusal, series, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Clear a trade that both sides agreed on; both sign here.
    #[command(after_help = "Example (the signer buys from the maker):\n  \
        plimsoll trade clear BTC-30JAN26-100000-C --quantity 3 --price 25.5 \\\n      \
        --buyer 0 --seller <ADDRESS> --seller-keypair maker.json\n\n\
        Both sides' balances before and after are shown; with --dry-run nothing is sent.")]
    Clear(Clear),
}

/// Arguments of `trade clear`.
#[derive(clap::Args)]
pub struct Clear {
    /// Series, as BTC-30JAN26-100000-C.
    series: String,
    /// Contracts the buyer buys.
    #[arg(long, allow_hyphen_values = true)]
    quantity: i32,
    /// Premium per contract: quote tokens.
    #[arg(long, allow_hyphen_values = true)]
    price: String,
    /// Buying account: address, or id of an account of --keypair.
    #[arg(long, value_name = "ACCOUNT")]
    buyer: String,
    /// Selling account: address, or id of an account of --keypair.
    #[arg(long, value_name = "ACCOUNT")]
    seller: String,
    /// Owner or delegate of the buyer [default: --keypair]; pays the transaction fee.
    #[arg(long, value_name = "FILE")]
    buyer_keypair: Option<PathBuf>,
    /// Owner or delegate of the seller [default: --keypair].
    #[arg(long, value_name = "FILE")]
    seller_keypair: Option<PathBuf>,
    /// Seconds from now for which the trade is valid.
    #[arg(long, default_value_t = 60)]
    valid_for: u32,
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let Command::Clear(args) = command;
    let price = amount::price("--price", &args.price)?;
    if args.quantity <= 0 {
        return Err(Failure::Input(format!(
            "--quantity: {} must be more than 0; swap --buyer and --seller to sell",
            args.quantity
        )));
    }
    let (buyer_key, seller_key) = signers(session, args)?;
    let (buyer_at, buyer) = session.account("--buyer", &args.buyer)?;
    let (seller_at, seller) = session.account("--seller", &args.seller)?;
    let directory = session.directory()?;
    let traded = series::series(session, &directory, &args.series)?;
    let listed = series::load_expiry(session, &directory, traded.underlying, traded.expiry)?;
    let clear = TradeClearArgs {
        underlying: traded.underlying,
        strike: traded.strike,
        strike_price: listed.strikes().get(usize::from(traded.strike)).map_or(0, |strike| strike.price),
        kind: traded.kind.to_u8(),
        quantity: args.quantity,
        expiry: traded.expiry,
        price,
        valid_until: session.now()?.saturating_add(i64::from(args.valid_for)),
        buyer_sequence: buyer.sequence,
        seller_sequence: seller.sequence,
    };
    let after =
        [rows::traded(&buyer, &traded, args.quantity), rows::traded(&seller, &traded, args.quantity.saturating_neg())];
    let expiry = Some((traded.underlying, traded.expiry));
    let directory = session.prepare(&directory, &[buyer, seller], &after, expiry)?;
    let sides = quotes(session, &directory, &[buyer_at, seller_at], &traded, (args.quantity, price))?;
    let side = |account, key: &Keypair| Side { account, authority: key.pubkey() };
    let build = instruction::trade_clear(&directory, side(&buyer, &buyer_key), side(&seller, &seller_key), clear);
    let known = |rejection: &Rejection| Known {
        account: sides.as_ref().and_then(|sides| at_fault(rejection, sides, [&buyer_at, &seller_at])),
        decimals: None,
    };
    let outcome = session.execute_as(&[session.ok(build)?], &[&buyer_key, &seller_key], known)?;
    let event: TradeCleared = session.event(&outcome)?;
    let mut facts = Facts::default()
        .text("series", args.series.to_ascii_uppercase())
        .field("quantity", event.quantity)
        .quote("price", event.price)
        .quote("mark", event.mark)
        .quote("fee", event.fee)
        .text("buyer", event.buyer)
        .text("seller", event.seller)
        .quote("buyer_cash_after", event.buyer_cash_after)
        .quote("seller_cash_after", event.seller_cash_after)
        .field("buyer_quantity_after", event.buyer_quantity_after)
        .field("seller_quantity_after", event.seller_quantity_after)
        .field("open_interest_after", event.open_interest_after);
    for (name, quoted) in ["buyer", "seller"].into_iter().zip(sides.iter().flatten()) {
        facts = facts
            .json(&format!("{name}_quote"), quote_value(session, &directory, quoted))
            .row(name, format!("initial {}", change(quoted, |standing| standing.initial)))
            .row("", format!("maintenance {}", change(quoted, |standing| standing.maintenance)));
    }
    session.report(&outcome, facts);
    Ok(())
}

/// What the trade does to both sides before it is signed; `None` where the program's rules refuse to value it: the
/// transaction then says why.
fn quotes(
    session: &Session,
    directory: &Directory,
    addresses: &[Pubkey; 2],
    traded: &Series,
    (quantity, price): (i32, i64),
) -> Result<Option<[TradeQuote; 2]>, Failure> {
    let expiry = Some((traded.underlying, traded.expiry));
    let snapshot = session.ok(Snapshot::load_with(&session.ledger, directory, addresses, expiry, None))?;
    let sides = quote::trade(&snapshot, 0, traded, quantity, price).and_then(|buyer| {
        let seller = quote::trade(&snapshot, 1, traded, quantity.saturating_neg(), price)?;
        Ok([buyer, seller])
    });
    match sides {
        Err(LedgerError::Refused(_)) => Ok(None),
        other => session.ok(other.map(Some)),
    }
}

/// The side whose quote breaks the rule that the program named; `None`: it is not about one side.
fn at_fault(rejection: &Rejection, sides: &[TradeQuote; 2], addresses: [&Pubkey; 2]) -> Option<String> {
    let breaks = |quoted: &TradeQuote| quoted.refusal.is_some_and(|refusal| in_words(refusal).rule == rejection.rule);
    match [breaks(&sides[0]), breaks(&sides[1])] {
        [true, false] => Some(format!("buyer {}", addresses[0])),
        [false, true] => Some(format!("seller {}", addresses[1])),
        _ => None,
    }
}

fn in_words(refusal: TradeRefusal) -> Refusal {
    plimsoll::refusals::trade_refused(refusal).into()
}

/// The two signers, who must differ: the program refuses one key on both sides.
fn signers(session: &Session, args: &Clear) -> Result<(Keypair, Keypair), Failure> {
    let load = |flag: &str, path: &Option<PathBuf>| {
        path.as_deref().map_or_else(|| session.keypair(), |path| keypair(flag, path))
    };
    let buyer = load("--buyer-keypair", &args.buyer_keypair)?;
    let seller = load("--seller-keypair", &args.seller_keypair)?;
    if buyer.pubkey() == seller.pubkey() {
        return Err(Failure::Input(format!(
            "both sides are signed by {}: pass the other side's --buyer-keypair or --seller-keypair",
            buyer.pubkey()
        )));
    }
    Ok((buyer, seller))
}

/// One amount of a side before and after.
fn change(quoted: &TradeQuote, amount: impl Fn(&Standing) -> Quote) -> String {
    format!("{} -> {}", format_quote(amount(&quoted.before).0), format_quote(amount(&quoted.after).0))
}

/// Balances of a side before and after, liquidation prices after, and why it would be refused.
pub fn quote_table(session: &Session, directory: &Directory, title: &str, quoted: &TradeQuote) -> String {
    let balance = |name: &str, amount: fn(&Standing) -> Quote| {
        vec![name.to_owned(), format_quote(amount(&quoted.before).0), format_quote(amount(&quoted.after).0)]
    };
    let alone = |name: &str, text: String| vec![name.to_owned(), String::new(), text];
    let mut rows = vec![
        balance("equity", |standing| standing.equity),
        balance("initial", |standing| standing.initial),
        balance("maintenance", |standing| standing.maintenance),
        alone("free cash", format_quote(quoted.free_cash_after)),
        alone("cash moved", format_quote(quoted.cash.0)),
        alone("fee", format_quote(quoted.plan.fee.0)),
        alone("mark per contract", format_quote(quoted.terms.mark.0)),
    ];
    let (_, lines) = liquidations(session, directory, &quoted.liquidation_after);
    rows.extend(lines.into_iter().map(|line| alone("liquidated", line)));
    let text = table(&[title, "before", "after"], rows);
    match quoted.refusal {
        Some(refusal) => format!("{text}\nwould be refused: {}", refusal::explain_here(&in_words(refusal))),
        None => text,
    }
}

/// The same as JSON.
pub fn quote_value(session: &Session, directory: &Directory, quoted: &TradeQuote) -> Value {
    let standing = |standing: &Standing| {
        json!({
            "equity": format_quote(standing.equity.0), "initial": format_quote(standing.initial.0),
            "maintenance": format_quote(standing.maintenance.0),
        })
    };
    let refusal = quoted.refusal.map(in_words);
    json!({
        "before": standing(&quoted.before), "after": standing(&quoted.after), "cash": format_quote(quoted.cash.0),
        "fee": format_quote(quoted.plan.fee.0), "mark": format_quote(quoted.terms.mark.0),
        "free_cash_after": format_quote(quoted.free_cash_after),
        "liquidation_after": liquidations(session, directory, &quoted.liquidation_after).0,
        "refusal": refusal.map(|refusal| {
            json!({ "rule": refusal.rule, "message": refusal::explain_here(&refusal) })
        }),
    })
}
