//! The crawl: many clients at once until enough pages are fetched, and what they saw together.
use crate::client::Client;
use crate::site::Site;
use indicatif::ProgressBar;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So many clients connect at once. A listener's queue is short, and a connection it drops is tried again a second later.
const AT_ONCE: usize = 64;

/// So many errors are described; the others are only counted.
const DESCRIBED: usize = 5;

/// What the clients share. They run on one thread, so cells are enough.
pub(crate) struct Crawl {
    pub(crate) address: SocketAddr,
    /// What the bodies must be.
    pub(crate) expected: Site,
    bar: ProgressBar,
    pages: usize,
    /// Pages nobody has set out to fetch yet.
    left: Cell<usize>,
    connected: Cell<usize>,
    pub(crate) bytes: Cell<u64>,
    described: Cell<usize>,
    /// One for each page fetched and found right.
    pub(crate) latencies: RefCell<Vec<Duration>>,
    /// The links that were followed.
    pub(crate) followed: RefCell<HashSet<Rc<str>>>,
}

impl Crawl {
    pub(crate) fn new(
        address: SocketAddr,
        expected: Site,
        pages: usize,
        bar: ProgressBar,
    ) -> Rc<Self> {
        Rc::new(Self {
            address,
            expected,
            bar,
            pages,
            left: Cell::new(pages),
            connected: Cell::new(0),
            bytes: Cell::new(0),
            described: Cell::new(0),
            latencies: RefCell::default(),
            followed: RefCell::default(),
        })
    }

    /// Runs the clients until the pages are fetched; returns how long that took.
    pub(crate) fn run(self: &Rc<Self>, clients: usize) -> Duration {
        let begun = Instant::now();
        let mut tasks = Vec::with_capacity(clients);
        for number in 0..clients {
            let crawl = self.clone();
            tasks.push(greenhub::spawn(move || Client::new(crawl, number).run()));
            while tasks.len() - self.connected.get() >= AT_ONCE {
                greenhub::sleep(Duration::ZERO);
            }
        }
        greenhub::joinall(&tasks);
        let took = begun.elapsed();
        self.bar.finish_and_clear();
        took
    }

    /// A client has tried to connect; the next may.
    pub(crate) fn count_connected(&self) {
        self.connected.set(self.connected.get() + 1);
    }

    /// Takes one page off those left to fetch.
    pub(crate) fn take_one(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    /// Counts a page that came and was right.
    pub(crate) fn count(&self, link: &Rc<str>, bytes: usize, latency: Duration) {
        self.bytes.set(self.bytes.get() + bytes as u64);
        self.latencies.borrow_mut().push(latency);
        if !self.followed.borrow().contains(link) {
            self.followed.borrow_mut().insert(link.clone());
        }
        self.bar.inc(1);
    }

    /// Says why a page did not come, or what was wrong with it.
    pub(crate) fn describe(&self, link: &str, error: &io::Error) {
        if self.described.get() < DESCRIBED {
            self.described.set(self.described.get() + 1);
            self.bar.suspend(|| eprintln!("tour: GET {link}: {error}"));
        }
    }

    /// The pages that did not come right, for whatever reason: a client's panic counts too.
    pub(crate) fn errors(&self) -> usize {
        self.pages - self.latencies.borrow().len()
    }
}
