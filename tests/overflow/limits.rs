//! What happens at the kernel's limits: whatever runs goes on, and the error says which limit it is.

use super::overflows::{in_greenlet, recurse};
use super::system::{KIB, guards_are_protections, limit, mappings, obey_lock_limit, status};
use super::{Case, End, NOT_HERE, case};
use greenhub::error::StackError;
use greenhub::{
    Greenlet, SpawnError, Task, hub, joinall, sleep, spawn, stack, try_spawn, yield_now,
};
use std::hint::black_box;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn cases() -> Vec<Case> {
    let fine = |name: &str, body: fn()| case(name, body, End::Exit(0));
    vec![
        fine("the guard is of the kind asked for", || {
            guards_are_protections();
        }),
        fine(
            "RLIMIT_AS: a spawn fails and all others run",
            scarce_addresses,
        ),
        fine("tasks up to the mapping limit and beyond", mapping_limit),
        fine("a stack too large is refused by name", too_large),
        fine("memory comes back after a burst", || burst(yield_now)),
        fine("memory comes back after a burst just after a look", || {
            burst(|| sleep(Duration::from_millis(1)));
        }),
        fine("mlockall and RLIMIT_MEMLOCK: stacks to the limit", || {
            scarce_locked_memory();
        }),
        case(
            "mlockall before the first stack",
            locked_first,
            End::Announced(
                "greenlet \"deep\" overflowed its stack (192 KiB), made at tests/overflow/limits.rs:",
            ),
        ),
        case(
            "mlockall between two stacks",
            locked_later,
            End::Announced(
                "greenlet \"deep\" overflowed its stack (192 KiB), made at tests/overflow/limits.rs:",
            ),
        ),
    ]
}

/// Spawns tasks that sleep for long until one fails or there are `most`; a tenth of them at a time begin to sleep.
fn spawn_many(tasks: &mut Vec<Task<u32>>, most: usize) -> Option<SpawnError> {
    while tasks.len() < most {
        let one = try_spawn(|| {
            sleep(HOUR);
            1
        });
        match one {
            Ok(task) => tasks.push(task),
            Err(error) => return Some(error),
        }
        if tasks.len().is_multiple_of(most / 10) {
            yield_now();
        }
    }
    None
}

/// Wakes all sleepers at once, and expects that each went on.
fn finish(tasks: Vec<Task<u32>>) {
    hub::pause_clock();
    joinall(&tasks);
    assert!(tasks.into_iter().all(|task| matches!(task.join(), Ok(1))));
    hub::resume_clock();
}

fn scarce_addresses() {
    spawn(|| ()).join().expect("no panic");
    let mut tasks = Vec::with_capacity(10_000);
    limit(libc::RLIMIT_AS, status("VmSize:") * KIB + (100 << 20));
    let error = spawn_many(&mut tasks, 10_000).expect("there is no room for so many");
    assert!(
        matches!(error, SpawnError::NoStack(StackError::NoMemory { .. })),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.starts_with("the kernel has no memory for "), "{text}");
    // 251 slots were there, and 100 MiB hold 393 more, less 16 MiB that are left to others, less what the search by
    // ever smaller slabs does not find.
    assert!(tasks.len() > 550, "{} tasks", tasks.len());
    assert_eq!(black_box(vec![1_u8; 8 << 20]).len(), 8 << 20);
    finish(tasks);
    assert!(matches!(spawn(|| 2).join(), Ok(2)));
}

fn mapping_limit() {
    let costs_mappings = guards_are_protections();
    let most = if costs_mappings { 1_000_000 } else { 40_000 };
    let mut tasks = Vec::with_capacity(100_000);
    let error = spawn_many(&mut tasks, most);
    if costs_mappings {
        let error = error.expect("the kernel's limit comes first");
        let text = error.to_string();
        let SpawnError::NoStack(StackError::MapLimit {
            limit: Some(limit),
            reached,
            ..
        }) = error
        else {
            panic!("{error:?}")
        };
        // The hub has a stack, too.
        assert!(reached > tasks.len(), "{text}");
        assert!(reached < limit / 2 && reached > limit / 3, "{text}");
        assert!(text.contains(&format!("after {reached} stacks")), "{text}");
        assert!(
            text.contains(&format!("vm.max_map_count = {limit}")),
            "{text}"
        );
    } else {
        assert!(error.is_none(), "{error:?}");
        assert!(mappings() < 100, "{} mappings", mappings());
    }
    // The rest of the process goes on, too.
    let elsewhere = std::thread::Builder::new().spawn(|| black_box(vec![1_u8; 1 << 20]).len());
    assert_eq!(
        elsewhere.expect("a thread").join().expect("no panic"),
        1 << 20
    );
    finish(tasks);
    let again: Vec<_> = (0..1000).map(|n| spawn(move || n)).collect();
    joinall(&again);
}

