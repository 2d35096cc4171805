//! A tour: serves this repository over HTTP and crawls it with a thousand clients, all on one thread.
//!
//! `cargo run --release --example tour` crawls, checks every page, and prints what it saw and what it cost.
//! `cargo run --release --example tour -- --serve 8080` keeps the server up; then, in another terminal:
//! `curl -i http://127.0.0.1:8080/README.md`
mod client;
mod crawl;
mod figures;
mod report;
mod request;
mod server;
mod site;
#[cfg(test)]
mod tests;
mod wire;

use crawl::Crawl;
use greenhub::net::TcpListener;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lexopt::{Arg, Parser, ValueExt};
use report::Figures;
use site::Site;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

const USAGE: &str = "\
Serves this repository over HTTP/1.1 on loopback and crawls it, on one thread.

Usage: tour [--pages N] [--clients N]
       tour --serve PORT

  --pages N     pages to fetch in all (50000)
  --clients N   clients that fetch them, each a greenlet with a connection (1000)
  --serve PORT  only serve, until interrupted; 0 takes any free port
  -h, --help    print this
";

/// Descriptors beside the connections: standard streams, poller, listener, and some to spare.
const OTHER_DESCRIPTORS: u64 = 64;

/// What the command line asks for.
enum Command {
    Crawl { pages: usize, clients: usize },
    Serve { port: u16 },
    Help,
}

/// Why the tour ends early: one line, and the exit status.
struct Failure(String, u8);

fn main() -> ExitCode {
    let done = parse(Parser::from_env())
        .map_err(|error| Failure(format!("{error} (--help lists the options)"), 2))
        .and_then(|command| match command {
            Command::Crawl { pages, clients } => crawl(pages, clients),
            Command::Serve { port } => serve(port),
            Command::Help => Ok(io::stdout().write_all(USAGE.as_bytes())?),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message, status)) => {
            eprintln!("tour: {message}");
            ExitCode::from(status)
        }
    }
}

fn parse(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let (mut pages, mut clients, mut port) = (50_000, 1_000, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("pages") => pages = arguments.value()?.parse::<NonZeroUsize>()?.get(),
            Arg::Long("clients") => clients = arguments.value()?.parse::<NonZeroUsize>()?.get(),
            Arg::Long("serve") => port = Some(arguments.value()?.parse()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(match port {
        Some(port) => Command::Serve { port },
        None => Command::Crawl { pages, clients },
    })
}

/// Keeps the server up.
fn serve(port: u16) -> Result<(), Failure> {
    let site = Rc::new(load()?);
    descriptors_for(u64::MAX);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| Failure(format!("cannot listen on 127.0.0.1:{port}: {error}"), 1))?;
    let address = listener.local_addr()?;
    writeln!(
        io::stdout(),
        "serving {} pages on http://{address}/",
        site.pages()
    )?;
    server::serve(&listener, &site);
    Ok(())
}

/// Serves and crawls, then reports.
fn crawl(pages: usize, clients: usize) -> Result<(), Failure> {
    // Read twice, so that nothing the server does to its pages can hide from the check.
    let (site, expected) = (Rc::new(load()?), load()?);
    // Before all else that spawns, while no stack has been used.
    let memory = figures::memory();

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    greenhub::spawn(move || server::serve(&listener, &site)).detach();
    let clients = clients_allowed(clients.min(pages));
    let crawl = Crawl::new(address, expected, pages, progress_bar(pages));
    let took = crawl.run(clients);

    let (switch, spawn_and_join) = (figures::switch(), figures::spawn_and_join());
    report::print(
        &crawl,
        took,
        &Figures {
            switch,
            spawn_and_join,
            memory,
        },
    )?;
    match crawl.errors() {
        0 => Ok(()),
        errors => Err(Failure(
            format!("{errors} of {pages} pages were not fetched as they are"),
            1,
        )),
    }
}

fn load() -> Result<Site, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let nothing = |why: &str| Failure(format!("nothing to serve in {}: {why}", root.display()), 1);
    let site = Site::load(root).map_err(|error| nothing(&error.to_string()))?;
    if site.files() == 0 {
        Err(nothing("no readable file"))
    } else {
        Ok(site)
    }
}

/// Each client takes two descriptors, its own and the server's. Fewer clients if so many are not allowed.
fn clients_allowed(clients: usize) -> usize {
    let wanted = (clients as u64)
        .saturating_mul(2)
        .saturating_add(OTHER_DESCRIPTORS);
    let allowed = descriptors_for(wanted);
    let most = (allowed.saturating_sub(OTHER_DESCRIPTORS) / 2).max(1) as usize;
    if most < clients {
        eprintln!("tour: {allowed} open files allowed, so {most} clients instead of {clients}");
    }
    clients.min(most)
}

/// Raises the limit of open files to `wanted`, or as far as allowed; returns the limit then.
fn descriptors_for(wanted: u64) -> u64 {
    rlimit::increase_nofile_limit(wanted).unwrap_or(u64::MAX)
}

/// Draws on stderr if that is a terminal, else nowhere.
fn progress_bar(pages: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(pages as u64), ProgressDrawTarget::stderr());
    let template = "{wide_bar} {pos}/{len} pages, {per_sec}";
    bar.with_style(ProgressStyle::with_template(template).expect("the template is right"))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string(), 1)
    }
}
