//! An HTTP server that gives one answer to every request: an endpoint that lies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// A running server; it ends with the test process.
pub struct Server {
    pub url: String,
}

impl Server {
    /// Answers every request with `answer` and status 200.
    pub fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = answer.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that hangs up early has read enough.
                let _ = respond(stream, &answer);
            }
        });
        Self { url }
    }
}

fn respond(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let head = format!("content-type: application/json\r\ncontent-length: {}\r\nconnection: close", answer.len());
    write!(reader.into_inner(), "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{answer}")
}
