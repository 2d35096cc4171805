//! Faults that a reader found, each in the form in which it was found.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::{Greenlet, parent, spawn, yield_now};

/// An ended task used to unwind, as a dead greenlet, one that only a stale queue entry still pointed to.
#[test]
fn a_stale_queue_entry_is_the_last_pointer_to_a_greenlet_when_a_task_ends() {
    let child = Rc::new(RefCell::new(None));
    let waits_twice: Greenlet<(), ()> = Greenlet::new({
        let child = child.clone();
        move |()| {
            *child.borrow_mut() = Some(Greenlet::<(), ()>::new(|()| resume_unwind(Box::new(1))));
            let _ = catch_unwind(AssertUnwindSafe(yield_now));
            parent::<(), ()>().switch(());
        }
    });
    let _first = spawn({
        let child = child.clone();
        move || {
            let child = child.borrow().clone().unwrap();
            child.switch(());
        }
    });
    let second = spawn(|| ());
    waits_twice.switch(());
    drop(waits_twice);
    second.join().unwrap();
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}
