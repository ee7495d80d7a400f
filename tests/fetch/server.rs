//! A web server on the loopback that behaves as badly as a test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// First line, for example `GET /file.bin HTTP/1.1`.
    pub line: String,
    /// First byte of the range asked for.
    pub from: Option<usize>,
    /// The version that the range must be of.
    pub if_range: Option<String>,
}

/// What the server does with it.
pub struct Reply {
    /// Status and headers.
    pub head: String,
    /// What is sent after the head.
    pub body: Vec<u8>,
    /// Time between the pieces of the body, of 4096 bytes each.
    pub slowness: Duration,
    /// Time before the connection is closed.
    pub linger: Duration,
}

impl Reply {
    /// Any status, with further headers (each ended by `\r\n`), and a body of the announced length.
    pub fn new(status: &str, headers: &str, body: &[u8]) -> Self {
        let length = format!("Content-Length: {}\r\n", body.len());
        Self::raw(status, &format!("{length}{headers}"), body)
    }

    /// The same without a length, unless `headers` have one.
    pub fn raw(status: &str, headers: &str, body: &[u8]) -> Self {
        Self {
            head: format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n"),
            body: body.to_vec(),
            slowness: Duration::ZERO,
            linger: Duration::ZERO,
        }
    }

    /// The part of `content` that was asked for, or all of it, of the version `etag`.
    pub fn part(request: &Request, content: &[u8], etag: &str) -> Self {
        let headers = format!("ETag: \"{etag}\"\r\n");
        let is_same = request
            .if_range
            .as_ref()
            .is_none_or(|wanted| *wanted == format!("\"{etag}\""));
        match request.from.filter(|from| is_same && *from < content.len()) {
            None => Self::new("200 OK", &headers, content),
            Some(from) => {
                let range = format!(
                    "Content-Range: bytes {from}-{}/{}\r\n",
                    content.len() - 1,
                    content.len()
                );
                Self::new("206 Partial Content", &(headers + &range), &content[from..])
            }
        }
    }

    /// The same head, but only `sent` bytes come.
    pub fn cut(mut self, sent: usize) -> Self {
        self.body.truncate(sent);
        self
    }

    /// The connection stays open for `time` after the last byte.
    pub fn lingering(self, time: Duration) -> Self {
        Self { linger: time, ..self }
    }

    /// 4096 bytes each `time`.
    pub fn slowly(self, time: Duration) -> Self {
        Self {
            slowness: time,
            ..self
        }
    }
}

/// A running server; its thread ends with the test's process.
pub struct Server {
    /// Its address, without a stroke at the end.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it and of the number of requests before it.
    pub fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (asked, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(request) = read_request(&stream) else {
                        return;
                    };
                    let mut asked = asked.lock().expect("no test panics here");
                    let number = asked.len();
                    asked.push(request.clone());
                    drop(asked);
                    // The client may have gone.
                    let _ = send(stream, &answer(number, &request));
                });
            }
        });
        Ok(Self { url, requests })
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics here").clone()
    }
}

/// The request on `stream`. A client that takes the server for a proxy first asks for a tunnel, and gets one that ends
/// here.
fn read_request(stream: &TcpStream) -> Option<Request> {
    let request = read_head(stream)?;
    if !request.line.starts_with("CONNECT ") {
        return Some(request);
    }
    let mut client = stream;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    read_head(stream)
}

fn read_head(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let mut request = Request {
        line: lines.next()?.ok()?,
        from: None,
        if_range: None,
    };
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(request);
        }
        let (name, value) = line.split_once(':')?;
        match name.to_lowercase().as_str() {
            "range" => {
                let from = value
                    .trim()
                    .strip_prefix("bytes=")
                    .and_then(|range| range.strip_suffix('-'));
                request.from = Some(from?.parse().ok()?);
            }
            "if-range" => request.if_range = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    None
}

fn send(mut stream: TcpStream, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(reply.head.as_bytes())?;
    for piece in reply.body.chunks(4096) {
        stream.write_all(piece)?;
        std::thread::sleep(reply.slowness);
    }
    std::thread::sleep(reply.linger);
    stream.shutdown(Shutdown::Both)
}
