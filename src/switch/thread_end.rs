//! The end of a thread: what its main greenlet owns is dropped, and its records' memory is freed.

use crate::dropping::drop_quietly;
use crate::switch::parent;
use crate::switch::record::CorePtr;
use crate::switch::refcount::release_ended;
use crate::switch::thread::{self, EndOfThread};
use crate::switch::{blocks, current_locals};

impl Drop for EndOfThread {
    fn drop(&mut self) {
        // `process::exit` inside a greenlet runs this on that greenlet's stack: then all stays.
        if !thread::begin_exit() {
            return;
        }
        drop_quietly(current_locals::end(&thread::main()));
        if let Some(main) = thread::take_main() {
            // SAFETY: it is owned by itself and by the thread, and both pointers are given up here, once.
            unsafe { end_main(main) };
        }
        blocks::free_chunks();
    }
}

/// # Safety
/// `main` is the main greenlet's record, and neither of its two own pointers was given up before.
unsafe fn end_main(main: CorePtr) {
    // SAFETY: the thread's own pointer keeps it.
    parent::close(unsafe { main.as_ref() });
    // SAFETY: the pointer of the greenlet to itself is given up here,
    unsafe { release_ended(main) };
    // SAFETY: and the thread's here.
    unsafe { release_ended(main) };
}
