//! Greenlets that wait in the hub without being tasks, and switches to those who wait there.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::{
    AnyGreenlet, Greenlet, SwitchError, current, joinall, parent, sleep, spawn, yield_now,
};

use crate::support::{AtDrop, Log, pair, panic_text, seconds, within};

type Plain = Greenlet<(), ()>;

#[test]
fn a_sleeping_greenlet_lets_tasks_run_and_returns_its_value() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        log.say("task");
        sleep(seconds(1));
        log.say("task again");
    }));
    let greenlet: Greenlet<u8, u8> = Greenlet::new({
        let log = log.clone();
        move |n| {
            sleep(seconds(2));
            log.say("greenlet");
            n + 1
        }
    });
    assert_eq!(greenlet.switch(41), 42);
    assert!(greenlet.is_dead());
    assert!(task.is_finished());
    log.check_line("task task again greenlet");
}

#[test]
fn tasks_may_switch_to_greenlets_that_wait_for_sockets() {
    let _watch = within(seconds(10));
    let (ours, theirs) = pair();
    let tasks = [
        (
            ours,
            vec![Op::Write(b'a'), Op::Read(b'b'), Op::Write(b'c'), Op::End],
        ),
        (
            theirs,
            vec![Op::Read(b'a'), Op::Write(b'b'), Op::Read(b'c'), Op::End],
        ),
    ]
    .map(|(mut stream, ops)| {
        spawn(move || {
            let talker: Greenlet<Op, bool> = Greenlet::new(move |mut op| {
                let task = parent::<bool, Op>();
                loop {
                    op = task.switch(match op {
                        Op::Write(byte) => stream.write(&[byte]).is_ok(),
                        Op::Read(expected) => {
                            let mut byte = [0];
                            stream.read_exact(&mut byte).unwrap();
                            byte[0] == expected
                        }
                        Op::End => return true,
                    });
                }
            });
            ops.into_iter().all(|op| talker.switch(op))
        })
    });
    for task in tasks {
        assert!(task.join().unwrap());
    }
}

#[derive(Clone, Copy)]
enum Op {
    Write(u8),
    Read(u8),
    End,
}

#[test]
fn a_greenlet_that_waits_in_the_hub_cannot_be_switched_to() {
    let _watch = within(seconds(10));
    pause_clock();
    let begun = now();
    let greenlet: Plain = Greenlet::new(|()| sleep(seconds(5)));
    let other = spawn({
        let greenlet = greenlet.clone();
        move || {
            sleep(seconds(1));
            match greenlet.try_switch(()) {
                Err(SwitchError::NotWaiting(())) => {}
                other => panic!("{other:?}"),
            }
            let text = panic_text(|| greenlet.switch(()));
            assert!(text.contains("waits for something other"), "{text}");
        }
    });
    greenlet.switch(());
    assert_eq!(now() - begun, seconds(5));
    other.join().unwrap();
}

#[test]
fn a_waiting_or_unstarted_task_and_the_hub_refuse_a_switch() {
    let _watch = within(seconds(10));
    let me: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let sleeper = spawn({
        let me = me.clone();
        move || {
            *me.borrow_mut() = Some(current());
            let hub = current().parent().unwrap().typed::<(), ()>();
            assert!(matches!(hub.try_switch(()), Err(SwitchError::Hub(()))));
            sleep(Duration::from_millis(1));
            7
        }
    });
    yield_now();
    let handle = me.borrow_mut().take().unwrap().typed::<(), ()>();
    assert!(matches!(
        handle.try_switch(()),
        Err(SwitchError::NotWaiting(()))
    ));
    assert_eq!(sleeper.join().unwrap(), 7);
    assert!(matches!(handle.try_switch(()), Err(SwitchError::Dead(()))));
}

#[test]
fn a_waiting_greenlet_whose_handles_are_gone_goes_on_and_ends() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    let waiter: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let owner = spawn({
        let (log, waiter) = (log.clone(), waiter.clone());
        move || {
            let _bell = AtDrop(log.clone(), "owner-over");
            let greenlet: Plain = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let _bell = AtDrop(log.clone(), "greenlet-over");
                    sleep(seconds(5));
                    log.say("slept");
                    sleep(seconds(5));
                    log.say("slept-again");
                }
            });
            *waiter.borrow_mut() = Some(current());
            greenlet.switch(()); // somebody else switches back
            log.say("dropping");
        }
    });
    yield_now();
    // It waits in a switch for a `()`, and gets one that is not its greenlet's.
    let owner_greenlet = waiter.borrow_mut().take().unwrap().typed::<(), ()>();
    let poker = spawn(move || owner_greenlet.switch(()));
    owner.join().unwrap();
    sleep(seconds(20));
    log.check_line("dropping owner-over slept slept-again greenlet-over");
    drop(poker);
}

#[test]
fn a_greenlet_that_cannot_be_woken_unwinds_with_its_last_handle() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let main = current().typed::<(), ()>();
    let greenlet: Plain = Greenlet::new({
        let log = log.clone();
        move |()| {
            let _bell = AtDrop(log, "unwound");
            spawn(move || main.switch(())).detach();
            sleep(Duration::MAX);
        }
    });
    greenlet.switch(());
    log.check_line("");
    drop(greenlet);
    log.check_line("unwound");
}

#[test]
fn a_greenlet_may_yield_and_join() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let task = spawn(log.given_to(|log| {
        log.say("task");
        yield_now();
        5
    }));
    let greenlet: Greenlet<(), i32> = Greenlet::new({
        let log = log.clone();
        move |()| {
            yield_now();
            log.say("greenlet");
            task.join().unwrap()
        }
    });
    assert_eq!(greenlet.switch(()), 5);
    log.check_line("task greenlet");
}

