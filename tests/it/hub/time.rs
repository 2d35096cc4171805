//! Sleeping and clocks: exact order under a paused clock, and how late real sleeps are.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use greenhub::hub::{now, pause_clock, resume_clock};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{Log, child, millis, pair, panic_text, seconds, slowness, within};

#[test]
fn sleepers_go_on_in_the_order_of_their_deadlines() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let begun = now();
    let tasks: Vec<_> = [50, 10, 40, 20, 30]
        .map(|time| {
            let log = log.clone();
            spawn(move || {
                sleep(seconds(time));
                log.say(format!("{time}@{}", (now() - begun).as_secs()));
            })
        })
        .into();
    joinall(&tasks);
    log.check_line("10@10 20@20 30@30 40@40 50@50");
}

#[test]
fn sleepers_with_equal_deadlines_resume_in_start_order() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let log = log.clone();
            spawn(move || {
                sleep(seconds(1));
                log.say(n.to_string());
            })
        })
        .collect();
    joinall(&tasks);
    let expected: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    assert_eq!(log.words(), expected);
}

#[test]
fn a_paused_clock_stands_still_while_anybody_can_run() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let sleeper = spawn(log.given_to(|log| {
        sleep(Duration::from_nanos(1));
        log.say("slept");
    }));
    let begun = now();
    for _ in 0..10_000 {
        yield_now();
    }
    assert_eq!(now(), begun);
    log.check_line("");
    sleeper.join().unwrap();
    assert_eq!(now() - begun, Duration::from_nanos(1));
    log.check_line("slept");
}

#[test]
fn tickers_of_different_periods_interleave_exactly() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let tasks: Vec<_> = [(2, "a"), (3, "b")]
        .map(|(period, name)| {
            let log = log.clone();
            spawn(move || {
                for tick in 1..=4 {
                    sleep(seconds(period));
                    log.say(format!("{}{name}", tick * period));
                }
            })
        })
        .into();
    joinall(&tasks);
    // At 6 both are due: b began to wait for it at 3, a at 4.
    log.check_line("2a 3b 4a 6b 6a 8a 9b 12b");
}

#[test]
fn a_thousand_sleepers_are_woken_in_time_order() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let log = Log::new();
    let tasks: Vec<_> = (0..1000u64)
        .map(|n| {
            let log = log.clone();
            let time = Duration::from_nanos(n * 7919 % 1009);
            spawn(move || {
                sleep(time);
                assert_eq!(now() - begun, time);
                log.say(time.as_nanos().to_string());
            })
        })
        .collect();
    joinall(&tasks);
    let words: Vec<u64> = log
        .words()
        .iter()
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(words.len(), 1000);
    assert!(words.is_sorted());
}

#[test]
fn a_clock_that_goes_on_goes_on_from_where_it_stood() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    sleep(seconds(3600));
    resume_clock();
    let resumed = now();
    assert!(resumed - begun >= seconds(3600));
    assert!(resumed - begun < seconds(3605));
    let real = Instant::now();
    sleep(millis(5));
    assert!(real.elapsed() >= millis(5));
    assert!(now() - resumed >= millis(5));
}

#[test]
fn pausing_and_resuming_twice_is_as_once() {
    let _watch = within(seconds(10));
    resume_clock();
    pause_clock();
    let begun = now();
    pause_clock();
    sleep(seconds(1));
    assert_eq!(now() - begun, seconds(1));
    resume_clock();
    resume_clock();
    assert!(now() - begun < seconds(5));
}

#[test]
fn a_sleep_of_centuries_under_a_paused_clock_is_exact() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let century = seconds(100 * 365 * 24 * 3600);
    sleep(century);
    sleep(century);
    assert_eq!(now() - begun, 2 * century);
}

#[test]
fn a_clock_that_has_jumped_over_three_centuries_never_goes_back() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let jump = seconds(300 * 365 * 24 * 3600);
    sleep(jump);
    assert_eq!(now() - begun, jump);
    resume_clock();
    let resumed = now();
    assert!(resumed - begun >= jump && resumed - begun < jump + seconds(5));
    let real = Instant::now();
    sleep(millis(5));
    assert!(real.elapsed() >= millis(5) && now() - resumed >= millis(5));
    // Six centuries are more than the clock can count: that is for ever, and not the past.
    pause_clock();
    let text = panic_text(|| sleep(jump));
    assert!(text.contains("waits for sleep"), "{text}");
    sleep(millis(1));
}

#[test]
fn a_ready_socket_precedes_the_next_deadline_of_a_paused_clock() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    pause_clock();
    let log = Log::new();
    let sleeper = spawn(log.given_to(|log| {
        sleep(seconds(1));
        log.say("slept");
    }));
    let reader = spawn(log.given_to(move |log| {
        ours.read_exact(&mut [0]).unwrap();
        log.say("read");
    }));
    yield_now();
    theirs.write_all(b"x").unwrap();
    joinall([&sleeper, &reader]);
    log.check_line("read slept");
}

