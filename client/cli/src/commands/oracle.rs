//! `plimsoll oracle`: accepted prices.

use plimsoll::error::oracle_refused;
use plimsoll::events::{CorrelationSampled, PriceAccepted};
use plimsoll::state::{CorrelationData, OracleState, Underlying};
use plimsoll_client::error::Refusal;
use plimsoll_client::instruction;
use plimsoll_client::price::{format_atoms, format_quote, format_vol};
use plimsoll_client::status::load_oracles;
use plimsoll_core::correlation::{offset_share, Fading};
use plimsoll_core::margin::scenario::NO_PEER;
use plimsoll_core::oracle::{check, Action};
use plimsoll_core::units::{Ratio, Vol};
use serde_json::{json, Map, Value};

use crate::output::{dash, table, Facts};
use crate::series::{moment, underlying as find_underlying, underlying_name};
use crate::session::Session;
use crate::{config, refusal, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Accept the price that a Pyth price update account holds; anyone may.
    #[command(after_help = "Example:\n  plimsoll oracle accept BTC <PRICE_UPDATE>\n\n\
        The account is one that Pyth's receiver program wrote, of the underlying's feed, and newer than the last \
        accepted price. Nothing is posted: the update must be on chain already.")]
    Accept {
        /// Name or index of the underlying.
        underlying: String,
        /// Address of the price update account.
        price_update: String,
    },
    /// Count how an underlying moved with a peer since the last hour; anyone may, in the first minute of an hour.
    #[command(after_help = "Example:\n  plimsoll oracle correlate ETH BTC\n\n\
        Peers are named when an underlying is listed (`correlation_peers`, see `plimsoll underlying show`). After 720 \
        samples, of which a missed hour takes 24 back, the losses of portfolio accounts that hold both offset each \
        other by what the correlation exceeds `correlation_margin`, up to `correlation_cap`.")]
    Correlate {
        /// Name or index of the underlying that names the peer.
        underlying: String,
        /// Name or index of the peer.
        peer: String,
    },
    /// Accepted prices with age, confidence, volatility, and what they are good enough for.
    #[command(after_help = "Examples:\n  plimsoll oracle show\n  plimsoll oracle show BTC")]
    Show {
        /// Name or index of one underlying [default: all].
        underlying: Option<String>,
    },
}

/// What a price may be good enough for, by name.
const USES: [(&str, Action); 5] = [
    ("risk_increase", Action::RiskIncrease),
    ("withdraw", Action::Withdraw),
    ("risk_reduce", Action::RiskReduce),
    ("liquidate", Action::Liquidate),
    ("sample", Action::Sample),
];

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Accept { underlying, price_update } => accept(session, underlying, price_update),
        Command::Correlate { underlying, peer } => correlate(session, underlying, peer),
        Command::Show { underlying } => show(session, underlying.as_deref()),
    }
}

fn accept(session: &Session, underlying: &str, price_update: &str) -> Result<(), Failure> {
    let price_update = config::address("PRICE_UPDATE", price_update)?;
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let index = find_underlying(session, &directory, underlying)?;
    let build = instruction::oracle_accept(&directory.underlying(index), &price_update);
    let outcome = session.execute(&[build], &[&signer])?;
    let event: PriceAccepted = session.event(&outcome)?;
    let facts = Facts::default()
        .text("underlying", underlying_name(session, &directory, index))
        .text("address", event.underlying)
        .text("price_update", price_update)
        .field("sequence", event.sequence)
        .field("publish_time", event.publish_time)
        .quote("price_before", event.price_before)
        .quote("price_after", event.price_after)
        .quote("raw", event.raw)
        .field("walking_since", (event.walking_since > 0).then_some(event.walking_since))
        .text("volatility", format_vol(Vol(event.volatility)));
    session.report(&outcome, facts);
    Ok(())
}

fn correlate(session: &Session, underlying: &str, peer: &str) -> Result<(), Failure> {
    let signer = session.keypair()?;
    let directory = session.directory()?;
    let [index, peer] = [underlying, peer].map(|text| find_underlying(session, &directory, text));
    let (index, peer) = (index?, peer?);
    let build = instruction::correlation_sample(&directory.underlying(index), &directory.underlying(peer));
    let outcome = session.execute(&[build], &[&signer])?;
    let event: CorrelationSampled = session.event(&outcome)?;
    let facts = Facts::default()
        .text("underlying", underlying_name(session, &directory, index))
        .text("peer", underlying_name(session, &directory, peer))
        .quote("price", event.price)
        .quote("peer_price", event.peer_price)
        .text("correlation_before", format_atoms(event.correlation_before, 6))
        .text("correlation_after", format_atoms(event.correlation_after, 6))
        .field("samples", event.samples);
    session.report(&outcome, facts);
    Ok(())
}

