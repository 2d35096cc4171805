//! A clock that stands still, as users' tests have it: set forward by hand, and beside sockets and threads that do not
//! stand still.

use std::io::{ErrorKind, Read, Write};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use greenhub::hub::{advance_clock, now, pause_clock, resume_clock};
use greenhub::{Greenlet, HubHandle, Task, joinall, sleep, spawn, yield_now};
use proptest::prelude::*;

use crate::support::{Log, bytes, child, millis, pair, pair_with_std, panic_text, seconds, within};

/// A task that says its name and the second after each of its sleeps.
fn ticker(log: &Log, begun: Instant, name: &'static str, period: u64) -> Task<()> {
    let log = log.clone();
    spawn(move || {
        loop {
            sleep(seconds(period));
            log.say(format!("{name}{}", (now() - begun).as_secs()));
        }
    })
}

#[test]
fn an_advance_runs_each_deadline_at_its_moment() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    for (name, period) in [("a", 3), ("b", 4), ("c", 100)] {
        drop(ticker(&log, begun, name, period));
    }
    advance_clock(seconds(2));
    log.check([]);
    advance_clock(seconds(1));
    log.check(["a3"]);
    advance_clock(seconds(8));
    log.check(["b4", "a6", "b8", "a9"]);
    assert_eq!(now() - begun, seconds(11));
    advance_clock(seconds(1));
    // a began to wait for 12 at 9, b at 8.
    log.check(["b12", "a12"]);
    assert_eq!(now() - begun, seconds(12));
}

#[test]
fn an_advance_ends_when_all_due_work_has_come_to_rest() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let say = |word: &'static str| {
        let log = log.clone();
        move || log.say(word)
    };
    let first = spawn({
        let said = say("first");
        move || {
            sleep(seconds(5));
            said();
        }
    });
    let second = spawn({
        let (said, again) = (say("second"), say("second again"));
        move || {
            first.join().unwrap();
            said();
            yield_now();
            again();
        }
    });
    let third = spawn({
        let said = say("third");
        move || {
            second.join().unwrap();
            spawn(said).detach();
        }
    });
    // Begins to wait for the same moment when the advance has begun.
    let late = spawn({
        let said = say("late");
        move || {
            sleep(seconds(2));
            sleep(seconds(3));
            said();
        }
    });
    let later = spawn({
        let said = say("later");
        move || {
            sleep(seconds(5) + Duration::from_nanos(1));
            said();
        }
    });
    advance_clock(seconds(5));
    log.say("advanced");
    assert!(third.is_finished() && late.is_finished() && !later.is_finished());
    log.check([
        "first",
        "late",
        "second",
        "second again",
        "third",
        "advanced",
    ]);
    advance_clock(Duration::from_nanos(1));
    log.check(["later"]);
}

#[test]
fn an_advance_of_zero_settles_everything_and_moves_nothing() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let sleeper = spawn({
        let log = log.clone();
        move || {
            log.say("begins");
            for _ in 0..1000 {
                yield_now();
            }
            spawn({
                let log = log.clone();
                move || log.say("child")
            })
            .detach();
            sleep(Duration::from_nanos(1));
            log.say("slept");
        }
    });
    advance_clock(Duration::ZERO);
    log.check(["begins", "child"]);
    assert_eq!(now(), begun);
    sleeper.join().unwrap();
    log.check(["slept"]);
}

#[test]
fn an_advance_moves_the_clock_though_nothing_is_due() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    advance_clock(seconds(7));
    assert_eq!(now() - begun, seconds(7));
    let sleeper = spawn(|| sleep(seconds(100)));
    let forever = spawn(|| sleep(Duration::MAX));
    advance_clock(seconds(50));
    assert_eq!(now() - begun, seconds(57));
    assert!(!sleeper.is_finished());
    // Nothing has jumped ahead of the sleeper's deadline, and nothing has put it off.
    sleeper.join().unwrap();
    assert_eq!(now() - begun, seconds(107));
    assert!(!forever.is_finished());
}

#[test]
fn an_advance_in_a_task_goes_on_while_main_waits_for_it() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let sleeper = Rc::new(spawn(|| sleep(seconds(30))));
    let driver = spawn({
        let sleeper = sleeper.clone();
        move || {
            advance_clock(seconds(20));
            assert!(!sleeper.is_finished());
            advance_clock(seconds(10));
            assert!(sleeper.is_finished());
            now()
        }
    });
    assert_eq!(driver.join().unwrap() - begun, seconds(30));
}

