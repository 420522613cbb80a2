//! `clearinghouse_create`.

use bytemuck::Zeroable;
use plimsoll::constants::{seeds, INDEX_NONE, TOKEN_2022_ID};
use plimsoll::events::ClearinghouseCreated;
use plimsoll::state::{Clearinghouse, InsuranceFund, Outflow};
use plimsoll::ClearinghouseCreateArgs;
use plimsoll_client::ledger::{Ledger, LedgerExt, SendOptions};
use plimsoll_client::{address, instruction, presets};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::world::{event, World, COMPUTE_LIMIT};
use plimsoll_tests::{invariants, token};
use solana_keypair::Keypair;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::bounds::{bounds, check_bounds, Bound};
use crate::forge::*;
use crate::support::*;

/// 1,000,000,000 quote.
const QUOTE_MAX: i64 = 1_000_000_000_000_000;

const BOUNDS: &[Bound<ClearinghouseCreateArgs>] = bounds! { ClearinghouseCreateArgs:
    parameters.debt_cap in 0, QUOTE_MAX;
    parameters.outflow_reserved in 1_000_000, QUOTE_MAX;
    parameters.trade_fee in 0, 10_000;
    parameters.trade_fee_premium_cap in 0, 500_000;
    parameters.insurance_share in 100_000, 1_000_000;
    parameters.debt_rate in 0, 2_000_000;
    parameters.sale_discount_max in 1_000, 500_000;
    parameters.sale_window_seconds in 60, 86_400;
    parameters.settlement_hold_seconds in 0, 604_800;
    parameters.outflow_window_seconds in 600, 86_400;
    parameters.outflow_cap in 10_000, 1_000_000;
    parameters.collateral_conf_threshold in 0, 1_000_000;
    parameters.collateral_conf_factor in 0, 5_000_000;
    parameters.padding in 0, 0;
};

fn args(index: u16) -> ClearinghouseCreateArgs {
    presets::clearinghouse(index, named_address("authority"), named_address("guardian"))
}

fn create(world: &World, creator: &Keypair, index: u16) -> Sent {
    let create = instruction::clearinghouse_create(&creator.pubkey(), &world.quote_mint, args(index));
    send_signed(world, create, &[creator])
}

fn refused_mint(world: &World, rule: &str, mint: &Pubkey) {
    let creator = somebody(world, "creator");
    let create = instruction::clearinghouse_create(&creator.pubkey(), mint, args(0));
    refused(world, rule, || send_signed(world, create, &[&creator]));
}

/// The addresses that opening the clearinghouse at `clearinghouse` creates.
fn created(world: &World, clearinghouse: &Pubkey) -> [Pubkey; 4] {
    let vault = address::vault(clearinghouse, &world.quote_mint);
    [*clearinghouse, address::insurance(clearinghouse), address::outflow(clearinghouse), vault]
}

/// The clearinghouse, its empty fund, its limiter and its empty vault, to the byte.
fn check_created(world: &World, creator: &Pubkey, index: u16) {
    let key = address::clearinghouse(creator, index);
    let [_, insurance, outflow, vault] = created(world, &key);
    let expected = Clearinghouse {
        creator: *creator,
        quote_mint: world.quote_mint,
        vault,
        insurance,
        outflow,
        authority: named_address("authority"),
        guardian: named_address("guardian"),
        parameters: args(index).parameters,
        created_at: world.chain.time(),
        index,
        stable_underlying: INDEX_NONE,
        version: 1,
        bump: bump(&[seeds::CLEARINGHOUSE, creator.as_ref(), &index.to_le_bytes()]),
        vault_bump: bump(&[seeds::VAULT, key.as_ref(), world.quote_mint.as_ref()]),
        ..Zeroable::zeroed()
    };
    assert_state(&world.chain.load::<Clearinghouse>(&key).expect("clearinghouse"), &expected);
    let bump_of = |seed: &[u8]| bump(&[seed, key.as_ref()]);
    let fund = InsuranceFund { clearinghouse: key, version: 1, bump: bump_of(seeds::INSURANCE), ..Zeroable::zeroed() };
    assert_state(&world.chain.load::<InsuranceFund>(&insurance).expect("fund"), &fund);
    let limiter = Outflow { clearinghouse: key, version: 1, bump: bump_of(seeds::OUTFLOW), ..Zeroable::zeroed() };
    assert_state(&world.chain.load::<Outflow>(&outflow).expect("outflow"), &limiter);
    check_vault(world, &vault, &key, &world.quote_mint);
    invariants::full_check(&world.chain, &key, 0);
}

/// An empty token account of `mint` that nobody but `clearinghouse` can spend from or close.
pub fn check_vault(world: &World, vault: &Pubkey, clearinghouse: &Pubkey, mint: &Pubkey) {
    let account = world.chain.raw(vault).expect("vault");
    assert_eq!((account.owner, account.data.len()), (anchor_spl::token::ID, TOKEN_ACCOUNT_BYTES));
    let mut expected = vec![0; TOKEN_ACCOUNT_BYTES];
    expected[..32].copy_from_slice(mint.as_ref());
    expected[32..64].copy_from_slice(clearinghouse.as_ref());
    expected[108] = 1;
    assert_eq!(account.data, expected);
}

