//! Queues: their orders, their lines, and how one learns that all is done.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::rc::{Rc, Weak};

use greenhub::hub::{now, pause_clock};
use greenhub::sync::queue::{PopError, PushError, QueueClosed};
use greenhub::sync::{LifoQueue, PriorityQueue, Queue};
use greenhub::{
    AnyGreenlet, current, joinall, select, sleep, spawn, wait_any, with_timeout, yield_now,
};

use crate::support::{Census, Log, caught, millis, panic_text, seconds};

fn filled<const N: usize>(items: [u32; N]) -> Rc<Queue<u32>> {
    let queue = Queue::new();
    for item in items {
        queue.push(item).unwrap();
    }
    Rc::new(queue)
}

#[test]
fn a_full_queue_lets_its_pushers_wait_and_is_first_in_first_out() {
    pause_clock();
    let queue = Rc::new(Queue::bounded(1));
    queue.push("first").unwrap();
    let begun = now();
    let late = queue.push_timeout("second", millis(10));
    assert_eq!(late, Err(PushError::Full("second")));
    assert_eq!(now() - begun, millis(10));
    assert_eq!(queue.try_push("third"), Err(PushError::Full("third")));
    let waits = spawn({
        let queue = queue.clone();
        move || queue.push("fourth").unwrap()
    });
    yield_now();
    assert_eq!(queue.pop(), Ok("first"));
    assert_eq!(queue.pop(), Ok("fourth"));
    waits.join().unwrap();
    assert_eq!(queue.pop_timeout(millis(10)), Err(PopError::Empty));
    assert_eq!(queue.try_pop(), Err(PopError::Empty));
    assert_eq!(now() - begun, millis(20));
}

#[test]
fn each_kind_has_its_order() {
    let items = [3, 1, 2];
    let first = filled(items);
    let last: LifoQueue<u32> = LifoQueue::new();
    let least: PriorityQueue<u32> = PriorityQueue::default();
    for item in items {
        last.push(item).unwrap();
        least.push(item).unwrap();
    }
    assert_eq!([(); 3].map(|()| first.pop().unwrap()), [3, 1, 2]);
    assert_eq!([(); 3].map(|()| last.pop().unwrap()), [2, 1, 3]);
    assert_eq!([(); 3].map(|()| least.pop().unwrap()), [1, 2, 3]);
}

#[test]
fn who_waits_for_an_item_gets_it_in_its_turn() {
    let (log, queue) = (Log::new(), filled([]));
    let tasks = ["a", "b", "c"].map(|name| {
        let (log, queue) = (log.clone(), queue.clone());
        spawn(move || log.say(format!("{name} {:?}", queue.pop())))
    });
    yield_now();
    queue.push(1).unwrap();
    queue.push(2).unwrap();
    assert_eq!(queue.try_pop(), Err(PopError::Empty), "both were promised");
    queue.push(3).unwrap();
    joinall(&tasks);
    log.check(["a Ok(1)", "b Ok(2)", "c Ok(3)"]);
}

#[test]
fn peek_takes_nothing_and_waits_until_there_is_something() {
    pause_clock();
    let queue = filled([]);
    let begun = now();
    assert_eq!(queue.peek_timeout(millis(5)), Err(PopError::Empty));
    let looking = [(); 2].map(|()| {
        let queue = queue.clone();
        spawn(move || queue.peek())
    });
    let taking = spawn({
        let queue = queue.clone();
        move || queue.pop()
    });
    sleep(millis(5));
    queue.push(7).unwrap();
    assert_eq!(looking.map(|task| task.join().unwrap()), [Ok(7); 2]);
    assert_eq!(taking.join().unwrap(), Ok(7));
    assert_eq!(now() - begun, millis(10));
    queue.shutdown();
    assert_eq!(queue.peek(), Err(QueueClosed(())));
    let least: PriorityQueue<u32> = PriorityQueue::new();
    for n in [2, 1] {
        least.push(n).unwrap();
    }
    assert_eq!((least.peek(), least.len()), (Ok(1), 2));
}

