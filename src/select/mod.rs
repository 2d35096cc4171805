//! Waiting for the first of several channel operations, events and tasks: what [`select!`](crate::select!) is made of.
//!
//! ```text
//!   choose      several arms ready: one of them, at random           nothing was taken yet
//!               none: wait in all queues at once, for the first      a queue has woken it: its thing is reserved
//!   complete    take, send or join, for the arm that was chosen      exactly one; the others were only observed
//! ```
//! The reservation is passed to the next in the queue if a panic unwinds the select before the arm has taken the thing. No name
//! in here is for users: [`select!`](crate::select!) is.
#![forbid(unsafe_code)]

mod macros;
mod operations;

use std::array;
use std::panic::Location;
use std::time::Duration;

pub use self::operations::{Select, SelectedOperation};
use crate::error::RecvError;
use crate::hub::{self, Deadline, Reservation, Resource, WaitPoint, WaitRequest, Waker, WokenAt};
use crate::list::Node;
use crate::sync::channel::{
    Arm, ArmReadiness, ArmReservation, ArmTarget, Receiver, SendReservation, Sender,
};
use crate::waitable::{WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// The chosen arm, with its reservation.
#[must_use]
#[expect(missing_debug_implementations, reason = "only `select!` holds one")]
pub struct Selected<'a> {
    index: usize,
    reservation: Option<Reservation<'a, dyn Resource + 'a>>,
}

/// The index that stands for no arm.
const DEFAULT: usize = usize::MAX;

/// Something to look at, as an arm.
#[expect(missing_debug_implementations, reason = "only selects hold one")]
pub struct ObserveArm<'a>(&'a dyn Waitable);

impl<'a> ObserveArm<'a> {
    /// An arm that takes nothing of the thing.
    pub fn at(thing: &'a dyn Waitable) -> ObserveArm<'a> {
        ObserveArm(thing)
    }
}

impl Arm for ObserveArm<'_> {
    fn readiness(&self, _is_limited: bool) -> ArmReadiness {
        match self.0.wait_target().ready {
            true => ArmReadiness::Ready,
            false => ArmReadiness::NotReady,
        }
    }

    fn target(&self) -> ArmTarget<'_> {
        let WaitTarget { point, reason, .. } = self.0.wait_target();
        ArmTarget { point, reason }
    }
}

/// How long a select waits where no arm is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SelectLimit {
    None,
    Until(Deadline),
}

/// How a select chooses.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    pub(crate) limit: SelectLimit,
    /// The first of several arms that are ready, instead of one at random.
    pub(crate) is_biased: bool,
    pub(crate) place: &'static Location<'static>,
}

/// Chooses one of the ready arms, or the first that becomes ready.
#[track_caller]
pub fn choose<'a, const N: usize>(is_biased: bool, arms: [&'a dyn Arm; N]) -> Selected<'a> {
    choose_of(
        &arms,
        is_biased,
        SelectLimit::Until(Deadline::NEVER),
        Location::caller(),
    )
}

/// As `choose`, for as long as `limit` at most.
#[track_caller]
pub fn choose_for<'a, const N: usize>(
    is_biased: bool,
    arms: [&'a dyn Arm; N],
    limit: Duration,
) -> Selected<'a> {
    let limit = SelectLimit::Until(Deadline::after(limit));
    choose_of(&arms, is_biased, limit, Location::caller())
}

/// Chooses one of the ready arms, if there is one.
#[track_caller]
pub fn choose_now<'a, const N: usize>(is_biased: bool, arms: [&'a dyn Arm; N]) -> Selected<'a> {
    choose_of(&arms, is_biased, SelectLimit::None, Location::caller())
}

/// A select without a default has chosen one of its arms.
pub fn no_default() -> ! {
    unreachable!("a select without a default ends with one of its arms")
}

#[track_caller]
fn choose_of<'a, const N: usize>(
    arms: &[&'a dyn Arm; N],
    is_biased: bool,
    limit: SelectLimit,
    place: &'static Location<'static>,
) -> Selected<'a> {
    let choice = Selection {
        limit,
        is_biased,
        place,
    };
    choice.choose(
        arms,
        || arms.map(|arm| arm.target().point),
        |node| array::from_fn::<_, N, _>(|_| node()),
    )
}

