//! The calls of the library that a step makes, and what they say.

use std::panic::resume_unwind;
use std::rc::Rc;

use greenhub::{AnyGreenlet, Greenlet, SwitchError};

use super::heard;
use super::{End, Own, World};
use crate::random::greenlets::script::{Body, Call, Kind, Manner, Target};
use crate::random::greenlets::value::{Large, Small, Stone, Value};

impl World {
    pub(super) fn make(self: &Rc<World>, at: usize, body: Body) {
        let own = self.own(self.ids.count(), body.temper, body.keeps);
        self.register(own.number, &own.pocket);
        let made = match (body.starts, body.ends) {
            (Kind::Small, Kind::Small) => AnyGreenlet::from(&self.make_as::<Small, Small>(own)),
            (Kind::Small, Kind::Large) => AnyGreenlet::from(&self.make_as::<Small, Large>(own)),
            (Kind::Large, Kind::Small) => AnyGreenlet::from(&self.make_as::<Large, Small>(own)),
            (Kind::Large, Kind::Large) => AnyGreenlet::from(&self.make_as::<Large, Large>(own)),
        };
        self.ids.add(made.id());
        self.put(at, Some(made));
    }

    fn make_as<I: Value, O: Value>(self: &Rc<World>, own: Own) -> Greenlet<I, O> {
        Greenlet::new(self.body::<I, O>(own))
    }

    pub(super) fn declare(&self, at: usize, starts: Kind) {
        let made = match starts {
            Kind::Small => AnyGreenlet::from(&Greenlet::<Small, Small>::declare()),
            Kind::Large => AnyGreenlet::from(&Greenlet::<Large, Large>::declare()),
        };
        self.ids.add(made.id());
        self.put(at, Some(made));
    }

    pub(super) fn define(self: &Rc<World>, me: &Own, at: usize, body: Body) {
        let Some(declared) = self.at(at) else { return };
        let own = self.own(self.ids.number(declared.id()), body.temper, body.keeps);
        let pocket = own.pocket.clone();
        let number = own.number;
        match (body.starts, body.ends) {
            (Kind::Small, Kind::Small) => self.define_as::<Small, Small>(&declared, own),
            (Kind::Small, Kind::Large) => self.define_as::<Small, Large>(&declared, own),
            (Kind::Large, Kind::Small) => self.define_as::<Large, Small>(&declared, own),
            (Kind::Large, Kind::Large) => self.define_as::<Large, Large>(&declared, own),
        }
        self.register(number, &pocket);
        drop(declared);
        self.say(format!("{} has defined {number}", me.number));
    }

    fn define_as<I: Value, O: Value>(self: &Rc<World>, declared: &AnyGreenlet, own: Own) {
        declared.typed::<I, O>().define(self.body::<I, O>(own));
    }

    fn body<I: Value, O: Value>(self: &Rc<World>, own: Own) -> impl FnOnce(I) -> O + use<I, O> {
        let world = self.clone();
        move |first: I| {
            world.say(format!("{} starts with {}", own.number, first.shown()));
            drop(first);
            match world.live(&own) {
                End::Value(number) => O::new(number, &world.values),
                End::Panic(number) => resume_unwind(Box::new(Stone::new(number, &world.values))),
            }
        }
    }

    pub(super) fn switch(&self, me: &Own, to: Target, call: Call) {
        match (call.sends, call.wants) {
            (Kind::Small, Kind::Small) => self.switch_as::<Small, Small>(me, to, call.manner),
            (Kind::Small, Kind::Large) => self.switch_as::<Small, Large>(me, to, call.manner),
            (Kind::Large, Kind::Small) => self.switch_as::<Large, Small>(me, to, call.manner),
            (Kind::Large, Kind::Large) => self.switch_as::<Large, Large>(me, to, call.manner),
        }
    }

    fn switch_as<I: Value, O: Value>(&self, me: &Own, to: Target, manner: Manner) {
        let Some(to) = self.find(to) else { return };
        if self.must_not_insist(me, manner) {
            return;
        }
        let value = I::new(self.next_number(), &self.values);
        let answer = {
            let to = only_typed::<I, O>(to);
            match manner {
                Manner::Tries => to.try_switch(value),
                Manner::Insists => Ok(to.switch(value)),
            }
        };
        self.answered(me, answer, |value| value.shown());
    }

    pub(super) fn throw(&self, me: &Own, to: Target, call: Call) {
        match call.wants {
            Kind::Small => self.throw_as::<Small>(me, to, call.manner),
            Kind::Large => self.throw_as::<Large>(me, to, call.manner),
        }
    }

    fn throw_as<O: Value>(&self, me: &Own, to: Target, manner: Manner) {
        let Some(to) = self.find(to) else { return };
        if self.must_not_insist(me, manner) {
            return;
        }
        let stone = Box::new(Stone::new(self.next_number(), &self.values));
        let answer = {
            let to = only_typed::<(), O>(to);
            match manner {
                Manner::Tries => to.try_throw(stone),
                Manner::Insists => Ok(to.throw(stone)),
            }
        };
        self.answered(me, answer, |stone| heard::payload(&self.ids, &*stone));
    }

    /// In the middle of a panic, which ends the process.
    fn must_not_insist(&self, me: &Own, manner: Manner) -> bool {
        let must_not = manner == Manner::Insists && std::thread::panicking();
        if must_not {
            self.say(format!("{} waits for no panic", me.number));
        }
        must_not
    }

    fn answered<O: Value, T>(
        &self,
        me: &Own,
        answer: Result<O, SwitchError<T>>,
        show: impl FnOnce(T) -> String,
    ) {
        let word = match answer {
            Ok(value) => format!("gets {}", value.shown()),
            Err(error) => {
                let reason = heard::reason(&self.ids, &error);
                match error.into_value() {
                    Some(value) => format!("has {} back: {reason}", show(value)),
                    None => format!("hears: {reason}"),
                }
            }
        };
        self.say(format!("{} {word}", me.number));
    }

    pub(super) fn kill(&self, me: &Own, whom: Target, manner: Manner) {
        let Some(whom) = self.find(whom) else { return };
        // To insist in the middle of a panic may end the process.
        let insists = manner == Manner::Insists && !std::thread::panicking();
        let killed = match insists {
            false => whom.try_kill(),
            true => {
                whom.kill();
                Ok(())
            }
        };
        drop(whom);
        let word = match killed {
            Ok(()) => "has killed".into(),
            Err(error) => {
                let reason = heard::reason_in_text(&self.ids, &error.to_string());
                format!("cannot kill: {reason}")
            }
        };
        self.say(format!("{} {word}", me.number));
    }

    pub(super) fn set_parent(&self, me: &Own, of: Target, parent: Target) {
        if let (Some(of), Some(parent)) = (self.find(of), self.find(parent)) {
            let outcome = of.set_parent(&parent);
            let mut ancestors = std::iter::successors(of.parent(), AnyGreenlet::parent);
            if outcome.is_ok() && ancestors.any(|ancestor| ancestor == of) {
                // The log tells. Left like this, the next walk up would never end.
                of.set_parent(&self.main).expect("main is nobody's child");
            }
            drop((of, parent));
            self.say(format!("{} has set a parent: {outcome:?}", me.number));
        }
    }
}

fn only_typed<I: 'static, O: 'static>(handle: AnyGreenlet) -> Greenlet<I, O> {
    handle.typed()
}
