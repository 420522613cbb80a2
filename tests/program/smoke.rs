//! One trade from an empty chain to money back in the wallets.

use plimsoll::events::{Deposited, Withdrawn};
use plimsoll_core::position::OptionKind;
use plimsoll_tests::token;
use plimsoll_tests::world::{assert_refused, event, World, BTC, QUOTE};

#[test]
fn deposit_trade_withdraw_balances_to_the_atom() {
    let world = World::new();
    let series = world.series(BTC, 0, 2, OptionKind::Call);

    let deposited: Deposited = event(&world.deposit(0, 1_000_000).expect("deposit"));
    assert_eq!(deposited.cash_after - deposited.cash_before, 1_000_000);

    let mark = world.mark(&series).expect("mark");
    let traded = world.trade(0, 1, &series, 10, mark).expect("trade");
    println!("trade_clear: {} compute units, mark {mark}", traded.compute_units);
    assert_eq!(world.account(0).legs()[0].quantity, 10);
    assert_eq!(world.account(1).legs()[0].quantity, -10);
    world.full_check();

    for index in 0..2 {
        let here = world.balances(index).expect("balances");
        let there = world.balances_on_chain(index).expect("margin_check");
        assert_eq!(here.initial, i128::from(there.initial));
        assert_eq!(here.maintenance, i128::from(there.maintenance));
        assert_eq!(here.equity, i128::from(there.equity));
    }

    let before = token::balance(&world.chain, &world.traders[0].wallet);
    let withdrawn: Withdrawn = event(&world.withdraw(0, QUOTE.unsigned_abs()).expect("withdraw"));
    assert_eq!(withdrawn.amount, QUOTE);
    assert_eq!(token::balance(&world.chain, &world.traders[0].wallet), before + QUOTE.unsigned_abs());
    world.full_check();
}

#[test]
fn nobody_withdraws_more_than_their_cash() {
    let world = World::new();
    let cash = world.account(0).cash;
    assert_refused(world.withdraw(0, cash.unsigned_abs() + 1), "CashShort");
}
