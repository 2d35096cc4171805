//! What the hub says when nobody can go on, and to whom.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::{Greenlet, Task, sleep, spawn, task, yield_now};

use crate::support::{AtDrop, Log, pair, panic_text, seconds, within};

type Plain = Greenlet<(), ()>;

#[test]
fn a_deadlock_report_names_each_wait_and_its_place() {
    let _watch = within(seconds(10));
    let slept = line!() + 3;
    let sleeper = task::Builder::new().name("sleeper").spawn(|| {
        // Never ends.
        sleep(Duration::MAX)
    });
    let sleeper = Rc::new(sleeper.unwrap());
    let joined = line!() + 3;
    let joiner = spawn({
        let sleeper = sleeper.clone();
        move || sleeper.wait()
    });
    let main = line!() + 1;
    let text = panic_text(|| joiner.wait());
    println!("{text}");
    let file = file!();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        "deadlock: all greenlets wait, and nothing can end a wait:"
    );
    let (first, second) = (joiner.id(), sleeper.id());
    assert!(lines[1].starts_with("  greenlet \"main\""));
    assert!(lines[1].contains(&format!(
        " waits for join of task {first} at {file}:{main}:"
    )));
    assert!(lines[2].starts_with(&format!("  greenlet \"sleeper\" (made at {file}:")));
    assert!(lines[2].contains(&format!(" waits for sleep at {file}:{slept}:")));
    assert!(lines[3].starts_with(&format!("  greenlet {first} (made at {file}:")));
    assert!(lines[3].contains(&format!(
        " waits for join of task {second} at {file}:{joined}:"
    )));
}

#[test]
fn after_a_deadlock_the_hub_goes_on() {
    let _watch = within(seconds(10));
    let stuck = spawn(|| sleep(Duration::MAX));
    for _ in 0..3 {
        assert!(panic_text(|| stuck.wait()).contains("deadlock"));
        assert_eq!(spawn(|| 6 * 7).join().unwrap(), 42);
        sleep(Duration::from_micros(10));
        let (mut ours, mut theirs) = pair();
        let reader = spawn(move || {
            let mut byte = [0];
            ours.read_exact(&mut byte).unwrap();
            byte[0]
        });
        yield_now();
        theirs.write_all(&[9]).unwrap();
        assert_eq!(reader.join().unwrap(), 9);
    }
    assert!(!stuck.is_finished());
}

#[test]
fn main_of_another_thread_gets_its_own_deadlock() {
    let _watch = within(seconds(10));
    let text = thread::spawn(|| panic_text(|| spawn(|| sleep(Duration::MAX)).join()))
        .join()
        .unwrap();
    assert!(text.contains("deadlock"), "{text}");
    assert!(text.contains("waits for sleep at tests/it/"), "{text}");
}

#[test]
fn main_learns_of_a_deadlock_also_where_it_waits_in_a_switch() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let greenlet: Plain = Greenlet::new({
        let log = log.clone();
        move |()| {
            let _bell = AtDrop(log.clone(), "unwound");
            sleep(Duration::MAX);
            log.say("never");
        }
    });
    let text = panic_text(|| greenlet.switch(()));
    assert!(text.contains("waits for a switch to it"), "{text}");
    log.check_line("");
    drop(greenlet);
    log.check_line("unwound");
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn a_deadlock_names_greenlets_that_are_no_tasks_too() {
    let _watch = within(seconds(10));
    let greenlet: Plain = greenhub::greenlet::Builder::new()
        .name("raw")
        .build(|()| sleep(Duration::MAX))
        .unwrap();
    let text = panic_text(|| greenlet.switch(()));
    assert!(text.contains("greenlet \"raw\""), "{text}");
    assert!(text.contains("waits for sleep"), "{text}");
}

#[test]
fn a_task_that_joins_itself_is_a_deadlock() {
    let _watch = within(seconds(10));
    let own: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let task = spawn({
        let own = own.clone();
        move || {
            let me = own.borrow_mut().take().unwrap();
            let _ = me.join();
        }
    });
    let id = task.id();
    *own.borrow_mut() = Some(task);
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains(&format!("join of task {id}")), "{text}");
}

#[test]
fn a_deadline_of_a_wait_that_is_over_is_not_waited_for() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let (mut ours, mut theirs) = pair();
    ours.set_read_timeout(Some(seconds(3600))).unwrap();
    let reader = spawn(move || ours.read(&mut [0; 8]).unwrap());
    yield_now();
    theirs.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), 1);
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains("deadlock"), "{text}");
    assert_eq!(now(), begun);
}
