//! Threads and the end of the process: each thread has its own main greenlet, and leaving is never fatal.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use greenhub::greenlet::Builder;
use greenhub::{AnyGreenlet, Greenlet, current, parent};

use crate::support::{Log, in_child, started, wait};

#[test]
fn each_thread_has_a_main_greenlet_of_its_own() {
    let ids: Vec<u64> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                let main = current();
                assert_eq!(main.name(), Some("main"));
                assert!(main.is_active() && main.parent().is_none());
                let child: Greenlet<(), ()> = Greenlet::new(|()| wait());
                child.switch(());
                assert_eq!(child.parent(), Some(main.clone()));
                main.id()
            })
        })
        .map(|thread| thread.join().expect("no panic"))
        .chain([current().id()])
        .collect();
    for (n, id) in ids.iter().enumerate() {
        assert!(!ids[..n].contains(id), "{ids:?}");
    }
}

#[test]
fn threads_switch_independently() {
    let (to_here, here) = mpsc::channel();
    let (to_there, there) = mpsc::channel::<u32>();
    let other = thread::spawn(move || {
        let adder: Greenlet<u32, u32> = Greenlet::new(|mut got| {
            let mut sum = 0;
            loop {
                sum += got;
                got = parent::<u32, u32>().switch(sum);
            }
        });
        for got in there {
            to_here.send(adder.switch(got)).expect("here waits");
        }
    });
    let doubler: Greenlet<u32, u32> = Greenlet::new(move |mut got| {
        loop {
            // A switch of that thread happens while this greenlet blocks this one.
            to_there.send(got).expect("there waits");
            let sum = here.recv().expect("there answers");
            got = parent::<u32, u32>().switch(sum * 2);
        }
    });
    assert_eq!([1, 2, 3].map(|n| doubler.switch(n)), [2, 6, 12]);
    drop(doubler); // and with it the channel
    other.join().expect("no panic");
}

#[test]
fn many_threads_switch_at_once() {
    let threads: Vec<_> = (0..8u64)
        .map(|n| {
            thread::spawn(move || {
                let counter: Greenlet<u64, u64> = Greenlet::new(|mut step| {
                    let mut total = 0;
                    loop {
                        total += step;
                        step = parent::<u64, u64>().switch(total);
                    }
                });
                (0..10_000).fold(0, |_, _| counter.switch(n))
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().expect("no panic"), n as u64 * 10_000);
    }
}

#[test]
fn a_panic_in_a_greenlet_ends_its_thread_as_any_panic_does() {
    let thread = thread::spawn(|| {
        Greenlet::<(), ()>::new(|()| std::panic::panic_any(42u8)).switch(());
    });
    let payload = thread.join().expect_err("it panicked");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
}

#[test]
fn greenlets_held_by_a_thread_unwind_before_join_returns() {
    let (say, said) = mpsc::channel();
    struct Says(mpsc::Sender<&'static str>);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.send("fin").expect("it is heard");
        }
    }
    thread::spawn(move || {
        let _suspended = started(move || {
            let _says = Says(say);
            wait();
        });
    })
    .join()
    .expect("no panic");
    assert_eq!(said.try_iter().collect::<Vec<_>>(), ["fin"]);
}

#[test]
fn greenlets_in_thread_locals_do_no_harm_at_thread_end() {
    thread_local! {
        static EARLY: RefCell<Vec<Greenlet<(), ()>>> = const { RefCell::new(Vec::new()) };
        static LATE: RefCell<Vec<Greenlet<(), ()>>> = const { RefCell::new(Vec::new()) };
    }
    for _ in 0..10 {
        thread::spawn(|| {
            // One is destroyed after and one before what greenhub itself keeps for this thread.
            EARLY.with(|early| early.borrow_mut().clear());
            let nested = || {
                let _inner = started(wait);
                wait();
            };
            let all = || vec![started(nested), started(wait), Greenlet::new(|()| ())];
            EARLY.set(all());
            LATE.set(all());
        })
        .join()
        .expect("no panic");
    }
}

/// Switches at the end of the thread, and sends what came of it.
struct SwitchesAtTheEnd {
    kept: RefCell<Option<Greenlet<(), u8>>>,
    tell: RefCell<Option<mpsc::Sender<String>>>,
}

impl Drop for SwitchesAtTheEnd {
    fn drop(&mut self) {
        let Some(tell) = self.tell.take() else { return };
        let tell = |what: String| tell.send(what).expect("it is heard");
        let kept = self.kept.take().expect("kept");
        // Allowed or refused, it does not get lost, and this thread goes on as who it was.
        let main = current();
        let switched = catch_unwind(AssertUnwindSafe(|| kept.try_switch(())));
        tell(format!("switched: {}", switched.is_ok()));
        tell(format!("still main: {}", main == current()));
        let again = main.typed::<u8, u8>().try_switch(7);
        tell(format!("to itself: {again:?}"));
        tell(format!("main: {:?}", main.name()));
        // A stack may be refused by now; a greenlet that has one works.
        let new = Builder::new().build(|n: u8| n + parent::<u8, u8>().switch(n));
        let works = new.map_or(true, |new| [1, 1].map(|n| new.switch(n)) == [1, 2]);
        tell(format!("new: {works}"));
    }
}

thread_local! {
    static AT_THE_END: SwitchesAtTheEnd = const {
        SwitchesAtTheEnd {
            kept: RefCell::new(None),
            tell: RefCell::new(None),
        }
    };
}

#[test]
fn a_switch_in_the_last_destructors_keeps_the_thread_whole() {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        AT_THE_END.with(|last| last.tell.replace(Some(tell)));
        let kept: Greenlet<(), u8> = Greenlet::new(|()| {
            wait();
            3
        });
        AnyGreenlet::from(&kept).typed::<(), ()>().switch(());
        AT_THE_END.with(|last| last.kept.replace(Some(kept)));
    });
    thread.join().expect("no panic");
    let told: Vec<String> = told.iter().collect();
    let whole = [
        "switched: true",
        "still main: true",
        "to itself: Ok(7)",
        "main: Some(\"main\")",
        "new: true",
    ];
    assert_eq!(told, whole);
}

