//! The waiting side of a monitor: a greenlet, in its hub, or a thread without a hub, which is blocked.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::monitor::{self, Monitor, Monitored, Park, Parked, WaitTicket};
use super::parker::Parker;
use crate::error::CannotWait;
use crate::hub::{self, Clock, Deadline, OnThreadExit, RemoteWait, RemoteWaker, WaitRequest};
use crate::waiting::{WaitReason, WakeReason};

/// How long one waits at most.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    None,
    After(Duration),
    At(Instant),
}

/// The greenlet or thread that waits at a monitor.
pub(crate) struct Caller<'a, S> {
    monitor: &'a Arc<Monitor<S>>,
    request: WaitRequest,
    /// `None` in a thread that has a hub.
    thread: Option<ThreadDeadline>,
}

#[derive(Clone, Copy)]
struct ThreadDeadline(Option<Instant>);

/// Ends a wait.
pub(crate) enum BlockedWaker {
    Greenlet(RemoteWaker),
    Thread(Parker),
}

pub(crate) enum Blocker {
    Greenlet(RemoteWait),
    Thread(Parker, Option<Instant>),
}

impl<'a, S> Caller<'a, S> {
    /// For a wait at this monitor that begins now.
    #[track_caller]
    pub(crate) fn new(
        monitor: &'a Arc<Monitor<S>>,
        verb: &'static str,
        limit: Limit,
        reason: WaitReason,
    ) -> Caller<'a, S> {
        let (deadline, thread) = match hub::current() {
            Some(hub) => (limit.on(hub.clock()), None),
            None => (Deadline::NEVER, Some(ThreadDeadline(limit.instant()))),
        };
        Caller {
            monitor,
            request: WaitRequest::new(verb, reason, deadline),
            thread,
        }
    }

    /// Ends the call: it would have to wait where the running greenlet must not be left.
    pub(crate) fn refuse(&self, why: CannotWait) -> ! {
        self.request.refuse(why)
    }
}

impl Limit {
    fn on(self, clock: &Clock) -> Deadline {
        match self {
            Limit::None => Deadline::NEVER,
            Limit::After(time) => clock.after(time),
            Limit::At(moment) => clock.after(moment.saturating_duration_since(clock.instant())),
        }
    }

    fn instant(self) -> Option<Instant> {
        match self {
            Limit::None => None,
            Limit::After(time) => Instant::now().checked_add(time),
            Limit::At(moment) => Some(moment),
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
        if let Some(ThreadDeadline(deadline)) = self.thread {
            return Ok(Blocker::Thread(Parker::new(), deadline));
        }
        let (mut request, owner) = (self.request, self.monitor.clone());
        let wait = RemoteWait::begin(&mut request, owner, ticket.to_bits())?;
        Ok(Blocker::Greenlet(wait))
    }
}

impl Parked for Blocker {
    type Waker = BlockedWaker;

    fn waker(&self) -> BlockedWaker {
        match self {
            Blocker::Greenlet(wait) => BlockedWaker::Greenlet(wait.waker()),
            Blocker::Thread(parker, _) => BlockedWaker::Thread(parker.clone()),
        }
    }

    fn sleep(&self) -> bool {
        match self {
            Blocker::Greenlet(wait) => wait.wait() == WakeReason::Notified,
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
