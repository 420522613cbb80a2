//! SPL Token mints and token accounts on the embedded chain, in the token program's own byte layout.

use anchor_lang::solana_program::{program_option::COption, program_pack::Pack};
use anchor_spl::token::spl_token::state::{Account as TokenAccount, AccountState, Mint};
use plimsoll_client::address;
use solana_account::Account;
use solana_program::pubkey::Pubkey;

use crate::chain::{named_address, Chain};

/// Creates a mint at an address that is the same for the same `name`, without a freeze authority.
pub fn create_mint(chain: &Chain, name: &str, decimals: u8) -> Pubkey {
    let mint = Mint {
        mint_authority: COption::Some(named_address("mint authority")),
        supply: 0,
        decimals,
        is_initialized: true,
        freeze_authority: COption::None,
    };
    let address = named_address(name);
    write(chain, &address, &mint);
    address
}

/// Gives `owner` `amount` atoms of `mint` in its associated token account, created if need be, and returns that
/// account's address.
pub fn mint_to(chain: &Chain, mint: &Pubkey, owner: &Pubkey, amount: u64) -> Pubkey {
    let address = create_account(chain, mint, owner);
    mint_to_account(chain, mint, &address, amount);
    address
}

/// Creates `owner`'s associated token account of `mint`, empty, unless it is there.
pub fn create_account(chain: &Chain, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    let address = address::token_account(owner, mint);
    if chain.raw(&address).is_none_or(|account| account.lamports == 0) {
        let account = TokenAccount {
            mint: *mint,
            owner: *owner,
            amount: 0,
            delegate: COption::None,
            state: AccountState::Initialized,
            is_native: COption::None,
            delegated_amount: 0,
            close_authority: COption::None,
        };
        write(chain, &address, &account);
    }
    address
}

/// Mints into any token account: also a donation to a vault. Panics if either account is not there.
pub fn mint_to_account(chain: &Chain, mint: &Pubkey, account: &Pubkey, amount: u64) {
    edit::<Mint>(chain, mint, |state| state.supply = state.supply.saturating_add(amount));
    edit::<TokenAccount>(chain, account, |state| state.amount = state.amount.saturating_add(amount));
}

/// Freezes or thaws a token account, as the mint's freeze authority could. Panics if it is not there.
pub fn set_frozen(chain: &Chain, account: &Pubkey, frozen: bool) {
    edit::<TokenAccount>(chain, account, |state| {
        state.state = if frozen { AccountState::Frozen } else { AccountState::Initialized };
    });
}

/// Changes a mint or token account in place. Panics if it is not one.
pub fn edit<T: Pack + anchor_lang::solana_program::program_pack::IsInitialized>(
    chain: &Chain,
    address: &Pubkey,
    change: impl FnOnce(&mut T),
) {
    chain.edit_raw(address, |account| {
        let mut state = T::unpack(&account.data).unwrap_or_else(|e| panic!("{address} is no token state: {e}"));
        change(&mut state);
        T::pack(state, &mut account.data).unwrap_or_else(|e| panic!("{address} does not pack: {e}"));
    });
}

/// Atoms in a token account; 0 if it is not there.
pub fn balance(chain: &Chain, account: &Pubkey) -> u64 {
    chain.raw(account).and_then(|a| TokenAccount::unpack(&a.data).ok()).map_or(0, |t| t.amount)
}

fn write<T: Pack>(chain: &Chain, address: &Pubkey, state: &T) {
    let mut data = vec![0; T::LEN];
    state.pack_into_slice(&mut data);
    let lamports = chain.rent(T::LEN);
    chain.set_raw(
        address,
        Account { lamports, data, owner: anchor_spl::token::ID, executable: false, rent_epoch: u64::MAX },
    );
}
