//! Groups of tasks: a [`scope`] has tasks that borrow and end with it, and a [`try_scope`] ends with the first that fails; a
//! [`Group`] knows its tasks and can wait for all of them or kill them; a [`Pool`] is a group that runs a limited number at a
//! time.
//!
//! | | its tasks may borrow | its end | how many at a time |
//! |---|---|---|---|
//! | [`scope`] | yes | waits for all | any number |
//! | [`Scope::pool`] | yes | its scope waits for all | as many as it has room for |
//! | [`try_scope`] | yes | waits for all, or kills the rest at the first failure | any number |
//! | [`Group`] | no | leaves them running | any number |
//! | [`Pool`] | no | leaves them running | as many as it has room for |

mod children;
mod imap;
mod map;
mod members;
mod pool;
mod scope;
mod scoped;
mod scoped_pool;
mod slots;
mod try_scope;

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

pub use self::imap::PoolMap;
use self::members::Members;
pub use self::pool::Pool;
pub use self::scope::{Scope, scope};
pub use self::scoped::ScopedTask;
pub use self::scoped_pool::ScopedPool;
pub use self::try_scope::{TryScope, try_scope};
use crate::hub::Deadline;
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
}

/// What a [`Group`] and a [`Pool`] tell of their members, and do to all of them.
macro_rules! whole_group {
    ($type:ident) => {
        impl $type {
            /// How many members there are that have not ended.
            #[must_use]
            pub fn len(&self) -> usize {
                self.members.len()
            }

            /// There are no members.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// This task is a member that has not ended.
            #[must_use]
            pub fn contains(&self, task: impl Into<AnyTask>) -> bool {
                self.members.contains(&task.into())
            }

            /// The members, in the order in which they were spawned.
            #[must_use]
            pub fn tasks(&self) -> Vec<AnyTask> {
                self.members.tasks()
            }

            /// Waits until all members have ended, also those that are added meanwhile; but not for the running task, if it
            /// is a member. Two members that do so wait for each other for ever.
            ///
            /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
            #[track_caller]
            pub fn join(&self) {
                self.members.join(Deadline::NEVER);
            }

            /// As [`join`](Self::join), no longer than `limit`. False if some members have not ended by then: they run on.
            #[track_caller]
            pub fn join_timeout(&self, limit: Duration) -> bool {
                self.members.join(Deadline::after(limit))
            }

            /// Kills all members, each once and in the order in which they were spawned, also those that are added meanwhile;
            /// and waits until they have ended. If the running task is a member, it unwinds after that: this does not return
            /// then.
            ///
            /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
            ///
            /// # Panics
            /// As [`AnyTask::kill`].
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
                self.members.kill(Deadline::NEVER);
            }

            /// As [`kill`](Self::kill), and waits no longer than `limit`. False if some members have not ended by then: they
            /// stay killed.
            ///
            /// # Panics
            /// As [`AnyTask::kill`].
            #[track_caller]
            pub fn kill_timeout(&self, limit: Duration) -> bool {
                self.members.kill(Deadline::after(limit))
            }

            /// Kills all members and waits for none: they unwind when their turn comes. If the running task is a member, it
            /// unwinds from here.
            ///
            /// # Panics
            /// As [`AnyTask::kill`].
            #[track_caller]
            pub fn kill_nowait(&self) {
                self.members.kill_nowait();
            }
        }
    };
}

whole_group!(Group);
whole_group!(Pool);

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("len", &self.len()).finish()
    }
}
