//! The same program on paper: no coroutines, only who has resumed whom, what each waits for, and who owns it.
//!
//! Written from the rules in `arch-notes/04-switching.md`, not from the code. What runs while somebody is unwound is
//! over before that one has ended, so an unwinding is a call here, and whoever unwinds waits in it.

mod calls;
mod control;
mod ending;
mod owning;
mod saying;

use std::collections::VecDeque;

use super::script::{
    Kind, MAIN, Manner, Place, SLOTS, Script, Step, Target, Temper, Tracing, WEAKS,
};

pub(super) struct Model {
    pub(super) script: VecDeque<Step>,
    /// Every greenlet, by number.
    pub(super) lives: Vec<Life>,
    pub(super) slots: [Option<Handle>; SLOTS],
    pub(super) weaks: [Option<usize>; WEAKS],
    /// Who has resumed whom: main first, the running one last.
    pub(super) chain: Vec<usize>,
    /// The calls of `no_switch` that have not returned: who made them, and where.
    pub(super) scopes: Vec<(usize, Place)>,
    /// How many panics unwind something now. It is the thread's number, whoever runs.
    pub(super) panics: usize,
    pub(super) tracer: Tracer,
    pub(super) stacks: usize,
    pub(super) sent: u32,
    pub(super) log: Vec<String>,
}

#[derive(Clone, Copy)]
pub(super) struct Handle {
    pub(super) to: usize,
    /// It owns; a link does not.
    pub(super) owns: bool,
}

pub(super) struct Life {
    pub(super) stage: Stage,
    /// Main has none.
    pub(super) parent: Option<usize>,
    /// How many handles own it.
    pub(super) owners: usize,
    pub(super) starts: Kind,
    pub(super) ends: Kind,
    pub(super) temper: Temper,
    pub(super) has_swallowed: bool,
    /// Handles that go when its body does.
    pub(super) pocket: VecDeque<Handle>,
    /// What it waits for, from when it gives control up to when it has it again.
    pub(super) wait: Option<Wait>,
    /// Who unwinds it and gets control when it has ended.
    pub(super) unwinder: Option<usize>,
    /// It has left the chain to kill somebody there.
    pub(super) kills: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    Declared,
    Unstarted,
    Started,
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tracer {
    Off,
    On,
    /// Panics with this when it is called next, except by a greenlet's end.
    Faulty(u32),
}

/// A call of `switch` or `throw` that has not returned.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    pub(super) wants: Kind,
    pub(super) manner: Manner,
    /// The handle that it was made with.
    pub(super) holds: Handle,
}

/// What comes to a greenlet that waits, or of a call that need not wait.
#[derive(Clone)]
pub(super) enum Arrival {
    Value(Kind, u32),
    Killed,
    /// Somebody's last value of a type that was not waited for.
    Unwanted(Kind, u32, usize),
    Thrown(Payload),
    /// What was sent comes back.
    Refused(String, Refusal),
}

/// What becomes of the greenlet that takes a step.
pub(super) enum Flow {
    /// It goes on.
    On,
    /// It has given control up, and will hear more when it has it again.
    Gone,
    Ends(End),
}

#[derive(Clone)]
pub(super) enum Payload {
    Stone(u32),
    Text(String),
    Kill,
}

#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Dead,
    Undefined,
    WaitsFor(Kind),
    NotWaiting,
    Panicking,
    Forbidden(Place),
    /// What kills are refused with.
    Main,
    Kills,
}

/// What ends a body.
pub(super) enum End {
    Value(u32),
    Panic(Payload),
}

/// Why the running greenlet may not be left.
pub(super) enum Stays {
    Refused(Refusal),
    /// It was told to unwind and is told again.
    Told,
}

pub(super) fn run_on_paper(script: &Script) -> Vec<String> {
    let mut model = Model {
        script: script.steps.iter().copied().collect(),
        lives: Vec::new(),
        slots: [None; SLOTS],
        weaks: [None; WEAKS],
        chain: vec![MAIN],
        scopes: Vec::new(),
        panics: 0,
        tracer: if script.is_traced {
            Tracer::On
        } else {
            Tracer::Off
        },
        stacks: 0,
        sent: 0,
        log: Vec::new(),
    };
    model.add(Stage::Started, None, Kind::Small);
    model.lives[MAIN].temper = Temper::Catches;
    // The thread's.
    model.own(MAIN);
    model.go_on_until(|model| model.script.is_empty() && model.running() == MAIN);
    model.clear();
    model.log
}

