//! An outcome that is set once and that all see.

use std::ptr;
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::AsyncResult;
use greenhub::{joinall, sleep, spawn, wait_any, yield_now};

use crate::support::{Log, millis, panic_text};

#[test]
fn all_who_get_it_see_the_same_value() {
    let (log, result) = (Log::new(), Rc::new(AsyncResult::<String>::new()));
    let readers = ["a", "b"].map(|name| {
        let (log, result) = (log.clone(), result.clone());
        spawn(move || {
            let value = result.get().unwrap();
            log.say(format!("{name} {value}"));
            ptr::from_ref(value)
        })
    });
    yield_now();
    assert!(result.try_get().is_none() && !result.is_ready());
    result.set("value".into()).unwrap();
    log.check([]);
    joinall(&readers);
    log.check(["a value", "b value"]);
    let seen = readers.map(|reader| reader.join().unwrap());
    assert_eq!(seen[0], seen[1]);
    assert_eq!(ptr::from_ref(result.get().unwrap()), seen[0]);
}

#[test]
fn all_see_the_same_failure_each_time() {
    let result: Rc<AsyncResult<(), Box<dyn std::error::Error>>> = Rc::default();
    let reader = spawn({
        let result = result.clone();
        move || result.get().unwrap_err().to_string()
    });
    yield_now();
    assert!(result.fail("out of ink".into()).is_ok());
    assert_eq!(reader.join().unwrap(), "out of ink");
    let (one, two) = (
        result.get().unwrap_err(),
        result.try_get().unwrap().unwrap_err(),
    );
    assert!(ptr::eq(one, two));
}

#[test]
fn it_is_set_once_and_what_comes_later_comes_back() {
    let result: AsyncResult<u8, u16> = AsyncResult::new();
    assert_eq!(result.set(1), Ok(()));
    assert_eq!(result.set(2), Err(2));
    assert_eq!(result.fail(3), Err(3));
    assert_eq!(result.complete(Err(4)), Err(Err(4)));
    assert_eq!(result.get(), Ok(&1));
    assert_eq!(format!("{result:?}"), "AsyncResult(Ok(1))");
    assert_eq!(result.into_inner(), Some(Ok(1)));
    assert_eq!(
        format!("{:?}", AsyncResult::<u8, u8>::new()),
        "AsyncResult(<not set>)"
    );
}

#[test]
fn a_wait_with_a_limit_gives_what_is_there_by_then() {
    pause_clock();
    let result: Rc<AsyncResult<u8, u8>> = Rc::default();
    assert_eq!(result.get_timeout(millis(1)), None);
    let setter = spawn({
        let result = result.clone();
        move || {
            sleep(millis(5));
            result.set(7)
        }
    });
    assert_eq!(result.get_timeout(millis(10)), Some(Ok(&7)));
    assert_eq!(result.get_timeout(millis(0)), Some(Ok(&7)));
    setter.join().unwrap().unwrap();
}

#[test]
fn it_can_be_waited_for_beside_others() {
    let (one, two) = (
        Rc::new(AsyncResult::<u8>::new()),
        Rc::new(AsyncResult::<u8>::new()),
    );
    let setter = spawn({
        let two = two.clone();
        move || two.set(1)
    });
    assert_eq!(wait_any(&[&one, &two]), 1);
    setter.join().unwrap().unwrap();
}

#[test]
fn the_report_of_a_deadlock_names_it() {
    let text = panic_text(|| AsyncResult::<u8, u8>::new().get().is_ok());
    let expected = "waits for an async result at tests/it/sync/async_result.rs";
    assert!(text.contains(expected), "{text}");
}
