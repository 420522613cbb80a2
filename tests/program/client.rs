//! The client against the program: a quote and the transaction that follows it agree to the atom; texts and amounts
//! are exact; a broken account is named.

use plimsoll::constants::FRESH_PRICES_MAX;
use plimsoll::events::{AuctionBidTaken, TradeCleared};
use plimsoll::state::margin_account::MODE_PORTFOLIO;
use plimsoll::state::{Clearinghouse, MarginAccount, OracleState};
use plimsoll::{AuctionBidArgs, AuctionStartArgs};
use plimsoll_client::decode::DecodeError;
use plimsoll_client::error::LedgerError;
use plimsoll_client::instruction::{self, Side};
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::price::{format_atoms, format_quote, parse_atoms, AmountError, QUOTE_DECIMALS};
use plimsoll_client::quote;
use plimsoll_client::rows::{self, Preparation, RowsStanding};
use plimsoll_client::snapshot::Snapshot;
use plimsoll_client::status::Books;
use plimsoll_core::position::OptionKind;
use plimsoll_core::trade::TradeRefusal;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, BTC_PRICE, QUOTE};
use proptest::prelude::*;

fn snapshot(world: &World, traders: &[usize], expiry: Option<(u16, i64)>) -> Snapshot {
    let addresses: Vec<_> = traders.iter().map(|index| world.traders[*index].account).collect();
    Snapshot::load_with(&world.chain, &world.directory(), &addresses, expiry, None).expect("snapshot")
}

#[test]
fn a_trade_quote_is_what_the_trade_does() {
    let world = World::new();
    let series = world.series(BTC, 1, 3, OptionKind::Put);
    let price = world.mark(&series).expect("mark") + QUOTE;
    let before = snapshot(&world, &[0, 1], Some((series.underlying, series.expiry)));
    let bought = quote::trade(&before, 0, &series, 5, price).expect("quote of the buyer");
    let sold = quote::trade(&before, 1, &series, -5, price).expect("quote of the seller");
    assert_eq!((bought.refusal, sold.refusal), (None, None));

    let cleared: TradeCleared = event(&world.trade(0, 1, &series, 5, price).expect("trade"));
    assert_eq!(cleared.mark, bought.terms.mark.0);
    assert_eq!(cleared.fee, bought.plan.fee.0);
    assert_eq!(cleared.buyer_cash_after, before.accounts[0].cash + bought.cash.0);
    assert_eq!(cleared.seller_cash_after, before.accounts[1].cash + sold.cash.0);
    for (index, quoted) in [(0, bought), (1, sold)] {
        let after = world.balances(index).expect("balances");
        assert_eq!(i128::from(quoted.after.initial.0), after.initial);
        assert_eq!(i128::from(quoted.after.maintenance.0), after.maintenance);
        assert_eq!(i128::from(quoted.after.equity.0), after.equity);
    }
}

#[test]
fn a_quote_names_the_rule_that_the_trade_breaks() {
    let world = World::new();
    let series = world.series(BTC, 1, 2, OptionKind::Call);
    let before = snapshot(&world, &[0, 1], Some((series.underlying, series.expiry)));
    let mark = world.mark(&series).expect("mark");

    let far = quote::trade(&before, 0, &series, 1, mark * 2 + 20 * QUOTE).expect("quote");
    assert!(matches!(far.refusal, Some(TradeRefusal::PriceBand { .. })), "{:?}", far.refusal);

    let large = quote::trade(&before, 1, &series, -10_000, mark).expect("quote");
    assert!(matches!(large.refusal, Some(TradeRefusal::InitialMargin { .. })), "{:?}", large.refusal);
    let refused = world.trade(0, 1, &series, 10_000, mark);
    assert!(refused.is_err(), "the program allows what the quote refuses");
}

