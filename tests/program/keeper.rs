//! The keeper against the program: what it would liquidate is accepted, what it leaves alone is refused, and a recorded
//! view leads to the same decisions.

use std::path::{Path, PathBuf};

use plimsoll::state::MarginAccount;
use plimsoll_client::ledger::Outcome;
use plimsoll_core::position::OptionKind;
use plimsoll_keeper::feed::recorded::Recorder;
use plimsoll_keeper::feed::View;
use plimsoll_keeper::plan::{plan, Action};
use plimsoll_keeper::policy::Policy;
use plimsoll_keeper::replay::replay;
use plimsoll_keeper::turn::{Done, Keeper, Observer};
use plimsoll_tests::chain::workspace_path;
use plimsoll_tests::world::{World, WorldOptions, BTC, BTC_PRICE, QUOTE, SOL};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_program::pubkey::Pubkey;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::support::*;

mod rows;
mod send;

/// Writes the recording anew.
const BLESS_VARIABLE: &str = "PLIMSOLL_BLESS";
/// Accounts of the random population besides keeper and market maker.
const TRADERS: usize = 12;
const KEEPER: usize = 0;
const MAKER: usize = 1;

fn keeper_of(world: &World, index: usize, policy: Policy) -> Keeper {
    let trader = &world.traders[index];
    Keeper {
        clearinghouse: world.clearinghouse,
        account: trader.account,
        signer: trader.key.insecure_clone(),
        policy,
        priority_fee: 0,
    }
}

fn view(world: &World) -> View {
    View::take(&world.chain, &world.clearinghouse).expect("view")
}

fn decide(world: &World, keeper: &Keeper) -> Vec<Action> {
    plan(&view(world).book, &keeper.account, &keeper.policy)
}

fn kinds(actions: &[Action]) -> Vec<&'static str> {
    actions.iter().map(Action::kind).collect()
}

/// Traders with a few random legs each, as large as their margin allows.
fn population(random: &mut ChaCha8Rng) -> World {
    let mut world = World::with(&WorldOptions { traders: 0, collateral: true, ..WorldOptions::default() });
    world.add_trader("keeper", 1_000_000 * QUOTE);
    world.add_trader("maker", 20_000_000 * QUOTE);
    for name in 0..TRADERS {
        let cash = random.random_range(3_000..60_000);
        let trader = world.add_trader(&format!("trader {name}"), cash * QUOTE);
        if name % 3 == 0 {
            world.deposit_wbtc(trader, random.random_range(1_000_000..30_000_000)).expect("wrapped BTC");
        }
        for _ in 0..random.random_range(1..4) {
            open_leg(&world, trader, i32::try_from(cash).expect("cash"), random);
        }
        assert!(world.account(trader).position_count > 0, "a trader without a leg tests nothing");
    }
    world
}

/// Sells, or one time in four buys, as much of a random series as the margin allows.
fn open_leg(world: &World, trader: usize, cash: i32, random: &mut ChaCha8Rng) {
    let (underlying, per_contract) = if random.random_bool(0.5) { (BTC, 200) } else { (SOL, 40) };
    let kind = if random.random_bool(0.5) { OptionKind::Call } else { OptionKind::Put };
    let series = world.series(underlying, random.random_range(0..2), random.random_range(0..5), kind);
    let (buyer, seller) = if random.random_bool(0.25) { (trader, MAKER) } else { (MAKER, trader) };
    let mut quantity = cash / per_contract;
    while quantity > 0 && world.trade_at_mark(buyer, seller, &series, quantity).is_err() {
        quantity = quantity * 3 / 4;
    }
}

/// How often each case was met.
#[derive(Debug, Default)]
struct Met {
    started: usize,
    healthy: usize,
    running: usize,
    stale: usize,
    ended: usize,
    open: usize,
    bids: usize,
}