#[test]
fn concurrent_advances_end_in_the_order_of_their_moments() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    drop(ticker(&log, begun, "t", 2));
    let drivers = [("five", 5), ("three", 3), ("5", 5), ("two", 2)].map(|(name, time)| {
        let log = log.clone();
        spawn(move || {
            advance_clock(seconds(time));
            log.say(name);
            // Who waits for the same moment is not woken before this one has come to rest.
            yield_now();
            log.say(format!("{name} rests at {}", (now() - begun).as_secs()));
        })
    });
    joinall(&drivers);
    log.check([
        "t2",
        "two",
        "two rests at 2",
        "three",
        "three rests at 3",
        "t4",
        "five",
        "five rests at 5",
        "5",
        "5 rests at 5",
    ]);
}

/// What happens within a minute, if the clock is set forward in these steps, and a rest.
fn minute(periods: &[u64], steps: &[u64]) -> Vec<String> {
    // A thread has its own hub, so nothing is left of the last run.
    let (periods, steps) = (periods.to_vec(), steps.to_vec());
    let thread = thread::spawn(move || {
        pause_clock();
        let (log, begun) = (Log::new(), now());
        for (period, name) in periods.iter().zip(["a", "b", "c", "d", "e"]) {
            drop(ticker(&log, begun, name, *period));
        }
        let mut left = 60;
        for step in steps {
            advance_clock(seconds(step.min(left)));
            left -= step.min(left);
        }
        advance_clock(seconds(left));
        assert_eq!(now() - begun, seconds(60));
        log.take()
    });
    thread.join().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn many_small_advances_are_as_a_large_one(
        periods in prop::collection::vec(1..20_u64, 1..=5),
        steps in prop::collection::vec(0..25_u64, 0..30),
    ) {
        let at_once = minute(&periods, &[60]);
        let ticks: u64 = periods.iter().map(|period| 60 / period).sum();
        prop_assert_eq!(at_once.len() as u64, ticks);
        prop_assert_eq!(minute(&periods, &steps), at_once);
    }
}

#[test]
fn a_running_clock_cannot_be_advanced_nor_any_past_its_end() {
    let _watch = within(seconds(10));
    let text = panic_text(|| advance_clock(seconds(1)));
    assert!(text.contains("clock runs"), "{text}");
    assert!(text.contains("call hub::pause_clock first"), "{text}");
    pause_clock();
    let begun = now();
    let text = panic_text(|| advance_clock(Duration::MAX));
    assert!(text.contains("it ends after 584 years"), "{text}");
    assert_eq!(now(), begun);
    resume_clock();
    let text = panic_text(|| advance_clock(Duration::ZERO));
    assert!(text.contains("clock runs"), "{text}");
}

#[test]
fn an_advance_of_a_resumed_clock_takes_real_time() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let resumer = spawn(move || {
        sleep(seconds(3600));
        resume_clock();
        Instant::now()
    });
    advance_clock(seconds(3600) + millis(20));
    let resumed = resumer.join().unwrap();
    assert!(resumed.elapsed() >= millis(20), "{:?}", resumed.elapsed());
    assert!(now() - begun >= seconds(3600) + millis(20));
}

#[test]
fn an_advance_ended_by_a_childs_panic_leaves_nothing_behind() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let child: Greenlet<(), ()> = Greenlet::new(|()| panic!("a child's panic"));
    // The panic goes to the child's parent, in the middle of its advance.
    drop(spawn(move || {
        sleep(seconds(4));
        child.switch(());
    }));
    let text = panic_text(|| advance_clock(seconds(10)));
    assert_eq!(text, "a child's panic");
    assert_eq!(now() - begun, seconds(4));
    // Were it still there, the clock would go to its end before the hub finds that nothing can happen.
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains("waits for sleep"), "{text}");
    assert_eq!(now() - begun, seconds(4));
    advance_clock(seconds(50));
    assert_eq!(now() - begun, seconds(54));
}

struct AdvanceAtDrop;

impl Drop for AdvanceAtDrop {
    fn drop(&mut self) {
        advance_clock(seconds(1));
    }
}

