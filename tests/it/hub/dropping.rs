//! Items whose destructors panic: their container drops all of them, and the first panic goes on.

use std::any::Any;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use greenhub::sync::{AsyncResult, LifoQueue, OnceLock, PriorityQueue, Queue, shared};
use greenhub::task::gather;
use greenhub::{Greenlet, Pool, greenlet, greenlet_local, iwait, joinall, sleep, spawn, yield_now};

use crate::support::{Ended, caught, child, seconds};

/// Notes its number when it is dropped, and panics with it if it is to.
struct Item {
    number: u32,
    panics: bool,
    dropped: Arc<Mutex<Vec<u32>>>,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.dropped.lock().unwrap().push(self.number);
        if self.panics {
            resume_unwind(Box::new(self.number));
        }
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        self.number == other.number
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Item) -> Ordering {
        self.number.cmp(&other.number)
    }
}

type Container = Box<dyn Any>;
type Fill = fn(Vec<Item>) -> Container;

greenlet_local! {
    static FIRST: RefCell<Option<Item>> = RefCell::default();
    static SECOND: RefCell<Option<Item>> = RefCell::default();
    static THIRD: RefCell<Option<Item>> = RefCell::default();
}

fn builder_with_locals(items: Vec<Item>) -> greenlet::Builder {
    let mut items = items.into_iter().map(|item| RefCell::new(Some(item)));
    greenlet::Builder::new()
        .local(&FIRST, items.next().unwrap())
        .local(&SECOND, items.next().unwrap())
        .local(&THIRD, items.next().unwrap())
}

/// Each takes three items.
const CONTAINERS: &[(&str, Fill)] = &[
    ("queue", |items| {
        let queue = Queue::new();
        items.into_iter().for_each(|item| drop(queue.push(item)));
        Box::new(queue)
    }),
    ("lifo queue", |items| {
        let queue = LifoQueue::bounded(3);
        items.into_iter().for_each(|item| drop(queue.push(item)));
        Box::new(queue)
    }),
    ("priority queue", |items| {
        let queue = PriorityQueue::new();
        items.into_iter().for_each(|item| drop(queue.push(item)));
        Box::new(queue)
    }),
    ("channel across threads, receiver last", |items| {
        let (sender, receiver) = shared::bounded(3);
        items.into_iter().for_each(|item| drop(sender.send(item)));
        Box::new((sender, receiver))
    }),
    ("channel across threads, receiver first", |items| {
        let (sender, receiver) = shared::unbounded();
        items.into_iter().for_each(|item| drop(sender.send(item)));
        Box::new((receiver, sender))
    }),
    ("locals of a builder", |items| {
        Box::new(builder_with_locals(items))
    }),
    ("results of an imap", |items| {
        let pool = Pool::new(3);
        let imap = pool.imap(items, |item| item);
        yield_now();
        pool.join();
        Box::new(imap)
    }),
    ("tasks of an iwait", |items| {
        let tasks: Vec<_> = items.into_iter().map(|item| spawn(|| item)).collect();
        joinall(&tasks);
        Box::new(iwait(tasks))
    }),
];

/// Each takes one item.
const CELLS: &[(&str, Fill)] = &[
    ("result", |mut items| {
        let result: AsyncResult<Item> = AsyncResult::new();
        drop(result.set(items.remove(0)));
        Box::new(result)
    }),
    ("result across threads", |mut items| {
        let result: shared::AsyncResult<Item> = shared::AsyncResult::new();
        drop(result.set(items.remove(0)));
        Box::new(result)
    }),
    ("once lock", |mut items| {
        let lock = OnceLock::new();
        drop(lock.set(items.remove(0)));
        Box::new(lock)
    }),
    ("task", |mut items| {
        let item = items.remove(0);
        let task = spawn(|| item);
        task.wait();
        Box::new(task)
    }),
];

/// As many items as there are answers, each of which panics if it is so told.
fn items(panics: &[bool]) -> (Vec<Item>, Arc<Mutex<Vec<u32>>>) {
    let dropped = Arc::default();
    let item = |(number, panics): (u32, &bool)| Item {
        number,
        panics: *panics,
        dropped: Arc::clone(&dropped),
    };
    ((0..).zip(panics).map(item).collect(), dropped)
}

fn number(panic: &(dyn Any + Send)) -> Option<u32> {
    panic.downcast_ref().copied()
}

fn check(name: &str, fill: Fill, panics: &[bool]) {
    let (full, dropped) = items(panics);
    let container = fill(full);
    assert_eq!(*dropped.lock().unwrap(), [], "{name}");
    let panic = caught(|| drop(container));
    let mut dropped = dropped.lock().unwrap();
    let first = dropped.iter().find(|number| panics[**number as usize]);
    assert_eq!(number(&*panic), first.copied(), "{name}");
    dropped.sort_unstable();
    assert!(dropped.iter().copied().eq(0..panics.len() as u32), "{name}");
}

#[test]
fn a_container_drops_all_items_and_panics_once() {
    let ended = child(
        "hub::dropping::a_container_drops_all_items_and_panics_once",
        || {
            for (name, fill) in CONTAINERS {
                check(name, *fill, &[false, true, false]);
                check(name, *fill, &[true, false, true]);
                check(name, *fill, &[true, true, true]);
            }
            for (name, fill) in CELLS {
                check(name, *fill, &[true]);
            }
        },
    );
    ended.must_be_ok();
}

