//! How long a burst of connections takes, in ms: clients that all connect at once, and one task that accepts.
//!
//! std's listener has a backlog of 128. A connection beyond it gets no answer, and its client tries again after a second.
//!
//! Run: `cargo bench --bench connect_burst`

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, spawn};

const ROUNDS: usize = 5;

fn main() -> io::Result<()> {
    let clients = if is_in_earnest() { 2000 } else { 20 };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    report("listener of std", clients, || {
        TcpListener::from_std(std::net::TcpListener::bind(address)?)
    })?;
    report("TcpListener::bind", clients, || TcpListener::bind(address))
}

fn report(
    name: &str,
    clients: usize,
    listen: impl Fn() -> io::Result<TcpListener>,
) -> io::Result<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(burst(listen()?, clients)?);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{name:<20} {clients} connections {:>8.1} ms  ({:>6.1} to {:>6.1})",
        times[ROUNDS / 2],
        times[0],
        times[ROUNDS - 1],
    );
    Ok(())
}

fn burst(listener: TcpListener, clients: usize) -> io::Result<f64> {
    let address = listener.local_addr()?;
    let begun = Instant::now();
    let server = spawn(move || listener.incoming().collect::<io::Result<Vec<_>>>());
    let clients: Vec<_> = (0..clients)
        .map(|_| spawn(move || TcpStream::connect(address)))
        .collect();
    joinall(&clients);
    let time = begun.elapsed().as_secs_f64() * 1000.0;
    server.kill();
    for client in clients {
        client.join().map_err(io::Error::other)??;
    }
    Ok(time)
}

/// `cargo bench` passes `--bench`, `cargo test --benches` does not.
fn is_in_earnest() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
