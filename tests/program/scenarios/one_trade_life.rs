//! Money in, one trade, expiry, settlement, money out: what one wins the other lost, less the fees.

use plimsoll_client::instruction;
use plimsoll_tests::token;
use plimsoll_tests::world::{World, BTC, BTC_PRICE, QUOTE};

use crate::support::*;

#[test]
fn one_trade_from_deposit_to_the_last_withdrawal() {
    let world = World::new();
    let (series, quantity) = (call(&world), 25);
    let wallets = |world: &World| {
        let balance = |index: usize| i64::try_from(token::balance(&world.chain, &world.traders[index].wallet)).unwrap();
        [balance(0), balance(1)]
    };
    let start = wallets(&world);
    let mark = world.mark(&series).expect("mark");
    world.trade(0, 1, &series, quantity, mark).expect("trade");
    let fees = world.expiry(&series).fees_accrued;
    world.full_check();

    world.move_price(BTC, BTC_PRICE / 100 * 104);
    settle_expiry(&world, &series);
    for index in [0, 1] {
        settle_account(&world, index, &series).expect("settle");
        world.full_check();
    }
    world.crank(instruction::expiry_sweep(&world.directory(), BTC, series.expiry)).expect("sweep");
    let expiry = world.expiry(&series);
    world.crank(instruction::expiry_close(&expiry)).expect("close");

    // Net outflow is limited to a fifth of the vault an hour, but a thousand always passes.
    for index in [0, 1] {
        world.chain.advance(86_400);
        while world.account(index).cash > 0 {
            let vault = token::balance(&world.chain, &world.directory().clearinghouse.vault);
            let allowed = i64::try_from(vault / 6).unwrap().max(1_000 * QUOTE);
            let part = world.account(index).cash.min(allowed);
            world.withdraw(index, part.unsigned_abs()).expect("withdraw");
            world.chain.advance(7_200);
        }
        let trader = &world.traders[index];
        send(&world, instruction::margin_account_close(&world.account(index)), &[&trader.key]).expect("close");
    }
    let end = wallets(&world);
    let payoff = (expiry.settlement_price - BTC_PRICE) / 100 * i64::from(quantity);
    let won = payoff - mark * i64::from(quantity);
    assert_eq!(end[0] - start[0], 100_000 * QUOTE + won - fees / 2);
    assert_eq!(end[1] - start[1], 100_000 * QUOTE - won - fees / 2);
    world.full_check();
}
