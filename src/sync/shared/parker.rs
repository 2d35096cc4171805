//! How a thread without a hub waits: it is blocked until it is woken. Pure, and tried by `tests/loom`.
#![forbid(unsafe_code)]

#[cfg(loom)]
use loom::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Thread},
};
#[cfg(not(loom))]
use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, Thread},
    time::Instant,
};

/// One wait of one thread; a clone on another thread ends it.
#[derive(Clone)]
pub(crate) struct Parker {
    thread: Thread,
    woken: Arc<AtomicBool>,
}

impl Parker {
    /// For the thread that runs.
    pub(crate) fn new() -> Parker {
        Parker {
            thread: thread::current(),
            woken: Arc::new(AtomicBool::new(false)),
        }
    }

    pub(crate) fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }

    pub(crate) fn park(&self) {
        // Others may unpark this thread for reasons of their own.
        while !self.is_woken() {
            thread::park();
        }
    }

    /// False if it was not woken by then.
    #[cfg(not(loom))]
    pub(crate) fn park_until(&self, deadline: Instant) -> bool {
        while !self.is_woken() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
        }
        true
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}
