//! A crawler: four pages at a time, and counters that all jobs share without a clone, for they borrow them.
//!
//! Output:
//! 31 pages, 325 bytes, 2 missing
//! never more than 4 at once: true
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{scope, sleep, spawn, with_timeout};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Default)]
struct Counters {
    pages: Cell<usize>,
    bytes: Cell<usize>,
    missing: Cell<usize>,
    running: Cell<usize>,
    most: Cell<usize>,
}

fn add(counter: &Cell<usize>, count: usize) {
    counter.set(counter.get() + count);
}

fn main() -> io::Result<()> {
    let site = serve_pages(31)?;
    let counters = Counters::default();
    let seen = RefCell::new(HashSet::from([0]));
    // One job: fetches a page, and gives the links that nobody has seen before.
    let crawl = |page: u64| {
        add(&counters.running, 1);
        counters
            .most
            .set(counters.most.get().max(counters.running.get()));
        let fetched = with_timeout(Duration::from_secs(5), || fetch(site, page));
        counters.running.set(counters.running.get() - 1);
        let Ok(Ok(Some(text))) = fetched else {
            add(&counters.missing, 1);
            return Vec::new();
        };
        add(&counters.pages, 1);
        add(&counters.bytes, text.len());
        let links = text.lines().filter_map(|line| line.parse().ok());
        links
            .filter(|&link| seen.borrow_mut().insert(link))
            .collect()
    };
    scope(|s| {
        let pool = s.pool(4);
        let mut front = vec![0];
        while !front.is_empty() {
            let found = pool.map(front, crawl);
            front = found.into_iter().flatten().flatten().collect();
        }
    });
    let Counters {
        pages,
        bytes,
        missing,
        most,
        ..
    } = &counters;
    println!(
        "{} pages, {} bytes, {} missing",
        pages.get(),
        bytes.get(),
        missing.get()
    );
    println!("never more than 4 at once: {}", most.get() == 4);
    Ok(())
}

/// The text of a page, or `None` if there is none.
fn fetch(site: SocketAddr, page: u64) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(site)?;
    write!(stream, "GET /{page} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let text = answer.strip_prefix("HTTP/1.0 200 OK\r\n\r\n");
    Ok(text.map(str::to_owned))
}

/// A site of its own: page n of the first half has links to 2n + 1 and 2n + 2, of which the last two are broken.
fn serve_pages(count: u64) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    spawn(move || -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept()?;
            spawn(move || answer(stream, count))
                .detach_with(|error| eprintln!("a client: {error}"));
        }
    })
    .detach_with(|error| eprintln!("the site is closed: {error}"));
    Ok(address)
}

fn answer(mut stream: TcpStream, count: u64) -> io::Result<()> {
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request)?;
    let page = request.split(['/', ' ']).nth(2);
    sleep(Duration::from_millis(2)); // as far away as a real one
    match page.and_then(|page| page.parse::<u64>().ok()) {
        Some(page) if page < count => {
            write!(stream, "HTTP/1.0 200 OK\r\n\r\npage {page}\n")?;
            if page > count / 2 {
                return Ok(());
            }
            write!(stream, "{}\n{}\n", 2 * page + 1, 2 * page + 2)
        }
        _ => write!(stream, "HTTP/1.0 404 Not Found\r\n\r\n"),
    }
}