fn exit_suspended(nested: usize) -> Vec<Greenlet<(), ()>> {
    let mut all: Vec<_> = (0..nested).map(|_| started(wait)).collect();
    all.push(started(|| {
        let _inner = started(|| {
            let _innermost = started(wait);
            wait();
        });
        wait();
    }));
    all.push(Greenlet::new(|()| ()));
    all
}

#[test]
fn a_process_ends_well_with_greenlets_suspended() {
    let name = "greenlet::threads::a_process_ends_well_with_greenlets_suspended";
    let ended = in_child(name, || {
        thread_local!(static KEPT: RefCell<Vec<Greenlet<(), ()>>> = RefCell::default());
        crate::support::forget(exit_suspended(50));
        KEPT.set(exit_suspended(50));
        thread::spawn(|| crate::support::forget(exit_suspended(50)))
            .join()
            .expect("no panic");
    });
    if let Some(ended) = ended {
        ended.check_success();
    }
}

#[test]
fn a_process_exits_from_main_while_greenlets_are_suspended() {
    let name = "greenlet::threads::a_process_exits_from_main_while_greenlets_are_suspended";
    let ended = in_child(name, || {
        let _all = exit_suspended(50);
        std::process::exit(7);
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    }
}

#[test]
fn a_process_exits_from_inside_a_greenlet() {
    let name = "greenlet::threads::a_process_exits_from_inside_a_greenlet";
    let ended = in_child(name, || {
        thread_local!(static KEPT: RefCell<Vec<Greenlet<(), ()>>> = RefCell::default());
        KEPT.set(exit_suspended(10));
        started(|| {
            let _all = exit_suspended(10);
            started(|| std::process::exit(7));
        });
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    }
}

#[test]
fn a_process_exits_from_a_greenlet_of_another_thread() {
    let name = "greenlet::threads::a_process_exits_from_a_greenlet_of_another_thread";
    let ended = in_child(name, || {
        let _here = exit_suspended(10);
        let _ = thread::spawn(|| {
            let _there = exit_suspended(10);
            started(|| std::process::exit(7));
        })
        .join();
        unreachable!("the process is gone");
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    }
}

#[test]
fn a_greenlet_that_panics_ends_the_process_as_any_panic_does() {
    let name = "greenlet::threads::a_greenlet_that_panics_ends_the_process_as_any_panic_does";
    let ended = in_child(name, || {
        let log = Log::new();
        started(move || {
            let _fin = log.at_drop("fin");
            panic!("nobody catches this");
        });
    });
    if let Some(ended) = ended {
        assert_eq!(ended.status.code(), Some(101), "{}", ended.stdout);
        assert!(ended.stderr.contains("nobody catches this"));
    }
}

#[test]
#[cfg(feature = "hub")]
fn a_kill_after_the_hubs_end_is_an_error() {
    use greenhub::task::AnyTask;
    use greenhub::{KillError, sleep, spawn};
    use std::time::Duration;

    type Outcome = Result<(), KillError>;
    struct KillAtDrop(Vec<AnyTask>, mpsc::Sender<Outcome>);
    impl Drop for KillAtDrop {
        fn drop(&mut self) {
            for task in &self.0 {
                self.1.send(task.try_kill()).unwrap();
            }
        }
    }
    // Older than what the hub has on this thread, so it is dropped later.
    thread_local!(static KEPT: RefCell<Option<KillAtDrop>> = const { RefCell::new(None) });
    let (sender, outcomes) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        KEPT.set(None);
        let ended = spawn(|| ());
        ended.wait();
        let waiting = spawn(|| sleep(Duration::MAX));
        greenhub::yield_now();
        let tasks = vec![ended.any(), waiting.any()];
        KEPT.set(Some(KillAtDrop(tasks, sender)));
    });
    thread.join().unwrap();
    let outcomes: Vec<Outcome> = outcomes.iter().collect();
    assert_eq!(outcomes, [Ok(()), Err(KillError::HubClosed)]);
}