#[test]
fn join_waits_until_all_are_done_with() {
    pause_clock();
    let (log, queue) = (Log::new(), filled([]));
    queue.join(); // nothing was pushed
    let workers = [(); 2].map(|()| {
        let (log, queue) = (log.clone(), queue.clone());
        spawn(move || {
            for n in &*queue {
                sleep(millis(10));
                log.say(format!("{n}"));
                queue.task_done();
            }
        })
    });
    (1..=5).for_each(|n| queue.push(n).unwrap());
    assert_eq!(queue.unfinished_tasks(), 5);
    assert!(!queue.join_timeout(millis(15)));
    log.check(["1", "2"]);
    queue.join();
    log.check(["3", "4", "5"]);
    assert!(queue.is_empty());
    queue.shutdown();
    joinall(&workers);
    let text = panic_text(|| queue.task_done());
    assert!(text.contains("more often than"), "{text}");
    queue.join();
}

#[test]
fn what_waits_for_room_is_not_pushed_yet() {
    let queue = Rc::new(Queue::<u32>::bounded(1));
    queue.push(1).unwrap();
    let waits = spawn({
        let queue = queue.clone();
        move || queue.push(2)
    });
    yield_now();
    assert_eq!(queue.unfinished_tasks(), 1);
    waits.kill();
    assert_eq!((queue.pop(), queue.unfinished_tasks()), (Ok(1), 1));
    queue.task_done();
    queue.join();
}

#[test]
fn shutdown_lets_what_is_left_be_popped_and_ends_all_who_wait() {
    let full = Rc::new(Queue::<u32>::bounded(1));
    full.push(1).unwrap();
    let pushing = spawn({
        let full = full.clone();
        move || full.push(2)
    });
    let empty = filled([]);
    let popping = spawn({
        let empty = empty.clone();
        move || empty.pop()
    });
    yield_now();
    full.shutdown();
    empty.shutdown();
    assert_eq!(pushing.join().unwrap(), Err(QueueClosed(2)));
    assert_eq!(popping.join().unwrap(), Err(QueueClosed(())));
    assert_eq!(full.push(3), Err(QueueClosed(3)));
    assert_eq!(full.try_push(3), Err(PushError::ShutDown(3)));
    assert_eq!(full.pop(), Ok(1));
    assert_eq!(full.pop(), Err(QueueClosed(())));
    assert_eq!(full.try_pop(), Err(PopError::ShutDown));
    assert!(full.is_shut_down());
}

#[test]
fn shutdown_now_gives_what_is_left_and_counts_it_as_done() {
    let queue = filled([1, 2, 3]);
    assert_eq!(queue.pop(), Ok(1));
    let joining = spawn({
        let queue = queue.clone();
        move || queue.join()
    });
    yield_now();
    assert_eq!(queue.shutdown_now(), [2, 3]);
    yield_now();
    assert!(!joining.is_finished());
    queue.task_done();
    joining.join().unwrap();
    assert_eq!(queue.pop(), Err(QueueClosed(())));
}

#[test]
fn a_reserved_item_returns_to_the_queue_at_shutdown() {
    let queue = filled([]);
    let popping = spawn({
        let queue = queue.clone();
        move || queue.pop()
    });
    yield_now();
    queue.push(1).unwrap();
    assert_eq!(queue.shutdown_now(), [1]);
    assert_eq!(popping.join().unwrap(), Err(QueueClosed(())));
}

#[test]
fn kills_limits_and_throws_lose_no_item_and_no_place() {
    pause_clock();
    let (census, queue) = (Census::new(), Rc::new(Queue::bounded(1)));
    let seen: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let pop = || {
        let (queue, seen) = (queue.clone(), seen.clone());
        let task = spawn(move || {
            seen.replace(Some(current()));
            queue.pop().map(drop).is_ok()
        });
        yield_now();
        task
    };
    let killed = pop();
    let thrown_at = pop();
    let greenlet = seen.take().unwrap();
    let served = pop();
    killed.kill();
    let thrower = spawn({
        let (queue, item) = (queue.clone(), census.one());
        move || {
            queue.try_push(item).map_err(drop).unwrap(); // promised to the second
            greenlet
                .typed::<(), ()>()
                .try_throw(Box::new("a stone"))
                .ok();
        }
    });
    assert!(served.join().unwrap());
    assert!(thrown_at.join().is_err());
    assert_eq!(census.dropped(), 1);
    queue.push(census.one()).map_err(drop).unwrap();
    let late = with_timeout(millis(5), || queue.push(census.one()).is_ok());
    assert!(late.is_err());
    assert!(queue.pop_timeout(seconds(1)).is_ok());
    assert!(queue.is_empty());
    thrower.kill();
    census.check_all_dropped();
}