#[test]
fn a_bid_quote_is_what_the_bid_does() {
    let world = World::with(&WorldOptions { traders: 3, cash: 1_000_000 * QUOTE, ..WorldOptions::default() });
    let series = world.series(BTC, 0, 2, OptionKind::Call);
    world.trade_at_mark(0, 1, &series, 1_000).expect("trade");
    let free = quote::account(&snapshot(&world, &[1], None), 0).expect("quote").balances.initial;
    world.withdraw(1, u64::try_from(free).expect("margin is left")).expect("withdraw the rest");
    let above = quote::account(&snapshot(&world, &[1], None), 0).expect("quote").liquidation[0].1.above;
    let trigger = above.expect("a short call has a liquidation price above spot").0;
    assert!(trigger > BTC_PRICE);

    world.move_price(BTC, trigger + trigger / 200);
    assert!(world.balances(1).expect("balances").maintenance < 0, "the liquidation price was quoted too low");
    let (account, starter) = (world.account(1), world.account(2));
    let args = AuctionStartArgs { valid_until: world.chain.time() + 60, sequence: account.auction_sequence() };
    let start = instruction::auction_start(&world.directory(), &account, &starter, args).expect("build");
    world.send(&[start], &[&world.traders[2].key]).expect("start");
    world.advance(20);

    let before = snapshot(&world, &[1, 2], None);
    let auction = quote::auction(&before, 0).expect("auction");
    let fraction = u32::try_from(auction.limits.expect("solvent").smallest.0 / 1_000 + 1).expect("ppm");
    let quoted = quote::bid(&before, 0, Some(1), fraction).expect("bid quote");
    let args = AuctionBidArgs {
        fraction,
        price_limit: quoted.plan.payment.0 + quoted.plan.slice.0,
        valid_until: world.chain.time() + 60,
        sequence: before.accounts[0].auction_sequence(),
    };
    let bidder = Side::of_owner(&before.accounts[1]);
    let bid = instruction::auction_bid(&world.directory(), &before.accounts[0], bidder, false, args).expect("build");
    let taken: AuctionBidTaken = event(&world.send(&[bid], &[&world.traders[2].key]).expect("bid"));
    assert_eq!(taken.payment, quoted.plan.payment.0);
    assert_eq!(taken.value, quoted.plan.value.0);
    assert_eq!(taken.slice, quoted.plan.slice.0);
    assert_eq!(taken.price_factor, auction.price_factor.0);
    assert_eq!(taken.maintenance_after, quoted.maintenance_after);
    assert_eq!(world.balances(2).expect("balances").initial, quoted.bidder_after.initial);
    world.full_check();
}

/// A seller in portfolio mode with a short call of the near and a short put of the far expiry.
fn portfolio_world() -> World {
    let world = World::with(&WorldOptions { traders: 3, cash: 1_000_000 * QUOTE, ..WorldOptions::default() });
    world.set_mode(1, MODE_PORTFOLIO).expect("mode");
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 3, OptionKind::Call), 200).expect("call");
    world.trade_at_mark(0, 1, &world.series(BTC, 1, 1, OptionKind::Put), 100).expect("put");
    world
}

#[test]
fn rows_that_are_open_are_found_and_taken_by_everything_that_values_a_portfolio_account() {
    let mut world = portfolio_world();
    let near = (BTC, world.expiries[0]);
    let fresh = snapshot(&world, &[1], None);
    assert!(fresh.directory.rows.is_empty() && rows::used(&fresh, 0).expect("used").is_empty());
    world.open_rows(BTC, 0);
    // The directory of a client that knows of no rows: its snapshot looks for them.
    let directory = plimsoll_client::directory::Directory::load(&world.chain, &world.clearinghouse).expect("directory");
    let found = Snapshot::load(&world.chain, &directory, &[world.traders[1].account]).expect("snapshot");
    assert_eq!(found.directory.rows.iter().copied().collect::<Vec<_>>(), [near]);
    assert_eq!(rows::used(&found, 0).expect("used").into_iter().collect::<Vec<_>>(), [near]);
    let check = instruction::margin_check(&found.directory, &found.accounts[0]).expect("build");
    assert!(check.accounts.iter().any(|meta| meta.pubkey == found.directory.rows_of(near.0, near.1)));
    let onchain = world.balances_on_chain(1).expect("check");
    assert_eq!(found.balances(0).expect("balances").initial, i128::from(onchain.initial));
    // An account in another mode takes none.
    let buyer = Snapshot::load(&world.chain, &directory, &[world.traders[0].account]).expect("snapshot");
    assert!(buyer.directory.rows.is_empty());
}

