//! One client of the crawl: a walk along links on one keep-alive connection, each body checked.
use crate::crawl::Crawl;
use crate::site::{self, Page};
use crate::wire::Wire;
use greenhub::net::TcpStream;
use std::collections::HashSet;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where it may go, and the buffers it uses again for each page.
pub(crate) struct Client {
    crawl: Rc<Crawl>,
    wire: Option<Wire>,
    random: u64,
    /// Links found and not yet followed.
    found: Vec<Rc<str>>,
    /// Links found at any time.
    seen: HashSet<Rc<str>>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(crawl: Rc<Crawl>, number: usize) -> Self {
        let random = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            crawl,
            wire: None,
            random,
            found: Vec::new(),
            seen: HashSet::new(),
            request: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Fetches pages as long as there are any left.
    pub(crate) fn run(mut self) {
        let crawl = self.crawl.clone();
        // If this fails, the first fetch tries again, and says why.
        self.wire = self.connect().ok();
        crawl.count_connected();
        let mut link: Rc<str> = "/".into();
        while crawl.take_one() {
            match self.fetch(&link) {
                Ok(latency) => {
                    crawl.count(&link, self.body.len(), latency);
                    link = self.next(&link);
                }
                Err(error) => {
                    crawl.describe(&link, &error);
                    link = "/".into();
                }
            }
        }
    }

    fn connect(&self) -> io::Result<Wire> {
        Wire::new(TcpStream::connect(self.crawl.address)?)
    }

    /// Fetches a page into `body` and checks it; returns how long it took to come.
    fn fetch(&mut self, link: &str) -> io::Result<Duration> {
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.connect()?,
        };
        let begun = Instant::now();
        self.request.clear();
        write!(
            self.request,
            "GET {link} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.crawl.address
        )?;
        wire.write_all(&self.request)?;
        let length = loop {
            if let Some((head, length)) = read_head(wire.unread())? {
                wire.consume(head);
                break length;
            }
            if wire.is_full() || wire.read_more()? == 0 {
                return Err(wrong("the response's head does not end"));
            }
        };
        wire.read_body(length, &mut self.body)?;
        let latency = begun.elapsed();
        self.check(link)?;
        self.wire = Some(wire);
        Ok(latency)
    }

    /// Compares `body` with what is in the repository.
    fn check(&self, link: &str) -> io::Result<()> {
        let path = site::decode(link).ok_or_else(|| wrong("not a link of this site"))?;
        let same = match self.crawl.expected.page(&path) {
            Some(Page::File(bytes)) => self.body == *bytes,
            // The page as a whole, and then what its links say, read as a stranger would read them.
            Some(Page::Directory { html, children }) => {
                let expected = [site::parent(&path)]
                    .into_iter()
                    .chain(children.iter().map(String::as_str));
                self.body == html.as_bytes()
                    && links(&self.body)
                        .map(|link| site::decode(link).unwrap_or_default())
                        .eq(expected)
            }
            None => return Err(wrong("a link to nowhere")),
        };
        if same {
            Ok(())
        } else {
            Err(wrong("the body is not what the repository holds"))
        }
    }

    /// One of the links new on this page; else one found earlier; else, all being fetched, the root once more.
    fn next(&mut self, link: &str) -> Rc<str> {
        let earlier = self.found.len();
        if link.ends_with('/') {
            for found in links(&self.body) {
                if !self.seen.contains(found) {
                    let found: Rc<str> = found.into();
                    self.seen.insert(found.clone());
                    self.found.push(found);
                }
            }
        }
        let choices = match self.found.len() {
            0 => {
                self.seen.clear();
                return "/".into();
            }
            all if all > earlier => earlier..all,
            all => 0..all,
        };
        let choice = choices.start + self.choose(choices.len());
        self.found.swap_remove(choice)
    }

    /// A number below `count`, by xorshift: the same walk each time.
    fn choose(&mut self, count: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % count as u64) as usize
    }
}

/// The length of the response's head and of its body; `None` while the head is incomplete.
fn read_head(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    if response.code != Some(200) {
        let code = response.code.unwrap_or(0);
        return Err(io::Error::other(format!("status {code}")));
    }
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("Content-Length"));
    let length = length.and_then(|header| str::from_utf8(header.value).ok()?.parse().ok());
    Ok(Some((
        head,
        length.ok_or_else(|| wrong("no Content-Length"))?,
    )))
}

/// Where the links of a page lead.
fn links(html: &[u8]) -> impl Iterator<Item = &str> {
    let text = str::from_utf8(html).unwrap_or_default();
    text.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(link, _)| link))
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
