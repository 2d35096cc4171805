//! An overflow names its greenlet, whoever it is and whatever thread it runs on.

use super::system::{KIB, give_up_in_time, on_c_thread, on_std_thread, set_action};
use super::{Case, End, case};
use greenhub::{Greenlet, HubHandle, parent, sleep, spawn, task};
use std::hint::black_box;
use std::panic::Location;
use std::time::Duration;

const DEEP: End = End::Announced(
    "greenlet \"deep\" overflowed its stack (192 KiB), made at tests/overflow/overflows.rs:",
);

/// Runs a body somewhere.
type Place = fn(fn());

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let bodies: [(&str, fn()); 6] = [
        ("greenlet by recursion", || in_greenlet(recurse)),
        ("greenlet by an array", || in_greenlet(large_array)),
        ("named task by recursion", || in_named_task(recurse)),
        ("named task by an array", || in_named_task(large_array)),
        ("nameless task by recursion", || in_nameless_task(recurse)),
        ("nameless task by an array", || {
            in_nameless_task(large_array)
        }),
    ];
    let places: [(&str, Place); 3] = [
        ("main", |body| body()),
        ("a std thread", on_std_thread),
        ("a C thread", on_c_thread),
    ];
    for (what, body) in bodies {
        for (place, run) in places {
            let nameless = what.starts_with("nameless");
            let end = if nameless {
                End::Announced("greenlet ")
            } else {
                DEEP
            };
            let name = format!("overflow of a {what} on {place}");
            cases.push(case(name, move || run(body), end));
        }
    }
    let named = |name: &str, body: fn()| case(name, body, DEEP);
    cases.extend([
        named("overflow deep on a chain names the last", chain),
        named("overflow of the second tenant", second_tenant),
        named("overflow far up in the second slab", second_slab),
        named("overflow after a wait", after_a_wait),
        case(
            "overflow of a task sent from another thread",
            sent,
            End::Announced("greenlet "),
        ),
        named("overflow while others wait", while_others_wait),
        named("overflow with a handler before ours", || {
            set_action(leave_at_once as *const () as usize, libc::SA_SIGINFO);
            in_greenlet(recurse);
        }),
        case(
            "overflow of a small stack",
            small,
            End::Announced("greenlet \"deep\" overflowed its stack (32 KiB), made at "),
        ),
        case(
            "overflow under a long name",
            long_name,
            End::Announced("greenlet \"nnnnnnnn"),
        ),
        case(
            "overflow under a name with line breaks",
            broken_name,
            End::Announced("greenlet \"a?b?[1mc\" overflowed its stack (192 KiB), made at "),
        ),
        case(
            "overflow in a forked child",
            forked,
            End::Exit(libc::SIGABRT),
        ),
        case(
            "overflow of a std thread itself",
            || on_thread_itself(true),
            End::Std("itself"),
        ),
        case(
            "overflow of a std thread itself, without us",
            || on_thread_itself(false),
            End::Std("itself"),
        ),
    ]);
    // With musl std does not know where main's stack ends, and says nothing.
    #[cfg(not(target_env = "musl"))]
    cases.extend([
        case(
            "overflow of main itself",
            || on_main_itself(true),
            End::Std("main"),
        ),
        case(
            "overflow of main itself, without us",
            || on_main_itself(false),
            End::Std("main"),
        ),
    ]);
    #[cfg(target_arch = "x86_64")]
    cases.push(named("overflow by a frame that probes nothing", || {
        in_greenlet(unprobed)
    }));
    cases
}

/// Says on standard output what the overflow shall say on standard error.
fn announce(who: &str, kib: usize, place: &Location<'_>) {
    println!("greenlet {who} overflowed its stack ({kib} KiB), made at {place}");
}

#[track_caller]
pub(crate) fn in_greenlet(how: fn()) {
    announce("\"deep\"", 192, Location::caller());
    let deep = Greenlet::<(), ()>::builder().name("deep");
    deep.build(move |()| how()).expect("memory").switch(());
}

#[track_caller]
fn in_named_task(how: fn()) {
    announce("\"deep\"", 192, Location::caller());
    let deep = task::Builder::new().name("deep").spawn(how);
    let _ = deep.expect("memory").join();
}

#[track_caller]
fn in_nameless_task(how: fn()) {
    let task = spawn(how);
    announce(&task.id().to_string(), 192, Location::caller());
    let _ = task.join();
}