impl Selection {
    /// As `choose`, of a number of arms that is known at run time only.
    #[track_caller]
    pub(crate) fn choose_of_many<'a>(self, arms: &[&'a dyn Arm]) -> Selected<'a> {
        self.choose(
            arms,
            || {
                arms.iter()
                    .map(|arm| arm.target().point)
                    .collect::<Vec<_>>()
            },
            |node| arms.iter().map(|_| node()).collect::<Vec<_>>(),
        )
    }

    /// Chooses one of `arms`: that is `DEFAULT` when its time is over. `points` gives the points of the arms, and `nodes` a
    /// node for each, in arrays or vectors.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn choose<'a, S: AsRef<[WaitPoint<'a>]>, N: AsRef<[Node<Waker>]>>(
        self,
        arms: &[&'a dyn Arm],
        points: impl Fn() -> S,
        nodes: impl Fn(&dyn Fn() -> Node<Waker>) -> N,
    ) -> Selected<'a> {
        let picked = self.pick(arms);
        match (picked, self.limit) {
            (Some((index, ArmReadiness::Ready)), _) => Selected::found(index),
            (None, SelectLimit::None) => Selected::found(DEFAULT),
            _ => self.choose_slow(picked, arms, points, nodes),
        }
    }

    #[inline(never)]
    #[track_caller]
    fn choose_slow<'a, S: AsRef<[WaitPoint<'a>]>, N: AsRef<[Node<Waker>]>>(
        self,
        mut picked: Option<(usize, ArmReadiness)>,
        arms: &[&'a dyn Arm],
        points: impl Fn() -> S,
        nodes: impl Fn(&dyn Fn() -> Node<Waker>) -> N,
    ) -> Selected<'a> {
        let mut request = self.request(arms);
        loop {
            let counterpart = match picked {
                Some((index, ArmReadiness::Pairs)) => Some(index),
                Some((index, ArmReadiness::Behind)) => {
                    let resource = points().as_ref()[index].resource();
                    match resource.and_then(Reservation::reserve_behind_others) {
                        Some(reservation) if reservation.holds() => {
                            return Selected::reserved(index, reservation);
                        }
                        Some(_) => {
                            picked = self.pick(arms);
                            continue;
                        }
                        None => None,
                    }
                }
                Some((index, _)) => return Selected::found(index),
                None => None,
            };
            if self.limit == SelectLimit::None {
                let selected = counterpart.and_then(|index| pair_now(&mut request, index, &points));
                // A partner that makes no item again and again must not keep it from its default.
                return selected.unwrap_or_else(|| {
                    let other = self.pick_of(arms, false);
                    Selected::found(other.map_or(DEFAULT, |(index, _)| index))
                });
            }
            let points = points();
            match request.in_any(points.as_ref(), &nodes, counterpart) {
                WokenAt::Reserved(index, reservation) if reservation.holds() => {
                    let index = self.first_of_equals(index, points.as_ref());
                    return Selected::reserved(index, reservation);
                }
                WokenAt::TimedOut => return Selected::found(DEFAULT),
                // What a list tells is so, though it may be over by now.
                WokenAt::Notified(index)
                    if matches!(points.as_ref()[index], WaitPoint::List(_)) =>
                {
                    return Selected::found(index);
                }
                // The reserved thing was withdrawn, or something has changed: which are ready now?
                WokenAt::Reserved(..) | WokenAt::Notified(_) | WokenAt::Retry => {
                    picked = self.pick(arms)
                }
            }
        }
    }

    /// One of those that are ready.
    #[inline]
    fn pick(self, arms: &[&dyn Arm]) -> Option<(usize, ArmReadiness)> {
        self.pick_of(arms, true)
    }

    /// The same, with those that are ready only when another select has run, or without.
    #[inline]
    fn pick_of(self, arms: &[&dyn Arm], with_pairs: bool) -> Option<(usize, ArmReadiness)> {
        let is_limited = matches!(self.limit, SelectLimit::Until(_));
        let (mut picked, mut count) = (None, 0);
        for (index, arm) in arms.iter().enumerate() {
            let standing = arm.readiness(is_limited);
            let is_ready = match standing {
                ArmReadiness::NotReady => false,
                ArmReadiness::Ready | ArmReadiness::Behind => true,
                // Where the greenlet may not be left, a default with_pairs no other select.
                ArmReadiness::Pairs => with_pairs && (is_limited || hub::may_park()),
            };
            if !is_ready {
                continue;
            }
            count += 1;
            if hub::is_picked(count) {
                picked = Some((index, standing));
            }
            if self.is_biased {
                break;
            }
        }
        picked
    }

    fn request(self, arms: &[&dyn Arm]) -> WaitRequest {
        let reason = match arms {
            [one] => one.target().reason,
            _ => WaitReason::any(arms.len()),
        };
        let deadline = match self.limit {
            SelectLimit::Until(deadline) => deadline,
            SelectLimit::None => Deadline::NEVER,
        };
        WaitRequest::at(self.place, "select", reason, deadline)
    }

    /// Of several arms of one channel a draw has chosen this one, and a biased select wants the first.
    fn first_of_equals(self, drawn: usize, points: &[WaitPoint<'_>]) -> usize {
        let is_equal = |point: &WaitPoint<'_>| self.is_biased && point.is_same(points[drawn]);
        points.iter().position(is_equal).unwrap_or(drawn)
    }
}

/// Runs the select that is the counterpart of an arm. `None` if it has made no item.
#[cold]
fn pair_now<'a, S: AsRef<[WaitPoint<'a>]>>(
    request: &mut WaitRequest,
    index: usize,
    points: impl Fn() -> S,
) -> Option<Selected<'a>> {
    let resource = points().as_ref()[index].resource()?;
    let reservation = request.pair_now(resource)?;
    Some(Selected::reserved(index, reservation))
}

impl<'a> Selected<'a> {
    /// An arm that was found ready, or the default.
    fn found(index: usize) -> Selected<'a> {
        Selected {
            index,
            reservation: None,
        }
    }

    fn reserved(index: usize, reservation: Reservation<'a, dyn Resource + 'a>) -> Selected<'a> {
        let reservation = Some(reservation);
        Selected { index, reservation }
    }

    /// The index of the arm; another one stands for the default.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The index of the arm, if the time was not over before.
    pub(crate) fn arm(&self) -> Option<usize> {
        (self.index != DEFAULT).then_some(self.index)
    }

    /// Nothing is taken.
    pub fn look(self) {}

    /// Receives the item of the arm that was chosen.
    ///
    /// # Errors
    /// If the channel has ended.
    pub fn receive<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let received = receiver.take_selected(self.reservation.is_some());
        drop(self.reservation);
        received
    }

    /// A place for an item that is made after this.
    pub fn place<'s, T>(self, sender: &'s Sender<T>) -> SendReservation<'s, T> {
        sender.place(self.reservation.is_some())
    }

    /// What was chosen, kept for later.
    pub(crate) fn reserve(self, arm: &dyn Arm) -> ArmReservation {
        arm.keep(self.reservation.is_some())
    }
}
