//! Results of a pool that nobody takes any more: no job of theirs begins, or goes on.

use std::iter;

use greenhub::hub::pause_clock;
use greenhub::task::{self, shield};
use greenhub::{Pool, sleep};

use crate::support::{InDrop, Log, caught, seconds, within};

#[test]
fn an_input_after_the_last_consumer_starts_no_job() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(2));
    let inputs = iter::repeat_with(|| shield(|| sleep(seconds(1))));
    let mut results = pool.imap(inputs, {
        let log = log.clone();
        move |()| log.say("job")
    });
    results.next().unwrap().unwrap();
    log.check(["job"]);
    drop(results);
    sleep(seconds(5));
    log.check([]);
    assert_eq!((task::all().len(), pool.free_count()), (0, 2));
}

#[test]
fn all_jobs_are_killed_though_a_dropped_result_panics() {
    let _watch = within(seconds(10));
    pause_clock();
    let (log, pool) = (Log::new(), Pool::new(3));
    let mut results = pool.imap([0, 1, 2], {
        let log = log.clone();
        move |n| {
            if n == 2 {
                let _bell = log.at_drop("killed");
                sleep(seconds(9));
                log.say("ran to its end");
            }
            let log = log.clone();
            InDrop(move || {
                if n == 1 {
                    log.say("dropped");
                    panic!("a result");
                }
            })
        }
    });
    drop(results.next());
    sleep(seconds(1));
    drop(caught(|| drop(results)));
    sleep(seconds(10));
    log.check(["dropped", "killed"]);
}
