//! Spawning a task with a name or with a stack of another size.
#![forbid(unsafe_code)]

use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::Task;
use super::spawn::spawn_with;
use crate::error::SpawnError;
use crate::local::LocalKey;
use crate::switch::locals::Locals;

/// Settings of a task to be spawned, as [`std::thread::Builder`] has them for threads.
///
/// # Examples
/// ```
/// use greenhub::task;
///
/// let task = task::Builder::new()
///     .name("reader")
///     .stack_size(64 * 1024)
///     .spawn(|| "read")?;
/// assert_eq!(task.name(), Some("reader"));
/// assert_eq!(task.join().unwrap(), "read");
/// # Ok::<(), greenhub::SpawnError>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder spawns nothing until `spawn` is called"]
pub struct Builder {
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    locals: Option<Box<Locals>>,
}

impl Builder {
    /// Settings as [`spawn`](super::spawn) has them: no name, a stack of
    /// [`DEFAULT_STACK_SIZE`](crate::stack::DEFAULT_STACK_SIZE) bytes, or of what
    /// [`set_stack_size`](crate::hub::set_stack_size) has set.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Names the task, for error messages and reports.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// Sets the usable stack size in bytes. It is rounded up, to
    /// [`MIN_STACK_SIZE`](crate::stack::MIN_STACK_SIZE) at least.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Gives the task a value of a greenlet-local to start with, in place of one that it would inherit.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{greenlet_local, task};
    ///
    /// greenlet_local! {
    ///     inherited static USER: String = "nobody".to_string();
    /// }
    ///
    /// let task = task::Builder::new()
    ///     .local(&USER, "ada".to_string())
    ///     .spawn(|| USER.with(String::clone))?;
    /// assert_eq!(task.join().unwrap(), "ada");
    /// # Ok::<(), greenhub::SpawnError>(())
    /// ```
    pub fn local<T: 'static>(mut self, key: &'static LocalKey<T>, value: T) -> Builder {
        Locals::give(&mut self.locals, key, Rc::new(value));
        self
    }

    /// Spawns the task. It runs when the running greenlet waits.
    ///
    /// # Errors
    /// Those of [`try_spawn`](super::try_spawn); and [`SpawnError::NoStack`] with
    /// [`StackError::TooLarge`](crate::error::StackError::TooLarge) inside for a stack above
    /// [`MAX_STACK_SIZE`](crate::stack::MAX_STACK_SIZE). The body is dropped then, and nothing else is changed.
    ///
    /// # Panics
    /// With what the `clone` of an inherited [greenlet-local](crate::local) panics with.
    #[track_caller]
    pub fn spawn<F, T>(self, body: F) -> Result<Task<T>, SpawnError>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_at(Location::caller(), body)
    }

    /// As [`spawn`](Builder::spawn), for the line that has asked for it.
    #[inline(always)]
    pub(crate) fn spawn_at<F, T>(
        self,
        place: &'static Location<'static>,
        body: F,
    ) -> Result<Task<T>, SpawnError>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        spawn_with(self.name, self.stack_size, self.locals, place, body)
    }
}

// Values go in and are not seen again: nothing half changed can be seen through it.
impl UnwindSafe for Builder {}
impl RefUnwindSafe for Builder {}