#[test]
fn a_panic_after_a_wait_goes_to_the_parent_in_its_switch() {
    let _watch = within(seconds(10));
    let greenlet: Plain = Greenlet::new(|()| {
        sleep(Duration::from_micros(1));
        panic!("after a wait");
    });
    assert_eq!(panic_text(|| greenlet.switch(())), "after a wait");
    let task = spawn(|| {
        let greenlet: Plain = Greenlet::new(|()| {
            yield_now();
            panic!("in a task");
        });
        greenlet.switch(());
    });
    assert_eq!(task.join().unwrap_err().panic_message(), Some("in a task"));
}

#[test]
fn an_ending_child_ends_any_wait_of_its_parent() {
    let _watch = within(seconds(10));
    pause_clock();
    let (ours, _theirs) = pair();
    let busy = spawn(|| sleep(Duration::MAX));
    let waits: [(&str, &dyn Fn()); 6] = [
        ("sleep", &|| sleep(seconds(1))),
        ("yield", &yield_now),
        ("wait", &|| busy.wait()),
        ("joinall", &|| joinall([&busy])),
        ("read", &|| drop((&ours).read(&mut [0; 8]))),
        ("join", &|| drop(spawn(|| sleep(seconds(1))).join())),
    ];
    for (what, wait) in waits {
        let begun = now();
        let child: Plain = Greenlet::new(|()| panic!("the child's own"));
        spawn(move || child.switch(())).detach();
        assert_eq!(panic_text(wait), "the child's own", "{what}");
        let child: Greenlet<(), u8> = Greenlet::new(|()| 5);
        spawn(move || child.switch(())).detach();
        let text = panic_text(wait);
        assert!(
            text.contains("ended with a value of type u8"),
            "{what}: {text}"
        );
        assert_eq!(now(), begun, "{what}");
    }
}

#[test]
fn a_greenlet_that_outlives_its_maker_disturbs_no_other() {
    let _watch = within(seconds(10));
    pause_clock();
    for panics in [false, true] {
        let log = Log::new();
        let orphan: Rc<RefCell<Option<Plain>>> = Rc::default();
        let maker = spawn({
            let (log, orphan) = (log.clone(), orphan.clone());
            move || {
                *orphan.borrow_mut() = Some(Greenlet::new(move |()| {
                    sleep(seconds(1));
                    log.say("orphan");
                    assert!(!panics, "an orphan's panic");
                }));
            }
        });
        maker.join().unwrap();
        let orphan = orphan.borrow_mut().take().unwrap();
        let starter = spawn(move || orphan.switch(()));
        sleep(seconds(5));
        log.check_line("orphan");
        assert!(!starter.is_finished());
        assert_eq!(spawn(|| 3).join().unwrap(), 3);
    }
}

#[test]
fn many_greenlets_wait_side_by_side() {
    let _watch = within(seconds(20));
    pause_clock();
    let begun = now();
    let tasks: Vec<_> = (0..500u64)
        .map(|n| {
            spawn(move || {
                let greenlet: Greenlet<u64, u64> = Greenlet::new(|n| {
                    let inner: Greenlet<u64, u64> = Greenlet::new(|n| {
                        sleep(seconds(n));
                        n * 2
                    });
                    inner.switch(n) + 1
                });
                greenlet.switch(n)
            })
        })
        .collect();
    for (n, task) in (0..).zip(tasks) {
        assert_eq!(task.join().unwrap(), n * 2 + 1);
    }
    assert_eq!(now() - begun, seconds(499));
}

/// Starts a greenlet that waits in the hub, and gives the only handle to it up.
fn start_and_forget(greenlet: Plain) {
    let me = current().typed::<(), ()>();
    spawn(move || me.switch(())).detach();
    greenlet.switch(());
}

/// Does something to its greenlet's parent when it is dropped.
struct Meddles(fn(&Plain), Log);

impl Drop for Meddles {
    fn drop(&mut self) {
        (self.0)(&parent());
        self.1.say("meddled");
    }
}

/// What is left of a parent in the ready queue when its child unwinds because nobody can wake it.
fn after_meddling(meddle: fn(&Plain)) -> Log {
    pause_clock();
    let log = Log::new();
    let maker = spawn(log.given_to(move |log| {
        let child: Rc<RefCell<Option<Plain>>> = Rc::default();
        start_and_forget(Greenlet::new({
            let child = child.clone();
            move |()| {
                let _bell = AtDrop(log.clone(), "over");
                let meddles = Meddles(meddle, log.clone());
                child.replace(Some(Greenlet::new(move |()| {
                    let _meddles = meddles;
                    sleep(seconds(1));
                    // The parent is next, and nobody has a handle to it any more.
                    sleep(Duration::MAX);
                })));
                sleep(seconds(1));
                yield_now();
                log.say("goes-on");
            }
        }));
        start_and_forget(child.take().unwrap());
    }));
    // By then control goes from one to the next without the hub.
    let _turns = [(); 2].map(|()| spawn(|| (0..100).for_each(|_| yield_now())));
    maker.join().unwrap();
    sleep(seconds(5));
    log
}

#[test]
fn an_unwakeable_greenlet_that_unwinds_spares_the_successor() {
    let _watch = within(seconds(10));
    // For a moment there is a handle to the parent, and then none again.
    let log = after_meddling(|parent| {
        let text = panic_text(|| parent.define(|()| ()));
        assert!(text.contains("has its body already"), "{text}");
    });
    log.check_line("meddled goes-on over");
    let log = after_meddling(|greenlet| greenlet.kill());
    log.check_line("over meddled");
}
