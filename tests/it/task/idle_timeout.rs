//! Timeouts that begin anew whenever something happens: from whom, until when, and what they leave behind.

use std::cell::Cell;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::net::TcpStream;
use greenhub::{IdleTimer, TimedOut, idle_timeout, scope, sleep, spawn, with_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{Log, caught, millis, pair, panic_text, seconds, within};

const MAX: Duration = Duration::MAX;

#[test]
fn a_block_ends_when_nothing_has_happened_for_so_long() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let outcome = idle_timeout(seconds(3), |timer| {
        let _end = log.at_drop("unwound");
        for _ in 0..5 {
            sleep(seconds(2));
            timer.reset();
        }
        sleep(MAX);
    });
    assert_eq!(outcome.unwrap_err().to_string(), "timed out");
    assert_eq!(now() - begun, seconds(13));
    log.check(["unwound"]);
}

#[test]
fn a_block_in_time_gives_its_value_and_nothing_follows() {
    let _watch = within(seconds(10));
    pause_clock();
    let kept = Cell::new(None);
    let value = idle_timeout(seconds(3), |timer| {
        kept.set(Some(timer.clone()));
        sleep(seconds(2));
        7
    });
    assert_eq!(value, Ok(7));
    let timer: IdleTimer = kept.take().expect("the body has run");
    timer.reset();
    assert!(!timer.has_expired());
    // No timer is left: nothing can wake anybody.
    let text = panic_text(|| sleep(MAX));
    assert!(text.starts_with("deadlock"), "{text}");
}

#[test]
fn limits_of_no_time_and_of_all_time() {
    let _watch = within(seconds(10));
    pause_clock();
    assert_eq!(idle_timeout(Duration::ZERO, |_| 7), Ok(7));
    let outcome = idle_timeout(Duration::ZERO, |timer| {
        timer.reset();
        assert!(timer.has_expired());
        yield_now();
    });
    assert!(outcome.is_err());
    let outcome = idle_timeout(MAX, |timer| {
        timer.reset();
        sleep(seconds(1_000_000));
    });
    assert!(outcome.is_ok());
}

#[test]
fn a_reset_comes_too_late_at_the_very_moment_and_after_it() {
    let _watch = within(seconds(10));
    pause_clock();
    let outcome = idle_timeout(seconds(5), |timer| {
        let late = timer.clone();
        let resets = spawn(move || {
            sleep(seconds(5));
            late.reset();
            late.has_expired()
        });
        let ended = catch_unwind(AssertUnwindSafe(|| sleep(MAX)));
        assert!(TimedOut::is_in(&*ended.unwrap_err()));
        timer.reset();
        // Raised again until the block is left.
        let ended = catch_unwind(AssertUnwindSafe(|| sleep(MAX)));
        assert!(TimedOut::is_in(&*ended.unwrap_err()));
        resets
    });
    assert!(outcome.is_ok_and(|resets| resets.join().unwrap()));
}

#[test]
fn an_outer_one_ends_the_inner_block_and_each_catches_its_own() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let outcome = idle_timeout(seconds(3), |_outer| {
        idle_timeout(seconds(2), |inner| {
            loop {
                sleep(seconds(1));
                inner.reset();
            }
        })
    });
    assert!(outcome.is_err());
    assert_eq!(now() - begun, seconds(3));
    let outcome = with_timeout(seconds(9), || {
        idle_timeout(seconds(2), |_| sleep(MAX)).unwrap_err();
        now() - begun
    });
    assert_eq!(outcome, Ok(seconds(5)));
    let payload = caught(|| idle_timeout(seconds(1), |_| -> () { panic!("its own") }));
    assert_eq!(*payload.downcast::<&str>().unwrap(), "its own");
    sleep(seconds(10)); // nothing is left that would end this
}

#[test]
fn two_directions_of_a_stream_keep_each_other_alive() {
    let _watch = within(seconds(10));
    fn copy(mut from: &TcpStream, mut to: &TcpStream, timer: &IdleTimer) {
        let mut buffer = [0; 64];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            timer.reset();
            to.write_all(&buffer[..count]).unwrap();
        }
    }
    let ((mut client, near), (far, mut server)) = (pair(), pair());
    let forwarder = spawn(move || {
        idle_timeout(millis(150), |timer| {
            scope(|s| {
                s.spawn(|| copy(&near, &far, timer));
                s.spawn(|| copy(&far, &near, timer));
            });
        })
    });
    let begun = now();
    // One direction is silent for longer than the limit.
    for n in 0..4 {
        sleep(millis(60));
        client.write_all(&[n]).unwrap();
        let mut byte = [0];
        server.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [n]);
    }
    assert!(forwarder.join().unwrap().is_err());
    assert!(now() - begun >= millis(4 * 60 + 150));
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "both ends are closed");
}

/// When the block is over, and whether the limit has ended it: `resets` are the moments at which two tasks reset it.
fn on_paper(limit: u64, length: u64, resets: &[Vec<u64>; 2]) -> (u64, bool) {
    let mut moments: Vec<u64> = resets.iter().flatten().copied().collect();
    moments.sort_unstable();
    let mut due = limit;
    for moment in moments.into_iter().filter(|&moment| moment < length) {
        if moment > due {
            break;
        }
        due = moment + limit;
    }
    (due.min(length), due < length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn it_ends_as_on_paper(
        limit in 0..40u64,
        length in 0..200u64,
        gaps in [prop::collection::vec(0..40u64, 0..12), prop::collection::vec(0..40u64, 0..12)],
    ) {
        pause_clock();
        // Odd and even, so that nothing comes at the very moment of a limit.
        let (limit, length) = (2 * limit + 1, 2 * length);
        let resets = gaps.map(|gaps| {
            let sums = gaps.iter().scan(0, |sum, gap| {
                *sum += 2 * gap;
                Some(*sum)
            });
            sums.collect::<Vec<u64>>()
        });
        let begun = now();
        let outcome = idle_timeout(millis(limit), |timer| {
            let timer = Rc::new(timer.clone());
            for moments in resets.clone() {
                let timer = timer.clone();
                spawn(move || {
                    for moment in moments {
                        sleep((begun + millis(moment)).saturating_duration_since(now()));
                        timer.reset();
                    }
                })
                .detach();
            }
            sleep(millis(length));
        });
        let ended = (now() - begun).as_millis() as u64;
        prop_assert_eq!((ended, outcome.is_err()), on_paper(limit, length, &resets));
    }
}
