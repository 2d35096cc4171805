//! Permits that were promised: whatever comes between the call and its greenlet's turn, none is lost and none counted
//! twice.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use greenhub::greenlet::set_tracer;
use greenhub::hub::pause_clock;
use greenhub::sync::{Permit, Semaphore};
use greenhub::{
    AnyGreenlet, Task, current, iwait, sleep, spawn, wait_any, with_timeout, yield_now,
};

use crate::support::{caught, child, millis, open_descriptors, seconds, within};

/// A semaphore whose only permit was taken.
fn taken() -> Rc<Semaphore> {
    let semaphore = Rc::new(Semaphore::new(1));
    semaphore.acquire().forget();
    semaphore
}

/// There is a permit more than before, and no more.
#[track_caller]
fn check_works(semaphore: &Semaphore, permits: usize) {
    assert_eq!(semaphore.available_permits(), permits);
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), permits + 1);
}

/// Sets a tracer that runs `body` the first time when `task` gets control from now on.
fn trace_once(task: &Task<impl Sized>, body: impl Fn() + 'static) {
    let (id, begun) = (task.id(), Cell::new(false));
    set_tracer(Some(Rc::new(move |_, _, target| {
        if target.id() == id && !begun.replace(true) {
            body();
        }
    })));
}

#[test]
fn a_wait_that_a_tracer_is_refused_costs_no_permit() {
    let _watch = within(seconds(10));
    pause_clock();
    let semaphore = taken();
    let task = spawn({
        let semaphore = semaphore.clone();
        move || semaphore.acquire().forget()
    });
    yield_now();
    trace_once(&task, {
        let semaphore = semaphore.clone();
        move || {
            drop(caught(|| sleep(seconds(1))));
            drop(caught(|| semaphore.acquire().forget()));
        }
    });
    semaphore.add_permits(1);
    let joined = task.join();
    assert!(set_tracer(None).is_some());
    joined.unwrap();
    check_works(&semaphore, 0);
}

/// What happens to one who waits, just before or just after it is called.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blow {
    Nothing,
    Kill,
    KillAsGreenlet,
    Throw,
    Timeout,
    TracerPanics,
}

const BLOWS: [Blow; 6] = [
    Blow::Nothing,
    Blow::Kill,
    Blow::KillAsGreenlet,
    Blow::Throw,
    Blow::Timeout,
    Blow::TracerPanics,
];

/// Waits for a permit of `here` in one of these ways, and gives it back.
fn wait_in_some_way(way: u32, here: &Semaphore, there: &Semaphore) {
    match way {
        0 => drop(here.acquire()),
        1 => drop(here.acquire_timeout(seconds(1))),
        2 => _ = wait_any(&[here, here]),
        3 => _ = wait_any(&[there, here, there, here]),
        4 => _ = iwait([here, here]).next(),
        _ => _ = iwait([there, here]).timeout(seconds(1)).next(),
    }
}

fn strike(blow: Blow, target: &Task<()>, greenlet: AnyGreenlet) {
    match blow {
        Blow::Nothing => (),
        Blow::Kill => target.kill_nowait(),
        Blow::KillAsGreenlet => greenlet.kill(),
        Blow::Throw => {
            // Whoever throws goes on waiting, for a switch that never comes.
            let thrower = spawn(move || _ = greenlet.try_throw(Box::new("thrown")));
            yield_now();
            thrower.kill();
        }
        Blow::Timeout => sleep(millis(500)),
        Blow::TracerPanics => trace_once(target, || panic!("the tracer")),
    }
}

#[test]
fn a_disturbed_waiter_never_costs_the_next_its_permit() {
    let _watch = within(seconds(20));
    pause_clock();
    for (way, blow) in (0..6).flat_map(|way| BLOWS.map(|blow| (way, blow))) {
        for is_first in [false, true] {
            let (here, there, greenlet) = (taken(), taken(), Rc::new(RefCell::new(None)));
            let target = spawn({
                let (here, there, greenlet) = (here.clone(), there.clone(), greenlet.clone());
                move || {
                    greenlet.replace(Some(current()));
                    // Due in the turn in which the blow that is none has slept enough.
                    let _ = with_timeout(millis(500), || wait_in_some_way(way, &here, &there));
                }
            });
            yield_now();
            let next = spawn({
                let here = here.clone();
                move || drop(here.acquire())
            });
            yield_now();
            let greenlet = greenlet.take().unwrap();
            if is_first {
                strike(blow, &target, greenlet);
                here.add_permits(1);
            } else {
                here.add_permits(1);
                strike(blow, &target, greenlet);
            }
            let situation = format!("{way}, {blow:?}, first: {is_first}");
            assert!(next.wait_timeout(seconds(9)), "{situation}");
            set_tracer(None);
            target.kill();
            drop(target.join());
            assert_eq!(here.available_permits(), 1, "{situation}");
            check_works(&here, 1);
            check_works(&there, 0);
        }
    }
}

thread_local! {
    static KEPT: RefCell<Option<Permit<'static>>> = const { RefCell::new(None) };
}

#[test]
fn a_permit_may_be_returned_at_the_end_of_its_thread() {
    let name = "sync::semaphore_waits::a_permit_may_be_returned_at_the_end_of_its_thread";
    let ended = child(name, || {
        let thread = std::thread::spawn(|| {
            let semaphore: &'static Semaphore = Box::leak(Box::new(Semaphore::new(1)));
            KEPT.set(Some(semaphore.acquire()));
            drop(spawn(|| semaphore.acquire().forget()));
            yield_now();
        });
        thread.join().unwrap();
    });
    ended.check_success();
}

#[test]
fn a_semaphore_that_nobody_waits_for_needs_no_hub() {
    let name = "sync::semaphore_waits::a_semaphore_that_nobody_waits_for_needs_no_hub";
    let ended = child(name, || {
        let before = open_descriptors();
        let semaphore = Semaphore::new(0);
        semaphore.add_permits(1);
        drop(semaphore.acquire());
        assert_eq!(open_descriptors(), before);
    });
    ended.check_success();
}
