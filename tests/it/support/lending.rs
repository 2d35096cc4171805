//! A yielder that is lent to everything that is called meanwhile, on whatever stack, as the safe crate `scoped-tls` does.

use std::cell::Cell;
use std::ptr;

use greenhub::generator::Yielder;

thread_local! {
    static LENT: Cell<*const Yielder<i32>> = const { Cell::new(ptr::null()) };
}

/// Lends a yielder to everything that `f` calls.
pub(crate) fn lend(y: &Yielder<i32>, f: impl FnOnce()) {
    let before = LENT.replace(y);
    f();
    LENT.set(before);
}

/// Lends a yielder until another one is lent.
pub(crate) fn lend_on(y: &Yielder<i32>) {
    LENT.set(y);
}

/// Yields with what was lent.
pub(crate) fn yield_to_lender(value: i32) {
    // SAFETY: lent by a frame that has not returned.
    unsafe { &*LENT.get() }.yield_(value);
}
