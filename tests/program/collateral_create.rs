//! `collateral_create`.

use bytemuck::Zeroable;
use plimsoll::constants::{seeds, INDEX_NONE, TOKEN_2022_ID};
use plimsoll::events::CollateralCreated;
use plimsoll::state::{Clearinghouse, Collateral};
use plimsoll::CollateralCreateArgs;
use plimsoll_client::ledger::{Ledger, LedgerExt, SendOptions};
use plimsoll_client::{address, instruction};
use plimsoll_tests::chain::named_address;
use plimsoll_tests::token;
use plimsoll_tests::world::{event, World, WorldOptions, BTC, COMPUTE_LIMIT, SOL};
use solana_keypair::Keypair;
use solana_program::instruction::Instruction;
use solana_program::pubkey::Pubkey;
use solana_signer::Signer;

use crate::bounds::{bounds, check_bounds, Bound};
use crate::clearinghouse_create::check_vault;
use crate::forge::*;
use crate::support::*;

const BOUNDS: &[Bound<CollateralCreateArgs>] = bounds! { CollateralCreateArgs:
    cross_factor in 0, 950_000;
    ramp_seconds in 3_600, 31_536_000;
    cap in 1, i64::MAX - 1;
};

/// Wrapped BTC, priced by BTC: a weight of 80 % after a day.
fn args(index: u16) -> CollateralCreateArgs {
    CollateralCreateArgs { index, priced_by: BTC, cross_factor: 800_000, ramp_seconds: 86_400, cap: 1_000_000_000_000 }
}

fn mint(world: &World, name: &str) -> Pubkey {
    token::create_mint(&world.chain, name, 8)
}

fn payer(world: &World) -> Keypair {
    somebody(world, "payer")
}

fn instruction_of(world: &World, mint: &Pubkey, args: CollateralCreateArgs) -> Instruction {
    let (authority, payer) = (world.governance.pubkey(), payer(world).pubkey());
    instruction::collateral_create(&world.clearinghouse, &authority, &payer, mint, args)
}

fn list(world: &World, mint: &Pubkey, args: CollateralCreateArgs) -> Sent {
    send_signed(world, instruction_of(world, mint, args), &[&world.governance, &payer(world)])
}

fn simulated(world: &World, mint: &Pubkey, args: CollateralCreateArgs) -> Sent {
    let (create, payer) = (instruction_of(world, mint, args), payer(world));
    world.chain.simulate(&[create], &[&payer, &world.governance], &SendOptions::with_compute_limit(COMPUTE_LIMIT))
}

/// The collateral and its empty vault, to the byte.
fn check_listed(world: &World, mint: &Pubkey, decimals: u8, args: &CollateralCreateArgs) {
    let vault = address::vault(&world.clearinghouse, mint);
    let seeds_with = |seed: &[u8]| bump(&[seed, world.clearinghouse.as_ref(), mint.as_ref()]);
    let expected = Collateral {
        clearinghouse: world.clearinghouse,
        mint: *mint,
        vault,
        cap: args.cap,
        ramp_start: world.chain.time(),
        ramp_seconds: args.ramp_seconds,
        cross_factor: args.cross_factor,
        index: args.index,
        priced_by: args.priced_by,
        decimals,
        version: 1,
        bump: seeds_with(seeds::COLLATERAL),
        vault_bump: seeds_with(seeds::VAULT),
        ..Zeroable::zeroed()
    };
    let key = address::collateral(&world.clearinghouse, mint);
    assert_state(&world.chain.load::<Collateral>(&key).expect("collateral"), &expected);
    check_vault(world, &vault, &world.clearinghouse, mint);
}

#[test]
fn a_listing_stores_its_terms_and_opens_an_empty_vault() {
    let world = bare();
    let mint = mint(&world, "wrapped BTC");
    let (payer, mut clearinghouse) = (payer(&world), world.directory().clearinghouse);
    let before = (lamports(&world, &payer.pubkey()), lamports(&world, &world.governance.pubkey()));
    let sent = list(&world, &mint, args(0)).expect("list");
    check_listed(&world, &mint, 8, &args(0));
    let fact: CollateralCreated = event(&sent);
    let expected = CollateralCreated {
        clearinghouse: world.clearinghouse,
        collateral: address::collateral(&world.clearinghouse, &mint),
        mint,
        cap: 1_000_000_000_000,
        cross_factor: 800_000,
        ramp_seconds: 86_400,
        index: 0,
        priced_by: BTC,
    };
    assert_eq!(fact, expected);
    clearinghouse.next_collateral += 1;
    assert_state(&world.directory().clearinghouse, &clearinghouse);
    let rent = world.chain.rent(8 + size_of::<Collateral>()) + world.chain.rent(TOKEN_ACCOUNT_BYTES);
    assert_eq!(before.0 - lamports(&world, &payer.pubkey()), rent, "the payer pays the rent");
    assert_eq!(before.1, lamports(&world, &world.governance.pubkey()), "the authority pays nothing");
    world.full_check();
}

