//! Groups of tasks: [`scope`], whose tasks borrow and end with it; [`Group`], which knows its tasks and can wait for all
//! of them or kill them; [`Pool`], a group that runs so many at a time.
//!
//! | | its tasks may borrow | its end | how many at a time |
//! |---|---|---|---|
//! | [`scope`] | yes | waits for all | any number |
//! | [`Group`] | no | leaves them running | any number |
//! | [`Pool`] | no | leaves them running | as many as it has room for |

mod children;
mod imap;
mod kill_on_drop;
mod map;
mod members;
mod pool;
mod scope;
mod scoped;
mod slots;

use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

pub use self::imap::PoolMap;
use self::members::Members;
pub use self::pool::Pool;
pub use self::scope::{Scope, scope};
pub use self::scoped::ScopedTask;
use crate::hub;
use crate::task::{self, AnyTask, Task};

/// Tasks that belong together: gevent's `Group`. A task is a member until it has ended.
///
/// Clones are handles to the same group. Dropping the last one leaves the tasks running.
///
/// # Examples
/// ```
/// use greenhub::{Group, sleep};
/// use std::time::Duration;
///
/// let group = Group::new();
/// for millis in [3, 1, 2] {
///     group.spawn(move || sleep(Duration::from_millis(millis)));
/// }
/// assert_eq!(group.len(), 3);
/// group.join();
/// assert!(group.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Group {
    members: Rc<Members>,
}

impl Group {
    /// A group without members.
    #[must_use]
    pub fn new() -> Group {
        Group::default()
    }

    /// Spawns a task into the group.
    ///
    /// # Panics
    /// As [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn<F, T>(&self, body: F) -> Task<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let task = task::spawn(body);
        self.add(&task);
        task
    }

    /// Makes a task a member, if it has not ended. It may be in several groups.
    pub fn add<T: 'static>(&self, task: &Task<T>) {
        self.members.enter(task, None);
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// There are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// This task is a member.
    #[must_use]
    pub fn contains(&self, task: impl Into<AnyTask>) -> bool {
        self.members.contains(&task.into())
    }

    /// The members, in the order in which they were spawned.
    #[must_use]
    pub fn tasks(&self) -> Vec<AnyTask> {
        self.members.tasks()
    }

    /// Waits until all members have ended, those that come meanwhile too; but not for the running task, if that is a
    /// member itself. Two members that do so wait for each other, for ever.
    ///
    /// # Panics
    /// As [`Task::join`].
    ///
    /// # Aborts
    /// As [`Task::join`].
    #[track_caller]
    pub fn join(&self) {
        self.members.join(Location::caller(), None);
    }

    /// As [`join`](Group::join), for as long as `limit` at most. False if some have not ended by then: they run on.
    ///
    /// # Panics
    /// As [`Task::join`].
    ///
    /// # Aborts
    /// As [`Task::join`].
    #[track_caller]
    pub fn join_timeout(&self, limit: Duration) -> bool {
        self.members.join(Location::caller(), hub::deadline(limit))
    }

    /// Kills all members, each once and in the order in which they were spawned, those that come meanwhile too; and waits
    /// until they have ended. If the running task is a member itself, it unwinds after that: this does not return then.
    ///
    /// # Panics
    /// As [`Task::kill`].
    ///
    /// # Aborts
    /// As [`Task::kill`].
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Group, sleep, yield_now};
    /// use std::time::Duration;
    ///
    /// let group = Group::new();
    /// let started = group.spawn(|| sleep(Duration::from_secs(600)));
    /// yield_now();
    /// let unstarted = group.spawn(|| unreachable!("it never runs"));
    /// group.kill();
    /// assert!(started.join().unwrap_err().is_killed());
    /// assert!(unstarted.join().unwrap_err().is_killed());
    /// assert!(group.is_empty());
    /// ```
    #[track_caller]
    pub fn kill(&self) {
        self.members.kill(None);
    }

    /// As [`kill`](Group::kill), and waits for as long as `limit` at most. False if some have not ended by then: they are
    /// killed all the same.
    ///
    /// # Panics
    /// As [`Task::kill`].
    ///
    /// # Aborts
    /// As [`Task::kill`].
    #[track_caller]
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        self.members.kill(hub::deadline(limit))
    }

    /// Kills all members and waits for none: they unwind when their turn comes. If the running task is a member itself,
    /// it unwinds from here.
    ///
    /// # Panics
    /// As [`Task::kill_nowait`].
    #[track_caller]
    pub fn kill_nowait(&self) {
        self.members.kill_nowait();
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("len", &self.len()).finish()
    }
}
