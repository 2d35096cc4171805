//! On paper: how a greenlet ends, and who comes after it.

use super::{Arrival, End, Model, Payload, Stage};

impl Model {
    /// The body of the running greenlet is over.
    pub(super) fn end(&mut self, end: End) {
        let me = self.running();
        self.drop_body(me);
        if let End::Panic(_) = end {
            self.panics -= 1;
        }
        self.finish(me, end);
    }

    /// Its body is gone.
    pub(super) fn finish(&mut self, me: usize, end: End) {
        if let Some(unwinder) = self.lives[me].unwinder {
            self.bury(me);
            let panic = self.hand_on("Switch", me, unwinder);
            assert!(panic.is_none(), "nobody could hear of it there");
            return;
        }
        let (how, heir, arrival) = match end {
            End::Value(number) => self.bequeath(me, number),
            End::Panic(payload) => {
                let arrival = match payload {
                    Payload::Kill => Arrival::Killed,
                    other => Arrival::Thrown(other),
                };
                ("Throw", self.started_ancestor(me), arrival)
            }
        };
        self.bury(me);
        self.give(how, me, heir, arrival);
    }

    /// To whom a last value goes.
    fn bequeath(&mut self, me: usize, number: u32) -> (&'static str, usize, Arrival) {
        let kind = self.lives[me].ends;
        let heir = self.live_ancestor(me);
        if self.refuses(heir, kind).is_none() {
            return ("Switch", heir, Arrival::Value(kind, number));
        }
        let mut told = heir;
        while self.lives[told].stage != Stage::Started {
            told = self.live_ancestor(told);
        }
        ("Switch", told, Arrival::Unwanted(kind, number, me))
    }

    fn bury(&mut self, me: usize) {
        self.die(me);
        self.stacks -= 1;
        let last = self.chain.pop();
        assert_eq!(last, Some(me));
    }

    /// Its children are left to its nearest live ancestor.
    fn die(&mut self, number: usize) {
        self.lives[number].stage = Stage::Dead;
        self.lives[number].parent = Some(self.live_ancestor(number));
    }

    /// It never runs.
    pub(super) fn cancel(&mut self, number: usize) {
        self.die(number);
        self.drop_body(number);
        self.stacks -= 1;
    }

    /// Ends what is not on the chain: killed, or for want of owners.
    pub(super) fn end_from_outside(&mut self, number: usize) {
        match self.lives[number].stage {
            Stage::Dead => {}
            Stage::Declared => self.die(number),
            Stage::Unstarted => {
                // While its body goes it is still there.
                let kept = self.own(number);
                self.cancel(number);
                self.release(kept);
            }
            Stage::Started => self.unwind(number),
        }
    }

    /// Gives it control with the order to unwind, until it has ended and gives it back.
    pub(super) fn unwind(&mut self, number: usize) {
        let me = self.running();
        self.lives[number].unwinder = Some(me);
        self.give("Throw", me, number, Arrival::Thrown(Payload::Kill));
        self.go_on_until(|model| model.lives[number].stage == Stage::Dead);
        assert_eq!(self.running(), me);
    }

    /// The same for one that waits on the chain, which has to be left for that.
    pub(super) fn kill_below(&mut self, me: usize, whom: usize) {
        self.lives[me].kills = true;
        self.lives[me].owners += 1;
        self.unwind(whom);
        self.lives[me].owners -= 1;
        self.lives[me].kills = false;
    }

    pub(super) fn live_ancestor(&self, number: usize) -> usize {
        let parent = |number: usize| self.lives[number].parent.expect("main does not end");
        let mut ancestor = parent(number);
        while self.lives[ancestor].stage == Stage::Dead {
            ancestor = parent(ancestor);
        }
        ancestor
    }

    /// Where a panic goes on. Who was not started dies of it.
    pub(super) fn started_ancestor(&mut self, number: usize) -> usize {
        loop {
            let heir = self.live_ancestor(number);
            match self.lives[heir].stage {
                Stage::Declared => self.die(heir),
                Stage::Unstarted => self.cancel(heir),
                _ => return heir,
            }
        }
    }

    pub(super) fn descends_from(&self, number: usize, other: usize) -> bool {
        let mut ancestors = std::iter::successors(Some(number), |&n| self.lives[n].parent);
        ancestors.any(|ancestor| ancestor == other)
    }
}
