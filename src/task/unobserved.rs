//! Panics of tasks that are not joined: each is reported once.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::error::JoinError;
use crate::stderr;
use crate::switch::parent;

/// A callback for the error of a task that panicked and is not joined.
pub type UnobservedHook = Rc<dyn Fn(&JoinError)>;

thread_local! {
    static HOOK: RefCell<Option<UnobservedHook>> = const { RefCell::new(None) };
}

/// Sets this thread's callback for tasks that panicked and were detached without a [`join`](super::Task::join), and
/// returns the previous one. `None` is the default: one line on stderr, with the task's name and the line that has spawned it.
///
/// The callback is called once for a task, when it can no longer be joined: at its end, or where the handle is dropped. A
/// killed task is not reported, nor a failure that a callback of the task has seen.
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
/// drop(spawn(|| panic!("not joined")));
/// yield_now();
/// assert_eq!(*seen.borrow(), ["not joined"]);
/// ```
pub fn set_unobserved_hook(hook: Option<UnobservedHook>) -> Option<UnobservedHook> {
    HOOK.try_with(|kept| kept.replace(hook)).ok().flatten()
}

/// Reports the failure of a task that will not be joined.
#[cold]
pub(crate) fn report(error: &JoinError) {
    if error.is_killed() {
        return;
    }
    let hook = HOOK.try_with(|kept| kept.borrow().clone()).ok().flatten();
    let Some(hook) = hook else {
        stderr::say(format_args!("{error} (it was not joined)"));
        return;
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
        hook(error);
        drop(hook);
    })) {
        // The panic hook has reported it.
        parent::drop_quietly(panic);
    }
}
