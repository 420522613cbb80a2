//! A JSON-RPC node that serves a recorded view, as it is or with a lie in it.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::{prelude::BASE64_STANDARD, Engine};
use plimsoll_client::status::kind_of;
use plimsoll_keeper::feed::image::Image;
use plimsoll_keeper::feed::recorded::{Frame, Recorded};
use plimsoll_tests::chain::workspace_path;
use serde_json::{json, Value};
use solana_account::Account;
use solana_program::pubkey::Pubkey;

/// The recording of a default: its first plan starts an auction.
pub fn golden() -> PathBuf {
    workspace_path("tests/golden/keeper.jsonl")
}

/// Its first plan.
pub fn first_frame() -> Frame {
    Recorded::open(&golden()).unwrap().frame().unwrap().unwrap()
}

/// What a node says instead of the truth.
#[derive(Clone, Debug)]
pub enum Lie {
    /// Nothing: it tells the truth.
    None,
    /// What is no JSON.
    Garbage,
    /// HTTP 500.
    ServerError,
    /// A JSON-RPC error.
    Error,
    /// It takes the request and is silent.
    Silence,
    /// Every account of a type is changed.
    Changed(&'static str, fn(&mut Account)),
    /// Accounts of a type are not there.
    Hidden(&'static str),
    /// The data of two margin accounts change places.
    Swapped,
}

/// A running node.
pub struct Node {
    pub url: String,
    lie: Arc<Mutex<Lie>>,
    requests: Arc<Requests>,
}

/// How often it was asked.
#[derive(Default)]
pub struct Requests {
    pub all: AtomicUsize,
    pub simulated: AtomicUsize,
    pub sent: AtomicUsize,
}

impl Node {
    /// Serves `image` on a free port, for as long as the process lives.
    pub fn start(image: Image, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (lie, requests) = (Arc::new(Mutex::new(lie)), Arc::new(Requests::default()));
        let node = Self { url, lie: Arc::clone(&lie), requests: Arc::clone(&requests) };
        let image = Arc::new(image);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (image, lie, requests) = (Arc::clone(&image), Arc::clone(&lie), Arc::clone(&requests));
                std::thread::spawn(move || serve(stream, &image, &lie, &requests));
            }
        });
        node
    }

    /// Changes what it says from now on.
    pub fn say(&self, lie: Lie) {
        *self.lie.lock().unwrap() = lie;
    }

    pub fn asked(&self) -> usize {
        self.requests.all.load(Ordering::SeqCst)
    }

    pub fn simulated(&self) -> usize {
        self.requests.simulated.load(Ordering::SeqCst)
    }

    pub fn sent(&self) -> usize {
        self.requests.sent.load(Ordering::SeqCst)
    }
}

