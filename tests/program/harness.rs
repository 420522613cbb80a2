//! The harness itself: a law that is broken on purpose is reported by name, with both numbers.

use plimsoll::state::MarginAccount;
use plimsoll_client::ledger::{AccountFilter, Ledger, LedgerExt, SendOptions};
use plimsoll_client::{address, instruction};
use plimsoll_core::invariants::Equation;
use plimsoll_core::position::OptionKind;
use plimsoll_tests::invariants::check_transaction;
use plimsoll_tests::world::{World, BTC, QUOTE};
use plimsoll_tests::{chain::Chain, pyth::PriceUpdate, token};
use pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, VerificationLevel};
use solana_account::Account;
use solana_program::pubkey::Pubkey;

fn edit(world: &World, index: usize, change: impl FnOnce(&mut MarginAccount)) {
    world.chain.edit_raw(&world.traders[index].account, |account| {
        change(bytemuck::from_bytes_mut(&mut account.data[8..]));
    });
}

#[test]
#[should_panic(expected = "VaultCoversRecorded fails: 400000000000 against 400000000001")]
fn cash_from_nowhere_is_reported() {
    let world = World::new();
    world.deposit(0, 100_000 * QUOTE.unsigned_abs()).expect("deposit");
    world.deposit(1, 100_000 * QUOTE.unsigned_abs()).expect("deposit");
    edit(&world, 0, |account| account.cash += 1);
    world.full_check();
}

#[test]
#[should_panic(expected = "SeriesSumsToZero fails: 1 against 0")]
fn a_contract_without_its_other_side_is_reported() {
    let world = World::new();
    world.trade_at_mark(0, 1, &world.series(BTC, 0, 2, OptionKind::Call), 3).expect("trade");
    edit(&world, 0, |account| account.positions[0].quantity += 1);
    world.full_check();
}

#[test]
fn a_donation_is_counted_apart() {
    let mut world = World::new();
    world.donate(7);
    assert_eq!(world.full_check().sums().donated, 7);
}

#[test]
fn a_transaction_that_creates_cash_breaks_conservation() {
    let world = World::new();
    let address = world.traders[0].account;
    let before = world.chain.raw(&address);
    edit(&world, 0, |account| account.cash += 5);
    let after = world.chain.raw(&address);
    let broken = check_transaction(&[(address, before.clone())], &[after]).expect_err("5 atoms came from nowhere");
    assert_eq!(broken.violation.equation, Equation::QuoteConserved);
    assert_eq!(broken.violation.left - broken.violation.right, 5);
    assert!(check_transaction(&[(address, before.clone())], &[before]).is_ok());
}

#[test]
fn a_fork_leaves_the_chain_it_came_from_alone() {
    let world = World::new();
    let fork = world.chain.fork();
    fork.advance(100);
    fork.airdrop(&Pubkey::default(), 1);
    assert_eq!(fork.time(), world.chain.time() + 100);
    assert_eq!(
        world.chain.raw(&Pubkey::default()).unwrap_or_default().lamports + 1,
        fork.raw(&Pubkey::default()).unwrap_or_default().lamports
    );
}

#[test]
fn a_price_account_has_the_receivers_own_bytes() {
    use anchor_lang::AccountDeserialize;
    let update = PriceUpdate::new([7; 32], 100_000 * QUOTE, 1_000)
        .with_verification(VerificationLevel::Partial { num_signatures: 5 })
        .with_confidence(3)
        .with_ema(99_000 * QUOTE);
    let data = update.data();
    assert_eq!(data.len(), PriceUpdateV2::LEN);
    let read = PriceUpdateV2::try_deserialize(&mut data.as_slice()).expect("the SDK reads it");
    assert_eq!(read.price_message, update.message);
    assert_eq!(read.verification_level, update.verification);
    assert_eq!((read.price_message.price, read.price_message.exponent), (10_000_000_000_000, -8));
}

#[test]
fn a_lookup_table_shortens_a_transaction() {
    let world = World::new();
    let (directory, trader) = (world.directory(), &world.traders[0]);
    let deposit = instruction::deposit(&directory, &trader.account, &trader.address(), &trader.wallet, 1);
    let keys: Vec<Pubkey> = deposit.accounts.iter().skip(1).map(|meta| meta.pubkey).collect();
    let table = world.chain.create_lookup_table("table", &keys);
    let options = SendOptions { lookup_tables: vec![table], ..SendOptions::default() };
    let size = |options: &SendOptions| {
        let hash = world.chain.latest_blockhash().expect("hash");
        let built =
            plimsoll_client::ledger::build_transaction(std::slice::from_ref(&deposit), &[&trader.key], options, hash);
        plimsoll_client::ledger::transaction_size(&built.expect("build"))
    };
    assert!(size(&options) < size(&SendOptions::default()) - 100);
    world.chain.send(std::slice::from_ref(&deposit), &[&trader.key], &options).expect("deposit through a table");
}

#[test]
fn accounts_are_found_by_type_and_key() {
    let world = World::new();
    let all = AccountFilter::all::<MarginAccount>();
    assert_eq!(world.chain.load_all::<MarginAccount>(&all).expect("all").len(), 2);
    let owner = std::mem::offset_of!(MarginAccount, owner);
    let one = all.with_key(owner, &world.traders[1].address());
    let found = world.chain.load_all::<MarginAccount>(&one).expect("one");
    assert_eq!(found.iter().map(|(address, _)| *address).collect::<Vec<_>>(), [world.traders[1].account]);
    assert_eq!(address::of_margin_account(&found[0].1), world.traders[1].account);
}

#[test]
fn tokens_freeze_and_thaw() {
    let chain = Chain::fast();
    let mint = token::create_mint(&chain, "mint", 6);
    let account = token::mint_to(&chain, &mint, &plimsoll_tests::chain::named_address("holder"), 5);
    token::set_frozen(&chain, &account, true);
    token::set_frozen(&chain, &account, false);
    assert_eq!(token::balance(&chain, &account), 5);
    assert_eq!(chain.raw(&account).map(|a: Account| a.owner), Some(anchor_spl::token::ID));
}
