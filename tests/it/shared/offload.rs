//! Jobs on other threads: the hub goes on meanwhile, and what the job comes to arrives at home.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use greenhub::sync::shared::unbounded;
use greenhub::threadpool::ThreadPool;
use greenhub::{
    Greenlet, Task, Timeout, current, hub, joinall, offload, sleep, spawn, try_offload,
    with_timeout, yield_now,
};

use crate::support::{Log, child, forget, millis, panic_text, seconds, within};

/// A task whose job takes `gate`'s first word to end.
fn blocked_job(pool: &Rc<ThreadPool>) -> (Task<i32>, mpsc::Sender<i32>) {
    let (open, gate) = mpsc::channel();
    let pool = pool.clone();
    (
        spawn(move || pool.offload(move || gate.recv().unwrap())),
        open,
    )
}

fn pool(threads: usize) -> Rc<ThreadPool> {
    Rc::new(ThreadPool::builder().max_threads(threads).build())
}

#[test]
fn a_job_runs_elsewhere_while_the_hub_turns() {
    let _watch = within(seconds(10));
    let here = thread::current().id();
    let turns = Rc::new(Cell::new(0));
    let others = spawn({
        let turns = turns.clone();
        move || loop {
            turns.set(turns.get() + 1);
            sleep(millis(1));
        }
    });
    let job = spawn(move || {
        offload(move || {
            thread::sleep(millis(50));
            thread::current().id() != here
        })
    });
    assert!(job.join().unwrap());
    assert!(turns.get() > 5, "{} turns", turns.get());
    others.kill();
}

#[test]
fn jobs_that_wait_for_each_other_each_have_a_thread() {
    let _watch = within(seconds(10));
    const JOBS: usize = 20;
    let pool = pool(JOBS);
    for _ in 0..20 {
        let all = Arc::new(Barrier::new(JOBS));
        let tasks: Vec<_> = (0..JOBS)
            .map(|_| {
                let (pool, all) = (pool.clone(), all.clone());
                spawn(move || pool.offload(move || all.wait().is_leader()))
            })
            .collect();
        joinall(&tasks);
    }
    assert_eq!(pool.threads(), JOBS, "each was used again");
    assert_eq!(pool.pending(), 0);
}

#[test]
fn there_are_never_more_threads_than_allowed() {
    let _watch = within(seconds(10));
    let (pool, at_work) = (pool(2), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (pool, at_work) = (pool.clone(), at_work.clone());
            spawn(move || {
                pool.offload(move || {
                    let others = at_work.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(millis(1));
                    at_work.fetch_sub(1, Ordering::SeqCst);
                    others
                })
            })
        })
        .collect();
    joinall(&tasks);
    assert_eq!(pool.threads(), 2);
    for task in tasks {
        assert!(task.join().unwrap() < 2);
    }
}

#[test]
fn a_panic_comes_home() {
    let _watch = within(seconds(10));
    let task = spawn(|| offload(|| -> i32 { panic!("in the job") }));
    let error = task.join().unwrap_err();
    assert_eq!(error.panic_message(), Some("in the job"));
    let text = panic_text(|| offload(|| panic!("in main's job")));
    assert_eq!(text, "in main's job");
    assert_eq!(try_offload(|| 7).unwrap(), 7, "its thread goes on");
}

