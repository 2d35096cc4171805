//! The cases of `test_contextvars.py`, with greenlet-locals: what a greenlet starts with, and what it shares with others.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::greenlet::Builder;
use greenhub::{Greenlet, greenlet_local, parent};

use crate::support::{Log, wait};

greenlet_local! {
    static OWN: Cell<Option<u32>> = const { Cell::new(None) };
    inherited static PASSED_ON: Cell<Option<u32>> = const { Cell::new(None) };
    inherited static SHARED: Rc<Cell<Option<u32>>> = Rc::default();
}

/// Shows a closure the cell of the greenlet that runs.
type WithCell = fn(&dyn Fn(&Cell<Option<u32>>));

/// Sets a number, and says twice what it finds there, with the others running in between.
fn sets_and_says(log: &Log, number: u32, cell: WithCell) -> impl FnOnce(()) + 'static {
    let log = log.clone();
    move |()| {
        cell(&|cell| log.say(format!("{number} finds {:?}", cell.replace(Some(number)))));
        for _ in 0..2 {
            wait();
            cell(&|cell| log.say(format!("{number} has {:?}", cell.get())));
        }
    }
}

/// Three such greenlets, made while 0 is set here, each resumed in turn to their ends.
fn run_three(log: &Log, cell: WithCell) {
    cell(&|cell| cell.set(Some(0)));
    let all = [1, 2, 3].map(|number| Greenlet::new(sets_and_says(log, number, cell)));
    for _ in 0..3 {
        all.iter().for_each(|greenlet| greenlet.switch(()));
    }
    assert!(all.iter().all(|greenlet| greenlet.is_dead()));
    cell(&|cell| log.say(format!("main has {:?}", cell.get())));
}

#[test]
fn a_local_starts_empty_in_each_greenlet() {
    let log = Log::new();
    run_three(&log, |f| OWN.with(|cell| f(cell)));
    log.check([
        "1 finds None",
        "2 finds None",
        "3 finds None",
        "1 has Some(1)",
        "2 has Some(2)",
        "3 has Some(3)",
        "1 has Some(1)",
        "2 has Some(2)",
        "3 has Some(3)",
        "main has Some(0)",
    ]);
}

#[test]
fn an_inherited_local_starts_as_a_copy_of_the_makers() {
    let log = Log::new();
    run_three(&log, |f| PASSED_ON.with(|cell| f(cell)));
    log.check([
        "1 finds Some(0)",
        "2 finds Some(0)",
        "3 finds Some(0)",
        "1 has Some(1)",
        "2 has Some(2)",
        "3 has Some(3)",
        "1 has Some(1)",
        "2 has Some(2)",
        "3 has Some(3)",
        "main has Some(0)",
    ]);
}

#[test]
fn an_inherited_pointer_is_shared_by_all_who_inherit_it() {
    let log = Log::new();
    run_three(&log, |f| SHARED.with(|cell| f(cell)));
    log.check([
        "1 finds Some(0)",
        "2 finds Some(1)",
        "3 finds Some(2)",
        "1 has Some(3)",
        "2 has Some(3)",
        "3 has Some(3)",
        "1 has Some(3)",
        "2 has Some(3)",
        "3 has Some(3)",
        "main has Some(3)",
    ]);
}

#[test]
fn a_local_given_to_a_new_greenlet_is_there_at_its_start() {
    let given = |number| {
        let builder = Builder::new().local(&OWN, Cell::new(Some(number)));
        let body = |()| loop {
            parent::<Option<u32>, ()>().switch(OWN.get());
        };
        let greenlet: Greenlet<(), Option<u32>> = builder.build(body).expect("a stack");
        greenlet
    };
    let (one, two) = (given(1), given(2));
    let said = [&one, &two, &one, &two].map(|greenlet| greenlet.switch(()));
    assert_eq!(said, [Some(1), Some(2), Some(1), Some(2)]);
    assert_eq!(OWN.get(), None);
}