/// Compares the plan with what the program says to a start of every account, to an end of every auction and to every
/// planned bid. `stale`: no price is young enough for a liquidation.
fn compare(world: &World, keeper: &Keeper, stale: bool, met: &mut Met) {
    let view = view(world);
    let actions = plan(&view.book, &keeper.account, &keeper.policy);
    let ask = |action: &Action| keeper.simulate(&world.chain, &view.book, action);
    for (address, account) in view.book.books.accounts.iter().filter(|(address, _)| **address != keeper.account) {
        let planned = |wanted: &Action| actions.contains(wanted);
        let start = Action::Start { account: *address, sequence: account.auction_sequence() };
        let no_price = stale && account.position_count > 0;
        let count = match (planned(&start), account.in_auction(), no_price) {
            (true, ..) => accepted(&start, ask(&start), &mut met.started),
            (_, true, _) => declined(&start, ask(&start), "AccountInAuction", &mut met.running),
            (_, _, true) => declined(&start, ask(&start), "PriceStale", &mut met.stale),
            _ => declined(&start, ask(&start), "AccountHealthy", &mut met.healthy),
        };
        *count += 1;
        if account.in_auction() {
            let end = Action::End { account: *address };
            let count = match (planned(&end), no_price) {
                (true, _) => accepted(&end, ask(&end), &mut met.ended),
                (_, true) => declined(&end, ask(&end), "PriceStale", &mut met.stale),
                _ => declined(&end, ask(&end), "AuctionOpen", &mut met.open),
            };
            *count += 1;
        }
    }
    for bid in actions.iter().filter(|action| action.kind() == "bid") {
        *accepted(bid, ask(bid), &mut met.bids) += 1;
    }
}

type Answer = Result<Outcome, plimsoll_client::error::LedgerError>;

fn accepted<'a>(action: &Action, answer: Answer, count: &'a mut usize) -> &'a mut usize {
    answer.unwrap_or_else(|refusal| panic!("planned {action}, but the program says {refusal}"));
    count
}

fn declined<'a>(action: &Action, answer: Answer, rule: &str, count: &'a mut usize) -> &'a mut usize {
    match answer {
        Ok(_) => panic!("not planned, but the program accepts {action}"),
        Err(refusal) => assert_eq!(refusal.rule(), Some(rule), "{action}: {refusal}"),
    }
    count
}

/// A turn, after which the keeper itself must stand on its initial margin.
fn keep(world: &World, keeper: &Keeper) -> Vec<Done> {
    let done = keeper.step(&world.chain).expect("turn");
    let own = world.balances(KEEPER).expect("balances");
    assert!(own.initial >= 0, "the keeper took more than it can carry: {own:?}");
    done
}

fn liquidates_exactly_what_the_program_lets_it(seed: u64, met: &mut Met) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let world = population(&mut random);
    let keeper = keeper_of(&world, KEEPER, Policy::default());
    compare(&world, &keeper, false, met);
    for _ in 0..6 {
        let percent = random.random_range(84..119);
        let (btc, sol) = (world.price(BTC) / 100 * percent, world.price(SOL) / 100 * percent);
        // Both prices on their way, then there.
        world.post_price(BTC, btc).expect("price");
        world.post_price(SOL, sol).expect("price");
        compare(&world, &keeper, false, met);
        world.move_price(BTC, btc);
        world.move_price(SOL, sol);
        compare(&world, &keeper, false, met);
        keep(&world, &keeper);
        world.advance(random.random_range(1..90));
        compare(&world, &keeper, false, met);
        keep(&world, &keeper);
        world.chain.advance(31);
        compare(&world, &keeper, true, met);
        world.refresh_prices();
    }
    world.full_check();
}

#[test]
fn it_liquidates_exactly_what_the_program_lets_it() {
    let mut met = Met::default();
    for seed in 0..8 {
        liquidates_exactly_what_the_program_lets_it(seed, &mut met);
    }
    let Met { started, healthy, running, stale, ended, open, bids } = &met;
    let least = [*started, healthy / 10, *running, stale / 10, *ended, *open, *bids].into_iter().min();
    assert!(least >= Some(5), "too few of a case: {met:?}");
}

#[test]
fn without_a_young_price_nothing_is_liquidated() {
    let world = under_maintenance();
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    assert_eq!(kinds(&decide(&world, &keeper)), ["start"]);
    world.chain.advance(31);
    assert!(decide(&world, &keeper).is_empty());
    world.refresh_prices();
    assert_eq!(kinds(&decide(&world, &keeper)), ["start"]);
}

