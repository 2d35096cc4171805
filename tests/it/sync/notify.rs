//! `Notify`: one notice for one greenlet, kept if none waits; or for all that wait now.

use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::Notify;
use greenhub::{Task, iwait, spawn, wait_any, wait_any_timeout, yield_now};

use crate::support::{Log, begun, millis, panic_text};

fn waits(notify: &Rc<Notify>, log: &Log, name: &'static str) -> Task<()> {
    let (notify, log) = (notify.clone(), log.clone());
    let task = spawn(move || {
        notify.wait();
        log.say(name);
    });
    yield_now();
    task
}

#[test]
fn each_notice_ends_one_wait_in_order() {
    let (notify, log) = (Rc::new(Notify::new()), Log::new());
    let _tasks = ["a", "b", "c"].map(|name| waits(&notify, &log, name));
    notify.notify_one();
    log.check([]);
    yield_now();
    log.check(["a"]);
    notify.notify_one();
    notify.notify_one();
    yield_now();
    log.check(["b", "c"]);
    assert!(!notify.try_wait());
}

#[test]
fn one_notice_is_kept_and_no_more() {
    pause_clock();
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    notify.wait();
    assert!(!notify.wait_timeout(millis(1)));
    notify.notify_one();
    assert!(notify.try_wait() && !notify.try_wait());
    notify.notify_one();
    assert!(notify.wait_timeout(millis(1)));
}

#[test]
fn a_kept_notice_is_beside_those_on_their_way() {
    let (notify, log) = (Rc::new(Notify::new()), Log::new());
    let _task = waits(&notify, &log, "a");
    notify.notify_one(); // for a, which has not run yet
    notify.notify_one(); // kept
    notify.notify_one(); // the same
    assert!(notify.try_wait() && !notify.try_wait());
    yield_now();
    log.check(["a"]);
}

#[test]
fn a_later_wait_does_not_overtake() {
    let (notify, log) = (Rc::new(Notify::new()), Log::new());
    let _first = waits(&notify, &log, "first");
    notify.notify_one();
    assert!(!notify.try_wait());
    let _second = waits(&notify, &log, "second");
    log.check(["first"]);
    notify.notify_one();
    yield_now();
    log.check(["second"]);
}

#[test]
fn all_that_wait_now_are_notified_and_nothing_is_kept() {
    let (notify, log) = (Rc::new(Notify::new()), Log::new());
    let _tasks = ["a", "b", "c"].map(|name| waits(&notify, &log, name));
    notify.notify_waiters();
    assert!(!notify.try_wait());
    let _later = waits(&notify, &log, "later");
    log.check(["a", "b", "c"]);
    notify.notify_one();
    yield_now();
    log.check(["later"]);
}

#[test]
fn an_unwinding_waiter_passes_its_notice_on_or_leaves_it() {
    let (notify, log) = (Rc::new(Notify::new()), Log::new());
    let waiting = || {
        let notify = notify.clone();
        begun(move || notify.wait())
    };
    let (killed, greenlet) = waiting();
    let _other = waits(&notify, &log, "other");
    notify.notify_one();
    greenlet.kill();
    assert!(killed.join().unwrap_err().is_killed());
    yield_now();
    log.check(["other"]);
    let (killed, greenlet) = waiting();
    notify.notify_one();
    notify.notify_one();
    greenlet.kill();
    assert!(killed.join().unwrap_err().is_killed());
    assert!(notify.try_wait() && !notify.try_wait());
}

#[test]
fn looking_takes_no_notice() {
    pause_clock();
    let notify = Rc::new(Notify::new());
    assert_eq!(wait_any_timeout(&[&notify], millis(1)), None);
    let looker = spawn({
        let notify = notify.clone();
        move || wait_any(&[&notify])
    });
    yield_now();
    notify.notify_one();
    assert_eq!(looker.join().unwrap(), 0);
    assert_eq!(iwait([&notify]).count(), 1);
    assert!(notify.try_wait());
}

#[test]
fn it_shows_whether_a_notice_is_kept() {
    let notify = Notify::default();
    assert_eq!(format!("{notify:?}"), "Notify { is_notified: false, .. }");
    notify.notify_one();
    assert_eq!(format!("{notify:?}"), "Notify { is_notified: true, .. }");
}

#[test]
fn the_deadlock_report_names_the_wait() {
    let text = panic_text(|| Notify::new().wait());
    assert!(
        text.contains("waits for a notify at tests/it/sync/notify.rs"),
        "{text}"
    );
}
