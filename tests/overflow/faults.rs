//! A fault that is no overflow ends as it would without us: in the handler that was there before, or by its signal.

use super::overflows::ready;
use super::system::{KIB, on_c_thread, set_action, write_to, write_to_null};
use super::{Case, End, case};
use greenhub::{Greenlet, parent, spawn};
use std::ptr;

const SEGV: i32 = libc::SIGSEGV;

pub(crate) fn cases() -> Vec<Case> {
    let silent = |name: &str, body: fn()| case(name, body, End::Silent(SEGV));
    let exits = |name: &str, body: fn(), status| case(name, body, End::Exit(status));
    vec![
        silent("null write in a greenlet", || {
            Greenlet::<(), ()>::new(|()| write_to_null()).switch(());
        }),
        silent("null write in a task", || {
            let _ = spawn(write_to_null).join();
        }),
        silent("null write on main", || {
            ready();
            write_to_null();
        }),
        silent("null write on a C thread", || {
            on_c_thread(|| Greenlet::<(), ()>::new(|()| write_to_null()).switch(()));
        }),
        silent("stray write into a guard, from a greenlet", stray),
        silent("stray write into a guard, from a task", stray_from_task),
        silent("stray write into a guard, from main", || {
            write_to(guard_of(&waiting()));
        }),
        silent("stray write into a guard, from another thread", || {
            let guard = guard_of(&waiting());
            let _ = std::thread::spawn(move || {
                ready();
                write_to(guard);
            })
            .join();
        }),
        case(
            "SIGBUS of a file that shrank",
            shrunk_file,
            End::Silent(libc::SIGBUS),
        ),
        silent("SIGSEGV sent by kill, without a handler", || {
            set_action(libc::SIG_DFL, 0);
            ready();
            send();
        }),
        // std's handler lets the first one pass, with us as without us, and the second one kill.
        exits(
            "SIGSEGV sent by kill to std's handler",
            || {
                ready();
                send();
            },
            0,
        ),
        silent("SIGSEGV sent by kill to std's handler twice", || {
            ready();
            send();
            send();
        }),
        exits(
            "SIGSEGV sent by kill and ignored",
            || {
                set_action(libc::SIG_IGN, 0);
                ready();
                send();
                send();
            },
            0,
        ),
        silent("null write with SIGSEGV ignored", || {
            set_action(libc::SIG_IGN, 0);
            ready();
            write_to_null();
        }),
        exits(
            "null write with a handler of three arguments",
            || {
                set_action(three as *const () as usize, libc::SA_SIGINFO);
                Greenlet::<(), ()>::new(|()| write_to_null()).switch(());
            },
            33,
        ),
        exits(
            "null write with a handler of one argument",
            || {
                set_action(one as *const () as usize, 0);
                Greenlet::<(), ()>::new(|()| write_to_null()).switch(());
            },
            11,
        ),
    ]
}

/// A greenlet that waits on its stack, and hands out an address near the base of it.
fn waiting() -> Greenlet<(), usize> {
    Greenlet::new(|()| {
        let local = 0_u8;
        parent::<usize, ()>().switch((&raw const local).expose_provenance());
        0
    })
}

/// An address in the middle of its guard: 64 KiB, below 196 KiB whose uppermost page holds the address it gives.
fn guard_of(greenlet: &Greenlet<(), usize>) -> usize {
    greenlet.switch(()) - (196 + 32) * KIB
}

fn stray() {
    let other = waiting();
    let guard = guard_of(&other);
    Greenlet::<(), ()>::new(move |()| write_to(guard)).switch(());
}

fn stray_from_task() {
    let other = waiting();
    let guard = guard_of(&other);
    let _ = spawn(move || write_to(guard)).join();
}

fn shrunk_file() {
    ready();
    // SAFETY: a plain string, no flags.
    let file = unsafe { libc::memfd_create(c"shrunk".as_ptr(), 0) };
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping of an empty file: the kernel chooses the place.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, file, 0) };
    assert_ne!(page, libc::MAP_FAILED, "mmap");
    write_to(page.expose_provenance());
}

fn send() {
    // SAFETY: to ourselves.
    unsafe { libc::raise(SEGV) };
}

extern "C" fn one(signal: libc::c_int) {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(signal) };
}

extern "C" fn three(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: filled by the kernel.
    let info = unsafe { &*info };
    // SAFETY: the kernel found this fault, so the field is set.
    let address = unsafe { info.si_addr() };
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(if address.is_null() { 33 } else { 34 }) };
}
