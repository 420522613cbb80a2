//! The websocket that wakes a keeper: a subscription to every account of the program, kept up for as long as the
//! keeper runs. What a notification says does not matter; the keeper then reads everything over RPC.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::{PubsubClient, PubsubClientError};
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};
use tracing::{info, warn};

use super::alarm::Alarm;
use crate::metrics;

/// Pause before the first attempt to reconnect; doubled with every further one.
const RECONNECT: Duration = Duration::from_secs(1);
/// Longest such pause.
const RECONNECT_MAX: Duration = Duration::from_secs(60);
/// How long connecting and subscribing may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a watch ended.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Client(#[from] PubsubClientError),
    #[error("no answer within {PATIENCE:?}")]
    Silent,
    #[error("the node closed the connection")]
    Closed,
}

/// Rings `alarm` at every change of an account of the program, over the websocket at `url`; connects again whenever
/// the connection ends, and never returns.
pub async fn watch(url: String, alarm: Arc<Alarm>) {
    let mut pause = RECONNECT;
    loop {
        let mut subscribed = false;
        let ended = follow(&url, &alarm, &mut subscribed).await;
        if subscribed {
            pause = RECONNECT;
        }
        alarm.watch(false);
        metrics::watched(false);
        warn!("websocket {url}: {ended}; polling meanwhile, next try in {} s", pause.as_secs());
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(RECONNECT_MAX);
    }
}

/// One connection, until it ends.
async fn follow(url: &str, alarm: &Alarm, subscribed: &mut bool) -> WatchError {
    match connection(url, alarm, subscribed).await {
        Ok(()) => WatchError::Closed,
        Err(error) => error,
    }
}

async fn connection(url: &str, alarm: &Alarm, subscribed: &mut bool) -> Result<(), WatchError> {
    let client = tokio::time::timeout(PATIENCE, PubsubClient::new(url)).await.map_err(|_| WatchError::Silent)??;
    let config = RpcProgramAccountsConfig {
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            // Only that something changed matters.
            data_slice: Some(UiDataSliceConfig { offset: 0, length: 8 }),
            commitment: Some(CommitmentConfig::confirmed()),
            min_context_slot: None,
        },
        ..RpcProgramAccountsConfig::default()
    };
    let subscription = client.program_subscribe(&plimsoll::ID, Some(config));
    let (mut changes, _) = tokio::time::timeout(PATIENCE, subscription).await.map_err(|_| WatchError::Silent)??;
    *subscribed = true;
    alarm.watch(true);
    metrics::watched(true);
    info!("websocket {url}: watching for changes");
    while changes.next().await.is_some() {
        alarm.change();
    }
    Ok(())
}