#[test]
fn a_container_dropped_in_a_panic_panics_not() {
    let ended = child(
        "hub::dropping::a_container_dropped_in_a_panic_panics_not",
        || {
            for (name, fill) in CONTAINERS {
                let (full, dropped) = items(&[true, false, true]);
                let container = fill(full);
                let panic = caught(|| {
                    let _container = container;
                    resume_unwind(Box::new(7_u32));
                });
                assert_eq!(number(&*panic), Some(7), "{name}");
                assert_eq!(dropped.lock().unwrap().len(), 3, "{name}");
            }
        },
    );
    ended.must_be_ok();
}

#[test]
fn locals_drop_all_and_their_greenlet_panics_once() {
    let ended = child(
        "hub::dropping::locals_drop_all_and_their_greenlet_panics_once",
        || {
            let (full, dropped) = items(&[true, false, true]);
            let greenlet: Greenlet<(), ()> = builder_with_locals(full).build(|()| ()).unwrap();
            let panic = caught(|| greenlet.switch(()));
            assert_eq!(number(&*panic), Some(2), "the last one made is the first");
            assert_eq!(*dropped.lock().unwrap(), [2, 1, 0]);

            let (mut full, dropped) = items(&[true, true, true, true]);
            let captured = full.pop();
            let body = move |()| drop(captured);
            let never_ran: Greenlet<(), ()> = builder_with_locals(full).build(body).unwrap();
            let panic = caught(|| drop(never_ran));
            assert_eq!(number(&*panic), Some(3), "the body goes first");
            assert_eq!(*dropped.lock().unwrap(), [3, 2, 1, 0]);
        },
    );
    ended.must_be_ok();
}

/// Waits for tasks of which three have ended with items; the last never does.
fn killed_while_it_waits(test: &str, wait: fn(Vec<greenhub::Task<Option<Item>>>)) -> Ended {
    child(test, || {
        let (full, dropped) = items(&[true, false, true]);
        let mut tasks: Vec<_> = full
            .into_iter()
            .map(|item| spawn(move || Some(item)))
            .collect();
        joinall(&tasks);
        tasks.push(spawn(|| {
            sleep(seconds(1000));
            None
        }));
        let waiter = spawn(move || wait(tasks));
        yield_now();
        waiter.kill();
        assert!(waiter.join().unwrap_err().is_killed());
        assert_eq!(dropped.lock().unwrap().len(), 3);
    })
}

#[test]
fn a_killed_gather_drops_all_values() {
    let test = "hub::dropping::a_killed_gather_drops_all_values";
    killed_while_it_waits(test, |tasks| drop(gather(tasks))).must_be_ok();
}

#[test]
fn a_killed_iwait_drops_all_values() {
    let test = "hub::dropping::a_killed_iwait_drops_all_values";
    let each = |tasks| {
        iwait(tasks).for_each(|task| drop(catch_unwind(AssertUnwindSafe(|| drop(task)))));
    };
    killed_while_it_waits(test, each).must_be_ok();
}

#[test]
fn a_killed_map_drops_all_values() {
    let ended = child("hub::dropping::a_killed_map_drops_all_values", || {
        let (full, dropped) = items(&[true, false, true]);
        let full: Vec<_> = full.into_iter().map(Some).chain([None]).collect();
        let mapper = spawn(move || {
            let values = Pool::new(4).map(full, |item| {
                if item.is_none() {
                    sleep(seconds(1000));
                }
                item
            });
            drop(values);
        });
        sleep(seconds(0));
        yield_now();
        mapper.kill();
        assert!(mapper.join().unwrap_err().is_killed());
        assert_eq!(dropped.lock().unwrap().len(), 3);
    });
    ended.must_be_ok();
}

#[test]
fn a_failed_gather_leaves_no_value_undropped() {
    let ended = child(
        "hub::dropping::a_failed_gather_leaves_no_value_undropped",
        || {
            let (full, dropped) = items(&[true, true, true]);
            let mut tasks: Vec<_> = full
                .into_iter()
                .map(|item| spawn(move || Some(item)))
                .collect();
            tasks.push(spawn(|| resume_unwind(Box::new("no value"))));
            joinall(&tasks);
            let panic = caught(|| greenhub::task::try_gather(tasks));
            assert_eq!(number(&*panic), Some(0));
            assert_eq!(dropped.lock().unwrap().len(), 3);
        },
    );
    ended.must_be_ok();
}

#[test]
fn an_offered_item_may_panic_while_its_sender_is_killed() {
    let ended = child(
        "hub::dropping::an_offered_item_may_panic_while_its_sender_is_killed",
        || {
            let (mut full, dropped) = items(&[true]);
            let item = full.remove(0);
            let (sender, receiver) = shared::rendezvous();
            let sending = spawn(move || sender.send(item).is_ok());
            yield_now();
            sending.kill();
            assert!(sending.join().unwrap_err().is_killed());
            assert_eq!(dropped.lock().unwrap().len(), 1);
            drop(receiver);
        },
    );
    ended.must_be_ok();
}

#[test]
fn a_queue_is_gone_after_its_items_panic() {
    let ended = child(
        "hub::dropping::a_queue_is_gone_after_its_items_panic",
        || {
            let (full, dropped) = items(&[true, true]);
            let queue = Rc::new(Queue::new());
            let weak = Rc::downgrade(&queue);
            full.into_iter().for_each(|item| drop(queue.push(item)));
            let _ = caught(|| drop(queue));
            assert!(weak.upgrade().is_none());
            assert_eq!(*dropped.lock().unwrap(), [0, 1]);
        },
    );
    ended.must_be_ok();
}
