//! Switching: who runs when, and what a switch carries each way.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use greenhub::greenlet::Builder;
use greenhub::{AnyGreenlet, Greenlet, current, parent};

use crate::support::{Census, Counted, Log, caught, slowness, started, wait};

#[test]
fn the_body_runs_at_the_first_switch_and_not_before() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| log.say("body")
    });
    log.say("made");
    greenlet.switch(());
    log.say("back");
    log.check(["made", "body", "back"]);
}

#[test]
fn main_and_a_greenlet_take_turns_in_order() {
    let log = Log::new();
    let greenlet: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            log.say("1");
            wait();
            log.say("3");
        }
    });
    log.say("0");
    greenlet.switch(());
    log.say("2");
    greenlet.switch(());
    log.say("4");
    log.check(["0", "1", "2", "3", "4"]);
    assert!(greenlet.is_dead());
}

#[test]
fn the_first_value_is_the_argument_the_last_the_result() {
    let greenlet: Greenlet<i32, String> = Greenlet::new(|first| {
        let second = parent::<String, i32>().switch(format!("first {first}"));
        format!("second {second}")
    });
    assert_eq!(greenlet.switch(2), "first 2");
    assert_eq!(greenlet.switch(50), "second 50");
    assert!(greenlet.is_dead());
}

#[test]
fn two_greenlets_exchange_values_without_their_parent() {
    let log = Log::new();
    let (left, right) = (Greenlet::<i32, i32>::declare(), Greenlet::declare());
    left.define({
        let (log, right) = (log.clone(), right.clone());
        move |_| {
            let got = right.switch(24);
            log.say(format!("left got {got}"));
            got
        }
    });
    right.define({
        let (log, left) = (log.clone(), left.clone());
        move |got: i32| {
            log.say(format!("right got {got}"));
            left.switch(42)
        }
    });
    assert_eq!(left.switch(0), 42);
    log.check(["right got 24", "left got 42"]);
    assert!(left.is_dead() && right.is_active());
}

#[test]
fn each_state_is_told_as_greenlet_tells_it() {
    let flags = |greenlet: &AnyGreenlet| {
        (
            greenlet.is_started(),
            greenlet.is_active(),
            greenlet.is_dead(),
        )
    };
    let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| {
        assert_eq!(flags(&current()), (true, true, false), "running");
        wait();
    });
    let any = AnyGreenlet::from(&greenlet);
    assert_eq!(flags(&any), (false, false, false), "not started");
    greenlet.switch(());
    assert_eq!(flags(&any), (true, true, false), "suspended");
    greenlet.switch(());
    assert_eq!(flags(&any), (true, false, true), "ended");
    assert_eq!(flags(&current()), (true, true, false), "main");
    assert!(current().parent().is_none());
}

#[test]
fn a_switch_to_oneself_gives_the_value_straight_back() {
    assert_eq!(current().typed::<&str, &str>().switch("main"), "main");
    let greenlet: Greenlet<String, String> =
        Greenlet::new(|first| current().typed::<String, String>().switch(first));
    assert_eq!(greenlet.switch("its own".into()), "its own");
}

#[test]
fn a_switch_to_a_dead_child_gives_the_value_straight_back() {
    let child: Greenlet<u32, u32> = Greenlet::new(|value| value + 1);
    assert_eq!(child.switch(1), 2);
    assert_eq!(child.switch(7), 7);
    assert_eq!(child.switch(8), 8);
}

#[test]
fn values_of_every_shape_arrive_whole() {
    #[repr(align(128))]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Aligned(u8);

    #[derive(Clone, PartialEq, Debug)]
    struct Large([u64; 200], String);

    fn there_and_back<T: Clone + PartialEq + std::fmt::Debug + 'static>(value: T) {
        let echo: Greenlet<T, T> = Greenlet::new(|mut value: T| {
            loop {
                assert!((&raw const value).is_aligned());
                value = parent::<T, T>().switch(value);
            }
        });
        for _ in 0..3 {
            assert_eq!(echo.switch(value.clone()), value);
        }
    }

    there_and_back(());
    there_and_back(Aligned(5));
    there_and_back(Large(std::array::from_fn(|n| n as u64), "large".into()));
    there_and_back((1u8, 2.5f64, Some("text".to_string()), None::<Box<u8>>));
    there_and_back(Rc::new(Cell::new(3)));
    there_and_back(u128::MAX);
}

#[test]
fn captures_of_every_size_and_alignment_arrive_whole() {
    #[repr(align(256))]
    struct Aligned([u8; 256]);

    fn check<const N: usize>() {
        let captured: [u8; N] = std::array::from_fn(|n| n as u8);
        let greenlet: Greenlet<(), bool> =
            Greenlet::new(move |()| captured == std::array::from_fn(|n| n as u8));
        assert!(greenlet.switch(()), "{N} bytes");
    }
    check::<0>();
    check::<1>();
    check::<500>();
    check::<512>();
    check::<513>();
    check::<1024>();
    check::<8_000>();
    let aligned = Aligned([7; 256]);
    let greenlet: Greenlet<(), u8> = Greenlet::new(move |()| {
        let aligned = aligned;
        assert!((&raw const aligned).is_aligned());
        aligned.0[255]
    });
    assert_eq!(greenlet.switch(()), 7);
}

