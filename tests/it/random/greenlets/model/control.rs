//! On paper: control goes from one to another, and something comes with it.

use super::{Arrival, End, Flow, Handle, Model, Payload, Refusal, Stage, Stays, Tracer, Wait};
use crate::random::greenlets::script::{Kind, Manner, Temper};
use crate::random::greenlets::value::show;

impl Model {
    /// Whether the running greenlet must not be left.
    pub(super) fn stays(&self, me: usize) -> Option<Stays> {
        if self.panics > 0 {
            return Some(Stays::Refused(Refusal::Panicking));
        }
        match self.scopes.last() {
            Some(&(owner, place)) if owner == me => Some(Stays::Refused(Refusal::Forbidden(place))),
            _ if self.lives[me].unwinder.is_some() => Some(Stays::Told),
            Some(&(_, place)) => Some(Stays::Refused(Refusal::Forbidden(place))),
            None => None,
        }
    }

    /// Why another greenlet does not take a value of this type.
    pub(super) fn refuses(&self, number: usize, kind: Kind) -> Option<Refusal> {
        let life = &self.lives[number];
        let wants = match (life.stage, life.wait) {
            (Stage::Dead, _) => return Some(Refusal::Dead),
            (Stage::Declared, _) => return Some(Refusal::Undefined),
            (Stage::Unstarted, _) => life.starts,
            (Stage::Started, Some(wait)) => wait.wants,
            (Stage::Started, None) => return Some(Refusal::NotWaiting),
        };
        (wants != kind).then_some(Refusal::WaitsFor(wants))
    }

    pub(super) fn give(&mut self, how: &str, from: usize, to: usize, arrival: Arrival) {
        let panic = self.hand_on(how, from, to);
        self.arrive(to, arrival, panic);
    }

    /// Control goes to `to`, who joins the chain or waits there already. Who leaves the chain for it and has no owner
    /// is unwound, by whoever had resumed it. The tracer is told, and may panic.
    pub(super) fn hand_on(&mut self, how: &str, from: usize, to: usize) -> Option<Payload> {
        let is_noted = self.tracer != Tracer::Off;
        if !self.chain.contains(&to) {
            self.chain.push(to);
        }
        while self.running() != to {
            let left = self.chain.pop().expect("it is below");
            if self.lives[left].owners == 0 {
                self.unwind(left);
            }
        }
        is_noted.then(|| self.trace(how, from, to))?
    }

    /// Tells the tracer, if there is one: whose panic goes on in the greenlet that has control.
    pub(super) fn trace(&mut self, how: &str, from: usize, to: usize) -> Option<Payload> {
        if self.tracer != Tracer::Off {
            self.log.push(format!("{how} {from}->{to}"));
        }
        match self.tracer {
            Tracer::Faulty(number) if self.lives[from].stage != Stage::Dead => {
                self.tracer = Tracer::Off;
                Some(Payload::Stone(number))
            }
            _ => None,
        }
    }

    /// It has got control, and sees what it got with it; or the panic of the tracer, unless it is killed.
    fn arrive(&mut self, me: usize, arrival: Arrival, panic: Option<Payload>) {
        if self.lives[me].stage == Stage::Unstarted {
            let Arrival::Value(kind, number) = arrival else {
                unreachable!("only a value starts a greenlet");
            };
            self.lives[me].stage = Stage::Started;
            if let Some(panic) = panic {
                self.drop_body(me);
                return self.finish(me, End::Panic(panic));
            }
            return self.say(me, format!("starts with {}", show(kind, number)));
        }
        let wait = self.lives[me].wait.take().expect("it has waited");
        let arrival = match (arrival, panic) {
            (Arrival::Thrown(Payload::Kill), _) => Arrival::Thrown(Payload::Kill),
            (_, Some(panic)) => Arrival::Thrown(panic),
            (arrival, None) => arrival,
        };
        match self.conclude(me, wait, arrival) {
            Flow::Ends(end) => self.end(end),
            _ => self.say_states(),
        }
    }

    /// A call of `switch` or `throw` is over.
    pub(super) fn conclude(&mut self, me: usize, wait: Wait, arrival: Arrival) -> Flow {
        let (word, text) = match arrival {
            Arrival::Thrown(payload) => return self.raise(me, wait.holds, payload),
            Arrival::Value(kind, number) => {
                self.release(wait.holds);
                self.say(me, format!("gets {}", show(kind, number)));
                return Flow::On;
            }
            Arrival::Killed => ("hears: killed".into(), "killed".into()),
            Arrival::Unwanted(kind, number, from) => (
                format!("hears: unwanted {} from {from}", show(kind, number)),
                format!("unwanted {} from {from}", show(kind, "")),
            ),
            Arrival::Refused(value, refusal) => {
                (format!("has {value} back: {refusal}"), refusal.to_string())
            }
        };
        if wait.manner == Manner::Insists {
            return self.raise(me, wait.holds, Payload::Text(text));
        }
        self.release(wait.holds);
        self.say(me, word);
        Flow::On
    }

    /// A panic goes through the running greenlet, which catches it or ends.
    pub(super) fn raise(&mut self, me: usize, holds: Handle, payload: Payload) -> Flow {
        self.panics += 1;
        self.release(holds);
        let is_kill = matches!(payload, Payload::Kill);
        let life = &mut self.lives[me];
        let is_caught = match life.temper {
            Temper::Careless => false,
            Temper::Catches => !is_kill,
            Temper::Stubborn => !is_kill || !std::mem::replace(&mut life.has_swallowed, true),
        };
        if !is_caught {
            return Flow::Ends(End::Panic(payload));
        }
        self.panics -= 1;
        self.say(me, format!("catches {payload}"));
        Flow::On
    }
}
