//! Who waits for other threads: a greenlet, in its hub; or a thread that has no hub, which is blocked.
#![forbid(unsafe_code)]

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::monitor::{self, Monitor, Monitored, Park, Parked, WaitTicket};
use super::parker::Parker;
use crate::error::CannotWait;
use crate::hub::{self, Nanos, OnThreadExit, RemoteWait, RemoteWaker};
use crate::waiting::{WaitReason, WakeReason};

/// How long one waits at most.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    None,
    After(Duration),
    At(Instant),
}

/// Whoever runs this.
pub(crate) struct Caller<'a, S> {
    monitor: &'a Arc<Monitor<S>>,
    deadline: Deadline,
    reason: WaitReason,
    place: &'static Location<'static>,
}

#[derive(Clone, Copy)]
enum Deadline {
    OfHub(Option<Nanos>),
    OfThread(Option<Instant>),
}

/// Ends a wait.
pub(crate) enum BlockedWaker {
    Greenlet(RemoteWaker),
    Thread(Parker),
}

pub(crate) enum Blocker {
    Greenlet(RemoteWait, Option<Nanos>),
    Thread(Parker, Option<Instant>),
}

impl<'a, S> Caller<'a, S> {
    /// For a wait at this monitor that begins now.
    pub(crate) fn new(
        monitor: &'a Arc<Monitor<S>>,
        limit: Limit,
        reason: WaitReason,
        place: &'static Location<'static>,
    ) -> Caller<'a, S> {
        let deadline = match hub::current() {
            Some(hub) => Deadline::OfHub(match limit {
                Limit::None => None,
                Limit::After(time) => hub.clock().after(time),
                Limit::At(moment) => {
                    let now = hub.clock().instant();
                    hub.clock().after(moment.saturating_duration_since(now))
                }
            }),
            None => Deadline::OfThread(match limit {
                Limit::None => None,
                Limit::After(time) => Instant::now().checked_add(time),
                Limit::At(moment) => Some(moment),
            }),
        };
        Caller {
            monitor,
            deadline,
            reason,
            place,
        }
    }
}

impl<S> Park for Caller<'_, S>
where
    S: Monitored<Waker = BlockedWaker> + Send + 'static,
{
    type Waker = BlockedWaker;
    type Parked = Blocker;
    type Refusal = CannotWait;

    fn begin(&self, ticket: WaitTicket) -> Result<Blocker, CannotWait> {
        Ok(match self.deadline {
            Deadline::OfHub(deadline) => {
                let owner = self.monitor.clone();
                let wait = RemoteWait::begin(self.reason, self.place, owner, ticket.to_bits())?;
                Blocker::Greenlet(wait, deadline)
            }
            Deadline::OfThread(deadline) => Blocker::Thread(Parker::new(), deadline),
        })
    }
}

impl Parked for Blocker {
    type Waker = BlockedWaker;

    fn waker(&self) -> BlockedWaker {
        match self {
            Blocker::Greenlet(wait, _) => BlockedWaker::Greenlet(wait.waker()),
            Blocker::Thread(parker, _) => BlockedWaker::Thread(parker.clone()),
        }
    }

    fn sleep(&self) -> bool {
        match self {
            Blocker::Greenlet(wait, deadline) => wait.wait(*deadline) == WakeReason::Notified,
            Blocker::Thread(parker, Some(deadline)) => parker.park_until(*deadline),
            Blocker::Thread(parker, None) => {
                parker.park();
                true
            }
        }
    }
}

impl monitor::Wake for BlockedWaker {
    fn wake(&self) {
        match self {
            BlockedWaker::Greenlet(waker) => waker.wake(),
            BlockedWaker::Thread(parker) => parker.wake(),
        }
    }
}

impl<S> OnThreadExit for Monitor<S>
where
    S: Monitored<Waker = BlockedWaker> + Send,
{
    fn on_thread_exit(&self, ticket: u64) {
        self.leave(WaitTicket::from_bits(ticket));
    }
}
