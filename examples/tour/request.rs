//! What a request head says, or the status that refuses it. Pure: bytes in, `Request` out.
use httparse::{EMPTY_HEADER, Error, Header};
use std::fmt;

/// More header lines than any client sends.
const MOST_HEADERS: usize = 64;

/// A status line's code and reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Status(&'static str);

pub(crate) const OK: Status = Status("200 OK");
pub(crate) const MOVED: Status = Status("301 Moved Permanently");
pub(crate) const BAD_REQUEST: Status = Status("400 Bad Request");
pub(crate) const NOT_FOUND: Status = Status("404 Not Found");
pub(crate) const METHOD_NOT_ALLOWED: Status = Status("405 Method Not Allowed");
pub(crate) const URI_TOO_LONG: Status = Status("414 URI Too Long");
pub(crate) const HEAD_TOO_LARGE: Status = Status("431 Request Header Fields Too Large");
pub(crate) const VERSION_NOT_SUPPORTED: Status = Status("505 HTTP Version Not Supported");

#[derive(Debug, PartialEq)]
pub(crate) enum Method {
    Get,
    Head,
    Other,
}

/// What follows the head on the wire.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    /// This many bytes, then the next request.
    Length(usize),
    /// Something this server does not read (chunks, or a client that waits for `100 Continue`).
    Unreadable,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) body: Body,
    pub(crate) keep_alive: bool,
}

impl Request {
    /// Reads the head at the start of `bytes`; also says how long it is. `None` while it is incomplete.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Status> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(Error::TooManyHeaders) => return Err(HEAD_TOO_LARGE),
            Err(Error::Version) if names_a_version(bytes) => return Err(VERSION_NOT_SUPPORTED),
            Err(_) => return Err(BAD_REQUEST),
        };
        let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version)
        else {
            return Err(BAD_REQUEST);
        };
        let hosts = values(head.headers, "Host").count();
        if hosts > 1 || (hosts == 0 && minor >= 1) {
            return Err(BAD_REQUEST);
        }
        let says = |option: &str| {
            let mut options = values(head.headers, "Connection").flat_map(|value| value.split(','));
            options.any(|said| said.trim().eq_ignore_ascii_case(option))
        };
        let request = Self {
            method: match method {
                "GET" => Method::Get,
                "HEAD" => Method::Head,
                _ => Method::Other,
            },
            target: target.to_owned(),
            body: body(head.headers)?,
            keep_alive: !says("close") && (minor >= 1 || says("keep-alive")),
        };
        Ok(Some((request, length)))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn body(headers: &[Header<'_>]) -> Result<Body, Status> {
    let mut length = None;
    for value in values(headers, "Content-Length") {
        // `parse` alone would take "+1".
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let said: usize = value.parse().ok().filter(|_| digits).ok_or(BAD_REQUEST)?;
        if length.replace(said).is_some_and(|before| before != said) {
            return Err(BAD_REQUEST);
        }
    }
    let unreadable = ["Transfer-Encoding", "Expect"]
        .iter()
        .any(|name| values(headers, name).next().is_some());
    Ok(if unreadable {
        Body::Unreadable
    } else {
        Body::Length(length.unwrap_or(0))
    })
}

/// The values of all lines of this name. A value that is not text counts as empty.
fn values<'h>(headers: &'h [Header<'_>], name: &str) -> impl Iterator<Item = &'h str> {
    let lines = headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name));
    lines.map(|header| str::from_utf8(header.value).unwrap_or("").trim())
}

/// Whether the request line ends in `HTTP/` and digits: well formed, only not a version spoken here.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes.trim_ascii_start().split(|&byte| byte == b'\n').next();
    let word = line.and_then(|line| line.trim_ascii_end().rsplit(|&byte| byte == b' ').next());
    let Some(version) = word.and_then(|word| word.strip_prefix(b"HTTP/")) else {
        return false;
    };
    !version.is_empty()
        && version
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}
