//! A seller goes under between two prices; the fund pays the whole loss and nobody else loses an atom.

use plimsoll::events::BadDebtCovered;
use plimsoll::state::Owner;
use plimsoll_client::ledger::LedgerExt;
use plimsoll_client::{address, instruction};
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, QUOTE};

use crate::support::*;

fn insure(world: &World, amount: u64) {
    let donor = world.chain.wallet("donor");
    let key = solana_signer::Signer::pubkey(&donor);
    let source = token::mint_to(&world.chain, &world.quote_mint, &key, amount);
    let deposit = instruction::insurance_deposit(&world.directory(), &key, &source, amount);
    send(world, deposit, &[&donor]).expect("insure");
}

#[test]
fn one_default_paid_by_insurance() {
    let world = insolvent();
    insure(&world, 100_000 * QUOTE.unsigned_abs());
    let (fund_before, buyer) = (fund(&world).balance, world.balances(BUYER).expect("balances").equity);
    let loss = i64::try_from(-world.balances(SELLER).expect("balances").equity).unwrap();
    assert!(loss > 0 && loss < fund_before);

    // The clearinghouse stays read-only: no deficit can open.
    let taken = bid(&world, 1_000_000).expect("takeover");
    let covered: BadDebtCovered = event(&taken);
    assert_eq!((covered.loss, covered.from_insurance, covered.to_deficit), (loss, loss, 0));
    assert_eq!(fund(&world).balance, fund_before - loss);
    assert_eq!(world.directory().clearinghouse.deficit, 0);
    assert_eq!(world.balances(BUYER).expect("balances").equity, buyer, "the counterparty notices nothing");
    end(&world, SELLER).expect("end");
    world.full_check();

    // Every winner is paid in full.
    settle_expiry(&world, &call(&world));
    for index in [BUYER, LIQUIDATOR, SELLER] {
        settle_account(&world, index, &call(&world)).expect("settle");
    }
    world.chain.advance(86_400);
    for _ in 0..40 {
        let cash = world.account(BUYER).cash;
        if cash == 0 {
            break;
        }
        world.withdraw(BUYER, cash.min(50_000 * QUOTE).unsigned_abs()).expect("withdraw");
        world.chain.advance(3_600);
    }
    assert_eq!(world.account(BUYER).cash, 0);

    // Who caused it pays it back before it may trade freely again.
    let owner = world.traders[SELLER].address();
    let source = token::mint_to(&world.chain, &world.quote_mint, &owner, loss.unsigned_abs());
    let repay = instruction::bad_debt_repay(&world.directory(), &owner, &owner, &source, loss.unsigned_abs());
    let before = fund(&world).balance;
    send(&world, repay, &[&world.traders[SELLER].key]).expect("repay");
    assert_eq!(fund(&world).balance, before + loss);
    let record: Owner = world.chain.load(&address::owner(&world.clearinghouse, &owner)).expect("record");
    assert_eq!(record.bad_debt, 0);
    world.full_check();
}