/// Answers every request of a connection.
fn serve(stream: TcpStream, image: &Image, lie: &Mutex<Lie>, requests: &Requests) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        requests.all.fetch_add(1, Ordering::SeqCst);
        let method = request["method"].as_str().unwrap_or_default();
        match method {
            "simulateTransaction" => requests.simulated.fetch_add(1, Ordering::SeqCst),
            "sendTransaction" => requests.sent.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        let lie = lie.lock().unwrap().clone();
        let (status, body) = match lie {
            Lie::Garbage => ("200 OK", "<html>cdn says hello</html>".to_owned()),
            Lie::ServerError => ("500 Internal Server Error", "oops".to_owned()),
            Lie::Silence => {
                std::thread::park();
                return;
            }
            Lie::Error => ("200 OK", answer(&request, json!({"code": -32005, "message": "Node is behind"}), "error")),
            lie => match result(method, &request["params"], image, &lie) {
                Ok(value) => ("200 OK", answer(&request, value, "result")),
                Err(error) => ("200 OK", answer(&request, error, "error")),
            },
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: &Value, value: Value, key: &str) -> String {
    json!({"jsonrpc": "2.0", "id": request["id"], key: value}).to_string()
}

fn read_request(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The answer of a node that tells the truth but for `lie`; `Err`: a JSON-RPC error.
fn result(method: &str, params: &Value, image: &Image, lie: &Lie) -> Result<Value, Value> {
    let in_context = |value: Value| json!({"context": {"slot": image.slot, "apiVersion": "4.2.2"}, "value": value});
    let find = |key: &Value| shown(&Pubkey::from_str(key.as_str().unwrap()).unwrap(), image, lie);
    match method {
        "getAccountInfo" => Ok(in_context(find(&params[0]))),
        "getMultipleAccounts" => Ok(in_context(params[0].as_array().unwrap().iter().map(find).collect())),
        "getProgramAccounts" => Ok(program_accounts(params, image, lie)),
        "getLatestBlockhash" => Ok(in_context(
            json!({"blockhash": Pubkey::new_from_array([9; 32]).to_string(), "lastValidBlockHeight": 100}),
        )),
        "simulateTransaction" => Ok(in_context(json!({"err": null, "logs": [], "unitsConsumed": 50_000}))),
        "sendTransaction" => Err(json!({"code": -32000, "message": "this node only pretends"})),
        other => Err(json!({"code": -32601, "message": format!("no method {other}")})),
    }
}

fn program_accounts(params: &Value, image: &Image, lie: &Lie) -> Value {
    let filters = params[1]["filters"].as_array().unwrap();
    let passes = |account: &Account| {
        filters.iter().all(|filter| {
            let memcmp = &filter["memcmp"];
            let offset = usize::try_from(memcmp["offset"].as_u64().unwrap()).unwrap();
            account.data.get(offset..).is_some_and(|rest| rest.starts_with(&bytes_of(memcmp)))
        })
    };
    let found = image.accounts.iter().filter(|(_, account)| account.owner == plimsoll::ID && passes(account));
    let mut rows: Vec<(Pubkey, Value)> = found.map(|(address, _)| (*address, shown(address, image, lie))).collect();
    if matches!(lie, Lie::Swapped) && rows.len() > 1 {
        let first = rows[0].1.clone();
        rows[0].1 = std::mem::replace(&mut rows[1].1, first);
    }
    rows.retain(|(_, account)| !account.is_null());
    rows.into_iter().map(|(address, account)| json!({"pubkey": address.to_string(), "account": account})).collect()
}

/// The bytes of a memory comparison, which the client may write as text or as numbers.
fn bytes_of(memcmp: &Value) -> Vec<u8> {
    match &memcmp["bytes"] {
        Value::Array(numbers) => numbers.iter().map(|n| u8::try_from(n.as_u64().unwrap()).unwrap()).collect(),
        Value::String(text) => BASE64_STANDARD.decode(text).unwrap(),
        other => panic!("filter bytes {other}"),
    }
}

/// An account as the node shows it, with the lie; null if there is none.
fn shown(address: &Pubkey, image: &Image, lie: &Lie) -> Value {
    let clock = Pubkey::from_str("SysvarC1ock11111111111111111111111111111111").unwrap();
    let mut account = match image.accounts.get(address) {
        Some(account) => account.clone(),
        None if *address == clock => clock_account(image),
        None => return Value::Null,
    };
    match lie {
        Lie::Changed(kind, change) if kind_of(&account.data) == Some(kind) => change(&mut account),
        Lie::Hidden(kind) if kind_of(&account.data) == Some(kind) => return Value::Null,
        _ => {}
    }
    json!({
        "lamports": account.lamports,
        "owner": account.owner.to_string(),
        "data": [BASE64_STANDARD.encode(&account.data), "base64"],
        "executable": false,
        "rentEpoch": 0,
        "space": account.data.len(),
    })
}

fn clock_account(image: &Image) -> Account {
    let time = image.time.to_le_bytes();
    let data = [image.slot.to_le_bytes(), [0; 8], [0; 8], [0; 8], time].concat();
    Account { lamports: 1, data, ..Account::default() }
}
