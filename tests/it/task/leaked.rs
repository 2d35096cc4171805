//! Tasks that catch their kill time and again, until they are given up, and what may still come to them meanwhile.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::{AnyGreenlet, current, hub, sleep, spawn, task, yield_now};

use crate::support::{Log, caught, leaked_stacks, seconds};

#[test]
fn a_task_whose_callback_waits_in_unwinding_is_leaked_once() {
    pause_clock();
    let (log, leaked) = (Log::new(), leaked_stacks());
    let handle: Rc<RefCell<Option<AnyGreenlet>>> = Rc::default();
    let stubborn = spawn({
        let handle = handle.clone();
        move || {
            *handle.borrow_mut() = Some(current());
            loop {
                caught(|| sleep(seconds(600)));
            }
        }
    });
    let callback = log.given_to(|log| {
        log.say("callback");
        sleep(seconds(600));
        log.say("never said");
    });
    let _ = stubborn.on_done(|_| callback());
    yield_now();
    stubborn.kill_nowait();
    while !log.words().contains(&"callback".to_string()) {
        yield_now();
    }
    let greenlet = handle.take().unwrap();
    greenlet.kill();
    log.say("the unwinder goes on");
    log.check(["callback", "the unwinder goes on"]);
    assert!(stubborn.join().unwrap_err().is_killed());
    assert_eq!(leaked_stacks() - leaked, 1);
    assert!(task::all().is_empty());
    assert!(spawn(|| 7).join().is_ok());
    hub::join();
}