#[test]
fn a_queue_is_something_to_wait_for_and_to_select() {
    let (queue, other) = (filled([]), filled([5]));
    assert_eq!(wait_any(&[&queue, &other]), 1);
    let got = select! {
        wait(queue) -> _ => queue.try_pop(),
        wait(other) -> _ => other.try_pop(),
    };
    assert_eq!(got, Ok(5));
    other.shutdown();
    assert_eq!(wait_any(&[&queue, &other]), 1, "shut down is ready");
}

/// Compared by its number, with something done at each comparison.
struct Odd(u32, Rc<dyn Fn()>);

impl PartialEq for Odd {
    fn eq(&self, other: &Odd) -> bool {
        self.0 == other.0
    }
}

impl Eq for Odd {}

impl PartialOrd for Odd {
    fn partial_cmp(&self, other: &Odd) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Odd {
    fn cmp(&self, other: &Odd) -> Ordering {
        (self.1)();
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_comparison_that_misuses_the_queue_loses_nothing() {
    let queue: Rc<PriorityQueue<Odd>> = Rc::default();
    let weak: Weak<PriorityQueue<Odd>> = Rc::downgrade(&queue);
    let mischief = Rc::new(Cell::new(0));
    let act: Rc<dyn Fn()> = Rc::new({
        let mischief = mischief.clone();
        move || match mischief.replace(0) {
            1 => drop(weak.upgrade().unwrap().try_pop()),
            2 => yield_now(),
            3 => panic!("no order"),
            _ => {}
        }
    });
    queue.push(Odd(5, act.clone())).ok().unwrap();
    for (number, says) in [
        (1, "has used that queue"),
        (2, "would have to wait"),
        (3, "no order"),
    ] {
        mischief.set(number);
        let text = panic_text(|| queue.push(Odd(number, act.clone())).is_ok());
        assert!(text.contains(says), "{text}");
        assert_eq!(
            (queue.len(), queue.unfinished_tasks()),
            (number as usize + 1, number as usize + 1)
        );
    }
    mischief.set(3);
    assert_eq!(panic_text(|| queue.try_pop().is_ok()), "no order");
    assert_eq!((queue.len(), queue.unfinished_tasks()), (4, 4));
    let mut numbers: Vec<_> = std::iter::from_fn(|| queue.try_pop().ok())
        .map(|odd| odd.0)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 5]);
}

#[test]
fn the_least_comes_first_whatever_was_pushed_and_popped_before() {
    let queue = PriorityQueue::new();
    let mut sorted = Vec::new();
    let mut number = 1_u32;
    for step in 0..2_000 {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let item = number >> 24; // some are equal
        if step % 500 < 300 {
            queue.push(item).unwrap();
            sorted.push(item);
            sorted.sort_unstable_by(|a, b| b.cmp(a));
        } else {
            assert_eq!(queue.try_pop().ok(), sorted.pop());
        }
    }
    assert_eq!(queue.len(), sorted.len());
}

#[test]
fn a_queue_tells_how_it_stands() {
    let queue = Queue::bounded(2);
    assert!(queue.is_empty() && !queue.is_full());
    for n in [1, 2] {
        queue.push(n).unwrap();
    }
    assert!(queue.is_full() && !queue.is_shut_down());
    assert_eq!((queue.len(), queue.capacity()), (2, Some(2)));
    assert_eq!(format!("{queue:?}"), "Queue { len: 2, unfinished: 2, .. }");
    assert_eq!(filled([]).capacity(), None);
    drop(caught(|| Queue::<u32>::bounded(0)));
    let text = panic_text(|| queue.push(3));
    assert!(text.contains("push to a queue"), "{text}");
    let text = panic_text(|| queue.join());
    assert!(text.contains("all items of a queue to be done"), "{text}");
}