fn too_large() {
    let huge = Greenlet::<(), ()>::builder().stack_size(2 << 30);
    let error = huge.build(|()| ()).expect_err("the largest has a GiB");
    assert_eq!(
        error.to_string(),
        format!(
            "a stack of {} bytes was asked for, the largest has {}",
            2_u64 << 30,
            stack::MAX_STACK_SIZE
        )
    );
}

/// Has many tasks at a time for a moment, and then nothing to do. `before` may let the hub look at the stacks.
fn burst(before: fn()) {
    const COUNT: usize = 20_000;
    let memory = || (status("VmRSS:"), status("VmPTE:"));
    before();
    let start = memory();
    let tasks: Vec<_> = (0..COUNT).map(|_| spawn(yield_now)).collect();
    yield_now();
    let high = memory();
    joinall(&tasks);
    drop(tasks);
    sleep(Duration::from_secs(4));
    let end = memory();
    let told = format!("RSS and page tables, KiB: {start:?} at the start, {high:?}, {end:?}");
    assert!(high.0 - start.0 > COUNT * 4, "{told}");
    // What stays: 256 stacks that are kept warm, and the records of the greenlets, 256 bytes each.
    assert!(end.0 - start.0 < 12 * KIB, "{told}");
    assert!(
        end.1.saturating_sub(start.1) < (high.1 - start.1) / 8,
        "{told}"
    );
}

fn lock_memory() {
    // MCL_ONFAULT: without it the kernel would touch the whole slab.
    let how = libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT;
    // SAFETY: changes how pages are held, not what is in them.
    if unsafe { libc::mlockall(how) } != 0 {
        std::process::exit(NOT_HERE);
    }
}

fn scarce_locked_memory() {
    limit(libc::RLIMIT_MEMLOCK, 8 << 20);
    obey_lock_limit();
    // SAFETY: changes how pages are held, not what is in them.
    if unsafe { libc::mlockall(libc::MCL_FUTURE) } != 0 || black_box(try_to_map(32 << 20)) {
        println!("skipped: mlockall is refused here, or this process is not limited");
        std::process::exit(NOT_HERE);
    }
    assert!(matches!(spawn(|| 1).join(), Ok(1)));
    let mut tasks = Vec::with_capacity(1000);
    let error = spawn_many(&mut tasks, 1000).expect("8 MiB hold fewer than 32 stacks");
    assert!(
        matches!(error, SpawnError::NoStack(StackError::NoMemory { .. })),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("RLIMIT_MEMLOCK allows no more"), "{text}");
    assert!(tasks.len() >= 15, "{} tasks", tasks.len());
    assert!(try_to_map(256 << 10), "the process has no memory left");
    finish(tasks);
    assert!(matches!(spawn(|| 2).join(), Ok(2)));
}

/// Whether so many bytes can be mapped.
fn try_to_map(len: usize) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: the kernel chooses an unused range.
    let map = unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, flags, -1, 0) };
    if map == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: mapped above, and used by nothing.
    unsafe { libc::munmap(map, len) == 0 }
}

fn locked_first() {
    lock_memory();
    in_greenlet(recurse);
}

fn locked_later() {
    let _early: Vec<Greenlet<(), ()>> = (0..10).map(|_| Greenlet::new(|()| ())).collect();
    lock_memory();
    // Trimming finds nothing that it may take, and takes no harm.
    let tasks: Vec<_> = (0..300).map(|n| spawn(move || n)).collect();
    joinall(&tasks);
    sleep(Duration::from_millis(2100));
    in_greenlet(recurse);
}