#[test]
fn an_account_of_its_own_owner_is_left_to_others() {
    let world = under_maintenance();
    let keeper = keeper_of(&world, SELLER, Policy::default());
    assert!(decide(&world, &keeper).is_empty());
    let mut world = world;
    let second = open_account(&mut world, SELLER, 1, 2);
    assert!(decide(&world, &keeper_of(&world, second, Policy::default())).is_empty());
    let start =
        Action::Start { account: world.traders[SELLER].account, sequence: world.account(SELLER).auction_sequence() };
    let sibling = keeper_of(&world, second, Policy::default());
    let refusal = sibling.simulate(&world.chain, &view(&world).book, &start).expect_err("own account");
    assert_eq!(refusal.rule(), Some("OwnerOnBothSides"));
}

/// Two accounts under maintenance, the second ten times the first, and a keeper.
fn two_falling() -> (World, Keeper) {
    let mut world = World::with(&WorldOptions { traders: 0, ..WorldOptions::default() });
    world.add_trader("keeper", 2_000_000 * QUOTE);
    world.add_trader("maker", 20_000_000 * QUOTE);
    for (name, cash) in [("small", 4_000), ("large", 40_000)] {
        let trader = world.add_trader(name, cash * QUOTE);
        let sold = i32::try_from(cash / 200).expect("contracts");
        world.trade_at_mark(MAKER, trader, &call(&world), sold).expect("trade");
    }
    let mut price = BTC_PRICE;
    while [2, 3].iter().any(|index| world.balances(*index).expect("balances").maintenance >= 0) {
        price += BTC_PRICE / 100;
        world.advance(3_600);
        world.move_price(BTC, price);
    }
    let keeper = keeper_of(&world, KEEPER, Policy::default());
    (world, keeper)
}

fn accounts_of<'a>(actions: &'a [Action], kind: &str) -> Vec<&'a Pubkey> {
    let account = |action: &'a Action| match action {
        Action::Start { account, .. } | Action::Bid { account, .. } => Some(account),
        _ => None,
    };
    actions.iter().filter(|action| action.kind() == kind).filter_map(account).collect()
}

#[test]
fn the_most_valuable_auction_comes_first() {
    let (world, keeper) = two_falling();
    let (small, large) = (world.traders[2].account, world.traders[3].account);
    assert_eq!(accounts_of(&decide(&world, &keeper), "start"), [&large, &small]);
    for index in [2, 3] {
        start(&world, index, KEEPER).expect("start");
    }
    world.advance(20);
    assert_eq!(accounts_of(&decide(&world, &keeper), "bid"), [&large, &small]);
}

#[test]
fn debt_above_its_cap_is_started_although_maintenance_holds() {
    let world = default_world();
    let deep = world.series(BTC, 1, 0, OptionKind::Call);
    world.trade_at_mark(SELLER, BUYER, &deep, 100).expect("trade");
    let owed = world.account(SELLER).cash + world.directory().clearinghouse.parameters.debt_cap + QUOTE;
    edit_account(&world, SELLER, |account| account.cash -= owed);
    edit_account(&world, BUYER, |account| account.cash += owed);
    assert!(world.balances(SELLER).expect("balances").maintenance >= 0);
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    assert_eq!(accounts_of(&decide(&world, &keeper), "start"), [&world.traders[SELLER].account]);
    start(&world, SELLER, LIQUIDATOR).expect("the program agrees");
}

#[test]
fn an_account_with_a_settled_expiry_is_settled_before_it_is_started() {
    let world = default_world();
    world.trade_at_mark(BUYER, SELLER, &call(&world), SOLD).expect("near");
    world.trade_at_mark(BUYER, SELLER, &world.series(BTC, 1, 0, OptionKind::Call), SOLD / 4).expect("far");
    settle_expiry(&world, &call(&world));
    world.refresh_prices();
    edit_account(&world, SELLER, |account| account.cash -= 200_000 * QUOTE);
    edit_account(&world, BUYER, |account| account.cash += 200_000 * QUOTE);
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    let actions = decide(&world, &keeper);
    assert!(accounts_of(&actions, "start").is_empty(), "{actions:?}");
    settle_account(&world, SELLER, &call(&world)).expect("settle");
    let actions = decide(&world, &keeper);
    assert_eq!(accounts_of(&actions, "start"), [&world.traders[SELLER].account], "{actions:?}");
}

