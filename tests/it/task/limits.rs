//! Very many tasks, and what happens where there is no memory for another.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use greenhub::{HubHandle, SpawnError, joinall, sleep, spawn, task, try_spawn, yield_now};

use crate::support::{
    AtDrop, Log, child, millis, open_descriptors, resident, seconds, slowness, within,
};

fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().count()
}

fn limit_address_space(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: a valid limit.
    let outcome = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(outcome, 0);
}

/// Lets this process have so many bytes of address space more than it has now.
fn leave_address_space(bytes: u64) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split_whitespace().next().unwrap().parse().unwrap();
    limit_address_space(pages * 4096 + bytes);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer keeps freed memory, so what is resident says nothing"
)]
fn a_hundred_thousand_tasks_in_sequence_leave_no_memory() {
    child(
        "task::limits::a_hundred_thousand_tasks_in_sequence_leave_no_memory",
        || {
            let round = |count| {
                for n in 0..count {
                    let text = format!("{n:>100}");
                    let task = spawn(move || {
                        yield_now();
                        text.len()
                    });
                    assert_eq!(task.join().unwrap(), 100);
                    if n % 3 == 0 {
                        drop(spawn(move || vec![n; 10]));
                        yield_now();
                    }
                    if n % 100 == 0 {
                        spawn(|| sleep(Duration::from_nanos(1))).join().unwrap();
                    }
                }
            };
            round(10_000 / slowness());
            let (memory, maps) = (resident(), mappings());
            round(100_000 / slowness());
            let grown = resident().saturating_sub(memory);
            println!("100 000 tasks left {grown} KiB");
            assert!(grown < 2048, "{grown} KiB");
            assert!(mappings() <= maps + 4);
        },
    )
    .must_be_ok();
}

#[test]
fn ten_thousand_tasks_live_at_once() {
    let _watch = within(seconds(20));
    let woken = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..10_000u64)
        .map(|n| {
            let woken = woken.clone();
            spawn(move || {
                sleep(millis(20));
                woken.set(woken.get() + 1);
                n
            })
        })
        .collect();
    joinall(&tasks);
    assert_eq!(woken.get(), 10_000);
    let sum: u64 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    assert_eq!(sum, 10_000 * 9_999 / 2);
}

#[test]
fn a_stack_that_cannot_be_had_is_an_error_and_the_hub_goes_on() {
    let _watch = within(seconds(10));
    for size in [usize::MAX, usize::MAX / 2, 1 << 47, 1 << 46] {
        let log = Log::new();
        let bell = AtDrop(log.clone(), "dropped");
        let outcome = task::Builder::new()
            .stack_size(size)
            .spawn(move || drop(bell));
        match &outcome {
            Err(SpawnError::NoPoller { .. }) | Ok(_) => panic!("{size}: {outcome:?}"),
            Err(error) => assert!(error.to_string().contains("stack"), "{error}"),
        }
        log.check_line("dropped");
        assert_eq!(spawn(|| 1).join().unwrap(), 1);
    }
}

#[test]
fn a_stack_has_at_least_the_size_that_was_asked_for() {
    let _watch = within(seconds(10));
    #[inline(never)]
    fn fill<const BYTES: usize>() -> usize {
        let room = std::hint::black_box([1u8; BYTES]);
        room.iter().map(|&byte| usize::from(byte)).sum()
    }
    let tasks = [
        task::Builder::new().stack_size(0).spawn(fill::<4096>),
        task::Builder::new()
            .stack_size(64 * 1024)
            .spawn(fill::<20_000>),
        task::Builder::new().spawn(fill::<80_000>),
        task::Builder::new()
            .stack_size(4 << 20)
            .spawn(fill::<1_500_000>),
    ];
    let sums = tasks.map(|task| task.unwrap().join().unwrap());
    assert_eq!(sums, [4096, 20_000, 80_000, 1_500_000]);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer itself needs the addresses that this test takes away"
)]
fn spawning_without_memory_is_an_error_and_spawned_tasks_run() {
    child(
        "task::limits::spawning_without_memory_is_an_error_and_spawned_tasks_run",
        || {
            yield_now();
            leave_address_space(64 << 20);
            let ran = Rc::new(Cell::new(0));
            let mut tasks = Vec::with_capacity(10_000);
            let error = loop {
                let ran = ran.clone();
                match try_spawn(move || {
                    sleep(millis(1));
                    ran.set(ran.get() + 1);
                }) {
                    Ok(task) => tasks.push(task),
                    Err(error) => break error,
                }
                assert!(tasks.len() < 10_000, "the limit does not hold");
            };
            println!("after {} tasks: {error}", tasks.len());
            assert!(!matches!(error, SpawnError::NoPoller { .. }));
            assert!(tasks.len() > 100);
            joinall(&tasks);
            assert_eq!(ran.get(), tasks.len());
            // Their stacks are free again.
            assert_eq!(try_spawn(|| 5).unwrap().join().unwrap(), 5);
        },
    )
    .must_be_ok();
}