impl Model {
    pub(super) fn running(&self) -> usize {
        *self.chain.last().expect("main at least")
    }

    /// Lets whoever runs take the next step, again and again.
    pub(super) fn go_on_until(&mut self, is_enough: impl Fn(&Model) -> bool) {
        while !is_enough(self) {
            let end = match self.script.pop_front() {
                Some(step) => self.take(step),
                None => Some(End::Value(0)),
            };
            if let Some(end) = end {
                self.end(end);
            }
        }
    }

    /// The running greenlet takes this step, and perhaps ends with it.
    fn take(&mut self, step: Step) -> Option<End> {
        let me = self.running();
        let flow = match step {
            Step::Define(at, body) => self.define(me, at, body),
            Step::Switch(to, call) => self.switch(me, to, call),
            Step::Throw(to, call) => self.throw(me, to, call),
            Step::Kill(whom, manner) => self.kill(me, whom, manner),
            Step::NoSwitch(steps, place) => self.take_inside(me, steps, place),
            Step::Return if me != MAIN => Flow::Ends(End::Value(self.next_number())),
            Step::Panic if me != MAIN => {
                self.panics += 1;
                Flow::Ends(End::Panic(Payload::Stone(self.next_number())))
            }
            simple => {
                self.take_simple(me, simple);
                Flow::On
            }
        };
        match flow {
            Flow::On => self.say_states(),
            Flow::Gone => {}
            Flow::Ends(end) => return Some(end),
        }
        None
    }

    fn take_simple(&mut self, me: usize, step: Step) {
        match step {
            Step::New(at, body) => {
                let number = self.add(Stage::Unstarted, Some(me), body.starts);
                self.dress(number, body);
                let handle = self.own(number);
                self.put(at, Some(handle));
            }
            Step::Declare(at, starts) => {
                let number = self.add(Stage::Declared, Some(me), starts);
                let handle = self.own(number);
                self.put(at, Some(handle));
            }
            Step::SetParent(of, parent) => self.set_parent(me, of, parent),
            Step::Drop(at) => self.put(at, None),
            Step::Copy(from, to) => {
                if let Some(handle) = self.slots[from] {
                    self.hold(handle);
                    self.put(to, Some(handle));
                }
            }
            Step::Keep(at) => {
                let handle = self.slots[at].take();
                self.lives[me].pocket.extend(handle);
            }
            Step::Bring(at) => {
                if let Some(handle) = self.lives[me].pocket.pop_front() {
                    self.put(at, Some(handle));
                }
            }
            Step::Downgrade(at, weak) => {
                if let Some(handle) = self.slots[at] {
                    self.weaks[weak] = Some(handle.to);
                }
            }
            Step::Upgrade(weak, at) => {
                if let Some(number) = self.weaks[weak]
                    && (self.lives[number].owners > 0 || self.chain.contains(&number))
                {
                    let handle = self.own(number);
                    self.put(at, Some(handle));
                }
            }
            Step::Parent(at) => {
                if let Some(parent) = self.find(Target::Parent) {
                    self.put(at, Some(parent));
                }
            }
            Step::Trace(Tracing::Off) => self.tracer = Tracer::Off,
            Step::Trace(Tracing::On) => self.tracer = Tracer::On,
            Step::Trace(Tracing::Faulty) => self.tracer = Tracer::Faulty(self.next_number()),
            _ => {}
        }
    }

    fn take_inside(&mut self, me: usize, steps: u8, place: Place) -> Flow {
        self.scopes.push((me, place));
        let mut end = None;
        for _ in 0..steps {
            let Some(step) = self.script.pop_front() else {
                break;
            };
            end = self.take(step);
            if end.is_some() {
                break;
            }
        }
        self.scopes.pop();
        end.map_or(Flow::On, Flow::Ends)
    }
}
