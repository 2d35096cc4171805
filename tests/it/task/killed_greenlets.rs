//! Killing tasks and greenlets that wait for their hub: what they leave behind, and what others see of it.

use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{
    AnyGreenlet, Greenlet, GreenletExit, KillError, Task, current, sleep, spawn, spawn_later, task,
    yield_now,
};

use crate::support::{
    InDrop, Log, any_local_address, begun, caught, child, millis, open_descriptors,
};
use crate::support::{panic_text, seconds, within};

#[test]
fn a_sleeper_unwinds_at_once_and_its_join_reports_the_kill() {
    pause_clock();
    let (log, seen) = (Log::new(), Rc::new(RefCell::new(None)));
    let line = line!() + 1;
    let sleeper = task::Builder::new().name("sleeper").spawn({
        let (log, seen) = (log.clone(), seen.clone());
        move || {
            seen.replace(Some(current()));
            let _fin = log.at_drop("fin");
            let kill = caught(|| sleep(seconds(100)));
            let said = kill.downcast_ref::<GreenletExit>().expect("a kill");
            log.say(said.to_string());
            std::panic::resume_unwind(kill);
        }
    });
    let sleeper: Task<()> = sleeper.unwrap();
    yield_now();
    let victim: AnyGreenlet = seen.take().expect("it has begun");
    victim.kill();
    log.check(["the greenlet was killed", "fin"]);
    assert!(sleeper.is_finished() && victim.is_dead());
    let error = sleeper.join().unwrap_err();
    assert!(error.is_killed() && !error.is_panic());
    assert_eq!(error.panic_message(), None);
    let text = error.to_string();
    let who = format!("task \"sleeper\" (spawned at {}:{line}:", file!());
    assert!(
        text.starts_with(&who) && text.ends_with(") was killed"),
        "{text}"
    );
    assert!(GreenletExit::is_in(&*error.into_panic()));
}

#[test]
fn its_timer_goes_with_a_sleeper() {
    pause_clock();
    let begun_at = now();
    let (long, greenlet) = begun(|| sleep(seconds(1000)));
    greenlet.kill();
    sleep(millis(1));
    assert!(long.join().unwrap_err().is_killed());
    // The clock jumps to the next timer where everybody waits: there is none but our own.
    sleep(seconds(2));
    assert_eq!(now() - begun_at, millis(2001));
    let text = panic_text(|| sleep(std::time::Duration::MAX));
    assert!(text.starts_with("deadlock"), "{text}");
}

#[test]
fn descriptors_that_a_killed_one_waited_for_are_closed() {
    let name = "task::killed_greenlets::descriptors_that_a_killed_one_waited_for_are_closed";
    child(name, || {
        let _watch = within(seconds(10));
        yield_now(); // the hub has its poller
        let before = open_descriptors();
        let (accepts, accepting) = begun(|| {
            let listener = TcpListener::bind(any_local_address()).unwrap();
            listener.accept().is_ok()
        });
        let listener = TcpListener::bind(any_local_address()).unwrap();
        let address = listener.local_addr().unwrap();
        let (reads, reading) = begun(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.read(&mut [0; 8]).is_ok()
        });
        let (mut peer, _) = listener.accept().unwrap();
        yield_now();
        for greenlet in [&accepting, &reading] {
            greenlet.kill();
            assert!(greenlet.is_dead());
        }
        assert!(accepts.join().unwrap_err().is_killed());
        assert!(reads.join().unwrap_err().is_killed());
        assert_eq!(
            peer.read(&mut [0; 8]).unwrap(),
            0,
            "the other side was closed"
        );
        drop((peer, listener));
        assert_eq!(open_descriptors(), before);
    })
    .check_success();
}

#[test]
fn a_task_kills_itself() {
    let log = Log::new();
    let suicide: Task<u8> = spawn({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            current().kill();
            unreachable!("it is gone");
        }
    });
    assert!(suicide.join().unwrap_err().is_killed());
    log.check(["fin"]);
}

#[test]
fn a_task_that_waits_for_a_greenlet_is_killed_by_it() {
    let log = Log::new();
    let victim = spawn({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("task unwinds");
            let victim = current();
            let above: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    victim.kill();
                    log.say("killer goes on");
                    yield_now();
                    log.say("killer ends");
                }
            });
            above.switch(());
            unreachable!("killed there");
        }
    });
    assert!(victim.join().unwrap_err().is_killed());
    log.check(["task unwinds", "killer goes on"]);
    yield_now();
    log.check(["killer ends"]);
}

#[test]
fn a_task_kills_a_greenlet_and_main_keeps_waiting() {
    pause_clock();
    let seen: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let sleeper: Greenlet<(), ()> = Greenlet::new({
        let seen = seen.clone();
        move |()| {
            seen.replace(Some(current()));
            sleep(seconds(100));
        }
    });
    let main = current().typed::<(), ()>();
    let killer = spawn(move || {
        let victim = seen.take().expect("main has switched to it");
        victim.kill();
        assert!(victim.is_dead());
        main.switch(());
    });
    sleeper.switch(()); // the answer is the killer's, not the sleeper's
    assert!(sleeper.is_dead());
    assert!(!killer.is_finished());
}

