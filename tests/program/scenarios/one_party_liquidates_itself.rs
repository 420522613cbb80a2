//! One party with several accounts is debtor, starter, bidder and counterparty at once: between accounts of one owner
//! every such step is refused, and through a second owner key it only pays the insurance fund.

use plimsoll::state::margin_account::MODE_CROSS;
use plimsoll_client::instruction;
use plimsoll_tests::world::World;

use crate::support::*;

/// Equity of the two keys of the party together.
fn equity(world: &World) -> i128 {
    [SELLER, LIQUIDATOR].iter().map(|index| world.balances(*index).expect("balances").equity).sum()
}

#[test]
fn two_accounts_of_one_owner_neither_trade_nor_bid_nor_pay_each_other_a_starters_share() {
    let mut world = under_maintenance();
    let second = open_account(&mut world, SELLER, 1, MODE_CROSS);
    let key = &world.traders[SELLER].key;
    let wallet = world.traders[SELLER].wallet;
    let rich = instruction::deposit(
        &world.directory(),
        &world.traders[second].account,
        &world.traders[SELLER].address(),
        &wallet,
        30_000_000_000,
    );
    send(&world, rich, &[key]).expect("deposit");
    let args = at_mark(&world, second, SELLER, &call(&world), 1);
    refused(&world, "SignerOnBothSides", || trade_by(&world, (second, key), (SELLER, key), args));
    let delegate = world.chain.wallet("delegate");
    set_delegate(&world, second, &delegate, 1, 1_000_000_000);
    let args = at_mark(&world, second, SELLER, &call(&world), 1);
    refused(&world, "OwnerOnBothSides", || trade_by(&world, (second, &delegate), (SELLER, key), args));
    refused(&world, "OwnerOnBothSides", || start(&world, SELLER, second));
    start(&world, SELLER, LIQUIDATOR).expect("anybody else starts it");
    world.advance(20);
    refused(&world, "OwnerOnBothSides", || {
        bid_with(&world, (SELLER, second), false, bid_args(&world, SELLER, 100_000))
    });
    world.full_check();
}

#[test]
fn who_liquidates_itself_through_a_second_key_at_an_unchanged_price_only_pays_the_fund() {
    for pause in [0, 20, 600, 3_000] {
        let world = under_maintenance();
        let insured = fund(&world).balance;
        // What `act` makes at the prices of one moment.
        let pays = |what: &str, act: &dyn Fn()| {
            let before = equity(&world);
            act();
            let made = equity(&world) - before;
            assert!(made <= 0, "{what} after {pause} s made {made} atoms");
        };
        pays("the start", &|| drop(start(&world, SELLER, LIQUIDATOR).expect("start")));
        world.chain.advance(pause);
        world.refresh_prices();
        let mut bids = 0;
        while end(&world, SELLER).is_err() {
            pays("a bid", &|| drop(bid(&world, largest(&world)).expect("bid")));
            bids += 1;
        }
        assert!(bids > 0 && fund(&world).balance > insured, "the fund took its share");
        world.full_check();
    }
}
