//! Killing those who stand in a line, of the ready or of those who wait for one thing: the others keep their order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{AnyGreenlet, Greenlet, current, joinall, sleep, spawn, yield_now};

use crate::support::{
    Log, any_local_address, begun, millis, panic_text, seconds, slowness, within,
};

/// A handle that does not own its greenlet, as those that `parent` gives.
fn link(to: &Greenlet<(), ()>) -> Greenlet<(), ()> {
    let child: Greenlet<(), ()> = Greenlet::declare();
    child.set_parent(to).expect("no cycle");
    child.parent().expect("just set").typed()
}

#[test]
fn of_several_in_the_queue_only_the_killed_one_is_left_out() {
    let log = Log::new();
    let seen: Rc<RefCell<Vec<AnyGreenlet>>> = Rc::default();
    let tasks = ["a", "b", "c"].map(|name| {
        let (log, seen) = (log.clone(), seen.clone());
        spawn(move || {
            seen.borrow_mut().push(current());
            yield_now();
            log.say(name);
        })
    });
    let killer = spawn({
        let seen = seen.clone();
        move || seen.borrow()[1].kill() // b, which is in the queue
    });
    killer.join().unwrap();
    let outcomes = tasks.map(|task| task.join().is_ok());
    assert_eq!(outcomes, [true, false, true]);
    log.check(["a", "c"]);
}

#[test]
fn a_killed_joiner_leaves_the_order_of_the_others() {
    pause_clock();
    let log = Log::new();
    let slow = Rc::new(spawn(|| sleep(millis(10))));
    let joiners = ["first", "second", "third"].map(|name| {
        let (log, slow) = (log.clone(), slow.clone());
        begun(move || {
            slow.wait();
            log.say(name);
        })
    });
    joiners[1].1.kill();
    let outcomes = joiners.map(|(task, _)| task.join().is_ok());
    assert_eq!(outcomes, [true, false, true]);
    log.check(["first", "third"]);
}

#[test]
fn whoever_joins_a_killed_one_is_woken() {
    pause_clock();
    let log = Log::new();
    let (victim, greenlet) = begun(|| sleep(seconds(100)));
    let victim = Rc::new(victim);
    let joiners = ["first", "second"].map(|name| {
        let (log, victim) = (log.clone(), victim.clone());
        spawn(move || {
            victim.wait();
            log.say(format!("{name} at {:?}", victim.is_finished()));
        })
    });
    yield_now();
    greenlet.kill();
    log.check([]);
    joinall(&joiners);
    log.check(["first at true", "second at true"]);
}

#[test]
fn a_listener_wakes_the_next_waiter_when_the_first_is_killed() {
    let _watch = within(seconds(10));
    let listener = Rc::new(TcpListener::bind(any_local_address()).unwrap());
    let [first, second] = [0, 1].map(|_| {
        let listener = listener.clone();
        begun(move || listener.accept().map(|_| ()))
    });
    first.1.kill();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert!(first.0.join().unwrap_err().is_killed());
    second.0.join().unwrap().unwrap();
}

#[test]
fn a_chosen_task_killed_by_a_destructor_does_not_run() {
    let _watch = within(seconds(10));
    for kill in [true, false] {
        let stop = Rc::new(Cell::new(false));
        let log = Log::new();
        // It is always in the queue, and does not belong to the hub.
        let yields: Greenlet<(), ()> = Greenlet::new({
            let (log, stop) = (log.clone(), stop.clone());
            move |()| {
                let _fin = log.at_drop("chosen one ends");
                while !stop.get() {
                    yield_now();
                }
            }
        });
        let to_it = link(&yields);
        drop(spawn(move || to_it.switch(())));
        // Nobody can ever wake this one, nor switch to it: it is unwound when it has left the processor.
        let own: Rc<RefCell<Option<Greenlet<(), ()>>>> = Rc::default();
        let abandoned: Greenlet<(), ()> = Greenlet::new({
            let (log, own) = (log.clone(), own.clone());
            move |()| {
                struct Ends(Greenlet<(), ()>, Log, bool);
                impl Drop for Ends {
                    fn drop(&mut self) {
                        self.1.say("abandoned one unwinds");
                        if self.2 {
                            self.0.kill();
                            self.1.say("killed");
                        }
                    }
                }
                let _ends = Ends(yields, log, kill);
                drop(own.take());
                sleep(std::time::Duration::MAX);
            }
        });
        let to_it = link(&abandoned);
        own.replace(Some(abandoned));
        drop(spawn(move || {
            yield_now();
            to_it.switch(());
        }));
        sleep(millis(1) * slowness());
        if kill {
            log.check(["abandoned one unwinds", "chosen one ends", "killed"]);
        } else {
            // The queue owns it for as long as it is in there.
            log.check(["abandoned one unwinds"]);
            stop.set(true);
            assert!(panic_text(yield_now).contains("ended with a value"));
            log.check(["chosen one ends"]);
        }
    }
}
