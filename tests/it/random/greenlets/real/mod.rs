//! The real thing: greenlets that all take their steps from one script.

mod calls;
mod heard;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{self, Rc};

use greenhub::greenlet::{Weak, set_tracer};
use greenhub::{AnyGreenlet, GreenletExit, current, stack};

use super::script::{MAIN, Place, SLOTS, Script, Step, Target, Temper, Tracing, WEAKS};
use super::value::{Count, Stone};
use crate::support::Log;

/// What all greenlets of one run share.
pub(super) struct World {
    script: RefCell<VecDeque<Step>>,
    slots: [RefCell<Option<AnyGreenlet>>; SLOTS],
    weaks: [RefCell<Weak<(), ()>>; WEAKS],
    main: AnyGreenlet,
    /// By number.
    pockets: RefCell<BTreeMap<usize, rc::Weak<Pocket>>>,
    sent: Cell<u32>,
    pub(super) values: Count,
    /// Stacks that were in use before.
    stacks: usize,
    pub(super) ids: Rc<Ids>,
    log: Log,
}

pub(super) type Pocket = RefCell<VecDeque<AnyGreenlet>>;

/// The ids of the greenlets in the order in which they were made; main's comes first.
pub(super) struct Ids(RefCell<Vec<u64>>);

impl Ids {
    /// The number of the next one.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn add(&self, id: u64) {
        let ids = &mut *self.0.borrow_mut();
        assert!(ids.last() < Some(&id), "ids grow, and none is used again");
        ids.push(id);
    }

    pub(super) fn number(&self, id: u64) -> usize {
        let number = self.0.borrow().binary_search(&id);
        number.expect("the id of one that was made")
    }
}

/// What ends a body.
pub(super) enum End {
    Value(u32),
    Panic(u32),
}

/// What each body owns: its drop tells when it goes.
pub(super) struct Own {
    pub(super) number: usize,
    temper: Temper,
    swallowed: Cell<bool>,
    pub(super) pocket: Rc<Pocket>,
    log: Log,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.log.say(format!("{} over", self.number));
        loop {
            let next = self.pocket.borrow_mut().pop_front();
            match next {
                Some(handle) => drop(handle),
                None => return,
            }
        }
    }
}

pub(super) fn run_for_real(script: &Script) -> Vec<String> {
    let quiet = heard::quiet();
    let main = current();
    let world = Rc::new(World {
        script: RefCell::new(script.steps.iter().copied().collect()),
        slots: Default::default(),
        weaks: Default::default(),
        pockets: RefCell::default(),
        sent: Cell::new(0),
        values: Count::default(),
        stacks: stack::stats().in_use(),
        ids: Rc::new(Ids(RefCell::new(vec![main.id()]))),
        log: Log::new(),
        main,
    });
    let own = world.own(MAIN, Temper::Catches, None);
    world.register(MAIN, &own.pocket);
    if script.is_traced {
        world.trace(Tracing::On);
    }
    let lived = catch_unwind(AssertUnwindSafe(|| world.live(&own)));
    if let Err(payload) = lived {
        world.say(format!(
            "0 ends with {}",
            heard::payload(&world.ids, &*payload)
        ));
    }
    world.clear();
    drop(own);
    set_tracer(None);
    drop(quiet);
    world.say(world.states());
    let (bodies, values) = (Rc::strong_count(&world) - 1, world.values.now());
    world.say(format!("{bodies} bodies and {values} values are left"));
    world.log.take()
}

impl World {
    /// What each greenlet does: one step of the script after the other, until it says otherwise.
    pub(super) fn live(self: &Rc<World>, me: &Own) -> End {
        loop {
            let Some(step) = self.next_step() else {
                return End::Value(0);
            };
            if let ControlFlow::Break(end) = self.take(me, step) {
                return end;
            }
        }
    }

    fn take(self: &Rc<World>, me: &Own, step: Step) -> ControlFlow<End> {
        let taken = catch_unwind(AssertUnwindSafe(|| self.carry_out(me, step)));
        let flow = taken.unwrap_or_else(|payload| {
            self.catch(me, payload);
            ControlFlow::Continue(())
        });
        if flow.is_continue() {
            self.say(self.states());
        }
        flow
    }

    /// A panic or a kill has arrived: goes on, or lets it go on.
    fn catch(&self, me: &Own, payload: Box<dyn Any + Send>) {
        let is_kill = GreenletExit::is_in(&*payload);
        let is_caught = match me.temper {
            Temper::Careless => false,
            Temper::Catches => !is_kill,
            Temper::Stubborn => !is_kill || !me.swallowed.replace(true),
        };
        if !is_caught {
            resume_unwind(payload);
        }
        let what = heard::payload(&self.ids, &*payload);
        drop(payload);
        self.say(format!("{} catches {what}", me.number));
    }