/// What is known of an underlying's peers, and how much of the losses of both offsets now.
fn correlations(underlying: &Underlying, oracle: &OracleState, now: i64) -> Vec<Value> {
    let rules = underlying.portfolio.rules();
    let bounds = (Ratio(rules.correlation_margin), Ratio(rules.correlation_cap));
    let measured = rules.correlation_peers.iter().zip(&oracle.correlations).filter(|(peer, _)| **peer != NO_PEER);
    let of = |(peer, state): (&u16, &CorrelationData)| {
        json!({
            "peer": peer, "correlation": format_atoms(state.correlation, 6), "samples": state.samples,
            "sampled_at": (state.sampled_at > 0).then_some(state.sampled_at),
            "offset": format_atoms(offset_share(state.rules(), now, Fading::OWN, bounds).0, 6),
        })
    };
    measured.map(of).collect()
}

fn show(session: &Session, underlying: Option<&str>) -> Result<(), Failure> {
    let directory = session.directory()?;
    let chosen = underlying.map(|text| find_underlying(session, &directory, text)).transpose()?;
    let now = session.now()?;
    let oracles = session.ok(load_oracles(&session.ledger, &directory))?;
    let (mut rows, mut limits, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (underlying, oracle)) in &oracles {
        if chosen.is_some_and(|chosen| chosen != *index) {
            continue;
        }
        let name = underlying_name(session, &directory, *index);
        rows.push(row(&name, oracle, now));
        let uses = uses(underlying, oracle, now);
        for (action, refused) in &uses {
            if let Some(refused) = refused {
                limits.push(format!("{name} is not good enough to {}: {refused}", action.replace('_', " ")));
            }
        }
        let mut object = value(&name, *index, oracle, now);
        object["address"] = json!(directory.underlying(*index).to_string());
        let measured = correlations(underlying, oracle, now);
        for line in &measured {
            let peer = line["peer"].as_u64().and_then(|peer| u16::try_from(peer).ok()).unwrap_or(NO_PEER);
            let peer = underlying_name(session, &directory, peer);
            let (correlation, offset) = (text(&line["correlation"]), text(&line["offset"]));
            let samples = &line["samples"];
            limits.push(format!(
                "{name} with {peer}: correlation {correlation} of {samples} samples, offset at young prices {offset}"
            ));
        }
        object["correlations"] = measured.into();
        object["refused_uses"] =
            uses.into_iter().map(|(action, refused)| (action, json!(refused))).collect::<Map<_, _>>().into();
        values.push(object);
    }
    let header = ["underlying", "price", "age", "confidence", "average", "walking to", "volatility", "scan im / mm"];
    let text = std::iter::once(table(&header, rows)).chain(limits).collect::<Vec<_>>().join("\n");
    session.print(&text, &json!({ "time": now, "oracles": values }));
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Per use of the price: why it is refused now, in words; `None`: it is not.
fn uses(underlying: &Underlying, oracle: &OracleState, now: i64) -> Vec<(String, Option<String>)> {
    let rules = underlying.oracle_parameters.rules();
    let refused = |action: Action| {
        let refusal = check(action, oracle.price.rules(), now, rules).err()?;
        Some(refusal::explain_here(&Refusal::from(oracle_refused(refusal))))
    };
    USES.into_iter().map(|(name, action)| (name.to_owned(), refused(action))).collect()
}

fn accepted(oracle: &OracleState) -> bool {
    oracle.price.publish_time > 0
}

fn age(oracle: &OracleState, now: i64) -> Option<i64> {
    accepted(oracle).then(|| now.saturating_sub(oracle.price.publish_time))
}

fn row(name: &str, oracle: &OracleState, now: i64) -> Vec<String> {
    let price = &oracle.price;
    let quote = |atoms: i64| dash(accepted(oracle).then(|| format_quote(atoms)));
    let volatility = &oracle.volatility;
    vec![
        name.to_owned(),
        quote(price.price),
        dash(age(oracle, now).map(|age| format!("{age} s"))),
        quote(price.confidence),
        quote(price.ema),
        dash(
            (price.walking_since > 0)
                .then(|| format!("{} since {}", format_quote(price.raw), moment(price.walking_since))),
        ),
        format_vol(Vol(volatility.state)),
        format!("{} / {}", format_atoms(volatility.range_im, 6), format_atoms(volatility.range_mm, 6)),
    ]
}

fn value(name: &str, index: u16, oracle: &OracleState, now: i64) -> Value {
    let (price, volatility) = (&oracle.price, &oracle.volatility);
    let quote = |atoms: i64| accepted(oracle).then(|| format_quote(atoms));
    json!({
        "underlying": name, "index": index, "sequence": oracle.sequence,
        "price": quote(price.price), "raw": quote(price.raw), "average": quote(price.ema),
        "confidence": quote(price.confidence), "publish_time": accepted(oracle).then_some(price.publish_time),
        "age_seconds": age(oracle, now), "walking_since": (price.walking_since > 0).then_some(price.walking_since),
        "volatility": format_vol(Vol(volatility.state)),
        "range_im": format_atoms(volatility.range_im, 6), "range_mm": format_atoms(volatility.range_mm, 6),
        "scale_im": format_atoms(volatility.scale_im, 6), "scale_mm": format_atoms(volatility.scale_mm, 6),
    })
}