#[test]
fn one_who_is_killed_takes_back_a_job_that_has_not_begun() {
    let _watch = within(seconds(10));
    let (log, pool) = (Log::new(), pool(1));
    let (first, open) = blocked_job(&pool);
    yield_now();
    let ran = Arc::new(AtomicUsize::new(0));
    let token = Arc::new(());
    let waits = spawn({
        let (log, pool, ran, token) = (log.clone(), pool.clone(), ran.clone(), token.clone());
        move || {
            let _word = log.at_drop("unwound");
            pool.offload(move || {
                let _token = token;
                ran.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    yield_now();
    waits.kill();
    log.check(["unwound"]);
    assert_eq!(Arc::strong_count(&token), 1, "what it owned went at once");
    open.send(1).unwrap();
    assert_eq!(first.join().unwrap(), 1);
    assert_eq!(pool.offload(|| 2), 2);
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    assert_eq!((pool.threads(), pool.pending()), (1, 0));
}

#[test]
fn a_job_that_runs_goes_on_when_nobody_wants_it() {
    let _watch = within(seconds(10));
    let pool = pool(1);
    let (say, heard) = mpsc::channel();
    struct Result(mpsc::Sender<thread::ThreadId>);
    impl Drop for Result {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }
    let (open, gate) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let task = spawn({
        let pool = pool.clone();
        move || {
            pool.offload(move || {
                begin.send(()).unwrap();
                gate.recv().unwrap();
                Result(say)
            })
        }
    });
    while begun.try_recv().is_err() {
        sleep(millis(1));
    }
    task.kill();
    open.send(()).unwrap();
    let dropped_on = heard.recv().unwrap();
    assert_eq!(dropped_on, pool.offload(|| thread::current().id()));
    let text = pool.offload(|| panic_text(|| panic!("the thread is well")));
    assert_eq!(text, "the thread is well");
}

#[test]
fn a_full_queue_lets_those_wait_who_offload_more() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let pool = Rc::new(
        ThreadPool::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build(),
    );
    let (first, open) = blocked_job(&pool);
    // The first is with the thread, the second in the queue.
    while pool.pending() > 0 || pool.threads() == 0 {
        yield_now();
    }
    let tasks = ["queued", "waits", "is killed"].map(|name| {
        let (log, pool) = (log.clone(), pool.clone());
        spawn(move || {
            pool.offload(|| ());
            log.say(name);
        })
    });
    sleep(millis(2));
    log.check([]);
    assert_eq!(pool.pending(), 3);
    tasks[2].kill();
    assert_eq!(pool.pending(), 2);
    open.send(1).unwrap();
    joinall(&tasks);
    let mut done = log.take();
    done.sort();
    assert_eq!(done, ["queued", "waits"]);
    first.join().unwrap();
    assert_eq!(pool.pending(), 0);
}

#[test]
fn idle_threads_go_and_come_again() {
    let _watch = within(seconds(10));
    let pool = ThreadPool::builder()
        .idle_timeout(millis(5))
        .name("short")
        .build();
    for _ in 0..3 {
        let name = pool.offload(|| thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("short"));
        let begun = Instant::now();
        while pool.threads() > 0 {
            assert!(begun.elapsed() < seconds(5));
            sleep(millis(1));
        }
    }
}

#[test]
fn jobs_that_come_when_threads_go_are_done() {
    let _watch = within(seconds(20));
    let pool = Rc::new(
        ThreadPool::builder()
            .max_threads(3)
            .idle_timeout(Duration::from_micros(200))
            .build(),
    );
    let tasks: Vec<_> = (0..3)
        .map(|who| {
            let pool = pool.clone();
            spawn(move || {
                for n in 0..200 {
                    assert_eq!(pool.offload(move || n), n);
                    sleep(Duration::from_micros(150 + 30 * who));
                }
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
}

#[test]
fn a_thread_does_not_go_while_a_job_is_on_its_way() {
    let _watch = within(seconds(20));
    let pool = ThreadPool::builder()
        .max_threads(1)
        .idle_timeout(Duration::from_micros(200))
        .build();
    let (sender, receiver) = unbounded();
    for calls in 0..150 {
        pool.offload(|| ());
        // So many calls that the slice may be used up just when the job counts and is not in the queue: others run then, and
        // take longer than the thread waits.
        for _ in 0..calls {
            sender.send(()).unwrap();
            receiver.recv().unwrap();
        }
        let blocks = spawn(|| thread::sleep(millis(1)));
        assert_eq!(pool.offload(move || calls), calls);
        blocks.join().unwrap();
    }
}

#[test]
fn a_pool_without_any_thread_says_so() {
    let _watch = within(seconds(10));
    let pool = ThreadPool::builder().stack_size(1 << 50).build();
    let token = Arc::new(());
    let error = pool
        .try_offload({
            let token = token.clone();
            move || drop(token)
        })
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("could not start a thread for the job: "),
        "{text}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(Arc::strong_count(&token), 1);
    assert_eq!((pool.threads(), pool.pending()), (0, 0));
    let text = panic_text(|| pool.offload(|| ()));
    assert!(
        text.starts_with("a job cannot be offloaded: could not start a thread"),
        "{text}"
    );
}

#[test]
fn offloading_without_descriptors_is_an_error() {
    let ended = child(
        "shared::offload::offloading_without_descriptors_is_an_error",
        || {
            spawn(|| ()).join().unwrap();
            let (_, hard) = rlimit::Resource::NOFILE.get().unwrap();
            rlimit::Resource::NOFILE.set(64, hard).unwrap();
            let take_all = || -> Vec<_> {
                let open = || std::fs::File::open("/dev/null").ok();
                std::iter::from_fn(open).collect()
            };
            let files = take_all();
            let token = Arc::new(());
            let job = || {
                let token = token.clone();
                move || drop(token)
            };
            let error = try_offload(job()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "could not open a descriptor to wake this thread's hub with: {}",
                    std::io::Error::from_raw_os_error(libc::EMFILE)
                )
            );
            let in_task = spawn({
                let job = job();
                move || try_offload(job).is_err()
            });
            assert!(in_task.join().unwrap());
            let text = panic_text(|| offload(job()));
            assert!(
                text.starts_with("a job cannot be offloaded: could not open a descriptor"),
                "{text}"
            );
            assert_eq!(Arc::strong_count(&token), 1, "the jobs were dropped");
            let elsewhere = thread::spawn(|| try_offload(|| 7).unwrap());
            assert_eq!(elsewhere.join().unwrap(), 7, "no hub, no descriptor");

            drop(files);
            assert_eq!(try_offload(|| 1).unwrap(), 1);
            let _files = take_all();
            let again = try_offload(|| 2).unwrap();
            assert_eq!(again, 2, "the hub keeps its descriptor");
        },
    );
    ended.must_be_ok();
}

#[test]
fn where_further_threads_fail_the_others_do_the_work() {
    let ended = child(
        "shared::offload::where_further_threads_fail_the_others_do_the_work",
        || {
            const STACK: usize = 1 << 30;
            let _ = hub::now(); // the hub's own memory first
            let pool = Rc::new(ThreadPool::builder().stack_size(STACK).build());
            let used = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = used.split(' ').next().unwrap().parse().unwrap();
            let limit = pages * 4096 + 5 * STACK as u64 / 2;
            rlimit::Resource::AS.set(limit, limit).unwrap();
            let tasks: Vec<_> = (0..8)
                .map(|n| {
                    let pool = pool.clone();
                    spawn(move || {
                        pool.offload(move || {
                            thread::sleep(millis(2));
                            n
                        })
                    })
                })
                .collect();
            joinall(&tasks);
            let done = tasks.into_iter().map(|task| task.join().unwrap());
            assert!(done.eq(0..8));
            assert!(
                (1..=2).contains(&pool.threads()),
                "{} threads",
                pool.threads()
            );
        },
    );
    ended.must_be_ok();
}

#[test]
fn a_thread_without_a_hub_is_blocked_until_its_job_is_done() {
    let _watch = within(seconds(10));
    let answer = thread::spawn(|| {
        let me = thread::current().id();
        offload(move || thread::current().id() != me)
    });
    assert!(answer.join().unwrap());
}

#[test]
fn a_thread_that_ends_leaves_its_jobs_to_themselves() {
    let _watch = within(seconds(10));
    for _ in 0..20 {
        let (say, heard) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        thread::spawn(move || {
            spawn(move || {
                offload(move || {
                    gate.recv().unwrap();
                    say.send(()).unwrap();
                })
            })
            .detach();
            yield_now();
        })
        .join()
        .unwrap();
        open.send(()).unwrap();
        heard.recv().unwrap();
    }
    assert_eq!(offload(|| 1), 1);
}

#[test]
fn a_pool_that_is_dropped_does_what_is_in_its_queue() {
    let _watch = within(seconds(10));
    let (open, gate) = mpsc::channel::<()>();
    let (say, heard) = mpsc::channel();
    let pool = ThreadPool::builder().max_threads(1).build();
    thread::scope(|scope| {
        scope.spawn(|| pool.offload(move || gate.recv().unwrap()));
        while pool.pending() > 0 || pool.threads() == 0 {
            thread::yield_now();
        }
        let second = scope.spawn(|| pool.offload(move || say.send(5).unwrap()));
        while pool.pending() == 0 {
            thread::yield_now();
        }
        open.send(()).unwrap();
        second.join().unwrap();
    });
    drop(pool);
    assert_eq!(heard.recv(), Ok(5));
}

#[test]
fn the_process_ends_without_waiting_for_jobs() {
    let ended = child(
        "shared::offload::the_process_ends_without_waiting_for_jobs",
        || {
            let limit = millis(20);
            let late = with_timeout(limit, || offload(|| thread::sleep(seconds(3600))));
            assert!(late.is_err());
        },
    );
    ended.must_be_ok();
}

#[test]
fn a_job_counts_as_something_to_wait_for() {
    let _watch = within(seconds(10));
    // Nobody else can run, and no timer is set: it is no deadlock all the same.
    offload(|| thread::sleep(millis(20)));
    let text = panic_text(|| sleep(Duration::MAX));
    assert!(text.contains("deadlock"), "{text}");
}

#[test]
fn what_a_job_leaves_behind_does_not_cost_the_pool_its_thread() {
    let timeout = || forget(Timeout::start(millis(10)));
    let throw = || {
        let thread = current();
        spawn(move || {
            sleep(millis(10));
            thread.throw(Box::new("for nobody"));
        })
        .detach();
    };
    let child_panic = || {
        let thread = current();
        spawn(move || {
            let child = Greenlet::<(), ()>::new(|()| {
                sleep(millis(10));
                resume_unwind(Box::new("for nobody"));
            });
            child.set_parent(thread).unwrap();
            child.switch(());
        })
        .detach();
    };
    let _watch = within(seconds(10));
    let pool = pool(1);
    for leave in [timeout as fn(), throw, child_panic] {
        pool.offload(leave);
        thread::sleep(millis(50));
        assert_eq!(pool.offload(|| 5), 5);
        assert_eq!(pool.threads(), 1);
    }
}

#[test]
fn a_panic_that_nobody_takes_home_ends_nothing() {
    struct Evil;

    impl Drop for Evil {
        fn drop(&mut self) {
            panic!("nor does one of its destructor");
        }
    }

    let ended = child(
        "shared::offload::a_panic_that_nobody_takes_home_ends_nothing",
        || {
            let pool = pool(1);
            let (open, gate) = mpsc::channel::<()>();
            let task = spawn({
                let pool = pool.clone();
                move || {
                    pool.offload(move || {
                        gate.recv().unwrap();
                        resume_unwind(Box::new(Evil));
                    })
                }
            });
            yield_now();
            open.send(()).unwrap();
            let pool: &ThreadPool = &pool;
            let second = thread::scope(|scope| scope.spawn(|| pool.offload(|| 5)).join());
            assert_eq!(second.unwrap(), 5, "the first job is over");
            task.kill();
            assert_eq!(pool.offload(|| 6), 6);
        },
    );
    ended.must_be_ok();
}