#[test]
fn an_advance_in_the_middle_of_a_panic_aborts_and_says_where() {
    child(
        "hub::clock::an_advance_in_the_middle_of_a_panic_aborts_and_says_where",
        || {
            pause_clock();
            let _advance = AdvanceAtDrop;
            panic!("the first panic");
        },
    )
    .check_abort(&["an advance of the clock at tests/it/hub/clock.rs:"]);
}

#[test]
fn sockets_of_a_thread_talk_without_moving_a_paused_clock() {
    let _watch = within(seconds(20));
    pause_clock();
    let (begun, log) = (now(), Log::new());
    let (mut ours, mut theirs) = pair();
    ours.set_read_timeout(Some(Duration::from_nanos(1)))
        .unwrap();
    let sleeper = spawn({
        let log = log.clone();
        move || {
            sleep(Duration::from_nanos(1));
            log.say("slept");
        }
    });
    let echo = spawn(move || {
        let mut byte = [0];
        for _ in 0..1000 {
            theirs.read_exact(&mut byte).unwrap();
            theirs.write_all(&byte).unwrap();
        }
        let mut all = vec![0; 1_000_000];
        theirs.read_exact(&mut all).unwrap();
        assert_eq!(all, bytes(1_000_000));
    });
    for n in 0..1000 {
        let mut byte = [n as u8];
        ours.write_all(&byte).unwrap();
        ours.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [n as u8]);
    }
    ours.write_all(&bytes(1_000_000)).unwrap();
    echo.join().unwrap();
    log.say("talked");
    assert_eq!(now(), begun);
    sleeper.join().unwrap();
    log.check_line("talked slept");
}

#[test]
fn an_advance_lets_sockets_of_this_thread_finish() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let (mut ours, mut theirs) = pair();
    let asker = spawn({
        let log = log.clone();
        move || {
            for _ in 0..3 {
                sleep(seconds(10));
                ours.write_all(b"?").unwrap();
                ours.read_exact(&mut [0]).unwrap();
                log.say("answered");
            }
        }
    });
    drop(spawn(move || {
        loop {
            theirs.read_exact(&mut [0]).unwrap();
            theirs.write_all(b"!").unwrap();
        }
    }));
    advance_clock(seconds(10));
    log.check(["answered"]);
    advance_clock(seconds(20));
    log.check(["answered", "answered"]);
    assert!(asker.is_finished());
}

#[test]
fn a_paused_clock_overtakes_a_peer_on_another_thread() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair_with_std();
    pause_clock();
    let begun = now();
    ours.set_read_timeout(Some(seconds(3600))).unwrap();
    let (overtaken, go) = mpsc::channel();
    let peer = thread::spawn(move || {
        go.recv().unwrap();
        theirs.write_all(b"x").unwrap();
    });
    let error = ours.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(now() - begun, seconds(3600));
    overtaken.send(()).unwrap();
    // Where nothing has a deadline there is nothing to jump to: the answer is waited for.
    ours.set_read_timeout(None).unwrap();
    ours.read_exact(&mut [0]).unwrap();
    assert_eq!(now() - begun, seconds(3600));
    peer.join().unwrap();
}

#[test]
fn a_peer_on_another_thread_is_waited_for_once_the_clock_runs() {
    let _watch = within(seconds(20));
    let (mut ours, mut theirs) = pair_with_std();
    pause_clock();
    sleep(seconds(3600));
    resume_clock();
    ours.set_read_timeout(Some(seconds(15))).unwrap();
    let peer = thread::spawn(move || {
        thread::sleep(millis(20));
        theirs.write_all(b"x").unwrap();
    });
    ours.read_exact(&mut [0]).unwrap();
    peer.join().unwrap();
}

#[test]
fn what_other_threads_have_sent_comes_before_the_next_jump() {
    let _watch = within(seconds(10));
    pause_clock();
    let (begun, log) = (now(), Log::new());
    let hub = HubHandle::current().unwrap();
    drop(ticker(&log, begun, "t", 1));
    advance_clock(seconds(1));
    let (say, said) = mpsc::channel();
    thread::spawn(move || hub.spawn(move || say.send(now()).unwrap()).unwrap())
        .join()
        .unwrap();
    advance_clock(seconds(5));
    assert_eq!(said.recv().unwrap() - begun, seconds(1));
    log.check_line("t1 t2 t3 t4 t5 t6");
}
