//! What each thread knows of its greenlets: which one runs, and the main one at the bottom.
//!
//! # Invariant
//! `current` is null, or points to the record of the greenlet whose code runs on this thread now. That
//! record is there: a greenlet that was entered owns itself, and the main one is owned by this thread.

use std::cell::Cell;
use std::ops::Deref;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::switch::blocks;
use crate::switch::counted::{AnyRef, RecordRef, WeakRef};
use crate::switch::engine::CorePtr;
use crate::switch::record::{Core, Metadata};
use crate::switch::state::GreenletState;
use crate::switch::{locals, parent};

/// Ids are handed to threads in blocks of this size, so that making a greenlet touches no atomic.
const ID_BLOCK: u64 = 1024;

static NEXT_ID_BLOCK: AtomicU64 = AtomicU64::new(1);

struct ThreadState {
    current: Cell<*const Core>,
    main: Cell<Option<CorePtr>>,
    /// Who goes on when nobody else does: the hub, which owns it.
    idle: Cell<Option<CorePtr>>,
    next_id: Cell<u64>,
    last_id: Cell<u64>,
    /// Not zero: before a switch somebody must look closer. See `permit.rs`.
    slow_path_requests: Cell<usize>,
    exiting: Cell<bool>,
    /// Where the process ends in a greenlet: that one, on whose stack the thread's destructors run.
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

/// The greenlet that runs now, as its own code sees it: used in its own frames only, which end before
/// its record does.
#[derive(Clone, Copy)]
pub(crate) struct Current(CorePtr);

impl Deref for Current {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        // SAFETY: the invariant of this file; and a `Me` stays in the frames of its greenlet.
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

/// The greenlet that runs now. The first call on a thread makes its main greenlet.
#[inline(always)]
pub(crate) fn current() -> Current {
    match ptr::NonNull::new(THREAD.with(|thread| thread.current.get()).cast_mut()) {
        Some(current) => Current(current),
        None => begin_thread_slow(),
    }
}

/// Says who goes on when nobody else does. It stays there until somebody else is named.
#[cfg(feature = "hub")]
pub(crate) fn set_idle(hub: Option<CorePtr>) {
    THREAD.with(|thread| thread.idle.set(hub));
}

/// Who goes on when nobody else does, if there is a hub.
pub(super) fn idle() -> Option<CorePtr> {
    THREAD.with(|thread| thread.idle.get())
}

/// Says who runs after the raw switch that comes next.
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

/// The thread's destructors have begun: from now on nothing is unwound. True if this runs on the thread's own
/// stack, and not on that of a greenlet that has ended the process.
pub(crate) fn begin_exit() -> bool {
    THREAD.with(|thread| {
        let is_first = !thread.exiting.replace(true);
        let current = ptr::NonNull::new(thread.current.get().cast_mut());
        if is_first && current != thread.main.get() {
            // Kept for ever: its stack must not be given up for lost, whichever greenlet it switches to.
            std::mem::forget(current.map(|current| Current(current).to_ref()));
            thread.exits_in.set(current);
        }
        thread.exits_in.get().is_none()
    })
}

/// The greenlet that runs this thread's destructors.
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

/// The main greenlet of this thread.
pub(crate) fn main() -> AnyRef {
    current();
    let main = THREAD.with(|thread| thread.main.get());
    let main = main.expect("made with the first current greenlet");
    // SAFETY: the thread owns a pointer to it until it exits, and this runs before or makes another.
    unsafe { AnyRef::counted(main) }
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
    // It owns itself, like any greenlet that runs, and the thread owns it besides.
    main.any().enter();
    if is_exiting() {
        // Nobody will ever drop them.
        main.any().set_ended_locals();
    }
    std::mem::forget(main);
    THREAD.with(|thread| {
        thread.main.set(Some(core));
        thread.current.set(core.as_ptr());
    });
    let _ = EXIT.try_with(|_| ());
    Current(core)
}

/// Its destructor is how the end of the thread is noticed.
struct EndOfThread;

impl Drop for EndOfThread {
    fn drop(&mut self) {
        // `process::exit` inside a greenlet runs this on that greenlet's stack: then all stays.
        if !begin_exit() {
            return;
        }
        parent::drop_quietly(locals::end(&main()));
        THREAD.with(|thread| {
            thread.current.set(ptr::null());
            if let Some(main) = thread.main.take() {
                // SAFETY: owned by itself and by the thread: both are given up here, once.
                unsafe { end_main(main) };
            }
            blocks::free_chunks();
        });
    }
}

/// # Safety
/// `main` is the main greenlet's record and its two own pointers were not given up before.
unsafe fn end_main(main: CorePtr) {
    // SAFETY: the thread's own pointer keeps it there.
    parent::close(unsafe { main.as_ref() });
    // SAFETY: the caller hands both pointers over: first the one to itself,
    unsafe { crate::switch::counted::release_ended(main) };
    // SAFETY: and now the thread's.
    unsafe { crate::switch::counted::release_ended(main) };
}
