//! An event: who goes on when it is set, and who waits.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::Event;
use greenhub::{
    Greenlet, Task, iwait, joinall, parent, sleep, spawn, wait_any, wait_any_timeout, with_timeout,
    yield_now,
};

use crate::support::{Log, millis, panic_text, seconds};

fn event() -> Rc<Event> {
    Rc::new(Event::new())
}

/// A task that says its name once `event` lets it.
fn waits(event: &Rc<Event>, log: &Log, name: &'static str) -> Task<()> {
    let (event, log) = (event.clone(), log.clone());
    spawn(move || {
        event.wait();
        log.say(name);
    })
}

#[test]
fn all_who_wait_go_on_in_the_order_in_which_they_came() {
    let (log, event) = (Log::new(), event());
    let tasks = ["a", "b", "c"].map(|name| waits(&event, &log, name));
    yield_now();
    log.check([]);
    event.set();
    log.check([]);
    joinall(&tasks);
    log.check(["a", "b", "c"]);
}

#[test]
fn set_and_clear_in_one_turn_lets_all_go_on_who_have_waited() {
    for count in [1, 100, 1000] {
        let (event, went_on) = (event(), Rc::new(Cell::new(0)));
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let (event, went_on) = (event.clone(), went_on.clone());
                spawn(move || {
                    assert!(event.wait_timeout(seconds(600)));
                    assert!(!event.is_set());
                    went_on.set(went_on.get() + 1);
                })
            })
            .collect();
        yield_now();
        event.set();
        event.clear();
        let late = spawn({
            let event = event.clone();
            move || event.wait()
        });
        joinall(&tasks);
        assert_eq!(went_on.get(), count);
        assert!(tasks.into_iter().all(|task| task.join().is_ok()));
        assert!(!late.is_finished());
        event.set();
        late.join().unwrap();
    }
}

#[test]
fn who_comes_while_it_is_set_does_not_wait() {
    let (log, event) = (Log::new(), event());
    event.set();
    event.set();
    let other = spawn({
        let log = log.clone();
        move || log.say("other")
    });
    event.wait();
    assert!(event.wait_timeout(seconds(0)));
    log.check([]);
    other.join().unwrap();
}

#[test]
fn a_wait_with_a_limit_ends_with_the_first_of_both() {
    pause_clock();
    let event = event();
    assert!(!event.wait_timeout(millis(20)));
    let setter = spawn({
        let event = event.clone();
        move || {
            sleep(millis(10));
            event.set();
        }
    });
    assert!(event.wait_timeout(millis(20)));
    setter.join().unwrap();
}

#[test]
fn a_set_at_the_deadline_counts_if_still_set_when_the_waiter_runs() {
    pause_clock();
    for clears in [false, true] {
        let event = event();
        let setter = spawn({
            let event = event.clone();
            move || {
                sleep(millis(10));
                event.set();
                if clears {
                    event.clear();
                }
            }
        });
        let waits = spawn({
            let event = event.clone();
            move || event.wait_timeout(millis(10))
        });
        // Both timers fire before the setter runs, so the wait is over by then.
        joinall([setter.any(), waits.any()]);
        assert_eq!(waits.join().unwrap(), !clears);
    }
}

#[test]
fn a_killed_or_timed_out_waiter_is_not_woken() {
    pause_clock();
    let (log, event) = (Log::new(), event());
    let tasks = ["a", "b", "c"].map(|name| waits(&event, &log, name));
    let timed = spawn({
        let event = event.clone();
        move || with_timeout(millis(1), || event.wait()).is_err()
    });
    yield_now();
    tasks[1].kill();
    assert!(timed.join().unwrap());
    event.set();
    joinall(&tasks);
    log.check(["a", "c"]);
    assert_eq!(Rc::strong_count(&event), 1);
}

#[test]
fn it_can_be_waited_for_beside_others() {
    pause_clock();
    let (first, second) = (event(), event());
    let setter = spawn({
        let second = second.clone();
        move || {
            sleep(millis(1));
            second.set();
            second.clear();
        }
    });
    assert_eq!(wait_any(&[&first, &second, &setter]), 1);
    assert_eq!(wait_any_timeout(&[&first, &*second], millis(1)), None);
    second.set();
    let mut ready = iwait([first.clone(), second]);
    assert!(ready.next().is_some_and(|event| event.is_set()));
    first.set();
    assert!(ready.next().is_some());
    assert!(ready.next().is_none());
}

#[test]
fn a_plain_greenlet_waits_for_it_too() {
    let (log, event) = (Log::new(), event());
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let (log, event) = (log.clone(), event.clone());
        move |()| {
            event.wait();
            log.say("went on");
            parent::<(), ()>().switch(());
        }
    });
    let setter = spawn({
        let event = event.clone();
        move || event.set()
    });
    greenlet.switch(());
    log.check(["went on"]);
    setter.join().unwrap();
}

#[test]
fn the_report_of_a_deadlock_names_it() {
    let event = event();
    let text = panic_text(|| event.wait());
    assert!(
        text.contains("waits for an event at tests/it/sync/event.rs"),
        "{text}"
    );
}

#[test]
fn it_shows_whether_it_is_set() {
    let event = Event::default();
    assert_eq!(format!("{event:?}"), "Event { is_set: false, .. }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { is_set: true, .. }");
}
