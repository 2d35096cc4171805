//! Throwing into tasks, and into whoever waits for its hub: the wait panics there, and nothing of it is left behind.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{AnyGreenlet, Greenlet, SwitchError, current, sleep, spawn, yield_now};

use crate::support::{Log, any_local_address, begun, caught, millis, panic_text, seconds, within};

fn stone(text: &'static str) -> Box<dyn Any + Send> {
    Box::new(text)
}

#[track_caller]
fn text_of(payload: Box<dyn Any + Send>) -> &'static str {
    *payload.downcast::<&str>().expect("a stone")
}

#[test]
fn a_sleeper_that_catches_it_may_answer_the_thrower() {
    pause_clock();
    let begun_at = now();
    let main = current().typed::<&str, ()>();
    let (task, greenlet) = begun(move || {
        let thrown = caught(|| sleep(seconds(100)));
        main.switch(text_of(thrown));
        "done"
    });
    let answer = greenlet.typed::<(), &str>().throw(stone("it"));
    assert_eq!(answer, "it");
    assert_eq!(now(), begun_at, "nobody has slept");
    // Its end answers nobody: it is a task's, and kept for its join.
    let text = panic_text(|| greenlet.typed::<(), ()>().try_switch(()).is_ok());
    assert!(text.starts_with("deadlock"), "{text}");
    assert_eq!(task.join().unwrap(), "done");
}

#[test]
fn a_catching_sleeper_waits_again_without_its_old_timer() {
    pause_clock();
    let begun_at = now();
    let log = Log::new();
    let main = current().typed::<(), ()>();
    let (task, greenlet) = begun({
        let log = log.clone();
        move || {
            log.say(text_of(caught(|| sleep(millis(10)))));
            main.switch(());
            sleep(millis(30));
            log.say(format!("slept until {:?}", now() - begun_at));
        }
    });
    greenlet.throw(stone("early"));
    log.check(["early"]);
    spawn({
        let greenlet = greenlet.typed::<(), ()>();
        move || drop(greenlet.try_switch(()))
    })
    .detach();
    task.join().unwrap();
    log.check(["slept until 30ms"]);
}

#[test]
fn a_task_that_dies_of_a_throw_keeps_the_payload_for_join() {
    pause_clock();
    let log = Log::new();
    let (victim, greenlet) = begun(|| sleep(seconds(100)));
    let (thrower, throwing) = begun({
        let log = log.clone();
        move || {
            greenlet.throw(stone("deadly"));
            log.say("thrower goes on");
        }
    });
    let error = victim.join().unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.panic_message(), Some("deadly"));
    // As the parent of a task is its hub, which answers nobody: somebody must switch to it.
    assert!(!thrower.is_finished());
    log.check([]);
    let waker = spawn(move || throwing.typed::<(), ()>().switch(()));
    thrower.join().unwrap();
    log.check(["thrower goes on"]);
    assert!(!waker.is_finished());
}

#[test]
fn a_throwing_main_gets_the_deadlock_after_the_task_dies() {
    let (victim, greenlet) = begun(|| sleep(seconds(100)));
    let text = panic_text(|| greenlet.throw(stone("deadly")));
    assert!(text.starts_with("deadlock: all greenlets wait"), "{text}");
    assert!(
        text.contains("greenlet \"main\" waits for a switch to it"),
        "{text}"
    );
    assert_eq!(victim.join().unwrap_err().panic_message(), Some("deadly"));
}

#[test]
fn main_is_thrown_into_while_it_waits_for_its_hub() {
    pause_clock();
    let log = Log::new();
    let main = current();
    let thrower = spawn({
        let log = log.clone();
        move || {
            main.throw(stone("from a task"));
            log.say("thrower goes on");
        }
    });
    assert_eq!(text_of(caught(|| sleep(seconds(100)))), "from a task");
    assert!(!thrower.is_finished());
    log.check([]);
    sleep(millis(1)); // the hub goes on as before
    assert!(
        !thrower.is_finished(),
        "it waits for a switch, not for its hub"
    );
}

