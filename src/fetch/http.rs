//! One request over HTTP.

use super::Patience;
use super::proxy::proxy_for;
use std::io::Read;
use ureq::Error as HttpError;
use ureq::http::header::{CONTENT_RANGE, ETAG, HeaderName};

/// Redirects that are followed.
const MAX_REDIRECTS: u32 = 8;

/// Why a request brought nothing.
pub(super) enum Failure {
    /// It may work the next time.
    Passing(String),
    /// It will not, at this address.
    Lasting(String),
}

/// What a server answers.
pub(super) struct Answer {
    pub status: u16,
    /// The strong name of the file's version.
    pub etag: Option<String>,
    /// Bytes that it announces to send.
    pub announced: Option<u64>,
    /// Where the bytes begin in the file, and how many that has, in a part of it.
    pub range: Option<(u64, Option<u64>)>,
    pub body: Box<dyn Read>,
}

/// Asks for `url` from byte `from` on; only if the file is still of version `etag`, where that is given.
pub(super) fn get(url: &str, from: u64, etag: Option<&str>, patience: &Patience) -> Result<Answer, Failure> {
    let proxy = proxy_for(url, |name| std::env::var(name).ok()).map_err(Failure::Lasting)?;
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(MAX_REDIRECTS)
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.stall))
        .timeout_per_read(Some(patience.stall))
        .user_agent(concat!("crossmax/", env!("CARGO_PKG_VERSION")))
        // The bytes of the file itself are counted and hashed.
        .accept_encoding("identity")
        .proxy(proxy)
        .build()
        .new_agent();
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
        if let Some(etag) = etag {
            request = request.header("If-Range", etag);
        }
    }
    let response = request.call().map_err(failure)?;
    let text = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    Ok(Answer {
        status: response.status().as_u16(),
        // A weak one does not promise the same bytes.
        etag: text(ETAG).filter(|etag| etag.starts_with('"')),
        announced: response.body().content_length(),
        range: text(CONTENT_RANGE).as_deref().and_then(parse_range),
        body: Box::new(response.into_body().into_reader()),
    })
}

fn failure(error: HttpError) -> Failure {
    let reason = error.to_string().replace('\n', " ");
    match error {
        HttpError::Io(_) | HttpError::Timeout(_) | HttpError::ConnectionFailed | HttpError::Protocol(_) => {
            Failure::Passing(reason)
        }
        _ => Failure::Lasting(reason),
    }
}

/// First byte and whole length from `bytes 5-9/10`; the length may be `*`.
fn parse_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, whole) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, whole.trim().parse().ok()))
}
