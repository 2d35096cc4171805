//! The server: HTTP/1.1 with keep-alive and pipelining, one greenlet a connection.
use crate::request::{self, Body, Method, Request, Status};
use crate::site::{self, Page, Site};
use crate::wire::Wire;
use greenhub::net::{TcpListener, TcpStream};
use std::borrow::Cow;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

/// A request body up to this long is read past; before a longer one the connection is given up.
const LONGEST_BODY: usize = 64 * 1024;

/// A body up to this long travels in one write with its head.
const ONE_WRITE: usize = 16 * 1024;

/// Serves for ever. What goes wrong on one connection ends that connection only.
pub(crate) fn serve(listener: &TcpListener, site: &Rc<Site>) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => {
                let site = site.clone();
                // A client that goes away in the middle is no news.
                greenhub::spawn(move || converse(stream, &site).ok()).detach();
            }
            Err(error) => {
                eprintln!("tour: accept: {error}");
                greenhub::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Why no further request is read from a connection.
enum End {
    /// The peer closed it between two requests.
    Closed,
    /// What came is not a request; the peer is told so.
    Refused(Status),
    /// The connection itself failed.
    Failed(io::Error),
}

/// Answers one connection's requests, in order, until either side wants to stop.
fn converse(stream: TcpStream, site: &Site) -> io::Result<()> {
    let mut wire = Wire::new(stream)?;
    let (mut message, mut body) = (Vec::new(), Vec::new());
    loop {
        let (answer, head_only, keep_alive) = match read_request(&mut wire) {
            Ok(Request {
                method,
                target,
                body: follows,
                keep_alive,
            }) => {
                let read_past = match follows {
                    Body::Length(length) if length <= LONGEST_BODY => {
                        wire.read_body(length, &mut body)?;
                        true
                    }
                    _ => false,
                };
                (
                    answer(&method, &target, site),
                    method == Method::Head,
                    keep_alive && read_past,
                )
            }
            Err(End::Refused(status)) => (Answer::error(status), false, false),
            Err(End::Closed) => return Ok(()),
            Err(End::Failed(error)) => return Err(error),
        };
        answer.send(&mut wire, &mut message, head_only, keep_alive)?;
        if !keep_alive {
            return wire.close();
        }
    }
}

/// Reads and consumes the next request's head.
fn read_request(wire: &mut Wire) -> Result<Request, End> {
    loop {
        match Request::parse(wire.unread()).map_err(End::Refused)? {
            Some((request, length)) => {
                wire.consume(length);
                return Ok(request);
            }
            None if wire.is_full() => {
                let line_ended = wire.unread().contains(&b'\n');
                return Err(End::Refused(match line_ended {
                    true => request::HEAD_TOO_LARGE,
                    false => request::URI_TOO_LONG,
                }));
            }
            None => match wire.read_more().map_err(End::Failed)? {
                0 if wire.unread().is_empty() => return Err(End::Closed),
                0 => return Err(End::Refused(request::BAD_REQUEST)),
                _ => {}
            },
        }
    }
}

/// A response before it is put into bytes.
struct Answer<'s> {
    status: Status,
    content_type: &'static str,
    /// A header line of its own, with its line end, or nothing.
    line: Cow<'static, str>,
    body: Cow<'s, [u8]>,
}

fn answer<'s>(method: &Method, target: &str, site: &'s Site) -> Answer<'s> {
    if *method == Method::Other {
        return Answer::error(request::METHOD_NOT_ALLOWED).with("Allow: GET, HEAD\r\n".into());
    }
    let Some(path) = path_of(target) else {
        return Answer::error(request::BAD_REQUEST);
    };
    let Some(path) = site::decode(path) else {
        return Answer::error(request::NOT_FOUND);
    };
    let body = match site.page(&path) {
        Some(Page::Directory { html, .. }) => Cow::Borrowed(html.as_bytes()),
        Some(Page::File(bytes)) => Cow::Borrowed(&bytes[..]),
        None if site.page(&format!("{path}/")).is_some() => {
            let line = format!("Location: {}/\r\n", site::encode(&path));
            return Answer::error(request::MOVED).with(line.into());
        }
        None => return Answer::error(request::NOT_FOUND),
    };
    Answer {
        status: request::OK,
        content_type: site::content_type(&path),
        line: "".into(),
        body,
    }
}

impl Answer<'_> {
    fn error(status: Status) -> Self {
        let body = Cow::Owned(format!("{status}\n").into_bytes());
        Answer {
            status,
            content_type: "text/plain; charset=utf-8",
            line: "".into(),
            body,
        }
    }

    fn with(self, line: Cow<'static, str>) -> Self {
        Self { line, ..self }
    }

    fn send(
        &self,
        wire: &mut Wire,
        message: &mut Vec<u8>,
        head_only: bool,
        keep_alive: bool,
    ) -> io::Result<()> {
        let Self {
            status,
            content_type,
            line,
            body,
        } = self;
        let (length, connection) = (body.len(), if keep_alive { "keep-alive" } else { "close" });
        message.clear();
        write!(
            message,
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{line}\
             Connection: {connection}\r\n\r\n"
        )?;
        let body = if head_only { &[] } else { &body[..] };
        let (first, rest) = body.split_at(body.len().min(ONE_WRITE));
        message.extend_from_slice(first);
        wire.write_all(message)?;
        wire.write_all(rest)
    }
}

/// The path in a request target: `/path?query`, or the absolute form that proxies are sent.
fn path_of(target: &str) -> Option<&str> {
    let (before_query, _) = target.split_once('?').unwrap_or((target, ""));
    if before_query.starts_with('/') {
        return Some(before_query);
    }
    let (scheme, rest) = before_query.split_once("://")?;
    let slash = rest.find('/').unwrap_or(rest.len());
    let path = if slash < rest.len() {
        &rest[slash..]
    } else {
        "/"
    };
    scheme.eq_ignore_ascii_case("http").then_some(path)
}
