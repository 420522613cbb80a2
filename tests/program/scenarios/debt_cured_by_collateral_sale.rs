//! A short bought back on credit: interest runs, anyone cures it with the account's collateral, the rest stays.

use plimsoll::state::InsuranceFund;
use plimsoll::CollateralSaleArgs;
use plimsoll_client::instruction;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_tests::world::WBTC;

use crate::collateral_sale::{in_debt, DEBTOR};
use crate::support::*;

#[test]
fn debt_is_cured_by_parts_and_the_rest_of_the_collateral_is_free() {
    let world = in_debt();
    let buyer = 1;
    world.advance(1_200);
    let mut sales = 0;
    while world.account(DEBTOR).cash < 0 {
        let args = CollateralSaleArgs {
            collateral: WBTC,
            amount: 1_500_000,
            price_limit: i64::MAX,
            valid_until: world.chain.time(),
        };
        let (account, taker) = (world.account(DEBTOR), world.account(buyer));
        let sale =
            instruction::collateral_sale(&world.directory(), &account, &taker, &taker.owner, args).expect("build");
        send(&world, sale, &[&world.traders[buyer].key]).expect("sale");
        sales += 1;
        world.advance(20);
        world.full_check();
    }
    assert!(sales > 1, "cured in parts");
    let fund = |world: &plimsoll_tests::world::World| {
        world.chain.load::<InsuranceFund>(&world.directory().clearinghouse.insurance).expect("fund").balance
    };
    let (before, owed) = (fund(&world), world.account(DEBTOR).interest_owed);
    assert!(owed > 0, "interest ran");
    world.crank(instruction::debt_accrue(&world.directory(), &world.account(DEBTOR))).expect("accrue");
    assert_eq!(fund(&world) - before, owed);
    assert!(world.account(DEBTOR).cash >= 0, "what was sold covers the interest too");
    assert!(world.account(DEBTOR).collateral_slot(WBTC).is_some_and(|slot| slot.amount > 100_000_000));
    world.full_check();
}