#[test]
fn values_and_captures_are_dropped_once() {
    let census = Census::new();
    let (captured, locals) = (census.one(), census.clone());
    let greenlet: Greenlet<Counted, Counted> = Greenlet::new(move |first| {
        let _kept = (captured, locals.one());
        drop(parent::<Counted, Counted>().switch(first));
        locals.one()
    });
    let first = greenlet.switch(census.one());
    assert_eq!(census.dropped(), 0);
    drop(first);
    let last = greenlet.switch(census.one());
    assert_eq!(census.dropped(), 4, "all but the result");
    drop(last);
    census.check_all_dropped();
}

#[test]
fn a_greenlet_runs_deep_on_its_own_stack() {
    fn sum_down(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 8]);
        if n == 0 {
            wait();
            return 0;
        }
        frame[(n % 8) as usize] + sum_down(n - 1)
    }
    let greenlet: Greenlet<(), ()> = Greenlet::new(|()| assert_eq!(sum_down(300), 300 * 301 / 2));
    greenlet.switch(());
    assert!(!started(|| assert_eq!(sum_down(3), 6)).is_dead());
    greenlet.switch(());
    assert!(greenlet.is_dead());
}

#[test]
fn a_larger_stack_can_be_asked_for() {
    fn depth(bytes: usize) -> usize {
        let frame = std::hint::black_box([1u8; 1024]);
        if bytes < 1024 {
            return usize::from(frame[0]);
        }
        depth(bytes - 1024) + usize::from(frame[1023])
    }
    const BYTES: usize = 4 * 1024 * 1024;
    let greenlet: Greenlet<usize, usize> = Builder::new()
        .stack_size(4 * BYTES)
        .build(depth)
        .expect("16 MiB of stack");
    assert_eq!(greenlet.switch(BYTES), BYTES / 1024 + 1);
}

#[test]
fn thousands_are_suspended_at_once_and_all_go_on() {
    let greenlets: Vec<Greenlet<usize, usize>> = (0..2_000)
        .map(|n| Greenlet::new(move |first| n + parent::<usize, usize>().switch(first)))
        .collect();
    for (n, greenlet) in greenlets.iter().enumerate() {
        assert_eq!(greenlet.switch(n), n);
    }
    for (n, greenlet) in greenlets.iter().enumerate().rev() {
        assert_eq!(greenlet.switch(1), n + 1);
        assert!(greenlet.is_dead());
    }
}

#[test]
fn a_hundred_thousand_come_and_go() {
    let mut sum = 0;
    let count = 100_000 / u64::from(slowness());
    for n in 0..count {
        let greenlet: Greenlet<u64, u64> = Greenlet::new(|n| parent::<u64, u64>().switch(n));
        sum += greenlet.switch(n);
        if n % 2 == 0 {
            greenlet.switch(n);
            assert!(greenlet.is_dead());
        }
    }
    assert_eq!(sum, count * (count - 1) / 2);
}

#[test]
fn a_destructor_may_switch_when_nothing_panics() {
    struct SwitchesAtDrop(Greenlet<(), ()>, Log);
    impl Drop for SwitchesAtDrop {
        fn drop(&mut self) {
            self.1.say("drop begins");
            self.0.switch(());
            self.1.say("drop ends");
        }
    }
    let log = Log::new();
    let other = Greenlet::new({
        let log = log.clone();
        move |()| log.say("other")
    });
    drop(SwitchesAtDrop(other, log.clone()));
    log.check(["drop begins", "other", "drop ends"]);
}

#[test]
fn a_capture_of_an_unstarted_greenlet_may_switch_in_its_drop() {
    struct SwitchesAtDrop(Greenlet<(), ()>);
    impl Drop for SwitchesAtDrop {
        fn drop(&mut self) {
            self.0.switch(());
        }
    }
    let log = Log::new();
    let other = started({
        let log = log.clone();
        move || {
            log.say("first");
            wait();
            log.say("second");
        }
    });
    let captured = SwitchesAtDrop(other.clone());
    let never: Greenlet<(), ()> = Greenlet::new(move |()| drop(captured));
    drop(never);
    log.check(["first", "second"]);
    assert!(other.is_dead());
}

#[test]
fn a_name_and_an_id_tell_greenlets_apart() {
    let named: Greenlet<(), ()> = Greenlet::<(), ()>::builder()
        .name("worker")
        .build(|()| assert_eq!(current().name(), Some("worker")))
        .expect("a stack");
    assert_eq!(named.name(), Some("worker"));
    named.switch(());
    let nameless: Greenlet<(), ()> = Greenlet::new(|()| ());
    assert_eq!(nameless.name(), None);
    assert_eq!(current().name(), Some("main"));
    let clone = nameless.clone();
    assert!(clone == nameless && nameless != named);
    let any = AnyGreenlet::from(&nameless);
    assert_eq!(any, AnyGreenlet::from(&clone));
    assert_eq!(any.id(), nameless.id());
    let mut seen = HashSet::from([nameless.clone(), clone]);
    assert!(seen.insert(named) && seen.len() == 2);
    let ids: HashSet<u64> = (0..5_000)
        .map(|_| Greenlet::<(), ()>::declare().id())
        .collect();
    assert_eq!(ids.len(), 5_000);
}

#[test]
fn a_panic_that_was_caught_does_not_keep_one_from_switching() {
    let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
        for _ in 0..3 {
            let payload = caught(|| panic!("in the greenlet"));
            wait();
            drop(payload);
        }
    });
    for _ in 0..4 {
        greenlet.switch(());
        assert!(!std::thread::panicking());
    }
    assert!(greenlet.is_dead());
}