#[test]
fn a_hub_without_descriptors_is_an_error_and_can_be_retried() {
    child(
        "task::limits::a_hub_without_descriptors_is_an_error_and_can_be_retried",
        || {
            let limit = libc::rlimit {
                rlim_cur: 64,
                rlim_max: 64,
            };
            // SAFETY: a valid limit.
            let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
            assert_eq!(status, 0);
            let mut files = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                files.push(file);
            }
            let error = try_spawn(|| ()).unwrap_err();
            assert!(matches!(error, SpawnError::NoPoller { .. }), "{error}");
            assert_eq!(
                std::io::Error::from(error).to_string(),
                format!(
                    "could not open a poller for this thread's hub: {}",
                    std::io::Error::from_raw_os_error(libc::EMFILE)
                )
            );
            drop(files);
            assert_eq!(try_spawn(|| 4).unwrap().join().unwrap(), 4);
        },
    )
    .must_be_ok();
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer itself needs the addresses that this test takes away"
)]
fn a_wait_on_the_hubs_stack_is_refused() {
    // The one way there: a body from another thread is dropped where there is no stack for it.
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            sleep(Duration::from_millis(1));
        }
    }
    let ended = child("task::limits::a_wait_on_the_hubs_stack_is_refused", || {
        let hub = HubHandle::current().unwrap();
        let mut parked = Vec::with_capacity(10_000);
        leave_address_space(32 << 20);
        while let Ok(task) = try_spawn(|| sleep(seconds(3600))) {
            parked.push(task);
        }
        let waits = Waits;
        hub.spawn(|| ()).unwrap();
        hub.spawn(move || drop(waits)).unwrap();
        sleep(millis(20));
        limit_address_space(libc::RLIM_INFINITY);
        assert_eq!(spawn(|| 8).join().unwrap(), 8);
        println!("the hub goes on");
    });
    let ended = ended.must_be_ok();
    assert!(ended.stdout.contains("the hub goes on"));
    assert!(ended.stderr.contains("was not spawned: "));
    assert!(
        ended.stderr.contains("the hub cannot wait (sleep)"),
        "{}",
        ended.stderr
    );
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer keeps freed memory, so what is resident says nothing"
)]
fn hubs_of_ended_threads_leave_no_descriptors() {
    child(
        "task::limits::hubs_of_ended_threads_leave_no_descriptors",
        || {
            let round = |count| {
                for n in 0..count {
                    std::thread::spawn(move || {
                        if n % 3 == 0 {
                            let _ = greenhub::hub::now(); // a hub that never ran
                            return;
                        }
                        let hub = HubHandle::current().unwrap();
                        assert_eq!(spawn(|| 1).join().unwrap(), 1);
                        hub.spawn(|| ()).unwrap();
                        spawn(|| sleep(Duration::from_micros(10))).join().unwrap();
                    })
                    .join()
                    .unwrap();
                }
            };
            round(50);
            let (files, memory, maps) = (open_descriptors(), resident(), mappings());
            round(300 / slowness());
            let grown = resident().saturating_sub(memory);
            println!(
                "300 hubs left {} descriptors, {grown} KiB, {} mappings",
                open_descriptors() - files,
                mappings().saturating_sub(maps)
            );
            assert_eq!(open_descriptors(), files);
            assert!(grown < 300 * 4, "{grown} KiB");
            assert!(mappings() < maps + 30, "stacks were left behind");
        },
    )
    .must_be_ok();
}

struct SpawnsLate;

impl Drop for SpawnsLate {
    fn drop(&mut self) {
        println!("late: {}", try_spawn(|| ()).is_ok());
    }
}

thread_local! {
    static LATE: SpawnsLate = const { SpawnsLate };
}

#[test]
fn spawning_in_a_thread_locals_destructor_is_an_error() {
    let ended = child(
        "task::limits::spawning_in_a_thread_locals_destructor_is_an_error",
        || {
            let files = open_descriptors();
            for early in [false, true, true] {
                std::thread::spawn(move || {
                    if early {
                        drop(greenhub::current());
                    }
                    LATE.with(|_| ());
                    spawn(|| ()).join().unwrap();
                })
                .join()
                .unwrap();
            }
            assert_eq!(open_descriptors(), files);
        },
    );
    let ended = ended.must_be_ok();
    assert_eq!(
        ended.stdout.matches("late: false").count(),
        3,
        "{}",
        ended.stdout
    );
}
