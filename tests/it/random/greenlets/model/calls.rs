//! On paper: the calls of the library that a step makes.

use super::{Arrival, Flow, Model, Payload, Refusal, Stage, Stays, Wait};
use crate::random::greenlets::script::{Body, Call, Kind, MAIN, Manner, Target};
use crate::random::greenlets::value::show;

impl Model {
    pub(super) fn define(&mut self, me: usize, at: usize, body: Body) -> Flow {
        let Some(handle) = self.slots[at] else {
            return Flow::On;
        };
        self.hold(handle);
        let life = &self.lives[handle.to];
        if handle.to != MAIN && life.starts == body.starts && life.stage == Stage::Declared {
            self.lives[handle.to].stage = Stage::Unstarted;
            self.dress(handle.to, body);
            self.release(handle);
            self.say(me, format!("has defined {}", handle.to));
            return Flow::On;
        }
        let is_startable = handle.to != MAIN && life.starts == body.starts;
        let text = if is_startable {
            "has a body"
        } else {
            "other start"
        };
        // The body is dropped in the middle of the panic that refuses it.
        let kept = self.kept(body);
        self.panics += 1;
        self.say(handle.to, "over");
        if let Some(kept) = kept {
            self.release(kept);
        }
        self.panics -= 1;
        self.raise(me, handle, Payload::Text(text.into()))
    }

    pub(super) fn switch(&mut self, me: usize, to: Target, call: Call) -> Flow {
        let Some(wait) = self.begin_wait(me, to, call) else {
            return Flow::On;
        };
        let number = self.next_number();
        let (to, sends) = (wait.holds.to, call.sends);
        let refused = |refusal| Arrival::Refused(show(sends, number), refusal);
        if to == me {
            return self.switch_to_self(me, wait, sends, number);
        }
        match self.stays(me) {
            Some(Stays::Told) => return self.raise(me, wait.holds, Payload::Kill),
            Some(Stays::Refused(refusal)) => return self.conclude(me, wait, refused(refusal)),
            None => {}
        }
        let to = match self.refuses(to, sends) {
            None => to,
            // Its nearest live ancestor takes it, if it can.
            Some(Refusal::Dead) if call.manner == Manner::Insists => {
                let ancestor = self.live_ancestor(to);
                if ancestor == me && sends == call.wants {
                    return self.switch_to_self(me, wait, sends, number);
                }
                if ancestor == me || self.refuses(ancestor, sends).is_some() {
                    return self.conclude(me, wait, refused(Refusal::Dead));
                }
                ancestor
            }
            Some(refusal) => return self.conclude(me, wait, refused(refusal)),
        };
        self.lives[me].wait = Some(wait);
        self.give("Switch", me, to, Arrival::Value(sends, number));
        Flow::Gone
    }

    fn switch_to_self(&mut self, me: usize, wait: Wait, sends: Kind, number: u32) -> Flow {
        if sends != wait.wants {
            let refused = Arrival::Refused(show(sends, number), Refusal::WaitsFor(wait.wants));
            return self.conclude(me, wait, refused);
        }
        if let Some(panic) = self.trace("Switch", me, me) {
            return self.raise(me, wait.holds, panic);
        }
        self.conclude(me, wait, Arrival::Value(sends, number))
    }

    pub(super) fn throw(&mut self, me: usize, to: Target, call: Call) -> Flow {
        let Some(wait) = self.begin_wait(me, to, call) else {
            return Flow::On;
        };
        let number = self.next_number();
        let (to, stone) = (wait.holds.to, Payload::Stone(number));
        let refused = |refusal| Arrival::Refused(format!("stone {number}"), refusal);
        if to == me {
            if self.panics > 0 {
                return self.conclude(me, wait, refused(Refusal::Panicking));
            }
            let panic = self.trace("Throw", me, me);
            return self.raise(me, wait.holds, panic.unwrap_or(stone));
        }
        match self.stays(me) {
            Some(Stays::Told) => return self.raise(me, wait.holds, Payload::Kill),
            Some(Stays::Refused(refusal)) => return self.conclude(me, wait, refused(refusal)),
            None => {}
        }
        let is_past_dead = self.lives[to].stage == Stage::Dead;
        let to = match self.lives[to].stage {
            Stage::Declared => return self.conclude(me, wait, refused(Refusal::Undefined)),
            Stage::Dead if call.manner == Manner::Tries => {
                return self.conclude(me, wait, refused(Refusal::Dead));
            }
            Stage::Dead => self.started_ancestor(to),
            Stage::Unstarted => {
                // As if it had been started and had died of it at once.
                self.cancel(to);
                let heir = self.started_ancestor(to);
                self.lives[to].parent = Some(heir);
                heir
            }
            Stage::Started => to,
        };
        if to == me {
            // Told as a throw at oneself is; one that never ran gave nobody control.
            let panic = is_past_dead.then(|| self.trace("Throw", me, me)).flatten();
            return self.raise(me, wait.holds, panic.unwrap_or(stone));
        }
        self.lives[me].wait = Some(wait);
        self.give("Throw", me, to, Arrival::Thrown(stone));
        Flow::Gone
    }

    /// The call of `switch` or `throw`, if there is somebody to call it on, and it may be called.
    fn begin_wait(&mut self, me: usize, to: Target, call: Call) -> Option<Wait> {
        let holds = self.find(to)?;
        if call.manner == Manner::Insists && self.panics > 0 {
            self.say(me, "waits for no panic");
            return None;
        }
        self.hold(holds);
        Some(Wait {
            wants: call.wants,
            manner: call.manner,
            holds,
        })
    }

    pub(super) fn kill(&mut self, me: usize, whom: Target, manner: Manner) -> Flow {
        let Some(holds) = self.find(whom) else {
            return Flow::On;
        };
        self.hold(holds);
        let whom = holds.to;
        let is_started = self.lives[whom].stage == Stage::Started;
        let mut refusal = None;
        if whom == MAIN {
            refusal = Some(Refusal::Main);
        } else if whom == me {
            if self.panics == 0 {
                return self.raise(me, holds, Payload::Kill);
            }
            refusal = Some(Refusal::Panicking);
        } else if is_started && self.lives[whom].kills {
            refusal = Some(Refusal::Kills);
        } else if self.chain.contains(&whom) {
            match self.stays(me) {
                Some(Stays::Told) => return self.raise(me, holds, Payload::Kill),
                Some(Stays::Refused(why)) => refusal = Some(why),
                None => self.kill_below(me, whom),
            }
        } else {
            self.end_from_outside(whom);
        }
        match refusal {
            Some(refusal) if manner == Manner::Insists && self.panics == 0 => {
                self.raise(me, holds, Payload::Text(refusal.to_string()))
            }
            Some(refusal) => {
                self.release(holds);
                self.say(me, format!("cannot kill: {refusal}"));
                Flow::On
            }
            None => {
                self.release(holds);
                self.say(me, "has killed");
                Flow::On
            }
        }
    }

    pub(super) fn set_parent(&mut self, me: usize, of: Target, parent: Target) {
        let (Some(of), Some(parent)) = (self.find(of), self.find(parent)) else {
            return;
        };
        let outcome = if of.to == MAIN {
            "Err(Main)"
        } else if self.descends_from(parent.to, of.to) {
            "Err(Cycle)"
        } else {
            self.lives[of.to].parent = Some(parent.to);
            "Ok(())"
        };
        self.say(me, format!("has set a parent: {outcome}"));
    }
}
