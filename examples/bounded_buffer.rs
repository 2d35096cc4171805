//! A buffer with three places, made of a mutex and two condition variables: the producer waits while it is full, the
//! consumers while it is empty.
//!
//! Output:
//! [producer] put 1
//! [producer] put 2
//! [producer] put 3
//! [a] took 1
//! [b] took 2
//! [producer] put 4
//! [producer] put 5
//! [producer] done
//! [a] took 3
//! [b] took 4
//! [a] took 5
//! the buffer is empty
use greenhub::sync::{Condvar, Mutex};
use greenhub::{joinall, spawn, yield_now};
use std::collections::VecDeque;
use std::rc::Rc;

struct Buffer {
    items: Mutex<VecDeque<u32>>,
    has_room: Condvar,
    has_items: Condvar,
}

const PLACES: usize = 3;

impl Buffer {
    fn put(&self, item: u32) {
        let items = self.items.lock().unwrap();
        let is_full = |items: &mut VecDeque<u32>| items.len() == PLACES;
        let mut items = self.has_room.wait_while(items, is_full).unwrap();
        items.push_back(item);
        println!("[producer] put {item}");
        self.has_items.notify_one();
    }

    fn take(&self, name: &str) {
        let items = self.items.lock().unwrap();
        let mut items = self
            .has_items
            .wait_while(items, |items| items.is_empty())
            .unwrap();
        println!("[{name}] took {}", items.pop_front().unwrap());
        self.has_room.notify_one();
    }
}

fn main() {
    let buffer = Rc::new(Buffer {
        items: Mutex::new(VecDeque::new()),
        has_room: Condvar::new(),
        has_items: Condvar::new(),
    });
    let producer = spawn({
        let buffer = buffer.clone();
        move || {
            for item in 1..=5 {
                buffer.put(item);
            }
            println!("[producer] done");
        }
    });
    let consumers = [("a", 3), ("b", 2)].map(|(name, count)| {
        let buffer = buffer.clone();
        spawn(move || {
            for _ in 0..count {
                buffer.take(name);
                yield_now();
            }
        })
    });
    joinall([producer.any(), consumers[0].any(), consumers[1].any()]);
    assert!(buffer.items.lock().unwrap().is_empty());
    println!("the buffer is empty");
}