#[test]
fn its_weight_is_zero_at_listing_and_rises_linearly_over_the_ramp() {
    let mut world = World::with(&WorldOptions { traders: 1, expiry_days: Vec::new(), ..WorldOptions::default() });
    world.wbtc_mint = token::create_mint(&world.chain, "a dollar", 6);
    let terms = CollateralCreateArgs { priced_by: INDEX_NONE, ramp_seconds: 3_600, ..args(0) };
    list(&world, &world.wbtc_mint, terms).expect("list");
    world.deposit_wbtc(0, 1_000_000_000).expect("a thousand dollars");
    let (cash, listed) = (world.account(0).cash, world.chain.time());
    // 1,000 tokens of 1 USD, weight 80 % x seconds / 3,600.
    for (seconds, weight) in [(0, 0), (1, 222), (900, 200_000), (1_800, 400_000), (3_600, 800_000), (9_999, 800_000)] {
        world.chain.set_time(listed + seconds);
        let balances = world.balances_on_chain(0).expect("check");
        assert_eq!(balances.initial, cash + 1_000 * weight, "after {seconds} seconds");
        assert_eq!(balances.maintenance, cash + 1_000 * weight, "after {seconds} seconds");
    }
    world.full_check();
}

#[test]
fn only_the_authority_lists() {
    let world = bare();
    let (mint, payer) = (mint(&world, "wrapped BTC"), payer(&world));
    let guardian = somebody(&world, "guardian");
    edit::<Clearinghouse>(&world, &world.clearinghouse, |state| state.guardian = guardian.pubkey());
    for key in [somebody(&world, "stranger"), guardian] {
        let create =
            instruction::collateral_create(&world.clearinghouse, &key.pubkey(), &payer.pubkey(), &mint, args(0));
        refused(&world, "AuthorityMismatch", || send_signed(&world, create, &[&key, &payer]));
    }
}

#[test]
fn every_index_but_the_next_is_refused_and_none_is_handed_out_twice() {
    let world = bare();
    let [first, second] = ["first", "second"].map(|name| mint(&world, name));
    for index in [1, 2, u16::MAX] {
        let send = || list(&world, &first, args(index));
        refused_numbers(&world, "IndexNotNext", (index.into(), 0), send);
    }
    list(&world, &first, args(0)).expect("the first");
    refused_numbers(&world, "IndexNotNext", (0, 1), || list(&world, &second, args(0)));
    list(&world, &second, args(1)).expect("the second");
    check_listed(&world, &second, 8, &args(1));

    let count = |next| edit::<Clearinghouse>(&world, &world.clearinghouse, |state| state.next_collateral = next);
    let third = mint(&world, "third");
    count(INDEX_NONE - 1);
    simulated(&world, &third, args(INDEX_NONE - 1)).expect("the last index");
    count(INDEX_NONE);
    let none = || list(&world, &third, args(INDEX_NONE));
    refused_numbers(&world, "IndexNotNext", (INDEX_NONE.into(), INDEX_NONE.into()), none);
}

#[test]
fn a_mint_is_listed_once() {
    let world = bare();
    let mint = mint(&world, "wrapped BTC");
    list(&world, &mint, args(0)).expect("list");
    refused(&world, "AccountExists", || list(&world, &mint, args(1)));
}

#[test]
fn a_token_2022_mint_is_refused_by_name() {
    let world = bare();
    let mint = forged_account(&world, "Token-2022 mint", &world.quote_mint, |account| account.owner = TOKEN_2022_ID);
    refused(&world, "Token2022Refused", || list(&world, &mint, args(0)));
}

#[test]
fn an_account_that_is_no_mint_is_refused() {
    let world = bare();
    let vault = world.directory().clearinghouse.vault;
    let uninitialised = forged_account(&world, "uninitialised", &world.quote_mint, |account| account.data[45] = 0);
    let foreign = forged_account(&world, "foreign", &world.quote_mint, |account| account.owner = plimsoll::ID);
    for wrong in [named_address("nothing there"), world.governance.pubkey(), vault, uninitialised, foreign] {
        refused(&world, "NotTokenAccount", || list(&world, &wrong, args(0)));
    }
}

