//! Shields: what is to end a greenlet's waits is held off inside, and comes at its first wait after that.

use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::task::{self, State, killall, shield};
use greenhub::{GreenletExit, Task, TimedOut, Timeout, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, seconds};

#[test]
fn a_kill_waits_for_the_shield_and_comes_at_the_next_wait() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        shield(|| {
            sleep(seconds(1));
            log.say("first");
            sleep(seconds(1));
            log.say("second");
        });
        log.say("after the shield");
        sleep(seconds(1));
        log.say("never");
    }));
    yield_now();
    let begun = now();
    careful.kill();
    assert_eq!(now() - begun, seconds(2));
    log.check(["first", "second", "after the shield", "fin"]);
    assert!(careful.join().unwrap_err().is_killed());
}

#[test]
fn one_that_does_not_wait_after_its_shield_is_not_killed() {
    pause_clock();
    let careful = spawn(|| {
        shield(|| sleep(seconds(1)));
        7
    });
    yield_now();
    careful.kill();
    assert_eq!(careful.state(), State::Done);
    assert_eq!(careful.join().unwrap(), 7);
}

#[test]
fn the_outer_of_two_shields_counts() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        shield(|| {
            shield(|| sleep(seconds(1)));
            log.say("inner over");
            sleep(seconds(1));
            log.say("outer over");
        });
        sleep(seconds(1));
        log.say("never");
    }));
    yield_now();
    careful.kill();
    log.check(["inner over", "outer over"]);
}

#[test]
fn a_shield_that_a_panic_ends_is_over_too() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        let stone = caught(|| {
            shield(|| {
                sleep(seconds(1));
                std::panic::resume_unwind(Box::new("stone"))
            })
        });
        log.say(*stone.downcast_ref::<&str>().unwrap());
        assert!(GreenletExit::is_in(&*caught(yield_now)));
        log.say("killed");
    }));
    yield_now();
    careful.kill();
    log.check(["stone", "killed"]);
}

#[test]
fn a_shield_is_its_own_greenlets_and_no_one_elses() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        shield(|| {
            let child = spawn(log.given_to(|log| {
                let _fin = log.at_drop("child");
                sleep(seconds(100));
            }));
            yield_now();
            child.kill();
            log.say("parent");
        })
    }));
    careful.join().unwrap();
    log.check(["child", "parent"]);
}

#[test]
fn a_kill_that_was_swallowed_is_held_off_too() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        assert!(GreenletExit::is_in(&*caught(|| sleep(seconds(100)))));
        log.say("killed");
        shield(|| {
            yield_now();
            sleep(seconds(1));
            log.say("in peace");
        });
        assert!(GreenletExit::is_in(&*caught(yield_now)));
        log.say("killed again");
    }));
    yield_now();
    careful.kill();
    log.check(["killed", "in peace", "killed again"]);
}

#[test]
fn a_timeout_from_outside_waits_and_one_from_inside_does_not() {
    pause_clock();
    let log = Log::new();
    let begun = now();
    let outer = with_timeout(seconds(1), || {
        shield(|| {
            sleep(seconds(2));
            log.say("outer is held off");
            let inner = with_timeout(seconds(3), || sleep(seconds(100)));
            assert!(inner.is_err());
            log.say("inner is not");
        });
        log.say("after the shield");
        yield_now();
        log.say("never");
    });
    assert!(outer.is_err());
    assert_eq!(now() - begun, seconds(5));
    log.check(["outer is held off", "inner is not", "after the shield"]);
}

#[test]
fn a_shield_over_the_whole_block_gives_the_value() {
    pause_clock();
    let value = with_timeout(seconds(1), || shield(|| sleep(seconds(2))));
    assert_eq!(value, Ok(()));
    sleep(seconds(1));
}

#[test]
fn a_held_off_kill_precedes_the_outermost_timeout() {
    pause_clock();
    let log = Log::new();
    let careful = spawn(log.given_to(|log| {
        let [outer, inner] = [2, 1].map(|secs| Timeout::start(seconds(secs)));
        shield(|| sleep(seconds(3)));
        assert!(outer.has_expired() && inner.has_expired());
        let next = || {
            let came = caught(yield_now);
            match () {
                () if GreenletExit::is_in(&*came) => "kill",
                () if outer.is_in(&*came) => "outer",
                () if inner.is_in(&*came) => "inner",
                () => "something else",
            }
        };
        log.say(next());
        log.say(next());
        // The kill stays: timeouts come where it is held off.
        shield(|| {
            let _own = Timeout::start(Duration::ZERO);
            assert!(TimedOut::is_in(&*caught(yield_now)));
            log.say("own");
            yield_now();
        });
    }));
    yield_now();
    careful.kill();
    log.check(["kill", "kill", "own"]);

    let [outer, inner] = [2, 1].map(|secs| Timeout::start(seconds(secs)));
    shield(|| sleep(seconds(3)));
    assert!(outer.is_in(&*caught(yield_now)));
    assert!(inner.is_in(&*caught(yield_now)));
    yield_now();
}

#[test]
fn whoever_waits_for_a_shielded_one_may_give_up() {
    pause_clock();
    let log = Log::new();
    let careful = Rc::new(spawn(log.given_to(|log| {
        shield(|| sleep(seconds(10)));
        log.say("out of the shield");
        yield_now();
        log.say("never");
    })));
    yield_now();
    let begun = now();
    assert!(!careful.kill_timeout(seconds(1)));
    assert!(with_timeout(seconds(1), || careful.kill()).is_err());
    assert!(with_timeout(seconds(1), || killall([&*careful])).is_err());
    let killer = spawn({
        let careful = careful.clone();
        move || careful.kill()
    });
    yield_now();
    killer.kill();
    assert_eq!(now() - begun, seconds(3));
    log.check([]);
    careful.wait();
    assert_eq!(now() - begun, seconds(10));
    log.check(["out of the shield"]);
}

#[test]
fn a_task_may_kill_itself_out_of_its_own_shield() {
    let log = Log::new();
    let victim: Task<()> = spawn(log.given_to(|log| {
        let _fin = log.at_drop("fin");
        shield(|| task::current().unwrap().kill());
        log.say("never");
    }));
    assert!(victim.join().unwrap_err().is_killed());
    log.check(["fin"]);
}
