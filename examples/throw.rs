//! A throw comes to a greenlet as a panic of its switch, and a kill unwinds it.
//!
//! Output:
//! [main] the worker is at job 1
//! [worker] job 1: timed out
//! [main] the worker is at job 2
//! [main] nobody caught: broken pipe
//! [main] worker dead: true
//! [sleeper] was killed, and lets that go on
//! [main] sleeper dead: true
use greenhub::{Greenlet, GreenletExit, parent};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Anything may be thrown that a panic may carry.
struct Failure(&'static str);

fn main() {
    let worker: Greenlet<(), u32> = Greenlet::new(|()| {
        let mut job = 1;
        loop {
            let waited = catch_unwind(AssertUnwindSafe(|| parent::<u32, ()>().switch(job)));
            match waited.map_err(|thrown| thrown.downcast::<Failure>()) {
                Err(Ok(failure)) if failure.0 == "timed out" => {
                    println!("[worker] job {job}: timed out");
                }
                // All that it does not expect goes on, kills too.
                Err(Ok(failure)) => resume_unwind(failure),
                Err(Err(other)) => resume_unwind(other),
                Ok(()) => {}
            }
            job += 1;
        }
    });
    println!("[main] the worker is at job {}", worker.switch(()));
    let job = worker.throw(Box::new(Failure("timed out")));
    println!("[main] the worker is at job {job}");
    // What the worker does not catch goes on in its parent, as every panic does: here.
    let breaks = || worker.throw(Box::new(Failure("broken pipe")));
    if let Err(thrown) = catch_unwind(AssertUnwindSafe(breaks)) {
        let failure = thrown.downcast::<Failure>().unwrap();
        println!("[main] nobody caught: {}", failure.0);
    }
    println!("[main] worker dead: {}", worker.is_dead());

    let sleeper: Greenlet<(), ()> = Greenlet::new(|()| {
        let waited = catch_unwind(AssertUnwindSafe(|| parent::<(), ()>().switch(())));
        if let Err(thrown) = waited {
            assert!(GreenletExit::is_in(&*thrown));
            println!("[sleeper] was killed, and lets that go on");
            resume_unwind(thrown);
        }
    });
    sleeper.switch(());
    sleeper.kill();
    println!("[main] sleeper dead: {}", sleeper.is_dead());
}