#[test]
fn one_in_the_queue_gets_it_and_has_no_second_turn() {
    let log = Log::new();
    let seen: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let a = spawn({
        let (log, seen) = (log.clone(), seen.clone());
        move || {
            seen.replace(Some(current()));
            log.say(text_of(caught(yield_now)));
            yield_now();
            log.say("a's turn");
            yield_now();
            log.say("a's next turn");
        }
    });
    let thrower = spawn({
        let log = log.clone();
        move || {
            let a = seen.take().expect("it has begun");
            drop(a.try_throw(stone("caught in the queue")));
            log.say("never");
        }
    });
    let b = spawn({
        let log = log.clone();
        move || {
            for turn in ["b's turn", "b's next turn"] {
                log.say(turn);
                yield_now();
            }
        }
    });
    a.join().unwrap();
    b.join().unwrap();
    let said = log.take();
    let of = |who: char| -> Vec<_> { said.iter().filter(|word| word.starts_with(who)).collect() };
    assert_eq!(of('a'), ["a's turn", "a's next turn"]);
    assert_eq!(of('b'), ["b's turn", "b's next turn"]);
    assert_eq!(said[0], "caught in the queue");
    assert_eq!(said.len(), 5);
    assert!(!thrower.is_finished());
}

#[test]
fn one_that_joins_gets_it_and_leaves_the_list() {
    pause_clock();
    let log = Log::new();
    let slow = Rc::new(spawn(|| sleep(millis(10))));
    let main = current().typed::<(), ()>();
    let (joiner, greenlet) = begun({
        let (log, slow, main) = (log.clone(), slow.clone(), main);
        move || {
            log.say(text_of(caught(|| slow.wait())));
            main.switch(());
            unreachable!("nobody switches here");
        }
    });
    greenlet.throw(stone("out of the join"));
    log.check(["out of the join"]);
    slow.wait();
    drop(joiner);
}

#[test]
fn one_that_accepts_gets_it_and_the_listener_works_on() {
    let _watch = within(seconds(10));
    let listener = Rc::new(TcpListener::bind(any_local_address()).unwrap());
    let log = Log::new();
    let main = current().typed::<(), ()>();
    let (_accepts, greenlet) = begun({
        let (log, listener) = (log.clone(), listener.clone());
        move || {
            log.say(text_of(caught(|| listener.accept().is_ok())));
            main.switch(());
            listener.accept().is_ok()
        }
    });
    greenlet.throw(stone("no more"));
    log.check(["no more"]);
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    listener.accept().unwrap();
}

#[test]
fn a_sleeping_greenlet_gets_the_payload_and_then_its_parent() {
    pause_clock();
    let sleeper: Greenlet<(), ()> = Greenlet::new(|()| sleep(seconds(100)));
    let switcher = spawn({
        let sleeper = sleeper.clone();
        move || sleeper.switch(())
    });
    yield_now();
    // Its parent is main, which is the thrower.
    assert_eq!(
        text_of(caught(|| sleeper.throw(stone("through")))),
        "through"
    );
    assert!(sleeper.is_dead() && !switcher.is_finished());
}

#[test]
fn a_hub_gives_the_payload_back() {
    let (task, greenlet) = begun(yield_now);
    let hub = greenlet.parent().expect("its hub");
    match hub.try_throw(stone("back")) {
        Err(SwitchError::Hub(payload)) => assert_eq!(text_of(payload), "back"),
        other => panic!("{other:?}"),
    }
    let text = panic_text(|| hub.throw(stone("lost")));
    assert!(text.starts_with("throw into greenlet \"hub\""), "{text}");
    task.join().unwrap();
}

#[test]
fn a_throw_into_an_unstarted_hub_child_comes_back() {
    let (task, greenlet) = begun(yield_now);
    let orphan: Greenlet<(), ()> = Greenlet::new(|()| unreachable!("it never runs"));
    orphan
        .set_parent(greenlet.parent().expect("its hub"))
        .unwrap();
    match orphan.try_throw(stone("nobody takes it")) {
        Err(SwitchError::Dead(payload)) => assert_eq!(text_of(payload), "nobody takes it"),
        other => panic!("{other:?}"),
    }
    assert!(orphan.is_dead());
    task.join().unwrap();
}
