//! Who waits for other threads: a greenlet, in its hub; or a thread that has no hub, which is blocked.
#![forbid(unsafe_code)]

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::desk::{self, Desk, Host, Seat, Shared, Stay};
use super::parker::Parker;
use crate::error::WaitRefused;
use crate::hub::{self, GiveUp, Nanos, Outside, OutsideWaker};
use crate::waiting::{WaitReason, Woken};

/// How long one waits at most.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    None,
    After(Duration),
    At(Instant),
}

/// Whoever runs this.
pub(crate) struct Here<'a, S> {
    desk: &'a Arc<Desk<S>>,
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
pub(crate) enum Waker {
    Greenlet(OutsideWaker),
    Thread(Parker),
}

pub(crate) enum Waiting {
    Greenlet(Outside, Option<Nanos>),
    Thread(Parker, Option<Instant>),
}

impl<'a, S> Here<'a, S> {
    /// For a wait at this desk that begins now.
    pub(crate) fn new(
        desk: &'a Arc<Desk<S>>,
        limit: Limit,
        reason: WaitReason,
        place: &'static Location<'static>,
    ) -> Here<'a, S> {
        let deadline = match hub::existing() {
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
        Here {
            desk,
            deadline,
            reason,
            place,
        }
    }
}

impl<S> Host for Here<'_, S>
where
    S: Shared<Waker = Waker> + Send + 'static,
{
    type Waker = Waker;
    type Stay = Waiting;
    type Refusal = WaitRefused;

    fn begin(&self, seat: Seat) -> Result<Waiting, WaitRefused> {
        Ok(match self.deadline {
            Deadline::OfHub(deadline) => {
                let owner = self.desk.clone();
                let wait = Outside::begin(self.reason, self.place, owner, seat.to_bits())?;
                Waiting::Greenlet(wait, deadline)
            }
            Deadline::OfThread(deadline) => Waiting::Thread(Parker::new(), deadline),
        })
    }
}

impl Stay for Waiting {
    type Waker = Waker;

    fn waker(&self) -> Waker {
        match self {
            Waiting::Greenlet(wait, _) => Waker::Greenlet(wait.waker()),
            Waiting::Thread(parker, _) => Waker::Thread(parker.clone()),
        }
    }

    fn sleep(&self) -> bool {
        match self {
            Waiting::Greenlet(wait, deadline) => wait.wait(*deadline) == Woken::Called,
            Waiting::Thread(parker, Some(deadline)) => parker.park_until(*deadline),
            Waiting::Thread(parker, None) => {
                parker.park();
                true
            }
        }
    }
}

impl desk::Wake for Waker {
    fn wake(&self) {
        match self {
            Waker::Greenlet(waker) => waker.wake(),
            Waker::Thread(parker) => parker.wake(),
        }
    }
}

impl<S> GiveUp for Desk<S>
where
    S: Shared<Waker = Waker> + Send,
{
    fn give_up(&self, seat: u64) {
        self.leave(Seat::from_bits(seat));
    }
}