#[test]
fn sleeping_for_no_time_is_yielding() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let log = Log::new();
    let task = spawn(log.given_to(|log| log.say("task")));
    sleep(Duration::ZERO);
    log.say("main");
    assert!(task.is_finished());
    log.check_line("task main");
    assert_eq!(now(), begun);
}

#[test]
fn one_that_sleeps_for_ever_keeps_nobody_else() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let forever = spawn(|| sleep(Duration::MAX));
    let other = spawn(|| sleep(seconds(5)));
    other.join().unwrap();
    assert!(!forever.is_finished());
    assert_eq!(now() - begun, seconds(5));
    let text = panic_text(|| forever.join());
    assert!(text.contains("waits for sleep"), "{text}");
}

#[test]
fn a_sleep_is_never_short_and_seldom_long() {
    let _watch = within(seconds(20));
    let asked = Duration::from_micros(100);
    // Other tests run beside this one, so the best of a few rounds counts.
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let mut over: Vec<Duration> = (0..200)
            .map(|_| {
                let begun = Instant::now();
                sleep(asked);
                let slept = begun.elapsed();
                assert!(slept >= asked, "slept for {slept:?} only");
                slept - asked
            })
            .collect();
        over.sort();
        println!(
            "sleep of 100 us: over by {:?} in the median, {:?} at worst",
            over[100], over[199]
        );
        best = best.min(over[100]);
    }
    assert!(best < Duration::from_micros(300), "{best:?}");
}

#[test]
fn a_long_sleep_is_as_punctual_as_a_short_one() {
    let _watch = within(seconds(20));
    // The kernel may end a wait of two seconds some milliseconds late, and a busy machine any wait. So the best of four
    // threads counts, beside the worst of four that sleep as std does.
    let late = |sleep: fn(Duration)| {
        std::thread::spawn(move || {
            let begun = Instant::now();
            sleep(seconds(2));
            begun.elapsed().checked_sub(seconds(2)).expect("not short")
        })
    };
    let ours = [(); 4].map(|()| late(sleep));
    let theirs = [(); 4].map(|()| late(std::thread::sleep));
    let [ours, theirs] = [ours, theirs].map(|all| all.map(|sleeper| sleeper.join().unwrap()));
    println!("sleeps of 2 s were late by {ours:?}, and those of std by {theirs:?}");
    let allowed = theirs.into_iter().max().unwrap() + millis(1) * slowness();
    assert!(ours.into_iter().min() < Some(allowed), "{ours:?}");
}

#[test]
fn sleeps_around_a_millisecond_are_never_short() {
    let _watch = within(seconds(20));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..100u64)
        .map(|n| {
            spawn(move || {
                let time = Duration::from_micros(n * 61 + 1);
                let begun = Instant::now();
                sleep(time);
                assert!(begun.elapsed() >= time);
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
    assert!(begun.elapsed() < seconds(2));
}

#[test]
fn sleepers_sleep_side_by_side() {
    let _watch = within(seconds(10));
    let begun = Instant::now();
    let tasks = [(); 200].map(|()| spawn(|| sleep(millis(50))));
    joinall(&tasks);
    assert!(begun.elapsed() >= millis(50));
    assert!(begun.elapsed() < seconds(2), "{:?}", begun.elapsed());
}

extern "C" fn do_nothing(_: libc::c_int) {}

/// Interrupts this process every so many microseconds.
fn storm_of_signals(every: i32) {
    let handler: extern "C" fn(libc::c_int) = do_nothing;
    // SAFETY: the handler does nothing, which is always safe in a signal.
    let old = unsafe { libc::signal(libc::SIGALRM, handler as libc::sighandler_t) };
    assert_ne!(old, libc::SIG_ERR);
    let time = libc::timeval {
        tv_sec: 0,
        tv_usec: every.into(),
    };
    let timer = libc::itimerval {
        it_interval: time,
        it_value: time,
    };
    // SAFETY: a valid timer value, and no room for the old one.
    let outcome =
        unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    assert_eq!(outcome, 0);
}

#[test]
fn a_storm_of_signals_disturbs_neither_sleeps_nor_sockets() {
    child(
        "hub::time::a_storm_of_signals_disturbs_neither_sleeps_nor_sockets",
        || {
            let (mut ours, mut theirs) = pair();
            storm_of_signals(500);
            let sleeper = spawn(|| {
                for _ in 0..20 {
                    let begun = Instant::now();
                    sleep(millis(10));
                    assert!(begun.elapsed() >= millis(10));
                    assert!(begun.elapsed() < millis(500) * slowness());
                }
            });
            let writer = spawn(move || {
                let bytes: Vec<u8> = (0..2_000_000).map(|n| n as u8).collect();
                theirs.write_all(&bytes).unwrap();
                drop(theirs);
                sleep(millis(100));
            });
            let reader = spawn(move || {
                let mut bytes = Vec::new();
                ours.read_to_end(&mut bytes).unwrap();
                assert_eq!(bytes.len(), 2_000_000);
            });
            for task in [sleeper, writer, reader] {
                task.join().unwrap();
            }
        },
    )
    .must_be_ok();
}
