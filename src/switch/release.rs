//! What happens when the last pointer to a record goes: a suspended greenlet is unwound, one that was not started is
//! canceled, and then the record is freed.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::Result as Caught;

use crate::switch::counted::{AnyRef, WeakRef};
use crate::switch::locals::Locals;
use crate::switch::record::{Core, CorePtr};
use crate::switch::refcount::{Counted, release_ended};
use crate::switch::state::GreenletState;
use crate::switch::{chain, nest, parent};

// SAFETY: besides these pointers only `Core::enter` counts, for the pointer of a greenlet to itself, which `release_ended`
// gives up.
unsafe impl Counted for Core {
    #[inline(always)]
    fn count(&self) -> &Cell<u32> {
        &self.count
    }

    #[inline(always)]
    fn weak_count(&self) -> &Cell<u32> {
        &self.weak_count
    }

    // SAFETY: as in the trait.
    #[cold]
    #[inline(never)]
    unsafe fn release_slow(core: CorePtr) {
        // SAFETY: if no strong pointer is left, no other code frees it; if one is left, it keeps it.
        let record = unsafe { core.as_ref() };
        if record.count.get() == 1 {
            if record.state() != GreenletState::Suspended {
                return;
            }
            record.count.set(2);
            // SAFETY: suspended, so not on the chain, and the count just taken keeps it.
            unsafe { chain::unwind(core) };
            record.count.set(record.count.get() - 1);
            if record.count.get() > 0 {
                return;
            }
        }
        if matches!(
            record.state(),
            GreenletState::Unstarted | GreenletState::Declared
        ) {
            // A destructor of the body may find it through a weak pointer, so it is kept meanwhile.
            record.count.set(1);
            // SAFETY: counted in the line above.
            let kept = unsafe { AnyRef::adopt(core) };
            if let Err(panic) = nest::drop_body(move || end_unstarted(kept)) {
                resume_unwind(panic);
            }
            return;
        }
        // SAFETY: no strong pointer is left.
        unsafe { Core::free_slow(core) };
    }

    /// Frees the record, and with it ended parents that it alone has kept.
    // SAFETY: as in the trait.
    #[cold]
    unsafe fn free_slow(mut core: CorePtr) {
        // SAFETY: it is freed below, and nowhere else.
        if unsafe { core.as_ref() }.weak_count.get() > 0 {
            return;
        }
        loop {
            // SAFETY: no pointer to it is left, so it is ours. It has ended, so it has no stack.
            let record = unsafe { core.as_ref() };
            debug_assert!(
                record.locals().is_none_or(Locals::is_empty),
                "no user code runs here"
            );
            let parent = record.parent.take();
            let free = record.vtable.free;
            // SAFETY: this `free` was made for this kind of record, to which no pointer is left.
            unsafe { free(core) };
            match parent.and_then(WeakRef::release) {
                Some(parent) => core = parent,
                None => return,
            }
        }
    }
}

/// Ends a greenlet that was not started, if this is still the last pointer to it.
///
/// # Errors
/// The panic of a destructor.
fn end_unstarted(last: AnyRef) -> Caught<()> {
    let is_unstarted = matches!(
        last.state(),
        GreenletState::Unstarted | GreenletState::Declared
    );
    if !is_unstarted || last.count.get() > 1 {
        // A weak pointer was upgraded before this ran.
        return catch_unwind(AssertUnwindSafe(|| drop(last)));
    }
    let dropped = parent::cancel(&last);
    let core = ManuallyDrop::new(last).as_ptr();
    // SAFETY: it has ended, and this pointer is given up here, once.
    unsafe { release_ended(core) };
    dropped
}
