//! Greenlet-locals of tasks and of the hub.

use std::cell::{Cell, RefCell};
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use greenhub::greenlet::set_tracer;
use greenhub::hub::pause_clock;
use greenhub::{
    HubHandle, current, greenlet_local, joinall, sleep, spawn, task, try_spawn, yield_now,
};

use crate::support::{AtDrop, Log, Then, caught, millis, seconds, then, within};

greenlet_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static END: RefCell<Option<Then>> = const { RefCell::new(None) };
    inherited static USER: RefCell<String> = RefCell::new("nobody".to_string());
}

#[test]
fn tasks_that_wait_inside_with_see_their_own() {
    pause_clock();
    let tasks: Vec<_> = (1..=3)
        .map(|n| {
            spawn(move || {
                COUNT.with(|count| {
                    for _ in 0..3 {
                        count.set(count.get() + n);
                        sleep(millis(1));
                    }
                    count.get()
                })
            })
        })
        .collect();
    joinall(&tasks);
    let counts: Vec<u32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
    assert_eq!(counts, [3, 6, 9]);
    assert_eq!(COUNT.get(), 0);
}

#[test]
fn a_task_inherits_from_who_spawns_it_when_it_spawns() {
    USER.set("main".into());
    let outer = task::Builder::new()
        .local(&USER, RefCell::new("ada".into()))
        .spawn(|| {
            let child = spawn(|| USER.take());
            USER.set("changed later".into());
            let later = try_spawn(|| USER.take()).expect("a stack");
            [child.join().unwrap(), later.join().unwrap()]
        });
    let mine = spawn(|| USER.take());
    assert_eq!(mine.join().unwrap(), "main");
    assert_eq!(outer.unwrap().join().unwrap(), ["ada", "changed later"]);
    USER.with_borrow(|user| assert_eq!(user, "main"));
}

#[test]
fn a_body_from_another_thread_inherits_nothing() {
    let _watch = within(seconds(10));
    USER.set("main".into());
    let hub = HubHandle::current().unwrap();
    let (say, heard) = mpsc::channel();
    let sender = thread::spawn(move || {
        USER.set("over there".into());
        hub.spawn(move || say.send(USER.take()).unwrap()).unwrap();
    });
    let user = loop {
        match heard.try_recv() {
            Ok(user) => break user,
            Err(_) => sleep(millis(1)),
        }
    };
    sender.join().unwrap();
    assert_eq!(user, "nobody");
}

#[test]
fn a_tasks_values_go_before_who_joins_it_goes_on() {
    let log = Log::new();
    let ends = |word: &'static str| {
        let log = log.clone();
        spawn(move || {
            let me = current();
            END.set(then(move || {
                assert_eq!(current(), me);
                yield_now();
                log.say(word);
            }));
        })
    };
    let (kept, joined, detached) = (ends("kept"), ends("joined"), ends("detached"));
    drop(detached);
    kept.wait();
    assert!(kept.is_finished());
    log.say("waited");
    joined.join().unwrap();
    log.say("after");
    drop(kept);
    log.check(["kept", "joined", "detached", "waited", "after"]);
}

#[test]
fn a_detached_tasks_value_finds_its_locals_when_it_is_dropped() {
    let log = Log::new();
    let said = log.clone();
    drop(spawn(move || {
        COUNT.set(7);
        then(move || said.say(format!("value with {}", COUNT.get())))
    }));
    yield_now();
    log.check(["value with 7"]);
}

#[test]
fn a_task_detached_while_a_drop_waits_drops_its_value_itself() {
    let log = Log::new();
    let said = log.clone();
    let task = spawn(move || {
        END.set(then(yield_now));
        let me = current();
        then(move || {
            assert_eq!(current(), me);
            said.say(format!("{}", COUNT.try_with(|_| ()).is_err()));
        })
    });
    yield_now();
    log.check([]);
    drop(task);
    yield_now();
    yield_now();
    log.check(["true"]);
}

#[test]
fn a_destructor_that_panics_is_the_tasks_failure() {
    let log = Log::new();
    let value = log.at_drop("value");
    let task = spawn(move || {
        END.set(then(|| panic!("in the end")));
        value
    });
    let error = task.join().map(drop).expect_err("it panicked");
    assert!(error.is_panic());
    assert_eq!(error.panic_message(), Some("in the end"));
    log.check(["value"]);
    let task = spawn(|| {
        END.set(then(|| panic_any("later")));
        panic!("first");
    });
    let error = task.join().expect_err("it panicked");
    assert_eq!(error.panic_message(), Some("first"));
}

#[test]
fn what_a_task_was_given_goes_where_no_task_can_be_made() {
    greenlet_local!(static SLOT: Option<AtDrop> = None);
    let log = Log::new();
    let refused = task::Builder::new()
        .local(&SLOT, Some(log.at_drop("given")))
        .stack_size(usize::MAX)
        .spawn(|| ());
    assert!(refused.is_err());
    log.check(["given"]);
}

#[test]
fn a_clone_may_wait_and_spawn() {
    struct Busy(u32);
    impl Clone for Busy {
        fn clone(&self) -> Busy {
            let other = task::Builder::new().local(&BUSY, Busy(1));
            let other = other.spawn(|| BUSY.with(|busy| busy.0)).expect("a stack");
            Busy(self.0 + other.join().unwrap())
        }
    }
    greenlet_local!(inherited static BUSY: Busy = Busy(10));
    BUSY.with(|_| ());
    let task = spawn(|| {
        let child = spawn(|| BUSY.with(|busy| busy.0));
        (BUSY.with(|busy| busy.0), child.join().unwrap())
    });
    assert_eq!(task.join().unwrap(), (11, 12));
    struct Bad;
    impl Clone for Bad {
        fn clone(&self) -> Bad {
            panic_any("no copies")
        }
    }
    greenlet_local!(inherited static BAD: Bad = Bad);
    BAD.with(|_| ());
    let payload = caught(|| try_spawn(|| ()));
    assert_eq!(payload.downcast_ref(), Some(&"no copies"));
}

#[test]
fn code_on_the_hubs_own_stack_may_use_locals() {
    let (say, said) = mpsc::channel();
    thread::spawn(move || {
        let seen = Rc::new(Cell::new(0));
        let main = current();
        let before = set_tracer(Some(Rc::new({
            let seen = seen.clone();
            move |_, _, target| {
                if target.name() == Some("hub") {
                    COUNT.set(COUNT.get() + 1);
                    seen.set(COUNT.get());
                    let say = say.clone();
                    if END.with_borrow(Option::is_none) {
                        END.set(then(move || say.send(COUNT.get()).unwrap()));
                    }
                }
            }
        })));
        for _ in 0..3 {
            sleep(millis(0));
            sleep(millis(1));
        }
        set_tracer(before);
        assert!(seen.get() >= 3, "{}", seen.get());
        assert_eq!(COUNT.get(), 0, "main's is another");
        assert_eq!(current(), main);
    })
    .join()
    .unwrap();
    // Dropped with the hub, when its thread ends: by main, which has one of its own.
    assert_eq!(said.iter().collect::<Vec<_>>(), [0]);
}
