//! Files that say where everything is: key pairs, the ready file, configurations of the command line and the keeper.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use plimsoll_client::{address, Pubkey};
use serde::{Deserialize, Serialize};
use solana_signer::Signer;

use crate::keys::{self, LIQUIDATOR, TRADERS};
use crate::world::{Market, Wallet, World};

/// Everything a client needs to connect; the ready file is this as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// JSON-RPC address.
    pub rpc_url: String,
    /// Websocket address.
    pub ws_url: String,
    /// Where to post `{"pubkey": "..."}` for SOL and tokens.
    pub faucet_url: String,
    /// Program id.
    pub program: String,
    /// The clearinghouse.
    pub clearinghouse: String,
    /// Mint of the quote token.
    pub quote_mint: String,
    /// Mint of the collateral token.
    pub collateral_mint: String,
    /// Configuration file of the command line.
    pub cli_config: PathBuf,
    /// Configuration file of the liquidator.
    pub keeper_config: PathBuf,
    /// What is traded.
    pub underlyings: Vec<ReadyMarket>,
    /// Who trades.
    pub wallets: Vec<ReadyWallet>,
}

/// One underlying.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadyMarket {
    /// `BTC` or `SOL`.
    pub symbol: String,
    /// Index in the clearinghouse.
    pub index: u16,
    /// Its account.
    pub address: String,
    /// Its accepted price.
    pub oracle: String,
    /// Account to which the price feed is published.
    pub price_update: String,
    /// Expiry times, unix seconds, ascending.
    pub expiries: Vec<i64>,
    /// Strikes, quote atoms, by strike id.
    pub strikes: Vec<i64>,
}

/// One wallet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadyWallet {
    /// Its name.
    pub name: String,
    /// Its key.
    pub pubkey: String,
    /// Its key pair file.
    pub keypair: PathBuf,
    /// Its quote token account.
    pub token_account: String,
    /// Its margin account, if it has one.
    pub margin_account: Option<String>,
}

impl Ready {
    /// Writes the key pairs and both configurations into `folder`; `speed` is in chain seconds per second.
    ///
    /// Errors: a file that cannot be written.
    pub fn new(
        folder: &Path,
        (rpc_url, ws_url, faucet_url): (&str, &str, &str),
        world: &World,
        speed: u32,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create folder {}", folder.display()))?;
        let folder = folder.canonicalize().with_context(|| format!("folder {}", folder.display()))?;
        let wallets = world.wallets.iter().map(|wallet| ready_wallet(&folder, wallet)).collect::<Result<_>>()?;
        let ready = Self {
            rpc_url: rpc_url.to_owned(),
            ws_url: ws_url.to_owned(),
            faucet_url: faucet_url.to_owned(),
            program: plimsoll::ID.to_string(),
            clearinghouse: world.clearinghouse.to_string(),
            quote_mint: world.quote.mint.to_string(),
            collateral_mint: world.collateral.mint.to_string(),
            cli_config: folder.join("cli.toml"),
            keeper_config: folder.join("liquidator.toml"),
            underlyings: world.markets.iter().map(ready_market).collect(),
            wallets,
        };
        write(&ready.cli_config, &ready.cli_toml()?)?;
        write(&ready.keeper_config, &ready.keeper_toml(speed)?)?;
        Ok(ready)
    }

    /// The wallet called `name`. Errors: there is none.
    pub fn wallet(&self, name: &str) -> Result<&ReadyWallet> {
        self.wallets.iter().find(|wallet| wallet.name == name).with_context(|| format!("no wallet called {name}"))
    }

    /// Writes the ready file, whole or not at all. Errors: it cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create folder {}", folder.display()))?;
        }
        let unfinished = file.with_extension("unfinished");
        write(&unfinished, &(serde_json::to_string_pretty(self)? + "\n"))?;
        std::fs::rename(&unfinished, file).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Commands to paste.
    pub fn lines(&self) -> Vec<String> {
        let global = format!("target/host/plimsoll --url {} --clearinghouse {}", self.rpc_url, self.clearinghouse);
        let config = self.cli_config.display();
        let key = self.wallets.first().map_or_else(String::new, |wallet| wallet.pubkey.clone());
        let body = format!("{{\"pubkey\": \"{key}\"}}");
        vec![
            format!("{global} status"),
            format!("target/host/plimsoll --config {config} expiry list"),
            format!("target/host/plimsoll --config {config} account show 0"),
            format!("target/host/plimsoll --config {config} margin show 0"),
            format!("target/host/plimsoll-liquidator --config {}", self.keeper_config.display()),
            format!("curl {} -H 'content-type: application/json' -d '{body}'", self.faucet_url),
        ]
    }

    fn cli_toml(&self) -> Result<String> {
        let trader = &self.wallet(TRADERS[0])?.keypair;
        let names: String = self.underlyings.iter().map(|u| format!("{} = {}\n", u.symbol, u.index)).collect();
        Ok(format!(
            "# Written by plimsoll-localnet.\nurl = {:?}\nclearinghouse = {:?}\nkeypair = {:?}\n\n[underlyings]\n{}",
            self.rpc_url, self.clearinghouse, trader, names
        ))
    }

    /// An action is signed for a real minute, whatever the speed.
    fn keeper_toml(&self, speed: u32) -> Result<String> {
        let keypair = &self.wallet(LIQUIDATOR)?.keypair;
        let valid_seconds = i64::from(speed).saturating_mul(60);
        Ok(format!(
            "# Written by plimsoll-localnet.\nurl = {:?}\nws_url = {:?}\nclearinghouse = {:?}\nkeypair = {keypair:?}\n\
             account_id = 0\ninterval_seconds = 1\n\n[policy]\nvalid_seconds = {valid_seconds}\n",
            self.rpc_url, self.ws_url, self.clearinghouse
        ))
    }
}

fn ready_market(market: &Market) -> ReadyMarket {
    ReadyMarket {
        symbol: market.symbol.to_owned(),
        index: market.index,
        address: market.feed.underlying.to_string(),
        oracle: address::oracle(&market.feed.underlying).to_string(),
        price_update: market.feed.update.to_string(),
        expiries: market.expiries.clone(),
        strikes: market.strikes.clone(),
    }
}

fn ready_wallet(folder: &Path, wallet: &Wallet) -> Result<ReadyWallet> {
    Ok(ReadyWallet {
        name: wallet.name.to_owned(),
        pubkey: wallet.keypair.pubkey().to_string(),
        keypair: keys::write(folder, wallet.name, &wallet.keypair)?,
        token_account: wallet.token_account.to_string(),
        margin_account: wallet.margin_account.as_ref().map(Pubkey::to_string),
    })
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
