//! Waiting for the first of several channel operations, events and tasks: what [`select!`](crate::select!) is made of.
//!
//! ```text
//!   choose      several arms ready: one of them, at random         nothing was taken yet
//!               none: wait in all lines at once, for the first     a line has called: its thing is promised
//!   complete    take, send or join, for the arm that was chosen    exactly one; the others were only looked at
//! ```
//! What was promised is held by a claim, which goes on to the next in the line if the arm cannot take it any more because
//! a panic unwinds it. No name in here is for users: [`select!`](crate::select!) is.
#![forbid(unsafe_code)]

mod macros;

use std::cell::Cell;
use std::panic::Location;
use std::time::Duration;

use crate::error::RecvError;
use crate::hub::{self, Claim, First, Nanos, Spot, Supply, refuse, wait_in_each};
use crate::sync::channel::{Place, Receiver, Sender, Sending};
use crate::waitable::Post;
#[doc(hidden)]
pub use crate::waitable::Waitable;
use crate::waiting::Reason;

/// Which arm was chosen, and what it was promised.
#[doc(hidden)]
#[must_use]
#[expect(missing_debug_implementations, reason = "only `select!` holds one")]
pub struct Selected<'a> {
    index: usize,
    claim: Option<Claim<'a, dyn Supply + 'a>>,
}

/// The index that stands for no arm.
const DEFAULT: usize = usize::MAX;

/// One of those that are ready, or the first that becomes so.
#[doc(hidden)]
#[track_caller]
pub fn choose<'a, const N: usize>(arms: [&'a dyn Waitable; N]) -> Selected<'a> {
    choose_until(arms, None, Location::caller())
}

/// As `choose`, for as long as `limit` at most.
#[doc(hidden)]
#[track_caller]
pub fn choose_for<'a, const N: usize>(
    arms: [&'a dyn Waitable; N],
    limit: Duration,
) -> Selected<'a> {
    let deadline = hub::deadline(limit);
    choose_until(arms, deadline, Location::caller())
}

/// One of those that are ready, if there is one.
#[doc(hidden)]
pub fn choose_now<'a, const N: usize>(arms: [&'a dyn Waitable; N]) -> Selected<'a> {
    let index = ready_one(&arms, is_free).unwrap_or_else(|| {
        arms.iter().for_each(|arm| arm.post().spot.expect());
        DEFAULT
    });
    Selected { index, claim: None }
}

/// The sending end of a channel as an arm.
#[doc(hidden)]
pub fn sending<T>(sender: &Sender<T>) -> Sending<'_, T> {
    sender.sending()
}

/// A select without a default has chosen one of its arms.
#[doc(hidden)]
pub fn no_default() -> ! {
    unreachable!("a select without a default ends with one of its arms")
}

fn choose_until<'a, const N: usize>(
    arms: [&'a dyn Waitable; N],
    deadline: Option<Nanos>,
    place: &'static Location<'static>,
) -> Selected<'a> {
    let mut rank = None;
    loop {
        if let Some(index) = ready_one(&arms, |post| post.ready) {
            return Selected { index, claim: None };
        }
        let reason = match arms.first() {
            Some(one) if N == 1 => one.post().reason,
            _ => Reason::any(N),
        };
        let spots = arms.map(|arm| arm.post().spot);
        match wait_in_each(&spots, reason, place, deadline, &mut rank) {
            Ok(First::Mine(index, claim)) if claim.holds() || holds_later(&claim, place) => {
                let claim = Some(claim);
                return Selected { index, claim };
            }
            // What it was promised was withdrawn, or something has changed: who is ready now?
            Ok(First::Mine(..) | First::Told(_)) => {}
            Ok(First::TimedOut) => {
                let (index, claim) = (DEFAULT, None);
                return Selected { index, claim };
            }
            Err(why) => refuse(why, "select", place),
        }
    }
}

/// What was promised is not there, or is not there yet: a receiver that calls may have been called itself before this runs.
/// Those who select in a ring could all call one another so for ever. So each lets the others go first, now and then.
#[cold]
fn holds_later(claim: &Claim<'_, dyn Supply + '_>, place: &'static Location<'static>) -> bool {
    if random_below(2) == 0 {
        hub::yield_now(place);
    }
    claim.holds()
}

/// Ready for whoever does not wait: there is a thing beyond what was promised to those who were called.
fn is_free(post: &Post<'_>) -> bool {
    post.ready || matches!(post.spot, Spot::Line(supply) if supply.is_free())
}

/// One of those that are ready, each with the same probability.
fn ready_one(arms: &[&dyn Waitable], is_ready: impl Fn(&Post<'_>) -> bool) -> Option<usize> {
    let (mut chosen, mut ready) = (None, 0);
    for (index, arm) in arms.iter().enumerate() {
        if is_ready(&arm.post()) {
            ready += 1;
            if ready == 1 || random_below(ready) == 0 {
                chosen = Some(index);
            }
        }
    }
    chosen
}

thread_local! {
    /// Each thread begins with the same number, so that a program which runs alike chooses alike.
    static RANDOM: Cell<u64> = const { Cell::new(0x9E37_79B9_7F4A_7C15) };
}

/// Marsaglia's xorshift: what it lacks in quality nobody notices in a choice of a few.
fn random_below(limit: u64) -> u64 {
    let mut state = RANDOM.get();
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    RANDOM.set(state);
    (state >> 32) % limit
}

impl<'a> Selected<'a> {
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Nothing is taken.
    #[doc(hidden)]
    pub fn look(self) {}

    #[doc(hidden)]
    pub fn receive<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let received = receiver.take_selected();
        drop(self.claim);
        received
    }

    /// A place for an item that is made after this.
    #[doc(hidden)]
    pub fn place<'s, T>(self, sender: &'s Sender<T>) -> Place<'s, T> {
        let place = sender.place();
        drop(self.claim);
        place
    }
}