#[allow(unconditional_recursion, reason = "that is how a stack overflows")]
pub(crate) fn recurse() {
    let frame = black_box([1_u8; 100]);
    recurse();
    black_box(frame);
}

#[inline(never)]
fn large_array() {
    black_box([1_u8; 1024 * KIB]);
}

/// Goes down to the last 2 KiB, then writes 60,000 bytes further, as C does in a frame without stack probes.
#[cfg(target_arch = "x86_64")]
fn unprobed() {
    fn deeper(limit: usize) {
        let frame = black_box([1_u8; 256]);
        if (&raw const frame).addr() > limit {
            deeper(limit);
        } else {
            // SAFETY: not safe at all: it must fault.
            unsafe {
                std::arch::asm!("sub rsp, {n}", "mov byte ptr [rsp], 1", "add rsp, {n}", n = in(reg) 60_000_usize)
            };
        }
        black_box(frame);
    }
    let here = black_box(0_u8);
    let high = (&raw const here).addr().next_multiple_of(4 * KIB);
    deeper(high - (192 + 4) * KIB + 2 * KIB);
}

fn chain() {
    let a = Greenlet::<(), ()>::builder().name("a");
    let a = a.build(|()| in_greenlet(recurse)).expect("memory");
    a.switch(());
}

fn second_tenant() {
    let first = Greenlet::<(), ()>::builder().name("first");
    first.build(|()| ()).expect("memory").switch(());
    in_greenlet(recurse);
}

fn second_slab() {
    let _full: Vec<Greenlet<(), ()>> = (0..500).map(|_| Greenlet::new(|()| ())).collect();
    in_greenlet(recurse);
}

fn after_a_wait() {
    in_named_task(|| {
        sleep(Duration::from_millis(1));
        recurse();
    });
}

/// The task learns its own number, and its place is where it was sent.
fn sent() {
    let handle = HubHandle::current().expect("a descriptor");
    let sender = std::thread::spawn(move || {
        let line = line!() + 1;
        let sent = handle.spawn(move || {
            let id = greenhub::current().id();
            let file = file!();
            println!("greenlet {id} overflowed its stack (192 KiB), made at {file}:{line}:27");
            recurse();
        });
        sent.expect("the hub is there");
    });
    sleep(Duration::from_secs(10));
    sender.join().expect("no panic");
}

fn while_others_wait() {
    for _ in 0..100 {
        spawn(|| sleep(Duration::from_secs(1000))).detach();
    }
    let waits: Greenlet<(), ()> = Greenlet::new(|()| parent::<(), ()>().switch(()));
    waits.switch(());
    in_named_task(recurse);
}

fn small() {
    announce_and_run("deep", "\"deep\"", 1, 32);
}

fn long_name() {
    let shown = format!("\"{}...\"", "n".repeat(200));
    announce_and_run(&"n".repeat(10_000), &shown, 192 * KIB, 192);
}

fn broken_name() {
    announce_and_run("a\nb\x1b[1mc", "\"a?b?[1mc\"", 192 * KIB, 192);
}

#[track_caller]
fn announce_and_run(name: &str, shown: &str, stack_size: usize, kib: usize) {
    announce(shown, kib, Location::caller());
    let deep = Greenlet::<(), ()>::builder()
        .name(name)
        .stack_size(stack_size);
    deep.build(|()| recurse()).expect("memory").switch(());
}

fn forked() {
    let deep: Greenlet<(), ()> = Greenlet::new(|()| recurse());
    // SAFETY: one thread, and the child only overflows a stack.
    let child = unsafe { libc::fork() };
    if child == 0 {
        give_up_in_time();
        deep.switch(());
    }
    let mut status = 0;
    // SAFETY: waits for our own child and writes one number.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    std::process::exit(libc::WTERMSIG(status));
}

/// Has the fault handler installed.
pub(crate) fn ready() {
    Greenlet::<(), ()>::new(|()| ()).switch(());
}

#[cfg(not(target_env = "musl"))]
fn on_main_itself(with_us: bool) {
    if with_us {
        ready();
    }
    recurse();
}

fn on_thread_itself(with_us: bool) {
    if with_us {
        on_std_thread(|| {
            ready();
            recurse();
        });
    } else {
        on_std_thread(recurse);
    }
}

extern "C" fn leave_at_once(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(1) };
}