#[test]
fn the_standing_of_rows_says_what_the_program_would() {
    let mut world = portfolio_world();
    world.open_rows(BTC, 0);
    let near = (BTC, world.expiries[0]);
    let standing = |world: &World| {
        let loaded = snapshot(world, &[1], None);
        RowsStanding::of(&loaded.markets, &loaded.directory, near, loaded.now).expect("rows").expect("open")
    };
    let rules = |standing: &RowsStanding| standing.refusal.as_ref().map(|refusal| refusal.rule.clone());
    let now = standing(&world);
    assert!(now.is_usable() && !now.is_due(), "{now:?}");
    assert_eq!((now.filled, now.listed, now.room, now.age, now.drift), (5, 5, 64, Some(0), 0));
    world.chain.advance(50);
    assert!(standing(&world).is_usable() && standing(&world).is_due(), "they may be too old when they are needed");
    world.chain.advance(11);
    assert_eq!(rules(&standing(&world)).as_deref(), Some("RowsOld"));
    world.refresh_prices();
    world.refresh_rows(BTC, 0);
    world.post_price(BTC, BTC_PRICE / 1_000 * 1_006).expect("price");
    assert_eq!(rules(&standing(&world)).as_deref(), Some("RowsDrifted"));
    assert_eq!(standing(&world).drift, 6_000);
}

#[test]
fn large_books_need_rows_and_small_ones_do_not() {
    let mut world = World::with(&WorldOptions {
        traders: 0,
        strike_percents: (0..20).map(|step| 70 + 3 * step).collect(),
        ..WorldOptions::default()
    });
    world.chain.set_checks(false);
    world.add_trader("buyer", 9_000_000 * QUOTE);
    world.add_trader("seller", 9_000_000 * QUOTE);
    world.set_mode(1, MODE_PORTFOLIO).expect("mode");
    let prepare = |world: &World| {
        let loaded = snapshot(world, &[1], None);
        Preparation::of(&loaded, &loaded.accounts).expect("preparation")
    };
    for expiry in 0..2 {
        for (strike, kind) in (0..20).flat_map(|strike| [OptionKind::Call, OptionKind::Put].map(|kind| (strike, kind)))
        {
            assert!(prepare(&world).is_empty(), "every book here is priced fresh");
            world.trade_at_mark(0, 1, &world.series(BTC, expiry, strike, kind), 1).expect("leg");
        }
    }
    let oracle = plimsoll_client::address::oracle(&plimsoll_client::address::underlying(&world.clearinghouse, BTC));
    let far = |world: &World| {
        crate::support::edit::<OracleState>(world, &oracle, |oracle| {
            (oracle.volatility.range_im, oracle.volatility.range_mm) = (479_000, 479_000);
        });
    };
    far(&world);
    let expiries = [0, 1].map(|at| (BTC, world.expiries[at]));
    let check = |world: &World| world.balances_on_chain(1).map(drop).map_err(|e| e.rule().map(str::to_owned));
    const { assert!(80 * 59 > FRESH_PRICES_MAX) };
    assert_eq!(check(&world), Err(Some("RowsNeeded".to_owned())));
    assert_eq!(prepare(&world).open.into_iter().collect::<Vec<_>>(), expiries[..1], "one of two is enough");
    world.open_rows(BTC, 0);
    assert!(prepare(&world).is_empty());
    check(&world).expect("from rows");
    world.chain.advance(61);
    world.refresh_prices();
    far(&world);
    assert_eq!(check(&world), Err(Some("RowsOld".to_owned())));
    assert_eq!(prepare(&world).refresh.into_iter().collect::<Vec<_>>(), expiries[..1]);
    world.refresh_rows(BTC, 0);
    check(&world).expect("from refreshed rows");
}