#[test]
fn it_starts_with_its_rules_an_empty_fund_and_no_stable_underlying() {
    let world = bare();
    let creator = somebody(&world, "creator");
    let before = lamports(&world, &creator.pubkey());
    let sent = create(&world, &creator, 0).expect("create");
    check_created(&world, &creator.pubkey(), 0);
    let clearinghouse = address::clearinghouse(&creator.pubkey(), 0);
    let fact: ClearinghouseCreated = event(&sent);
    let expected = ClearinghouseCreated {
        clearinghouse,
        creator: creator.pubkey(),
        authority: named_address("authority"),
        quote_mint: world.quote_mint,
        index: 0,
    };
    assert_eq!(fact, expected);
    let rent: u64 = created(&world, &clearinghouse).iter().map(|key| lamports(&world, key)).sum();
    let bytes = [8 + size_of::<Clearinghouse>(), 8 + size_of::<InsuranceFund>(), 8 + size_of::<Outflow>(), 165];
    assert_eq!(rent, bytes.iter().map(|bytes| world.chain.rent(*bytes)).sum::<u64>());
    assert_eq!(before - lamports(&world, &creator.pubkey()), rent, "the creator pays the rent and nothing else");
    world.full_check();
}

#[test]
fn anyone_opens_any_number_at_addresses_of_their_own() {
    let world = bare();
    for name in ["creator", "another creator"] {
        let creator = somebody(&world, name);
        for index in [0, 1, 7, u16::MAX] {
            create(&world, &creator, index).expect("create");
            check_created(&world, &creator.pubkey(), index);
        }
    }
}

#[test]
fn nobody_takes_an_address_that_is_not_theirs() {
    let world = bare();
    let creator = somebody(&world, "creator");
    let own = created(&world, &address::clearinghouse(&creator.pubkey(), 5));
    let others = created(&world, &address::clearinghouse(&world.governance.pubkey(), 5));
    let create = instruction::clearinghouse_create(&creator.pubkey(), &world.quote_mint, args(5));
    for (mine, other) in own.iter().zip(&others) {
        let forged = exchanged(&create, mine, other);
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&creator]));
    }
    // One account in two places is at most at one of its addresses.
    for mine in &own {
        for twice in own.iter().filter(|key| *key != mine) {
            let forged = exchanged(&create, mine, twice);
            refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&creator]));
        }
    }
    let next = instruction::clearinghouse_create(&creator.pubkey(), &world.quote_mint, args(6));
    let forged = exchanged(&next, &address::clearinghouse(&creator.pubkey(), 6), &own[0]);
    refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&creator]));
}

#[test]
fn an_index_in_use_is_refused() {
    let world = bare();
    let creator = somebody(&world, "creator");
    create(&world, &creator, 3).expect("create");
    world.chain.advance(60);
    refused(&world, "AccountExists", || create(&world, &creator, 3));
    create(&world, &creator, 4).expect("another index");
}

#[test]
fn a_token_2022_mint_is_refused_by_name() {
    let world = bare();
    let mint = forged_account(&world, "Token-2022 mint", &world.quote_mint, |account| account.owner = TOKEN_2022_ID);
    refused_mint(&world, "Token2022Refused", &mint);
}

#[test]
fn an_account_that_is_no_mint_is_refused() {
    let world = bare();
    refused_mint(&world, "NotTokenAccount", &world.governance.pubkey());
    refused_mint(&world, "NotTokenAccount", &named_address("nothing there"));
    refused_mint(&world, "NotTokenAccount", &world.directory().clearinghouse.vault);
    let foreign = forged_account(&world, "foreign", &world.quote_mint, |account| account.owner = plimsoll::ID);
    refused_mint(&world, "NotTokenAccount", &foreign);
    let uninitialised = forged_account(&world, "uninitialised", &world.quote_mint, |account| account.data[45] = 0);
    refused_mint(&world, "NotTokenAccount", &uninitialised);
    let longer = forged_account(&world, "longer", &world.quote_mint, |account| account.data.push(0));
    refused_mint(&world, "NotTokenAccount", &longer);
}

#[test]
fn a_mint_without_exactly_six_decimals_is_refused() {
    let world = bare();
    let creator = somebody(&world, "creator");
    for decimals in [0, 5, 7, 9, u8::MAX] {
        let mint = token::create_mint(&world.chain, &format!("mint of {decimals}"), decimals);
        let create = instruction::clearinghouse_create(&creator.pubkey(), &mint, args(0));
        let send = || send_signed(&world, create, &[&creator]);
        refused_numbers(&world, "MintDecimals", (i64::from(decimals), 6), send);
    }
}

#[test]
fn every_parameter_is_taken_within_its_hard_range_and_refused_beyond() {
    let world = bare();
    let creator = somebody(&world, "creator");
    check_bounds(BOUNDS, args(0), true, |args| {
        let create = instruction::clearinghouse_create(&creator.pubkey(), &world.quote_mint, args);
        world.chain.simulate(&[create], &[&creator], &SendOptions::with_compute_limit(COMPUTE_LIMIT))
    });
}

#[test]
fn addresses_that_somebody_funded_beforehand_still_initialise() {
    let world = bare();
    let creator = somebody(&world, "creator");
    for (index, prefund) in (0u16..).zip(prefunds(&world, 8 + size_of::<Clearinghouse>())) {
        let keys = created(&world, &address::clearinghouse(&creator.pubkey(), index));
        keys.iter().for_each(|key| world.chain.airdrop(key, prefund));
        create(&world, &creator, index).expect("create");
        check_created(&world, &creator.pubkey(), index);
        for key in keys {
            let rent = world.chain.rent(world.chain.raw(&key).expect("created").data.len());
            assert_eq!(lamports(&world, &key), rent.max(prefund), "only what is missing is paid");
        }
    }
}

#[test]
fn the_creator_signs_and_programs_are_those_named() {
    let world = bare();
    let creator = somebody(&world, "creator");
    let create = instruction::clearinghouse_create(&creator.pubkey(), &world.quote_mint, args(0));
    check_account_list(&world, &create, &[&creator]);
}