#[test]
fn the_quote_token_is_no_collateral() {
    let world = bare();
    refused(&world, "CollateralIsQuote", || list(&world, &world.quote_mint, args(0)));
}

#[test]
fn a_mint_has_at_most_twelve_decimals() {
    let world = bare();
    for decimals in [13, 18, u8::MAX] {
        let mint = token::create_mint(&world.chain, &format!("mint of {decimals}"), decimals);
        refused_numbers(&world, "MintDecimals", (decimals.into(), 12), || list(&world, &mint, args(0)));
    }
    for (index, decimals) in [(0, 0), (1, 12)] {
        let mint = token::create_mint(&world.chain, &format!("mint of {decimals}"), decimals);
        list(&world, &mint, args(index)).expect("list");
        check_listed(&world, &mint, decimals, &args(index));
    }
}

#[test]
fn an_underlying_that_does_not_exist_prices_nothing() {
    let world = bare();
    let [first, second] = ["first", "second"].map(|name| mint(&world, name));
    for priced_by in [2, 3, u16::MAX - 1] {
        let send = || list(&world, &first, CollateralCreateArgs { priced_by, ..args(0) });
        refused_numbers(&world, "CollateralPriceUnknown", (priced_by.into(), 2), send);
    }
    for (index, mint, priced_by) in [(0, first, SOL), (1, second, INDEX_NONE)] {
        let args = CollateralCreateArgs { priced_by, ..args(index) };
        list(&world, &mint, args).expect("list");
        check_listed(&world, &mint, 8, &args);
    }
}

#[test]
fn weight_ramp_and_cap_are_taken_within_their_hard_ranges_and_refused_beyond() {
    let world = bare();
    let mint = mint(&world, "wrapped BTC");
    check_bounds(BOUNDS, args(0), false, |args| simulated(&world, &mint, args));
    for cap in [i64::MAX.unsigned_abs() + 1, u64::MAX] {
        refused(&world, "ParameterOutOfRange", || list(&world, &mint, CollateralCreateArgs { cap, ..args(0) }));
    }
}

#[test]
fn addresses_that_somebody_funded_beforehand_still_initialise() {
    let world = bare();
    for (index, prefund) in (0u16..).zip(prefunds(&world, TOKEN_ACCOUNT_BYTES)) {
        let mint = mint(&world, &format!("mint {index}"));
        let keys = [address::collateral(&world.clearinghouse, &mint), address::vault(&world.clearinghouse, &mint)];
        keys.iter().for_each(|key| world.chain.airdrop(key, prefund));
        list(&world, &mint, args(index)).expect("list");
        check_listed(&world, &mint, 8, &args(index));
        for (key, bytes) in keys.iter().zip([8 + size_of::<Collateral>(), TOKEN_ACCOUNT_BYTES]) {
            assert_eq!(lamports(&world, key), world.chain.rent(bytes).max(prefund));
        }
    }
}

#[test]
fn collateral_and_vault_stand_at_their_addresses_and_nowhere_else() {
    let world = bare();
    let [mint, other] = ["wrapped BTC", "another"].map(|name| mint(&world, name));
    let create = instruction_of(&world, &mint, args(0));
    for derive in [address::collateral, address::vault] {
        let forged = exchanged(&create, &derive(&world.clearinghouse, &mint), &derive(&world.clearinghouse, &other));
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&world.governance, &payer(&world)]));
    }
    let (collateral, vault) =
        (address::collateral(&world.clearinghouse, &mint), address::vault(&world.clearinghouse, &mint));
    let quote_vault = world.directory().clearinghouse.vault;
    for (own, wrong) in [(vault, quote_vault), (vault, collateral), (collateral, vault)] {
        let forged = exchanged(&create, &own, &wrong);
        refused(&world, "AddressMismatch", || send_signed(&world, forged, &[&world.governance, &payer(&world)]));
    }
}

#[test]
fn authority_and_payer_sign_and_every_account_is_of_its_type() {
    let world = bare();
    let create = instruction_of(&world, &mint(&world, "wrapped BTC"), args(0));
    let payer = payer(&world);
    check_account_list(&world, &create, &[&world.governance, &payer]);
    let version_at = std::mem::offset_of!(Clearinghouse, version);
    check_type(&world, &create, &world.clearinghouse, version_at, &[&world.governance, &payer]);
}