#[test]
fn what_it_takes_never_exceeds_its_own_margin() {
    let (mut world, _) = two_falling();
    // Enough for a part of the large account, not for all of it.
    let poor = world.add_trader("poor keeper", 6_000 * QUOTE);
    let keeper = keeper_of(&world, poor, Policy { reserve: 500 * QUOTE, ..Policy::default() });
    let mut bids = 0;
    for _ in 0..12 {
        let done = keeper.step(&world.chain).expect("turn");
        bids += done.iter().filter(|done| done.action.kind() == "bid" && done.result.is_ok()).count();
        for done in &done {
            assert!(done.result.is_ok(), "{}: {:?}", done.action, done.result);
        }
        let initial = world.balances(poor).expect("balances").initial;
        assert!(initial >= 0, "{initial}");
        world.advance(5);
    }
    assert!(bids >= 2, "{bids} bids");
    assert!(world.account(3).in_auction(), "it took an account that is too large for it");
    world.full_check();
}

#[test]
fn an_insolvent_account_is_taken_whole_for_its_loss() {
    let world = insolvent();
    let careful = keeper_of(&world, LIQUIDATOR, Policy { take_insolvent: false, ..Policy::default() });
    assert!(decide(&world, &careful).is_empty());
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    let planned = decide(&world, &keeper);
    let equity = i64::try_from(world.balances(SELLER).expect("balances").equity).expect("equity");
    let [Action::Bid { fraction: 1_000_000, price_limit, deficit: true, .. }] = planned.as_slice() else {
        panic!("{planned:?}")
    };
    assert!(equity < 0 && (equity..0).contains(price_limit), "{equity}, limit {price_limit}");
    // A little later the loss has changed by less than the slippage.
    world.chain.advance(5);
    let done = keeper.send(&world.chain, &view(&world).book, &planned[0]).expect("takeover");
    assert!(!done.events.is_empty());
    assert_eq!(world.account(SELLER).position_count, 0);
    assert!(world.balances(LIQUIDATOR).expect("balances").initial >= 0);
    world.full_check();
}

#[test]
fn a_keeper_without_an_account_only_cranks() {
    let (world, keeper) = two_falling();
    let nobody = Keeper { account: Pubkey::new_from_array([7; 32]), ..keeper };
    assert!(decide(&world, &nobody).is_empty());
    world.chain.set_time(world.expiries[0] - 900);
    world.refresh_prices();
    let actions = decide(&world, &nobody);
    assert_eq!(kinds(&actions), ["sample", "sample"]);
    let done = nobody.step(&world.chain).expect("turn");
    assert!(done.iter().all(|done| done.result.is_ok()), "{done:?}");
}

#[test]
fn interest_is_collected_once_it_is_enough() {
    let world = in_debt();
    let policy = Policy { min_interest: QUOTE, buy_collateral: false, ..Policy::default() };
    let keeper = keeper_of(&world, 1, policy);
    let owed = |world: &World| {
        let parameters = world.directory().clearinghouse.parameters;
        plimsoll::cash::interest_due(&world.account(DEBTOR), world.chain.time(), &parameters).expect("interest")
    };
    assert!(owed(&world) < QUOTE);
    assert!(!kinds(&decide(&world, &keeper)).contains(&"accrue"));
    while owed(&world) < QUOTE {
        world.advance(60);
    }
    assert_eq!(kinds(&decide(&world, &keeper)), ["accrue"]);
    let before = world.account(DEBTOR).cash;
    let done = keeper.step(&world.chain).expect("turn");
    assert!(matches!(done.as_slice(), [Done { action: Action::Accrue { .. }, result: Ok(_) }]), "{done:?}");
    assert!(before - world.account(DEBTOR).cash >= QUOTE);
    world.full_check();
}

#[test]
fn collateral_is_bought_at_the_higher_price_while_it_walks() {
    let world = in_debt();
    world.advance(900);
    world.chain.advance(1);
    world.post_price(BTC, BTC_PRICE / 100 * 108).expect("walks up");
    assert!(world.price(BTC) < BTC_PRICE / 100 * 108);
    let keeper = keeper_of(&world, 1, Policy::default());
    assert!(kinds(&decide(&world, &keeper)).contains(&"buy_collateral"), "{:?}", decide(&world, &keeper));
    let done = keeper.step(&world.chain).expect("turn");
    let bought = done.iter().filter(|done| matches!(done.action, Action::BuyCollateral { .. }));
    assert!(bought.clone().count() > 0 && bought.clone().all(|done| done.result.is_ok()), "{done:?}");
    world.full_check();
}

