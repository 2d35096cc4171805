//! Moments on the hub's clock: sleeping until one, bounds that end at one, and ticks.

use std::time::{Duration, Instant};

use greenhub::hub::{advance_clock, now, pause_clock};
use greenhub::{
    MissedTickBehavior, interval, interval_at, sleep, sleep_until, spawn, with_timeout,
    with_timeout_at, yield_now,
};

use crate::support::{Log, caught, millis, panic_text, seconds};

/// Milliseconds since `begun`.
fn at(begun: Instant) -> u128 {
    (now() - begun).as_millis()
}

#[test]
fn a_sleep_until_a_moment_ends_at_it() {
    pause_clock();
    let begun = now();
    sleep_until(begun + millis(5));
    assert_eq!(now() - begun, millis(5));
    sleep(millis(7));
    sleep_until(begun + millis(20));
    assert_eq!(now() - begun, millis(20));
}

#[test]
fn sleeps_until_one_moment_end_in_their_order() {
    pause_clock();
    let (log, end) = (Log::new(), now() + millis(9));
    let tasks = ["a", "b", "c"].map(|name| {
        spawn(log.given_to(move |log| {
            sleep_until(end);
            log.say(name);
        }))
    });
    advance_clock(millis(8));
    log.check([]);
    advance_clock(millis(1));
    log.check(["a", "b", "c"]);
    drop(tasks);
}

#[test]
fn a_moment_that_has_passed_lets_others_run_once() {
    pause_clock();
    let (log, begun) = (Log::new(), now());
    let _other = spawn(log.given_to(|log| log.say("other")));
    sleep_until(begun - millis(1));
    log.check(["other"]);
    assert_eq!(now(), begun);
}

#[test]
fn a_moment_too_far_for_the_clock_never_comes() {
    pause_clock();
    let ages = Duration::from_secs(600 * 365 * 24 * 3600);
    if let Some(moment) = now().checked_add(ages) {
        let text = panic_text(|| sleep_until(moment));
        assert!(
            text.contains("waits for sleep at tests/it/hub/interval.rs"),
            "{text}"
        );
    }
}

#[test]
fn a_block_is_ended_at_its_moment() {
    pause_clock();
    let begun = now();
    sleep(millis(3));
    assert!(with_timeout_at(begun + millis(10), || sleep(seconds(1))).is_err());
    assert_eq!(at(begun), 10);
    assert_eq!(
        with_timeout_at(begun + millis(12), || sleep(millis(1))),
        Ok(())
    );
    assert!(with_timeout_at(begun, || sleep(millis(1))).is_err());
    assert_eq!(with_timeout_at(begun, || 7), Ok(7), "it does not wait");
    assert_eq!(at(begun), 11);
}

/// When the ticks of an interval of 10 ms are taken and were due, if the second is taken at 35.
fn ticks(behavior: MissedTickBehavior) -> Vec<(u128, u128)> {
    let begun = now();
    let mut ticks = interval(millis(10));
    ticks.set_missed_tick_behavior(behavior);
    assert_eq!(ticks.missed_tick_behavior(), behavior);
    let mut seen = Vec::new();
    for number in 0..6 {
        let due = ticks.tick();
        seen.push((at(begun), (due - begun).as_millis()));
        if number == 0 {
            sleep(millis(35));
        }
    }
    seen
}

#[test]
fn late_ticks_come_in_a_burst_or_late_or_not_at_all() {
    pause_clock();
    let burst = [(0, 0), (35, 10), (35, 20), (35, 30), (40, 40), (50, 50)];
    assert_eq!(ticks(MissedTickBehavior::default()), burst);
    let delay = [(0, 0), (35, 10), (45, 45), (55, 55), (65, 65), (75, 75)];
    assert_eq!(ticks(MissedTickBehavior::Delay), delay);
    let skip = [(0, 0), (35, 10), (40, 40), (50, 50), (60, 60), (70, 70)];
    assert_eq!(ticks(MissedTickBehavior::Skip), skip);
}

#[test]
fn a_tick_that_is_a_little_late_moves_no_other() {
    pause_clock();
    for behavior in [MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        let mut ticks = interval(millis(10));
        ticks.set_missed_tick_behavior(behavior);
        let begun = ticks.tick();
        sleep(millis(15));
        assert_eq!(ticks.tick() - begun, millis(10));
        assert_eq!(ticks.tick() - begun, millis(20));
        assert_eq!(at(begun), 20);
    }
}

#[test]
fn it_begins_and_continues_where_it_is_told() {
    pause_clock();
    let begun = now();
    let mut ticks = interval_at(begun + millis(3), millis(10));
    let mut next = |change: &dyn Fn(&mut greenhub::Interval)| {
        change(&mut ticks);
        ticks.tick();
        at(begun)
    };
    assert_eq!(next(&|_| ()), 3);
    sleep(millis(1));
    assert_eq!(next(&|ticks| ticks.reset()), 14);
    assert_eq!(next(&|ticks| ticks.reset_immediately()), 14);
    assert_eq!(next(&|ticks| ticks.reset_after(millis(2))), 16);
    assert_eq!(next(&|ticks| ticks.reset_at(begun + millis(20))), 20);
    assert_eq!(next(&|ticks| assert_eq!(ticks.period(), millis(10))), 30);
}

#[test]
fn an_ended_wait_takes_no_tick() {
    pause_clock();
    let begun = now();
    let mut ticks = interval(millis(10));
    ticks.tick();
    assert!(with_timeout(millis(4), || ticks.tick()).is_err());
    assert_eq!(at(begun), 4);
    ticks.tick();
    assert_eq!(at(begun), 10);
}

#[test]
fn a_burst_lets_others_run() {
    pause_clock();
    let log = Log::new();
    let mut ticks = interval(millis(1));
    sleep(seconds(2));
    let other = spawn(log.given_to(|log| log.say("other")));
    yield_now();
    log.check(["other"]);
    drop(other);
    let other = spawn(log.given_to(|log| log.say("other")));
    while !other.is_finished() {
        ticks.tick();
    }
    log.check(["other"]);
    assert!(at(ticks.tick()) > 1000, "it has not caught up yet");
}

#[test]
fn a_period_of_zero_is_refused_and_a_long_one_is_not() {
    pause_clock();
    drop(caught(|| interval(Duration::ZERO)));
    let mut ticks = interval(Duration::MAX);
    let begun = ticks.tick();
    assert_eq!(begun, now());
    assert!(with_timeout(seconds(1), || ticks.tick()).is_err());
    let mut ticks = interval(Duration::MAX);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    sleep(seconds(1));
    ticks.tick();
    assert!(with_timeout(seconds(1), || ticks.tick()).is_err());
}
