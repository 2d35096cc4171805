//! The greenlets of a thread: the running one, the main one and the hub.
//!
//! # Invariant
//! `current` is null, or points to the record of the greenlet that runs on this thread. The record is there: a greenlet that
//! was entered owns itself, and the thread owns the main one.

use std::cell::Cell;
use std::mem;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::switch::counted::{AnyRef, RecordRef, WeakRef};
use crate::switch::record::{Core, CorePtr, Metadata};
use crate::switch::state::GreenletState;

/// Threads take ids in blocks of this size, so that making a greenlet touches no atomic.
const ID_BLOCK: u64 = 1024;

static NEXT_ID_BLOCK: AtomicU64 = AtomicU64::new(1);

struct ThreadState {
    current: Cell<*const Core>,
    main: Cell<Option<CorePtr>>,
    /// The hub's greenlet, which the hub owns.
    idle: Cell<Option<CorePtr>>,
    next_id: Cell<u64>,
    last_id: Cell<u64>,
    /// The number of reasons why a switch must take its slow path. See `switch_guard.rs`.
    slow_path_requests: Cell<usize>,
    exiting: Cell<bool>,
    /// Where a greenlet that is not main ends the process: that greenlet, on the stack of which the thread's destructors run.
    exits_in: Cell<Option<CorePtr>>,
}

thread_local! {
    // Without a destructor, so that reading it is one instruction.
    static THREAD: ThreadState = const {
        ThreadState {
            current: Cell::new(ptr::null()),
            main: Cell::new(None),
            idle: Cell::new(None),
            next_id: Cell::new(0),
            last_id: Cell::new(0),
            slow_path_requests: Cell::new(0),
            exiting: Cell::new(false),
            exits_in: Cell::new(None),
        }
    };
    static EXIT: EndOfThread = const { EndOfThread };
}

/// Notices the end of the thread with its destructor, which is in `parent.rs`.
pub(super) struct EndOfThread;

/// The running greenlet, as its own code sees it. Used in its own frames only, which end before its record does.
#[derive(Clone, Copy)]
pub(crate) struct Current(CorePtr);

impl Deref for Current {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        // SAFETY: the invariant of this file; and a `Current` stays in the frames of its greenlet.
        unsafe { self.0.as_ref() }
    }
}

impl Current {
    pub(crate) fn to_weak(self) -> WeakRef {
        // SAFETY: the current greenlet's record is there.
        unsafe { WeakRef::to(self.0) }
    }

    pub(crate) fn to_ref(self) -> AnyRef {
        // SAFETY: the current greenlet's record is there.
        unsafe { AnyRef::counted(self.0) }
    }
}

/// The running greenlet. The first call on a thread makes its main greenlet.
#[inline(always)]
pub(crate) fn current() -> Current {
    match NonNull::new(THREAD.with(|thread| thread.current.get()).cast_mut()) {
        Some(current) => Current(current),
        None => begin_thread_slow(),
    }
}

/// Registers the hub, which runs when no other greenlet can.
#[cfg(feature = "hub")]
pub(crate) fn set_idle(hub: Option<CorePtr>) {
    THREAD.with(|thread| thread.idle.set(hub));
}

pub(super) fn idle() -> Option<CorePtr> {
    THREAD.with(|thread| thread.idle.get())
}

/// Registers the greenlet that runs after the next raw switch.
#[inline(always)]
pub(crate) fn set_current(next: CorePtr) {
    THREAD.with(|thread| thread.current.set(next.as_ptr()));
}

#[inline(always)]
pub(crate) fn slow_path_requests() -> usize {
    THREAD.with(|thread| thread.slow_path_requests.get())
}

pub(crate) fn request_slow_path() {
    THREAD.with(|thread| {
        thread
            .slow_path_requests
            .set(thread.slow_path_requests.get() + 1)
    });
}

pub(crate) fn withdraw_slow_path() {
    THREAD.with(|thread| {
        thread
            .slow_path_requests
            .set(thread.slow_path_requests.get() - 1)
    });
}

/// The thread's destructors run: nothing may be unwound any more.
pub(crate) fn is_exiting() -> bool {
    THREAD.with(|thread| thread.exiting.get())
}

/// Registers that the thread's destructors have begun: from now on nothing is unwound. True on the thread's own stack, and
/// false on that of a greenlet that has ended the process.
pub(crate) fn begin_exit() -> bool {
    THREAD.with(|thread| {
        let is_first = !thread.exiting.replace(true);
        let current = NonNull::new(thread.current.get().cast_mut());
        if is_first && current != thread.main.get() {
            // Kept for ever: its stack must not be leaked as abandoned when it switches.
            mem::forget(current.map(|current| Current(current).to_ref()));
            thread.exits_in.set(current);
        }
        thread.exits_in.get().is_none()
    })
}

#[cfg(feature = "hub")]
pub(crate) fn runs_destructors() -> AnyRef {
    match THREAD.with(|thread| thread.exits_in.get()) {
        // SAFETY: kept for ever.
        Some(greenlet) => unsafe { AnyRef::counted(greenlet) },
        None => main(),
    }
}

/// An id that no other greenlet of this process ever has.
#[inline]
pub(crate) fn next_id() -> u64 {
    THREAD.with(|thread| {
        let mut id = thread.next_id.get();
        if id == thread.last_id.get() {
            id = NEXT_ID_BLOCK.fetch_add(ID_BLOCK, Ordering::Relaxed);
            thread.last_id.set(id + ID_BLOCK);
        }
        thread.next_id.set(id + 1);
        id
    })
}

pub(crate) fn main() -> AnyRef {
    current();
    let main = THREAD.with(|thread| thread.main.get());
    let main = main.expect("made with the first current greenlet");
    // SAFETY: the thread owns a pointer to it until it exits, and this runs before or makes another.
    unsafe { AnyRef::counted(main) }
}

/// Takes the main greenlet of a thread that ends, on which no greenlet runs any more.
pub(super) fn take_main() -> Option<CorePtr> {
    THREAD.with(|thread| {
        thread.current.set(ptr::null());
        thread.main.take()
    })
}

#[cold]
#[inline(never)]
fn begin_thread_slow() -> Current {
    let metadata = Metadata {
        name: Some("main".into()),
        parent: None,
        made_at: Location::caller(),
        id: next_id(),
    };
    let main = RecordRef::new(metadata, || ());
    let core = main.any().as_ptr();
    main.any().set_state(GreenletState::Active);
    // Owned by itself, like any running greenlet, and by the thread.
    main.any().enter();
    if is_exiting() {
        // Locals made now would never be dropped.
        main.any().set_ended_locals();
    }
    mem::forget(main);
    THREAD.with(|thread| {
        thread.main.set(Some(core));
        thread.current.set(core.as_ptr());
    });
    let _ = EXIT.try_with(|_| ());
    Current(core)
}
