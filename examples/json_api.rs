//! A JSON API over HTTP/1.1 with keep-alive: httparse and serde_json as they are, a task a connection, the items in a `RefCell`.
//!
//! `cargo run --release --example json_api -- --serve 127.0.0.1:8080` serves until it is interrupted, for `wrk` or `curl`.
//!
//! Output:
//! 201 {"id":1,"name":"lamp","price":30}
//! 200 {"id":1,"name":"lamp","price":30}
//! 404 {"error":"there is no item 7"}
//! 400 {"error":"missing field `price` at line 1 column 15"}
//! 405 {"error":"DELETE is not for /items"}
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{spawn, with_timeout};
use lexopt::ValueExt;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

/// A request with its body must not be longer.
const LONGEST: usize = 64 * 1024;
/// A client that sends nothing for so long is left.
const IDLE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct NewItem {
    name: String,
    price: u32,
}

#[derive(Serialize)]
struct Item {
    id: usize,
    name: String,
    price: u32,
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

type Items = RefCell<Vec<Item>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next()? {
        Some(lexopt::Arg::Long("serve")) => {
            let listener = TcpListener::bind(arguments.value()?.parse::<String>()?)?;
            eprintln!("serves on {}", listener.local_addr()?);
            serve(&listener);
            Ok(())
        }
        Some(other) => Err(other.unexpected().into()),
        None => Ok(try_it()?),
    }
}

/// Serves for ever.
fn serve(listener: &TcpListener) {
    let items = Rc::new(Items::default());
    for stream in listener.incoming().flatten() {
        let items = items.clone();
        // A client that goes away in the middle is no news.
        spawn(move || converse(stream, &items).ok()).detach();
    }
}

/// Answers the requests of one connection, also several that come at once.
fn converse(mut stream: TcpStream, items: &Items) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let (mut input, mut output) = (Vec::new(), Vec::new());
    let mut chunk = [0; 4096];
    loop {
        let mut done = 0;
        while let Some(length) = answer(&input[done..], &mut output, items)? {
            done += length;
        }
        input.drain(..done);
        stream.write_all(&output)?;
        output.clear();
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => input.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Answers the first request of `input`, and gives its length. `None` if it is not there as a whole.
fn answer(input: &[u8], output: &mut Vec<u8>, items: &Items) -> io::Result<Option<usize>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(input);
    let httparse::Status::Complete(head) = parsed.map_err(|error| invalid(&error.to_string()))?
    else {
        return match input.len() {
            0..LONGEST => Ok(None),
            _ => Err(invalid("the head is too long")),
        };
    };
    let mut length = Some(0);
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let value = str::from_utf8(header.value).ok();
            let value = value.and_then(|value| value.trim().parse().ok());
            length = value.filter(|&length: &usize| length <= LONGEST);
        }
    }
    let length = length.ok_or_else(|| invalid("the body has no length that fits"))?;
    let Some(body) = input.get(head..head + length) else {
        return Ok(None);
    };
    let (method, path) = (request.method.unwrap_or(""), request.path.unwrap_or(""));
    let (status, json) = match handle(method, path, body, items) {
        Ok((status, json)) => (status, json?),
        Err((status, error)) => (status, serde_json::to_string(&Failure { error })?),
    };
    write!(
        output,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
        json.len()
    )?;
    Ok(Some(head + length))
}

type Json = serde_json::Result<String>;

/// What the API does: the status and the JSON, or the status and what is wrong.
fn handle(
    method: &str,
    path: &str,
    body: &[u8],
    items: &Items,
) -> Result<(&'static str, Json), (&'static str, String)> {
    const NOT_FOUND: &str = "404 Not Found";
    let id = path.strip_prefix("/items/");
    match (method, path, id) {
        ("GET", "/items", _) => Ok(("200 OK", serde_json::to_string(&*items.borrow()))),
        ("POST", "/items", _) => {
            let new: NewItem = serde_json::from_slice(body)
                .map_err(|error| ("400 Bad Request", error.to_string()))?;
            let mut items = items.borrow_mut();
            let id = items.len() + 1;
            let NewItem { name, price } = new;
            items.push(Item { id, name, price });
            Ok(("201 Created", serde_json::to_string(&items[id - 1])))
        }
        ("GET", _, Some(id)) => {
            let items = items.borrow();
            let found = id
                .parse()
                .ok()
                .and_then(|id: usize| items.get(id.wrapping_sub(1)));
            let item = found.ok_or_else(|| (NOT_FOUND, format!("there is no item {id}")))?;
            Ok(("200 OK", serde_json::to_string(item)))
        }
        (_, "/items", _) => Err((
            "405 Method Not Allowed",
            format!("{method} is not for {path}"),
        )),
        _ => Err((NOT_FOUND, format!("there is nothing at {path}"))),
    }
}

/// A client of its own, which sends all requests at once, and prints the answers.
fn try_it() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    spawn(move || serve(&listener)).detach();
    let requests = [
        ("POST /items", r#"{"name":"lamp","price":30}"#),
        ("GET /items/1", ""),
        ("GET /items/7", ""),
        ("POST /items", r#"{"name":"lamp"}"#),
        ("DELETE /items", ""),
    ];
    let mut stream = TcpStream::connect(address)?;
    for (line, body) in requests {
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: here\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
    }
    let mut text = Vec::new();
    let mut printed = 0;
    let all = with_timeout(Duration::from_secs(10), || -> io::Result<()> {
        while printed < requests.len() {
            let mut chunk = [0; 512];
            let count = stream.read(&mut chunk)?;
            text.extend_from_slice(&chunk[..count]);
            while let Some((status, body, length)) = first_answer(&text) {
                println!("{status} {body}");
                text.drain(..length);
                printed += 1;
            }
        }
        Ok(())
    });
    all.map_err(io::Error::other)?
}

/// The status, the body and the length of the first answer, if it is there as a whole.
fn first_answer(text: &[u8]) -> Option<(u16, String, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(text).ok()? else {
        return None;
    };
    let status = response.code?;
    let mut headers = response.headers.iter();
    let length = headers.find(|header| header.name == "content-length")?;
    let length: usize = str::from_utf8(length.value).ok()?.parse().ok()?;
    let body = text.get(head..head + length)?;
    let body = String::from_utf8_lossy(body).into_owned();
    Some((status, body, head + length))
}
