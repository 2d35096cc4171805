//! Standard error that cannot be written: a line is lost, and nothing else happens.

use std::fs::File;
use std::io::pipe;
use std::panic::{catch_unwind, resume_unwind, set_hook};
use std::process::{Stdio, exit};
use std::rc::Rc;
use std::thread;

use greenhub::greenlet::set_tracer;
use greenhub::{HubHandle, Task, hub, sleep, spawn, yield_now};

use crate::support::{Ended, caught, in_child_with, millis, seconds};

/// Runs `body`, which must say on standard output that it has come to its end, twice: without room for standard error,
/// and with nobody at the other end of it.
#[track_caller]
fn without_stderr(test: &str, body: fn()) -> Vec<Ended> {
    let full = File::options().write(true).open("/dev/full");
    let (reader, broken) = pipe().expect("a pipe");
    drop(reader);
    let run = |stderr: Stdio| match in_child_with(test, stderr, "0", body) {
        Some(ended) => ended,
        None => {
            println!("came to its end");
            exit(0);
        }
    };
    [full.expect("on Linux").into(), broken.into()]
        .map(run)
        .into()
}

#[track_caller]
fn must_come_to_its_end(test: &str, body: fn()) {
    for ended in without_stderr(test, body) {
        ended.check_success();
        assert!(ended.stdout.contains("came to its end"), "{}", ended.stdout);
    }
}

fn work_goes_on() {
    sleep(millis(1));
    let numbers = (0..3).map(|n| spawn(move || n).join().unwrap());
    assert_eq!(numbers.sum::<i32>(), 3);
}

fn panicked() -> Task<()> {
    let task = spawn(|| panic!("of a task"));
    yield_now();
    assert!(task.is_finished());
    task
}

#[test]
fn a_report_of_a_detached_task_is_lost() {
    must_come_to_its_end(
        "hub::stderr_lost::a_report_of_a_detached_task_is_lost",
        || {
            drop(spawn(|| panic!("of a task that nobody joins")));
            assert!(catch_unwind(|| sleep(millis(1))).is_ok());
            work_goes_on();
        },
    );
}

#[test]
fn a_report_at_a_dropped_handle_is_lost() {
    must_come_to_its_end(
        "hub::stderr_lost::a_report_at_a_dropped_handle_is_lost",
        || {
            let task = panicked();
            assert!(catch_unwind(|| drop(task)).is_ok());
            work_goes_on();
        },
    );
}

#[test]
fn a_report_in_the_middle_of_a_panic_is_lost() {
    must_come_to_its_end(
        "hub::stderr_lost::a_report_in_the_middle_of_a_panic_is_lost",
        || {
            let task = panicked();
            let payload = caught(move || {
                let _task = task;
                panic!("while the handle is there");
            });
            assert!(payload.is::<&str>());
            work_goes_on();
        },
    );
}

#[test]
fn a_task_is_given_up_without_its_line() {
    must_come_to_its_end(
        "hub::stderr_lost::a_task_is_given_up_without_its_line",
        || {
            let stubborn = spawn(|| {
                loop {
                    caught(|| sleep(seconds(600)));
                }
            });
            yield_now();
            stubborn.kill();
            assert!(stubborn.join().unwrap_err().is_killed());
            work_goes_on();
        },
    );
}

#[test]
fn a_tracer_that_panics_on_the_hub_is_removed_without_its_line() {
    must_come_to_its_end(
        "hub::stderr_lost::a_tracer_that_panics_on_the_hub_is_removed_without_its_line",
        || {
            spawn(|| ()).join().unwrap(); // the hub is there
            set_tracer(Some(Rc::new(|_, _, target| {
                assert_ne!(target.name(), Some("hub"));
            })));
            work_goes_on();
            assert!(set_tracer(None).is_none());
        },
    );
}

#[test]
fn a_task_from_another_thread_is_refused_without_its_line() {
    must_come_to_its_end(
        "hub::stderr_lost::a_task_from_another_thread_is_refused_without_its_line",
        || {
            let hub = HubHandle::current().unwrap();
            hub::set_max_tasks(1);
            drop(spawn(|| sleep(millis(20))));
            let sent = thread::spawn(move || hub.spawn(|| unreachable!("there is one already")));
            sent.join().unwrap().unwrap();
            hub::join();
            work_goes_on();
        },
    );
}

#[test]
fn a_users_panic_hook_hears_nothing_of_a_lost_line() {
    let name = "hub::stderr_lost::a_users_panic_hook_hears_nothing_of_a_lost_line";
    let ended = without_stderr(name, || {
        set_hook(Box::new(|info| println!("the hook: {info}")));
        let ends = || spawn(|| resume_unwind(Box::new("without a hook")));
        let task: Task<()> = ends();
        drop(ends());
        yield_now();
        drop(task);
        work_goes_on();
    });
    for ended in ended {
        ended.check_success();
        assert!(!ended.stdout.contains("the hook"), "{}", ended.stdout);
    }
}

#[test]
fn an_abort_without_its_line_is_still_one() {
    let ended = without_stderr(
        "hub::stderr_lost::an_abort_without_its_line_is_still_one",
        || {
            struct Sleeps;
            impl Drop for Sleeps {
                fn drop(&mut self) {
                    sleep(seconds(1));
                }
            }
            let _sleeps = Sleeps;
            panic!("a destructor must not wait now");
        },
    );
    for ended in ended {
        ended.check_abort(&[]);
    }
}
