//! The greenlet that makes another is its parent: its last value goes there, and so does the panic that it dies of.
//!
//! Output:
//! [child] the first word is "hello"
//! [main] the child said "waiting"
//! [child] the last word is "bye"
//! [main] the child ended with "done", dead: true
//! [main] to a dead child: "too late"
//! [maker] caught what its child died of: "oh no"
//! [main] the maker ended with 1
//! [idle] unwinds
//! [main] the last handle is gone
use greenhub::{Greenlet, parent};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

fn main() {
    let child: Greenlet<&str, &str> = Greenlet::new(|first| {
        println!("[child] the first word is {first:?}");
        let last = parent::<&str, &str>().switch("waiting");
        println!("[child] the last word is {last:?}");
        "done"
    });
    println!("[main] the child said {:?}", child.switch("hello"));
    let last = child.switch("bye");
    println!(
        "[main] the child ended with {last:?}, dead: {}",
        child.is_dead()
    );
    // A switch to a dead greenlet is one to its nearest live ancestor: here, and that gives the value straight back.
    println!("[main] to a dead child: {:?}", child.switch("too late"));

    // A panic goes on in the parent's switch: the same payload, which the parent may catch.
    let maker: Greenlet<(), u32> = Greenlet::new(|()| {
        let child: Greenlet<(), ()> = Greenlet::new(|()| resume_unwind(Box::new("oh no")));
        let payload = catch_unwind(AssertUnwindSafe(|| child.switch(()))).unwrap_err();
        let what = payload.downcast_ref::<&str>().unwrap();
        println!("[maker] caught what its child died of: {what:?}");
        1
    });
    println!("[main] the maker ended with {}", maker.switch(()));

    // One that waits when its last handle goes is unwound, at once.
    struct Idle;
    impl Drop for Idle {
        fn drop(&mut self) {
            println!("[idle] unwinds");
        }
    }
    let idle: Greenlet<(), ()> = Greenlet::new(|()| {
        let _idle = Idle;
        parent::<(), ()>().switch(());
    });
    idle.switch(());
    drop(idle);
    println!("[main] the last handle is gone");
}