#[test]
fn a_wait_after_a_kill_by_a_panicking_task_aborts_and_names_both() {
    let name =
        "task::killed_greenlets::a_wait_after_a_kill_by_a_panicking_task_aborts_and_names_both";
    let ended = child(name, || {
        let (_task, victim) = begun(|| {
            drop(caught(|| sleep(seconds(1))));
            sleep(seconds(2));
        });
        let _kills = InDrop(|| victim.kill());
        panic!("the only panic");
    });
    ended.check_abort(&[
        "sleep at tests/it/task/killed_greenlets.rs:",
        "would have to wait while a panic unwinds greenlet \"main\", which ends greenlet ",
        " (made at tests/it/task/killed_greenlets.rs:",
    ]);
}

#[test]
fn a_hub_cannot_be_killed_and_keeps_its_parent() {
    let (task, greenlet) = begun(yield_now);
    let hub = greenlet.parent().expect("its hub");
    assert_eq!(hub.try_kill(), Err(KillError::Hub));
    assert!(panic_text(|| hub.kill()).ends_with("a hub ends with its thread only"));
    let error = hub.set_parent(current()).unwrap_err();
    assert_eq!(error.to_string(), "a hub keeps its parent");
    task.join().unwrap();
}

#[test]
fn a_task_that_keeps_catching_its_kill_counts_as_killed() {
    let log = Log::new();
    let (joined, greenlet) = begun({
        let log = log.clone();
        move || loop {
            let kill = caught(|| sleep(millis(1)));
            assert!(GreenletExit::is_in(&*kill));
            log.say("swallowed");
        }
    });
    let joined: Rc<Task<()>> = Rc::new(joined);
    let waits = spawn({
        let joined = joined.clone();
        move || joined.wait()
    });
    yield_now();
    greenlet.kill();
    assert_eq!(log.take().len(), 100);
    assert!(greenlet.is_dead() && joined.is_finished());
    waits.join().unwrap();
    let joined = Rc::into_inner(joined).expect("the other one has ended");
    assert!(joined.join().unwrap_err().is_killed());
    // The hub has nothing more to do with it.
    assert_eq!(greenhub::task::all(), []);
    assert_eq!(spawn(|| 5).join().unwrap(), 5);
}

#[test]
fn two_tasks_that_kill_each_other_both_end() {
    let log = Log::new();
    let seen: Rc<RefCell<Vec<AnyGreenlet>>> = Rc::default();
    struct KillsAtDrop(AnyGreenlet, Log);
    impl Drop for KillsAtDrop {
        fn drop(&mut self) {
            self.1.say(format!("{:?}", self.0.try_kill()));
        }
    }
    let tasks = [0, 1].map(|number| {
        let (seen, log) = (seen.clone(), log.clone());
        spawn(move || {
            seen.borrow_mut().push(current());
            yield_now();
            let other = seen.borrow()[1 - number].clone();
            let _kills = KillsAtDrop(other, log);
            sleep(seconds(100));
        })
    });
    yield_now();
    yield_now();
    seen.borrow()[0].kill();
    // The second one ends before the first, which waits for that.
    log.check(["Err(Refused(Panicking))", "Ok(())"]);
    for task in tasks {
        assert!(task.join().unwrap_err().is_killed());
    }
}

#[test]
fn a_detached_task_is_killed_like_any_other() {
    let log = Log::new();
    let (task, greenlet) = begun({
        let log = log.clone();
        move || {
            let _fin = log.at_drop("fin");
            sleep(seconds(100));
        }
    });
    drop(task);
    greenlet.kill();
    log.check(["fin"]);
}

#[test]
fn a_killed_task_that_returns_nevertheless_has_its_value_joined() {
    let (task, greenlet) = begun(|| {
        drop(caught(|| sleep(seconds(100))));
        "returned"
    });
    greenlet.kill();
    assert_eq!(task.join().unwrap(), "returned");
}

#[test]
fn a_task_killed_before_its_start_never_begins() {
    let _watch = within(seconds(10));
    pause_clock();
    let log = Log::new();
    for delay in [None, Some(seconds(1))] {
        let capture = InDrop({
            let log = log.clone();
            move || {
                log.say("destructor");
                sleep(seconds(2));
                log.say("has waited");
            }
        });
        let body = log.given_to(|log| {
            let _capture = capture;
            log.say("runs");
        });
        let victim = match delay {
            None => spawn(body),
            Some(delay) => spawn_later(delay, body),
        };
        // It stands in the queue, or its time comes, while its captures wait.
        victim.kill();
        log.check(["destructor", "has waited"]);
        assert!(victim.join().unwrap_err().is_killed());
    }
}
