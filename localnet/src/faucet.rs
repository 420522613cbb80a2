//! The faucet over HTTP: `POST /faucet` with `{"pubkey": "...", "sol": 10, "quote": 100000, "collateral": 0}`; all but
//! the key may be left out. Answers with what was given, or with `{"error": "..."}` and status 400.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use plimsoll_client::Pubkey;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::chain::{free_port, HOST};
use crate::tokens::Faucet;

/// What a request gives when it does not say: SOL, whole quote tokens, whole collateral tokens.
const DEFAULT_GIFT: (u64, u64, u64) = (10, 100_000, 0);

/// A running faucet server.
pub struct FaucetServer {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// A request.
#[derive(Deserialize)]
struct Request {
    pubkey: String,
    sol: Option<u64>,
    quote: Option<u64>,
    collateral: Option<u64>,
}

/// An answer: whole units.
#[derive(Serialize)]
struct Given {
    pubkey: String,
    sol: u64,
    quote: u64,
    collateral: u64,
    quote_account: Option<String>,
    collateral_account: Option<String>,
}

impl FaucetServer {
    /// Listens on `port`; 0: any free one. Errors: the port is in use.
    pub fn start(faucet: Arc<Faucet>, port: u16) -> Result<Self> {
        let address = SocketAddr::new(HOST, free_port(port, "--faucet-port")?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("threads for the faucet")?;
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(address))
            .with_context(|| format!("the faucet cannot listen on {address}"))?;
        let routes = Router::new().route("/faucet", post(give)).route("/health", get(|| async { "ok" }));
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, routes.with_state(faucet)).with_graceful_shutdown(async {
            stopped.await.ok();
        });
        let thread = std::thread::Builder::new().name("faucet".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve.into_future()) {
                tracing::error!("the faucet ended: {error}");
            }
        })?;
        Ok(Self { url: format!("http://{address}/faucet"), stop: Some(stop), thread: Some(thread) })
    }

    /// Where to post to.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for FaucetServer {
    /// Stops listening and waits for requests under way.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn give(State(faucet): State<Arc<Faucet>>, Json(request): Json<Request>) -> Response {
    // The chain's functions block: they may not run on the server's own threads.
    let given = tokio::task::spawn_blocking(move || gift(&faucet, &request)).await;
    match given {
        Ok(Ok(given)) => Json(given).into_response(),
        Ok(Err(error)) => refused(format!("{error:#}")),
        Err(error) => refused(error.to_string()),
    }
}

fn refused(error: String) -> Response {
    (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": error }))).into_response()
}

fn gift(faucet: &Faucet, request: &Request) -> Result<Given> {
    let owner: Pubkey = request
        .pubkey
        .parse()
        .with_context(|| format!("pubkey `{}` is not a base-58 key of 32 bytes", request.pubkey))?;
    let (sol, quote, collateral) = DEFAULT_GIFT;
    let sol = request.sol.unwrap_or(sol);
    let quote = request.quote.unwrap_or(quote);
    let collateral = request.collateral.unwrap_or(collateral);
    faucet.give_sol(&owner, sol)?;
    let tokens = |token: crate::tokens::Token, whole: u64| -> Result<Option<String>> {
        if whole == 0 {
            return Ok(None);
        }
        let atoms = whole
            .checked_mul(10_u64.pow(u32::from(token.decimals)))
            .with_context(|| format!("{whole} whole tokens are more than a token account holds"))?;
        Ok(Some(faucet.give(token, &owner, atoms)?.to_string()))
    };
    let quote_account = tokens(faucet.quote, quote)?;
    let collateral_account = tokens(faucet.collateral, collateral)?;
    Ok(Given { pubkey: owner.to_string(), sol, quote, collateral, quote_account, collateral_account })
}
