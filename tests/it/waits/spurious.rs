//! Waits that end for a reason, and only for that: told by a pulse, beside a tracer, after a partner that gives up.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Instant;

use greenhub::greenlet::{no_switch, set_tracer};
use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, Receiver, RecvError, TryRecvError};
use greenhub::sync::{Event, Mutex, Semaphore};
use greenhub::{Select, Task, Timeout, Timer, joinall, select, sleep, spawn, wait_any, yield_now};

use crate::support::{caught, in_child, millis, panic_text, seconds, within};

#[test]
fn a_pulse_of_an_event_ends_every_wait_for_it() {
    let (sender, receiver) = channel::unbounded::<i32>();
    let event = Rc::new(Event::new());
    type Wait = fn(&Event, &Receiver<i32>);
    let waits: [(&str, Wait); 6] = [
        ("wait", |event, _| event.wait()),
        ("first of two", |event, other| {
            assert_eq!(wait_any(&[event, other]), 0);
        }),
        ("second of two", |event, other| {
            assert_eq!(wait_any(&[other, event]), 1);
        }),
        ("select", |event, _| select! { wait(event) -> _ => {} }),
        ("select of two", |event, other| {
            select! { recv(other) -> _ => unreachable!(), wait(event) -> _ => {} }
        }),
        ("joinall", |event, _| joinall([event])),
    ];
    for (name, wait) in waits {
        let task = spawn({
            let (event, receiver) = (event.clone(), receiver.clone());
            move || wait(&event, &receiver)
        });
        yield_now();
        event.set();
        event.clear();
        yield_now();
        assert!(task.is_finished(), "{name}");
    }
    // Both may be told in one turn: the channel's news is over, the event's is not.
    let task = spawn({
        let (event, receiver) = (event.clone(), receiver.clone());
        move || wait_any(&[&receiver, &*event])
    });
    yield_now();
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    event.set();
    event.clear();
    yield_now();
    // Told of the channel first, it looked again in vain, and the pulse was before that look.
    event.set();
    assert_eq!(task.join().unwrap(), 1);
}

/// A wait that is ended by a timeout which is taken back before the greenlet runs: it ends with that all the same.
fn check_taken_back(name: &str, wait: impl FnOnce() + 'static) {
    let kept: Rc<RefCell<Option<Rc<Timeout>>>> = Rc::default();
    let taken_back = kept.clone();
    let cancels = spawn(move || {
        sleep(seconds(1));
        taken_back.borrow().as_ref().unwrap().cancel();
    });
    let waits = spawn(move || {
        let timeout = Rc::new(Timeout::start(seconds(1)));
        *kept.borrow_mut() = Some(timeout);
        caught(wait).is::<greenhub::TimedOut>()
    });
    assert_eq!(waits.join().ok(), Some(true), "{name}");
    cancels.join().unwrap();
}

#[test]
fn a_tracer_changes_no_end_of_a_wait() {
    pause_clock();
    for traced in [false, true] {
        set_tracer(traced.then(|| Rc::new(|_, _: &_, _: &_| {}) as _));
        check_taken_back("sleep", || sleep(seconds(9)));
        check_taken_back("event", || Event::new().wait());
        check_taken_back("timer", || Timer::start(seconds(9)).wait());
        check_taken_back("semaphore", || Semaphore::new(0).acquire().forget());
        check_taken_back("recv", || {
            let (_sender, receiver) = channel::unbounded::<i32>();
            let _ = receiver.recv();
        });
        check_taken_back("send", || {
            let (sender, _receiver) = channel::bounded(0);
            let _ = sender.send(1);
        });
        check_taken_back("join", || {
            let task: Task<()> = spawn(|| sleep(seconds(9)));
            drop(task.join());
        });
        let mutex = Rc::new(Mutex::new(()));
        let guard = mutex.lock();
        check_taken_back("mutex", {
            let mutex = mutex.clone();
            move || drop(mutex.lock())
        });
        drop(guard);
    }
    set_tracer(None);
}

#[test]
fn a_default_is_taken_beside_a_partner_that_gives_up() {
    let _watch = within(seconds(10));
    let (sender, receiver) = channel::rendezvous::<i32>();
    let partner = spawn(move || {
        loop {
            select! { send(sender, match None { Some(item) => item, None => continue }) -> _ => {} }
        }
    });
    yield_now();
    let got = select! { recv(receiver) -> item => item.ok(), default => None };
    assert_eq!(got, None);
    let mut polls = Select::new();
    polls.recv(&receiver);
    assert!(polls.try_select().is_err());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    partner.kill();
}

#[test]
fn an_operation_that_may_come_back_is_no_end() {
    let (sender, receiver) = channel::bounded(4);
    sender.send(1).unwrap();
    let mut select = Select::new();
    select.recv(&receiver);
    let operation = select.select();
    let waiting = spawn({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    yield_now();
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(operation);
    assert_eq!(waiting.join().unwrap(), Ok(1));
    assert_eq!(receiver.recv(), Err(RecvError));
}

#[test]
fn a_chosen_last_item_ends_the_channel_when_it_is_taken() {
    let (sender, receiver) = channel::bounded(4);
    sender.send(1).unwrap();
    let mut select = Select::new();
    select.recv(&receiver);
    let operation = select.select();
    let waiting = spawn({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    yield_now();
    drop(sender);
    assert_eq!(operation.recv(&receiver), Ok(1));
    assert_eq!(waiting.join().unwrap(), Err(RecvError));
}

#[test]
fn the_clocks_channels_are_silent_in_the_last_destructors() {
    struct Late(RefCell<Option<Receiver<Instant>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            let Some(receiver) = self.0.take() else {
                return;
            };
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            let polled = select! { recv(receiver) -> _ => true, default => false };
            assert!(!polled && receiver.is_empty());
        }
    }
    thread_local!(static LATE: Late = const { Late(RefCell::new(None)) });
    in_child(
        "waits::spurious::the_clocks_channels_are_silent_in_the_last_destructors",
        || {
            let ended = thread::spawn(|| {
                LATE.with(|_| ());
                yield_now();
                LATE.with(|late| late.0.replace(Some(channel::after(millis(1)))));
            });
            ended.join().unwrap();
        },
    );
}

#[test]
fn what_cannot_be_taken_here_is_not_ready() {
    let (sender, receiver) = channel::rendezvous();
    let sending = spawn(move || select! { send(sender, 1) -> sent => sent });
    yield_now();
    let text = panic_text(|| {
        no_switch(|| {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            wait_any(&[&receiver]);
        });
    });
    assert!(text.contains("would have to wait"), "{text}");
    assert_eq!(wait_any(&[&receiver]), 0);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(sending.join().unwrap(), Ok(()));
}
