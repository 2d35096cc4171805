//! A panic that nobody asks for is reported once, where the last chance to ask for it goes.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::task::{self, set_unobserved_hook};
use greenhub::{Task, sleep, spawn, yield_now};

use crate::support::{Log, child, seconds};

/// From now on the hook of this thread says to the log what it is told.
fn hook(log: &Log) {
    let log = log.clone();
    set_unobserved_hook(Some(Rc::new(move |error| {
        log.say(error.panic_message().unwrap_or("no text"))
    })));
}

fn panics(text: &'static str) -> Task<()> {
    spawn(move || resume_unwind(Box::new(text)))
}

#[test]
fn a_panic_is_reported_at_the_detached_end_or_the_handles_drop() {
    let log = Log::new();
    hook(&log);
    drop(panics("detached"));
    log.check([]);
    yield_now();
    log.check(["detached"]);
    let ended = panics("dropped");
    ended.wait();
    log.check([]);
    drop(ended);
    log.check(["dropped"]);
    yield_now();
    log.check([]);
}

#[test]
fn it_is_not_told_where_somebody_has_looked() {
    let log = Log::new();
    hook(&log);
    assert!(panics("joined").join().is_err());
    let tried = panics("tried");
    tried.wait();
    assert!(tried.try_join().unwrap().is_err());
    assert!(task::gather([panics("gathered")])[0].is_err());
    assert!(task::try_gather([panics("first")]).is_err());
    let seen = panics("seen");
    let _ = seen.on_failure(|_| ());
    drop(seen);
    yield_now();
    let late = panics("seen late");
    late.wait();
    let _ = late.on_failure(|_| ());
    drop(late);
    log.check([]);
}

#[test]
fn a_panic_is_reported_despite_other_or_failing_callbacks() {
    let log = Log::new();
    hook(&log);
    let task = panics("ended");
    let _ = task.on_done(|_| ());
    let _ = task.on_value(|()| ());
    drop(task);
    let task = panics("not seen to the end");
    let _ = task.on_failure(|_| resume_unwind(Box::new("stone")));
    drop(task);
    yield_now();
    log.check(["ended", "not seen to the end"]);
}

#[test]
fn only_the_returned_panic_of_several_is_observed() {
    let log = Log::new();
    hook(&log);
    let error = task::try_gather([panics("first"), panics("second")]).unwrap_err();
    assert_eq!(error.panic_message(), Some("first"));
    yield_now();
    log.check(["second"]);
}

#[test]
fn a_killed_one_is_not_told_and_a_timeout_that_nobody_caught_is() {
    pause_clock();
    let log = Log::new();
    hook(&log);
    let killed = spawn(|| sleep(Duration::MAX));
    yield_now();
    killed.kill();
    drop(killed);
    drop(spawn(|| {
        let _timeout = greenhub::Timeout::start(seconds(1));
        sleep(Duration::MAX);
    }));
    sleep(seconds(2));
    log.check(["timed out"]);
}

#[test]
fn the_former_hook_returns_and_each_thread_has_its_own() {
    let log = Log::new();
    hook(&log);
    let first = set_unobserved_hook(None).expect("it was set");
    assert!(set_unobserved_hook(Some(first)).is_none());
    let other = std::thread::spawn(|| set_unobserved_hook(None).is_none());
    assert!(other.join().unwrap());
    drop(panics("told"));
    yield_now();
    log.check(["told"]);
}

#[test]
fn a_hook_may_wait_spawn_panic_and_set_another_hook() {
    pause_clock();
    let log = Log::new();
    let said = log.clone();
    set_unobserved_hook(Some(Rc::new(move |error| {
        let text = error.panic_message().unwrap().to_owned();
        said.say(format!("{text} begins"));
        sleep(seconds(1));
        spawn(|| ()).join().unwrap();
        said.say(format!("{text} ends"));
        hook(&said);
        resume_unwind(Box::new("the hook's own"));
    })));
    drop(panics("a"));
    sleep(seconds(2));
    drop(panics("b"));
    yield_now();
    log.check(["a begins", "a ends", "b"]);
}

#[test]
fn a_payload_without_text_or_with_a_panicking_drop_is_reported() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            resume_unwind(Box::new("in drop"));
        }
    }
    let log = Log::new();
    hook(&log);
    drop(spawn(|| resume_unwind(Box::new(7))));
    drop(spawn(|| resume_unwind(Box::new(Bad))));
    yield_now();
    log.check(["no text", "no text"]);
    assert_eq!(spawn(|| 7).join().unwrap(), 7);
}

#[test]
fn the_error_of_a_detached_body_is_handled_once() {
    let log = Log::new();
    hook(&log);
    let body = |outcome: Result<u32, &'static str>| move || outcome;
    let handler = |log: &Log| {
        let log = log.clone();
        move |error: &&str| log.say(format!("{error} handled"))
    };
    spawn(body(Err("an error"))).detach_with(handler(&log));
    spawn(body(Ok(7))).detach_with(handler(&log));
    spawn(|| -> Result<(), &str> { resume_unwind(Box::new("a panic")) }).detach_with(handler(&log));
    let killed = spawn(|| {
        sleep(seconds(1));
        Err::<(), _>("never")
    });
    let victim = killed.any();
    killed.detach_with(handler(&log));
    log.check([]);
    yield_now();
    victim.kill();
    log.check(["an error handled", "a panic"]);

    let ended = spawn(body(Err("a late error")));
    ended.wait();
    log.check([]);
    ended.detach_with(handler(&log));
    log.check(["a late error handled"]);

    spawn(body(Err("an error"))).detach_with(|_| resume_unwind(Box::new("of the handler")));
    spawn(body(Err("an error dropped"))).detach();
    yield_now();
    log.check([]);
}

#[test]
fn without_a_hook_it_is_one_line_on_stderr_with_name_and_place() {
    let name = "task::unobserved::without_a_hook_it_is_one_line_on_stderr_with_name_and_place";
    let line = line!() + 4;
    let ended = child(name, || {
        std::panic::set_hook(Box::new(|_| {}));
        let task = task::Builder::new().name("worker");
        let task = task.spawn(|| panic!("boom")).unwrap();
        let _: Task<()> = task;
        yield_now();
        drop(spawn(|| 7));
        hub_is_done();
    });
    ended.check_success();
    let (file, said) = (file!(), &ended.stderr);
    let place = format!("task \"worker\" (spawned at {file}:{line}:");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains(&place), "{said}");
    let end = "panicked: boom (it was not joined)";
    assert!(lines[0].ends_with(end), "{said}");
}

/// Everybody has ended.
fn hub_is_done() {
    greenhub::hub::join();
    let seen = RefCell::new(task::all());
    assert_eq!(seen.take(), []);
}