#[test]
fn collateral_is_bought_as_far_as_cash_and_margin_reach() {
    let mut world = in_debt();
    let poor = world.add_trader("poor keeper", 50 * QUOTE);
    let keeper = keeper_of(&world, poor, Policy::default());
    world.advance(900);
    let debt = -world.account(DEBTOR).cash;
    assert!(debt > 100 * QUOTE, "{debt}");
    let planned = decide(&world, &keeper);
    let Some(Action::BuyCollateral { price_limit, .. }) = planned.first() else { panic!("{planned:?}") };
    assert!((10 * QUOTE..=50 * QUOTE).contains(price_limit), "{price_limit}");
    let done = keeper.step(&world.chain).expect("turn");
    assert!(matches!(done.first(), Some(Done { action: Action::BuyCollateral { .. }, result: Ok(_) })), "{done:?}");
    assert!(world.account(poor).cash >= 0 && world.balances(poor).expect("balances").initial >= 0);
    assert!(world.account(poor).collateral_slot(0).is_some());
    world.full_check();
}

/// Records every plan of a turn.
struct Tape<'a> {
    keeper: &'a Keeper,
    recorder: Recorder,
}

impl Observer for Tape<'_> {
    fn planned(&mut self, view: &View, actions: &[Action]) {
        self.recorder.write(self.keeper, view, actions).expect("recording");
    }

    fn done(&mut self, done: Done) {
        done.result.unwrap_or_else(|problem| panic!("{}: {problem}", done.action));
    }
}

/// A default from its start to its end, with every plan of the keeper recorded in `file`.
fn record_default(file: &Path) {
    let world = under_maintenance();
    let keeper = keeper_of(&world, LIQUIDATOR, Policy::default());
    let mut tape = Tape { keeper: &keeper, recorder: Recorder::create(file).expect("recording") };
    let settled = |account: &MarginAccount| !account.in_auction() && account.auction.count > 0;
    for _ in 0..20 {
        let mut feed = plimsoll_keeper::feed::Direct { ledger: &world.chain, clearinghouse: world.clearinghouse };
        let turn = keeper.turn(&world.chain, &mut feed, view(&world), plimsoll_keeper::turn::Mode::Send, &mut tape);
        turn.expect("turn");
        if settled(&world.account(SELLER)) {
            return;
        }
        world.advance(10);
    }
    panic!("the auction does not end");
}

fn golden() -> PathBuf {
    workspace_path("tests/golden/keeper.jsonl")
}

#[test]
fn a_recording_replays_to_the_same_decisions() {
    let file = std::env::temp_dir().join(format!("plimsoll-keeper-{}.jsonl", std::process::id()));
    record_default(&file);
    let fresh = replay(&file).expect("replay");
    assert_eq!(fresh.differences, []);
    assert!(fresh.plans >= 3 && fresh.decisions >= 3, "{fresh:?}");
    if std::env::var_os(BLESS_VARIABLE).is_some() {
        std::fs::copy(&file, golden()).expect("write the golden recording");
    }
    std::fs::remove_file(&file).expect("remove");
    let old = replay(&golden()).expect("golden recording");
    let again = format!("if that is right: {BLESS_VARIABLE}=1 cargo test -p plimsoll-tests --test program keeper::");
    assert_eq!(old.differences, [], "the plan has changed; {again}");
    assert!(old.plans >= 3 && old.decisions >= 3, "{old:?}; {again}");
}

#[test]
fn correlations_are_sampled_once_an_hour_at_young_prices() {
    let world = World::with(&WorldOptions { correlated: true, ..WorldOptions::default() });
    let keeper = keeper_of(&world, 1, Policy::default());
    for _ in 0..3 {
        assert_eq!(decide(&world, &keeper), [Action::Correlate { underlying: SOL, peer: BTC }]);
        let done = keeper.step(&world.chain).expect("turn");
        assert!(matches!(done.as_slice(), [Done { action: Action::Correlate { .. }, result: Ok(_) }]), "{done:?}");
        assert_eq!(decide(&world, &keeper), []);
        world.chain.advance(3_600 - world.chain.time() % 3_600);
        assert_eq!(decide(&world, &keeper), [], "at old prices");
        world.refresh_prices();
    }
    let idle = keeper_of(&world, 1, Policy { crank: false, ..Policy::default() });
    assert_eq!(decide(&world, &idle), []);
}