#[test]
fn the_books_of_a_clearinghouse_balance_and_are_healthy() {
    let world = World::with(&WorldOptions { collateral: true, stable: true, ..WorldOptions::default() });
    world.deposit_wbtc(0, 10_000_000).expect("deposit wrapped BTC");
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 2, OptionKind::Call), 10).expect("trade");
    let mut books: Books = world.full_check();
    let markets = books.load_markets(&world.chain).expect("markets");
    let health = books.health(&markets);
    assert_eq!((health.sound, health.unknown), (2, 0), "{health:?}");
    assert_eq!(books.backing_ratio(), "1.0000");
    assert_eq!(
        world.balances(0).expect("balances").equity,
        i128::from(world.balances_on_chain(0).expect("check").equity)
    );
}

#[test]
fn an_account_that_is_not_what_it_should_be_is_named() {
    let world = World::new();
    let address = world.traders[0].account;
    let wrong = world.chain.load::<Clearinghouse>(&address);
    assert!(matches!(wrong, Err(LedgerError::Decode(DecodeError::Discriminator { kind: "Clearinghouse", .. }))));
    world.chain.edit_raw(&address, |account| account.data.truncate(100));
    let short = world.chain.load::<MarginAccount>(&address);
    assert!(matches!(short, Err(LedgerError::Decode(DecodeError::Length { found: 100, .. }))));
    let none = world.chain.load::<MarginAccount>(&world.clearinghouse.clone());
    assert!(none.is_err_and(|e| e.to_string().contains(&world.clearinghouse.to_string())));
}

#[test]
fn amounts_are_read_exactly_or_not_at_all() {
    let parse = |text: &str| parse_atoms(text, QUOTE_DECIMALS);
    assert_eq!(parse("1_234.5"), Ok(1_234_500_000));
    assert_eq!(parse("-0.000001"), Ok(-1));
    assert_eq!(parse(".5"), Ok(500_000));
    assert_eq!(parse("9223372036854.775807"), Ok(i64::MAX));
    assert!(matches!(parse("9223372036854.775808"), Err(AmountError::OutOfRange { .. })));
    assert!(matches!(parse("0.0000001"), Err(AmountError::TooPrecise { decimals: 6, .. })));
    for text in ["", ".", "-", "1e3", "0x10", "1,5", "1.2.3", "--1", "_"] {
        assert!(matches!(parse(text), Err(AmountError::NotADecimal { .. })), "{text:?}");
    }
    assert_eq!(format_quote(1_234_500_000i64), "1234.50");
    assert_eq!(format_quote(-1i64), "-0.000001");
    assert_eq!(format_atoms(7i64, 0), "7");
}

proptest! {
    #[test]
    fn every_amount_survives_its_text(atoms: i64, decimals in 0u32..=12) {
        prop_assert_eq!(parse_atoms(&format_atoms(atoms, decimals), decimals), Ok(atoms));
    }
}

#[test]
fn every_error_code_has_its_name_and_message() {
    use plimsoll::error::PlimsollError;
    use plimsoll_client::error_codes::{all, describe};
    // The first, some between and the last: a variant that was skipped or read twice would shift what follows it.
    let last = PlimsollError::OpenInterestBroken;
    for error in [PlimsollError::Overflow, PlimsollError::PriceStale, PlimsollError::CashShort, last] {
        let found = describe(u32::from(error)).expect("a code of the program");
        assert_eq!(found, (error.name(), error.to_string()));
    }
    for (name, message) in all() {
        assert!(message.ends_with('.'), "{name} has no message: {message:?}");
    }
    assert_eq!(describe(5_999), None);
}
