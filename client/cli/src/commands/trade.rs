//! `plimsoll trade`.

use std::path::PathBuf;

use plimsoll::events::TradeCleared;
use plimsoll::positions::Series;
use plimsoll::TradeClearArgs;
use plimsoll_client::directory::Directory;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::price::format_quote;
use plimsoll_client::quote::{self, TradeQuote};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::Pubkey;
use plimsoll_core::trade::Standing;
use serde_json::{json, Value};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::session::{keypair, Session};
use crate::{amount, series, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Clear a trade that both sides agreed on; both sign here.
    #[command(after_help = "Example (the signer buys from the maker):\n  \
        plimsoll trade clear BTC-30JAN26-100000-C --quantity 3 --price 25.5 \\\n      \
        --buyer 0 --seller <ADDRESS> --seller-keypair maker.json\n\n\
        With --dry-run both sides' balances before and after are shown, and nothing is sent.")]
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
    let clear = TradeClearArgs {
        underlying: traded.underlying,
        strike: traded.strike,
        kind: traded.kind.to_u8(),
        quantity: args.quantity,
        expiry: traded.expiry,
        price,
        valid_until: session.now()?.saturating_add(i64::from(args.valid_for)),
        buyer_sequence: buyer.sequence,
        seller_sequence: seller.sequence,
    };
    let mut rows = vec![("series", args.series.to_ascii_uppercase()), ("contracts", args.quantity.to_string())];
    let mut value = json!({
        "series": args.series.to_ascii_uppercase(), "quantity": args.quantity, "price": format_quote(price),
        "buyer": buyer_at.to_string(), "seller": seller_at.to_string(),
    });
    if session.settings.dry_run {
        let sides = quotes(session, &directory, &[buyer_at, seller_at], &traded, (args.quantity, price))?;
        for (name, quoted) in ["buyer", "seller"].into_iter().zip(&sides) {
            preview(name, quoted, &mut rows);
            value[format!("{name}_quote")] = quote_value(quoted);
        }
    }
    let side = |account, key: &Keypair| Side { account, authority: key.pubkey() };
    let build = instruction::trade_clear(&directory, side(&buyer, &buyer_key), side(&seller, &seller_key), clear);
    let outcome = session.execute(&[session.ok(build)?], &[&buyer_key, &seller_key])?;
    if let Some(event) = session.ok(outcome.event::<TradeCleared>())? {
        rows.push(("price, mark", format!("{}, {} per contract", format_quote(price), format_quote(event.mark))));
        rows.push(("fee of each side", format_quote(event.fee)));
        rows.push(("buyer's cash", format_quote(event.buyer_cash_after)));
        rows.push(("seller's cash", format_quote(event.seller_cash_after)));
        rows.push(("open interest", event.open_interest_after.to_string()));
        value["mark"] = json!(format_quote(event.mark));
        value["fee"] = json!(format_quote(event.fee));
        value["buyer_cash_after"] = json!(format_quote(event.buyer_cash_after));
        value["seller_cash_after"] = json!(format_quote(event.seller_cash_after));
        value["buyer_quantity_after"] = json!(event.buyer_quantity_after);
        value["seller_quantity_after"] = json!(event.seller_quantity_after);
        value["open_interest_after"] = json!(event.open_interest_after);
    }
    session.report(&outcome, rows, value);
    Ok(())
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

fn quotes(
    session: &Session,
    directory: &Directory,
    addresses: &[Pubkey; 2],
    traded: &Series,
    (quantity, price): (i32, i64),
) -> Result<[TradeQuote; 2], Failure> {
    let expiry = Some((traded.underlying, traded.expiry));
    let snapshot = session.ok(Snapshot::load_with(&session.ledger, directory, addresses, expiry, None))?;
    Ok([
        session.ok(quote::trade(&snapshot, 0, traded, quantity, price))?,
        session.ok(quote::trade(&snapshot, 1, traded, quantity.saturating_neg(), price))?,
    ])
}

/// One side's balances before and after, and why it would be refused.
pub fn preview(name: &'static str, quoted: &TradeQuote, rows: &mut Vec<(&str, String)>) {
    rows.push((name, format!("before: {}", standing_row(&quoted.before))));
    rows.push(("", format!("after:  {}", standing_row(&quoted.after))));
    rows.push((
        "",
        format!(
            "cash {}, fee {}, mark {}",
            format_quote(quoted.cash.0),
            format_quote(quoted.plan.fee.0),
            format_quote(quoted.terms.mark.0)
        ),
    ));
    if let Some(refusal) = &quoted.refusal {
        rows.push(("", format!("would be refused: {refusal:?}")));
    }
}

fn standing_row(standing: &Standing) -> String {
    format!(
        "equity {}  initial {}  maintenance {}",
        format_quote(standing.equity.0),
        format_quote(standing.initial.0),
        format_quote(standing.maintenance.0)
    )
}

/// The same as JSON.
pub fn quote_value(quoted: &TradeQuote) -> Value {
    let standing = |standing: &Standing| {
        json!({
            "equity": format_quote(standing.equity.0), "initial": format_quote(standing.initial.0),
            "maintenance": format_quote(standing.maintenance.0),
        })
    };
    json!({
        "before": standing(&quoted.before), "after": standing(&quoted.after), "cash": format_quote(quoted.cash.0),
        "fee": format_quote(quoted.plan.fee.0), "mark": format_quote(quoted.terms.mark.0),
        "free_cash_after": format_quote(quoted.free_cash_after),
        "refusal": quoted.refusal.as_ref().map(|refusal| format!("{refusal:?}")),
    })
}
