//! Values that are set once by an initialiser that may wait: who runs it, and who waits.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::{LazyLock, OnceLock};
use greenhub::{Task, joinall, sleep, spawn, wait_any, with_timeout, yield_now};

use crate::support::{Log, caught, millis, panic_text, seconds};

/// A task that wants the value, and would make this one.
fn wants(once: &Rc<OnceLock<u32>>, log: &Log, value: u32) -> Task<u32> {
    let (once, log) = (once.clone(), log.clone());
    spawn(move || {
        let made = *once.get_or_init(|| {
            log.say(format!("makes {value}"));
            yield_now();
            value
        });
        log.say(format!("{value} sees {made}"));
        made
    })
}

#[test]
fn the_first_makes_the_value_and_the_others_wait_for_it() {
    let (once, log) = (Rc::new(OnceLock::new()), Log::new());
    let tasks = [1, 2, 3].map(|value| wants(&once, &log, value));
    yield_now();
    assert_eq!(once.get(), None);
    joinall(&tasks);
    log.check(["makes 1", "1 sees 1", "2 sees 1", "3 sees 1"]);
    assert_eq!(once.set(4), Err(4));
    assert_eq!(*once.get_or_init(|| unreachable!("it is there")), 1);
}

#[test]
fn an_unfinished_initialiser_is_followed_by_the_next() {
    pause_clock();
    let (once, log) = (Rc::new(OnceLock::new()), Log::new());
    let fails = |how: &'static str| {
        let (once, log) = (once.clone(), log.clone());
        spawn(move || {
            let init = || {
                log.say(how);
                if how == "panics" {
                    yield_now();
                    panic!("in an initialiser");
                }
                sleep(seconds(600));
                0
            };
            let _ = with_timeout(millis(5), || *once.get_or_init(init));
        })
    };
    let [panics, times_out, late] = ["panics", "times out", "too late"].map(fails);
    let good = [wants(&once, &log, 1), wants(&once, &log, 2)];
    joinall(&good);
    // The time of the third was over while it waited for its turn.
    log.check(["panics", "times out", "makes 1", "1 sees 1", "2 sees 1"]);
    assert!(late.join().is_ok() && times_out.join().is_ok());
    assert!(panics.join().unwrap_err().is_panic());
    let once = OnceLock::<u32>::new();
    caught(|| once.get_or_init(|| panic!("the first")));
    assert_eq!(*once.get_or_init(|| 7), 7);
}

#[test]
fn a_kill_of_who_makes_it_lets_the_next_one_make_it() {
    let (once, log) = (Rc::new(OnceLock::new()), Log::new());
    let killed = spawn({
        let once = once.clone();
        move || {
            *once.get_or_init(|| {
                sleep(seconds(600));
                0
            })
        }
    });
    yield_now();
    let next = wants(&once, &log, 1);
    yield_now();
    killed.kill();
    assert_eq!(next.join().unwrap(), 1);
    log.check(["makes 1", "1 sees 1"]);
}

#[test]
fn those_who_only_wait_go_on_when_it_is_set() {
    pause_clock();
    let once = Rc::new(OnceLock::new());
    assert_eq!(once.wait_timeout(millis(1)), None);
    let tasks = [1, 2].map(|_| {
        let once = once.clone();
        spawn(move || once.wait() + wait_any(&[&once]))
    });
    yield_now();
    assert_eq!(once.set(5), Ok(()));
    assert_eq!(tasks.map(|task| task.join().unwrap()), [5, 5]);
    assert_eq!(once.wait_timeout(millis(1)), Some(&5));
}

#[test]
fn an_initialiser_must_not_want_its_own_value() {
    let once = OnceLock::new();
    let text = panic_text(|| *once.get_or_init(|| *once.get_or_init(|| 1)));
    assert!(text.contains("would wait for itself"), "{text}");
    assert_eq!(*once.get_or_init(|| 2), 2);
    let text = panic_text(|| *OnceLock::<u8>::new().wait());
    let expected = "waits for a value that is set once at tests/it/sync/once_lock.rs";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn it_is_made_shown_and_emptied_as_std_does() {
    let mut once = OnceLock::from(1);
    assert_eq!(
        format!("{once:?} {:?}", OnceLock::<u8>::default()),
        "OnceLock(1) OnceLock(<uninit>)"
    );
    *once.get_mut().unwrap() = 2;
    assert_eq!((once.take(), once.take()), (Some(2), None));
    assert_eq!(once.into_inner(), None);
}

#[test]
fn a_lazy_value_is_made_once_and_again_after_a_panic() {
    let runs = Rc::new(Cell::new(0));
    let lazy = Rc::new(LazyLock::new({
        let runs = runs.clone();
        move || {
            runs.set(runs.get() + 1);
            yield_now();
            assert!(runs.get() > 1, "the first run fails");
            vec![runs.get()]
        }
    }));
    assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
    assert_eq!(panic_text(|| lazy.len()), "the first run fails");
    let tasks = [1, 2, 3].map(|_| {
        let lazy = lazy.clone();
        spawn(move || lazy[0])
    });
    assert_eq!(tasks.map(|task| task.join().unwrap()), [2, 2, 2]);
    assert_eq!(LazyLock::force(&lazy), &[2]);
    assert_eq!(format!("{lazy:?}"), "LazyLock([2])");
    assert_eq!(*LazyLock::<u8>::default(), 0);
}