    fn carry_out(self: &Rc<World>, me: &Own, step: Step) -> ControlFlow<End> {
        match step {
            Step::New(at, body) => self.make(at, body),
            Step::Declare(at, kind) => self.declare(at, kind),
            Step::Define(at, body) => self.define(me, at, body),
            Step::Switch(to, call) => self.switch(me, to, call),
            Step::Throw(to, call) => self.throw(me, to, call),
            Step::Kill(whom, manner) => self.kill(me, whom, manner),
            Step::SetParent(of, parent) => self.set_parent(me, of, parent),
            Step::Return if me.number != MAIN => {
                return ControlFlow::Break(End::Value(self.next_number()));
            }
            Step::Panic if me.number != MAIN => {
                return ControlFlow::Break(End::Panic(self.next_number()));
            }
            Step::Return | Step::Panic => {}
            Step::Drop(at) => self.put(at, None),
            Step::Copy(from, to) => {
                if let Some(handle) = self.at(from) {
                    self.put(to, Some(handle));
                }
            }
            Step::Keep(at) => {
                let handle = self.slots[at].take();
                me.pocket.borrow_mut().extend(handle);
            }
            Step::Bring(at) => {
                let handle = me.pocket.borrow_mut().pop_front();
                if handle.is_some() {
                    self.put(at, handle);
                }
            }
            Step::Downgrade(at, weak) => {
                if let Some(handle) = self.at(at) {
                    self.weaks[weak].replace(handle.downgrade());
                }
            }
            Step::Upgrade(weak, at) => {
                let weak = self.weaks[weak].borrow().clone();
                let upgraded = weak.upgrade().map(|upgraded| AnyGreenlet::from(&upgraded));
                if upgraded.is_some() {
                    self.put(at, upgraded);
                }
            }
            Step::Parent(at) => {
                if let Some(parent) = current().parent() {
                    self.put(at, Some(parent));
                }
            }
            Step::NoSwitch(steps, place) => return self.take_inside(me, steps, place),
            Step::Trace(tracing) => self.trace(tracing),
        }
        ControlFlow::Continue(())
    }

    fn take_inside(self: &Rc<World>, me: &Own, steps: u8, place: Place) -> ControlFlow<End> {
        let body = || {
            for _ in 0..steps {
                let Some(step) = self.next_step() else { break };
                self.take(me, step)?;
            }
            ControlFlow::Continue(())
        };
        match place {
            Place::Here => heard::no_switch_here(body),
            Place::There => heard::no_switch_there(body),
        }
    }

    fn trace(&self, tracing: Tracing) {
        let panic = match tracing {
            Tracing::Off => {
                set_tracer(None);
                return;
            }
            Tracing::On => None,
            Tracing::Faulty => Some(self.next_number()),
        };
        let (ids, log, values) = (self.ids.clone(), self.log.clone(), self.values.clone());
        set_tracer(Some(Rc::new(move |event, origin, target| {
            let (from, to) = (ids.number(origin.id()), ids.number(target.id()));
            log.say(format!("{event:?} {from}->{to}"));
            if let Some(number) = panic.filter(|_| !origin.is_dead()) {
                resume_unwind(Box::new(Stone::new(number, &values)));
            }
        })));
    }

    /// Drops what is left. Pockets may own one another's owners, so they are emptied by hand.
    fn clear(&self) {
        for at in 0..SLOTS {
            self.put(at, None);
        }
        let pockets = self.pockets.take();
        for pocket in pockets.values() {
            if let Some(pocket) = pocket.upgrade() {
                drop(pocket.take());
            }
        }
    }

    /// What a body shall own.
    pub(super) fn own(&self, number: usize, temper: Temper, keeps: Option<usize>) -> Own {
        let kept = keeps.and_then(|at| self.at(at));
        Own {
            number,
            temper,
            swallowed: Cell::new(false),
            pocket: Rc::new(RefCell::new(kept.into_iter().collect())),
            log: self.log.clone(),
        }
    }

    /// The body that has this is there now: its pocket will be emptied at the end.
    pub(super) fn register(&self, number: usize, pocket: &Rc<Pocket>) {
        self.pockets
            .borrow_mut()
            .insert(number, Rc::downgrade(pocket));
    }

    pub(super) fn put(&self, at: usize, handle: Option<AnyGreenlet>) {
        let old = self.slots[at].replace(handle);
        drop(old);
    }

    pub(super) fn at(&self, at: usize) -> Option<AnyGreenlet> {
        self.slots[at].borrow().clone()
    }

    pub(super) fn find(&self, target: Target) -> Option<AnyGreenlet> {
        match target {
            Target::Slot(at) => self.at(at),
            Target::Me => Some(current()),
            Target::Main => Some(self.main.clone()),
            Target::Parent => current().parent(),
        }
    }

    pub(super) fn next_number(&self) -> u32 {
        self.sent.set(self.sent.get() + 1);
        self.sent.get()
    }

    pub(super) fn say(&self, word: String) {
        self.log.say(word);
    }

    fn next_step(&self) -> Option<Step> {
        self.script.borrow_mut().pop_front()
    }

    /// What lies in each slot, and how many stacks are in use.
    fn states(&self) -> String {
        let slots = self.slots.each_ref().map(|slot| match &*slot.borrow() {
            None => "-".to_string(),
            Some(handle) => self.state(handle),
        });
        let stacks = stack::stats().in_use() - self.stacks;
        format!("{}; {stacks} stacks", slots.join(", "))
    }

    fn state(&self, handle: &AnyGreenlet) -> String {
        let shown = format!("{handle:?}");
        let (_, state) = shown.split_once("state: ").expect("a state");
        let state = state.trim_end_matches(" }");
        assert_eq!(handle.is_dead(), state == "dead");
        assert_eq!(handle.is_active(), !["dead", "pending"].contains(&state));
        let parent = handle.parent().map(|parent| self.ids.number(parent.id()));
        format!("{} {state} of {parent:?}", self.ids.number(handle.id()))
    }
}
