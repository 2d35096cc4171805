//! The shield that holds kills and timeouts off while a body runs.
#![forbid(unsafe_code)]

use crate::generator;
use crate::switch::generator_stack::StackOwner;
use crate::switch::thread;

/// Runs `body`, in which the running greenlet is not killed, and no timeout expires that was started outside: these come
/// at its first wait after that.
///
/// In the body of a generator it holds while the generator runs, for the greenlet that has resumed it, and not while it
/// is suspended.
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, task::shield};
/// use std::time::Duration;
///
/// let careful = spawn(|| {
///     shield(|| sleep(Duration::from_millis(5)));
///     println!("done in peace");
///     sleep(Duration::from_secs(600)); // the kill comes here
/// });
/// sleep(Duration::ZERO);
/// careful.kill();
/// assert!(careful.join().unwrap_err().is_killed());
/// ```
pub fn shield<R>(body: impl FnOnce() -> R) -> R {
    let _shield = Shield::raise();
    body()
}

/// Holds interrupts off while it lives and the stack that it lies on runs.
pub(crate) struct Shield {
    home: StackOwner,
    id: u64,
}

impl Shield {
    pub(crate) fn raise() -> Shield {
        let home = generator::stack_owner();
        let id = thread::next_id();
        home.shield(id);
        Shield { home, id }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        self.home.unshield(self.id);
    }
}
