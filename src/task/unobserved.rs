//! What becomes of a panic that nobody has asked for: it is reported, once.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::error::JoinError;
use crate::stderr;
use crate::switch::parent;

/// What is called with the error of a task that panicked and that nobody joins.
pub type UnobservedHook = Rc<dyn Fn(&JoinError)>;

thread_local! {
    static HOOK: RefCell<Option<UnobservedHook>> = const { RefCell::new(None) };
}

/// Sets what is called, on this thread, for each task that panicked and whose handle was dropped without a
/// [`join`](super::Task::join). `None` is the default: one line on stderr, with the task's name and where it was spawned.
/// What was set before comes back.
///
/// It is called once for a task, where its last chance to be joined goes: at its end, or where the handle is dropped. A
/// killed task is not reported, nor one whose failure a callback has seen.
///
/// # Examples
/// ```
/// use greenhub::{spawn, task, yield_now};
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// let seen = Rc::new(RefCell::new(Vec::new()));
/// task::set_unobserved_hook(Some(Rc::new({
///     let seen = seen.clone();
///     move |error| seen.borrow_mut().push(error.panic_message().unwrap().to_owned())
/// })));
/// drop(spawn(|| panic!("nobody looks")));
/// yield_now();
/// assert_eq!(*seen.borrow(), ["nobody looks"]);
/// ```
pub fn set_unobserved_hook(hook: Option<UnobservedHook>) -> Option<UnobservedHook> {
    HOOK.try_with(|kept| kept.replace(hook)).ok().flatten()
}

/// Reports the failure of a task that nobody will ask for any more.
#[cold]
pub(crate) fn report(error: &JoinError) {
    if error.is_killed() {
        return;
    }
    let hook = HOOK.try_with(|kept| kept.borrow().clone()).ok().flatten();
    let Some(hook) = hook else {
        stderr::say(format_args!("{error} (nobody has joined it)"));
        return;
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
        hook(error);
        drop(hook);
    })) {
        // The panic hook has told of it.
        parent::drop_quietly(panic);
    }
}
