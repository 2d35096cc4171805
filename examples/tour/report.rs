//! The report: two aligned columns on stdout.
use crate::crawl::Crawl;
use std::io::{self, Write};
use std::time::Duration;

/// What `figures` measured.
pub(crate) struct Figures {
    pub(crate) switch: f64,
    pub(crate) spawn_and_join: f64,
    pub(crate) memory: Option<u64>,
}

/// Prints what the crawl did and what the parts cost.
pub(crate) fn print(crawl: &Crawl, took: Duration, figures: &Figures) -> io::Result<()> {
    let errors = crawl.errors();
    let mut latencies = crawl.latencies.borrow_mut();
    latencies.sort_unstable();
    let pages = latencies.len();
    let memory = match figures.memory {
        Some(bytes) => format!("{:.1} KiB per parked greenlet", bytes as f64 / 1024.0),
        None => "not known: no /proc/self/status here".to_owned(),
    };
    let (fetched, all) = (crawl.followed.borrow().len(), crawl.expected.pages());
    let rows = [
        ("site", format!("{fetched} of its {all} pages seen")),
        ("pages", pages.to_string()),
        ("bytes", crawl.bytes.get().to_string()),
        ("errors", errors.to_string()),
        (
            "requests/s",
            format!("{:.0}", pages as f64 / took.as_secs_f64()),
        ),
        ("median", milliseconds(percentile(&latencies, 50))),
        ("p99", milliseconds(percentile(&latencies, 99))),
        ("switch", format!("{:.1} ns", figures.switch)),
        ("spawn+join", format!("{:.0} ns", figures.spawn_and_join)),
        ("memory", memory),
    ];
    let mut out = io::stdout().lock();
    for (name, value) in rows {
        writeln!(out, "{name:<10} {value}")?;
    }
    out.flush()
}

/// The smallest latency that `percent` of all do not exceed; exact, since all are kept. Zero if there are none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn milliseconds(latency: Duration) -> String {
    format!("{:.2} ms", latency.as_secs_f64() * 1e3)
}
