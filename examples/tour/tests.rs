//! The parts that need no socket: request heads, links and paths.
use crate::request::{self, Body, Method, Request, Status};
use crate::site;

fn refused(head: &str) -> Option<Status> {
    Request::parse(head.as_bytes()).err()
}

fn read(head: &str) -> Request {
    let (request, length) = Request::parse(head.as_bytes()).unwrap().unwrap();
    assert_eq!(length, head.len());
    request
}

#[test]
fn a_head_in_pieces_is_incomplete_until_its_last_byte() {
    let head = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    for end in 0..head.len() {
        assert_eq!(Request::parse(&head.as_bytes()[..end]), Ok(None));
    }
    assert_eq!(read(head).target, "/");
}

#[test]
fn what_is_not_a_request_is_refused() {
    let bad = Some(request::BAD_REQUEST);
    assert_eq!(refused("GARBAGE\r\n\r\n"), bad);
    assert_eq!(refused("GET /\r\n\r\n"), bad);
    assert_eq!(refused("GET / FTP/1.1\r\n\r\n"), bad);
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), bad, "no host");
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), bad);
    assert_eq!(
        refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"),
        bad
    );
    assert_eq!(
        refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Some(request::VERSION_NOT_SUPPORTED)
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
    assert_eq!(refused(&many), Some(request::HEAD_TOO_LARGE));
}

#[test]
fn who_wants_to_stay() {
    let stays = |version: &str, lines: &str| {
        read(&format!("GET / HTTP/{version}\r\nHost: a\r\n{lines}\r\n")).keep_alive
    };
    assert!(stays("1.1", ""));
    assert!(!stays("1.1", "Connection: te, Close\r\n"));
    assert!(!stays("1.0", ""));
    assert!(stays("1.0", "connection: Keep-Alive\r\n"));
}

#[test]
fn what_follows_a_head() {
    let post = |lines: &str| read(&format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"));
    assert_eq!(post("").method, Method::Other);
    assert_eq!(post("Content-Length: 12\r\n").body, Body::Length(12));
    assert_eq!(
        post("Transfer-Encoding: chunked\r\n").body,
        Body::Unreadable
    );
    assert_eq!(
        post("Content-Length: 9\r\nExpect: 100-continue\r\n").body,
        Body::Unreadable
    );
}

#[test]
fn links_survive_the_way_there_and_back() {
    for path in ["/", "/src/lib.rs", "/a b/<&\"'>/100%.txt", "/é/?#+%20/"] {
        let link = site::encode(path);
        assert!(
            link.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)),
            "{link}"
        );
        assert_eq!(site::decode(&link).as_deref(), Some(path));
    }
    assert_eq!(site::decode("/%ff"), None);
}

#[test]
fn the_way_up_ends_at_the_root() {
    assert_eq!(site::parent("/src/net/tcp.rs"), "/src/net/");
    assert_eq!(site::parent("/src/net/"), "/src/");
    assert_eq!(site::parent("/src/"), "/");
    assert_eq!(site::parent("/"), "/");
}
