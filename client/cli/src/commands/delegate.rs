//! `plimsoll account delegate`: another key that trades or bids for an account.

use plimsoll::events::DelegateChanged;
use plimsoll::state::MarginAccount;
use plimsoll::DelegateSetArgs;
use plimsoll_client::price::format_quote;
use plimsoll_client::{instruction, Pubkey};
use plimsoll_core::delegate::{DelegateAction, ALL_ACTIONS};
use serde_json::{json, Value};
use solana_signer::Signer;

use crate::output::{dash, Facts};
use crate::series::moment;
use crate::session::Session;
use crate::{amount, config, Failure};

/// Commands of the group.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Set or replace the delegate of an account of yours. It never withdraws, closes or delegates further.
    #[command(after_help = "Examples:\n  \
        plimsoll account delegate set 0 <ADDRESS> --budget 250\n  \
        plimsoll account delegate set 0 <ADDRESS> --budget 50 --window-seconds 3600 --expires-in 604800 \
        --actions trade\n\n\
        The budget is what fees and prices worse than the mark may cost the account per window.")]
    Set(Set),
    /// Take the power of the delegate away at once, not while the account is in auction; orders it signed before fail.
    #[command(after_help = "Example:\n  plimsoll account delegate revoke 0")]
    Revoke {
        /// Account of yours: address or id.
        account: String,
    },
}

/// Arguments of `account delegate set`.
#[derive(clap::Args)]
pub struct Set {
    /// Account of yours: address or id.
    account: String,
    /// Key that may act.
    delegate: String,
    /// Fees plus prices worse than the mark it may spend per window: quote tokens.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    budget: String,
    /// Length of a window, seconds: a minute to a year.
    #[arg(long, default_value_t = 86_400)]
    window_seconds: u32,
    /// Seconds from now for which it may act.
    #[arg(long, default_value_t = 30 * 86_400)]
    expires_in: u32,
    /// What it may do.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Action::Trade, Action::Bid])]
    actions: Vec<Action>,
}

/// What a delegate may be allowed.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Action {
    /// Clear trades.
    Trade,
    /// Bid in auctions and buy collateral.
    Bid,
}

impl Action {
    const fn bit(self) -> u32 {
        match self {
            Self::Trade => DelegateAction::Trade.bit(),
            Self::Bid => DelegateAction::Bid.bit(),
        }
    }
}

/// Runs a command. Errors: `Input`, refusals, connection.
pub fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let (account, terms) = match command {
        Command::Revoke { account } => (account, None),
        Command::Set(args) => {
            let delegate = config::address("DELEGATE", &args.delegate)?;
            let budget = amount::price("--budget", &args.budget)?;
            (&args.account, Some((delegate, budget, args)))
        }
    };
    let signer = session.keypair()?;
    let (_, account) = session.own_account("ACCOUNT", account, &signer.pubkey())?;
    let args = match terms {
        Some((delegate, budget, args)) => DelegateSetArgs {
            delegate,
            expires_at: session.now()?.saturating_add(i64::from(args.expires_in)),
            budget,
            window_seconds: args.window_seconds,
            actions: args.actions.iter().fold(0, |bits, action| bits | action.bit()),
        },
        None => {
            DelegateSetArgs { delegate: Pubkey::default(), expires_at: 0, budget: 0, window_seconds: 0, actions: 0 }
        }
    };
    let outcome = session.execute(&[instruction::delegate_set(&account, args)], &[&signer])?;
    let event: DelegateChanged = session.event(&outcome)?;
    let set = event.delegate_after != Pubkey::default();
    let facts = Facts::default()
        .text("account", event.margin_account)
        .field("delegate_before", key_or_none(&event.delegate_before))
        .field("delegate_after", key_or_none(&event.delegate_after))
        .field("actions", set.then(|| action_names(event.actions)))
        .field("budget", set.then(|| format_quote(event.budget)))
        .field("window_seconds", set.then_some(event.window_seconds))
        .field("expires_at", set.then_some(event.expires_at))
        .field("sequence", event.sequence);
    session.report(&outcome, facts);
    Ok(())
}

/// The delegate of an account and its terms, as facts of the account; null without one.
pub fn facts(facts: Facts, account: &MarginAccount) -> Facts {
    let terms = &account.delegate.terms;
    let quote = |atoms: i64| format_quote(atoms);
    let key = key_or_none(&account.delegate.key);
    let value = key.as_ref().map(|key| {
        json!({
            "key": key, "actions": action_names(terms.actions), "budget": quote(terms.budget),
            "spent": quote(terms.spent), "window_start": terms.window_start,
            "window_seconds": terms.window_seconds, "expires_at": terms.expires_at,
        })
    });
    let shown = key.map(|key| {
        let (actions, expires) = (action_names(terms.actions), moment(terms.expires_at));
        let (spent, budget) = (quote(terms.spent), quote(terms.budget));
        format!("{key}: {actions}, {spent} of {budget} spent per {} s, until {expires}", terms.window_seconds)
    });
    facts.json("delegate", value.unwrap_or(Value::Null)).row("delegate", dash(shown))
}

fn key_or_none(key: &Pubkey) -> Option<String> {
    (*key != Pubkey::default()).then(|| key.to_string())
}

/// `trade`, `bid` or both.
fn action_names(bits: u32) -> String {
    let named = [("trade", Action::Trade), ("bid", Action::Bid)];
    let known: Vec<&str> = named.iter().filter(|(_, action)| bits & action.bit() != 0).map(|(name, _)| *name).collect();
    if bits & !ALL_ACTIONS != 0 {
        return format!("unknown actions {bits}");
    }
    known.join(", ")
}
