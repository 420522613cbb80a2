//! SPL Token mints of the local chain, and who mints them.

use std::sync::Arc;

use anchor_spl::token::spl_token::instruction::mint_to_checked;
use anchor_spl::token::spl_token::state::Mint;
use anyhow::{anyhow, bail, Context, Result};
use plimsoll_client::address;
use plimsoll_client::ledger::{Ledger, SendOptions};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_program::{program_option::COption, program_pack::Pack, pubkey::Pubkey};
use solana_signer::Signer;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;

use crate::chain::Chain;
use crate::immediate::Immediate;

/// Decimals of the quote token.
pub const QUOTE_DECIMALS: u8 = 6;
/// Decimals of the collateral token.
pub const COLLATERAL_DECIMALS: u8 = 9;
/// Atoms of one quote token.
pub const QUOTE_UNIT: u64 = 1_000_000;
/// Lamports of one SOL.
pub const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
/// What the faucet's own wallet starts with, SOL.
const FAUCET_SOL: u64 = 1_000;
/// Most SOL one request gives; the chain has a million to give in all.
const SOL_MAX: u64 = 1_000;

/// A mint and its decimals.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// The mint.
    pub mint: Pubkey,
    /// Its decimals.
    pub decimals: u8,
}

/// Gives SOL and tokens to anyone; the authority of both mints.
pub struct Faucet {
    chain: Arc<Chain>,
    ledger: Immediate,
    wallet: Keypair,
    /// The quote token.
    pub quote: Token,
    /// The collateral token, priced as SOL.
    pub collateral: Token,
}

impl Faucet {
    /// Creates both mints. `key` gives the key pair of a name. Errors: the chain refuses an account.
    pub fn open(chain: Arc<Chain>, key: impl Fn(&str) -> Keypair) -> Result<Self> {
        let wallet = key("faucet");
        let quote = Token { mint: key("quote mint").pubkey(), decimals: QUOTE_DECIMALS };
        let collateral = Token { mint: key("collateral mint").pubkey(), decimals: COLLATERAL_DECIMALS };
        chain.airdrop(&wallet.pubkey(), FAUCET_SOL * LAMPORTS_PER_SOL)?;
        for token in [quote, collateral] {
            let mint = Mint {
                mint_authority: COption::Some(wallet.pubkey()),
                supply: 0,
                decimals: token.decimals,
                is_initialized: true,
                freeze_authority: COption::None,
            };
            let mut data = vec![0; Mint::LEN];
            Mint::pack(mint, &mut data).map_err(|e| anyhow!("mint {}: {e}", token.mint))?;
            let (lamports, owner) = (chain.rent(Mint::LEN), anchor_spl::token::ID);
            chain
                .set_account(&token.mint, Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX })?;
        }
        Ok(Self { ledger: chain.ledger(), chain, wallet, quote, collateral })
    }

    /// Gives `owner` some SOL. Errors: more than 1,000 SOL at once, or the chain refuses.
    pub fn give_sol(&self, owner: &Pubkey, sol: u64) -> Result<()> {
        if sol > SOL_MAX {
            bail!("{sol} SOL asked for, at most {SOL_MAX} are given at once");
        }
        if sol == 0 {
            return Ok(());
        }
        self.chain.airdrop(owner, sol.saturating_mul(LAMPORTS_PER_SOL))
    }

    /// Mints `amount` atoms of `token` into the associated token account of `owner`, created if need be; returns that
    /// account. Errors: the token program refuses.
    pub fn give(&self, token: Token, owner: &Pubkey, amount: u64) -> Result<Pubkey> {
        let (payer, program) = (self.wallet.pubkey(), anchor_spl::token::ID);
        let account = address::token_account(owner, &token.mint);
        let create = create_associated_token_account_idempotent(&payer, owner, &token.mint, &program);
        let mint = mint_to_checked(&program, &token.mint, &account, &payer, &[], amount, token.decimals)
            .with_context(|| format!("{amount} atoms of {}", token.mint))?;
        self.ledger.send(&[create, mint], &[&self.wallet], &SendOptions::default())?;
        Ok(account)
    }
}
