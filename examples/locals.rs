//! Greenlet-locals: a log line knows which request it belongs to, though nobody has told the function that writes it.
//!
//! Output:
//! [request 1] begun
//! [request 2] begun
//! [request 1] query 1
//! [request 2] query 1
//! [request 1] 1 query
//! [request 2] query 2
//! [request 2] 2 queries
//! [no request] over
use greenhub::{greenlet_local, joinall, spawn, yield_now};
use std::cell::Cell;

greenlet_local! {
    /// Set once for a request; the tasks that it spawns inherit it.
    inherited static REQUEST: Cell<Option<u32>> = const { Cell::new(None) };
    /// Each task counts for itself.
    static QUERIES: Cell<u32> = const { Cell::new(0) };
}

fn log(what: &str) {
    match REQUEST.get() {
        Some(number) => println!("[request {number}] {what}"),
        None => println!("[no request] {what}"),
    }
}

fn query() {
    QUERIES.set(QUERIES.get() + 1);
    let number = QUERIES.get();
    // Another task, and the same request.
    spawn(move || log(&format!("query {number}")))
        .join()
        .unwrap();
}

fn serve(number: u32) {
    REQUEST.set(Some(number));
    log("begun");
    yield_now();
    for _ in 0..number {
        query();
    }
    match QUERIES.get() {
        1 => log("1 query"),
        n => log(&format!("{n} queries")),
    }
}

fn main() {
    let requests = [1, 2].map(|number| spawn(move || serve(number)));
    joinall(&requests);
    log("over");
}
