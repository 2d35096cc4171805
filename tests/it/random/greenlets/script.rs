//! What a random program consists of: one step after the other, each taken by whoever runs then.

use std::fmt;

use proptest::prelude::*;
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

/// How many handles the program has to share.
pub(super) const SLOTS: usize = 5;
pub(super) const WEAKS: usize = 3;
pub(super) const MAIN: usize = 0;

/// One step of whoever runs. A slot holds one handle; a handle that is replaced is dropped. A step that finds its slot
/// empty does nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    New(usize, Body),
    Declare(usize, Kind),
    Define(usize, Body),
    Switch(Target, Call),
    Throw(Target, Call),
    Kill(Target, Manner),
    SetParent(Target, Target),
    /// Ends the running greenlet with a value. Main goes on.
    Return,
    /// Ends the running greenlet with a panic that it does not catch itself. Main goes on.
    Panic,
    Drop(usize),
    /// From the first slot to the second.
    Copy(usize, usize),
    /// From the slot into the running greenlet's pocket, whose handles go when its body does.
    Keep(usize),
    /// From the pocket into the slot.
    Bring(usize),
    Downgrade(usize, usize),
    Upgrade(usize, usize),
    /// Puts the handle that `parent` gives into the slot: a link.
    Parent(usize),
    /// The running greenlet takes so many steps inside a `no_switch`.
    NoSwitch(u8, Place),
    /// Sets the tracer, or removes it.
    Trace(Tracing),
}

/// What a body is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) starts: Kind,
    pub(super) ends: Kind,
    pub(super) temper: Temper,
    /// It owns a handle to what lies in this slot.
    pub(super) keeps: Option<usize>,
}

/// What it does with a panic that arrives where it waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Temper {
    /// Dies of it.
    Careless,
    /// Goes on, except after a kill.
    Catches,
    /// Goes on, once even after a kill.
    Stubborn,
}

/// The two types of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Small,
    Large,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Slot(usize),
    Me,
    Main,
    Parent,
}

/// A switch or a throw: what it sends (a throw sends a stone), and what it waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) sends: Kind,
    pub(super) wants: Kind,
    pub(super) manner: Manner,
}

/// `Tries` is `try_switch`, `Insists` is `switch`; and so on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    Tries,
    Insists,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Tracing {
    Off,
    On,
    /// Panics when it is called, except by a greenlet's end: then it might be called where nobody hears of a panic.
    Faulty,
}

/// Which of the two lines that call `no_switch`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Here,
    There,
}

#[derive(Clone)]
pub(super) struct Script {
    /// The tracer is set from the beginning.
    pub(super) is_traced: bool,
    pub(super) steps: Vec<Step>,
}

impl fmt::Debug for Script {
    /// A line for each step, however it is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "is_traced: {}", self.is_traced)?;
        for step in &self.steps {
            // Not `{step:#?}`, whatever `f` asks for.
            f.write_str(&format!(
                "{step:?}
"
            ))?;
        }
        Ok(())
    }
}

/// Up to `most` steps. In some scripts many of them are kills: only there somebody is killed who kills, or who was told
/// to unwind.
pub(super) fn any_script(most: usize) -> impl Strategy<Value = Script> {
    let steps = |is_violent| prop::collection::vec(AnyStep { is_violent }, 1..most);
    let steps = prop_oneof![3 => steps(false), 1 => steps(true)];
    (any::<bool>(), steps).prop_map(|(is_traced, steps)| Script { is_traced, steps })
}

/// One random number makes a step. Strategies put together from smaller ones take ten times as long as the test itself.
#[derive(Debug)]
struct AnyStep {
    is_violent: bool,
}

impl Strategy for AnyStep {
    type Tree = StepTree;
    type Value = Step;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<AnyStep> {
        let mut dice = Dice(runner.rng().next_u64());
        let step = if self.is_violent && dice.roll(4) == 0 {
            Step::Kill(dice.target(), dice.manner())
        } else {
            dice.step()
        };
        Ok(StepTree {
            step,
            was: None,
            is_plain: false,
        })
    }
}

/// A step, that may be made plainer once.
struct StepTree {
    step: Step,
    was: Option<Step>,
    is_plain: bool,
}

impl ValueTree for StepTree {
    type Value = Step;

    fn current(&self) -> Step {
        self.step
    }

    fn simplify(&mut self) -> bool {
        let can = !std::mem::replace(&mut self.is_plain, true);
        if can {
            self.was = Some(self.step);
            self.step = self.step.plain();
        }
        can
    }

    fn complicate(&mut self) -> bool {
        match self.was.take() {
            Some(step) => {
                self.step = step;
                true
            }
            None => false,
        }
    }
}

impl Step {
    fn plain(self) -> Step {
        let plain_body = Body {
            starts: Kind::Small,
            ends: Kind::Small,
            temper: Temper::Careless,
            keeps: None,
        };
        let plain_call = Call {
            sends: Kind::Small,
            wants: Kind::Small,
            manner: Manner::Tries,
        };
        match self {
            Step::New(at, _) => Step::New(at, plain_body),
            Step::Declare(at, _) => Step::Declare(at, Kind::Small),
            Step::Define(at, _) => Step::Define(at, plain_body),
            Step::Switch(to, _) => Step::Switch(to, plain_call),
            Step::Throw(to, _) => Step::Throw(to, plain_call),
            Step::Kill(whom, _) => Step::Kill(whom, Manner::Tries),
            Step::NoSwitch(_, place) => Step::NoSwitch(1, place),
            other => other,
        }
    }
}

/// What is left of a random number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        let sides = sides as u64;
        let rolled = self.0 % sides;
        self.0 /= sides;
        rolled as usize
    }

    fn step(&mut self) -> Step {
        match self.roll(100) {
            0..18 => Step::New(self.slot(), self.body()),
            18..20 => Step::Declare(self.slot(), self.kind()),
            20..22 => Step::Define(self.slot(), self.body()),
            22..62 => Step::Switch(self.target(), self.call()),
            62..68 => Step::Throw(self.target(), self.call()),
            68..73 => Step::Kill(self.target(), self.manner()),
            73..79 => Step::SetParent(self.target(), self.target()),
            79..81 => Step::Return,
            81..83 => Step::Panic,
            83..87 => Step::Drop(self.slot()),
            87..89 => Step::Copy(self.slot(), self.slot()),
            89..92 => Step::Keep(self.slot()),
            92..93 => Step::Bring(self.slot()),
            93..95 => Step::Downgrade(self.slot(), self.roll(WEAKS)),
            95..97 => Step::Upgrade(self.roll(WEAKS), self.slot()),
            97..98 => Step::Parent(self.slot()),
            98..99 => Step::NoSwitch(1 + self.roll(4) as u8, self.place()),
            _ => Step::Trace(match self.roll(3) {
                0 => Tracing::Off,
                1 => Tracing::On,
                _ => Tracing::Faulty,
            }),
        }
    }

    fn slot(&mut self) -> usize {
        self.roll(SLOTS)
    }

    fn body(&mut self) -> Body {
        Body {
            starts: self.kind(),
            ends: self.kind(),
            temper: match self.roll(3) {
                0 => Temper::Careless,
                1 => Temper::Catches,
                _ => Temper::Stubborn,
            },
            keeps: (self.roll(3) == 0).then(|| self.slot()),
        }
    }

    fn kind(&mut self) -> Kind {
        match self.roll(12) {
            0 => Kind::Large,
            _ => Kind::Small,
        }
    }

    fn target(&mut self) -> Target {
        match self.roll(20) {
            0 => Target::Me,
            1 => Target::Main,
            2 => Target::Parent,
            _ => Target::Slot(self.slot()),
        }
    }

    fn call(&mut self) -> Call {
        Call {
            sends: self.kind(),
            wants: self.kind(),
            manner: self.manner(),
        }
    }

    fn manner(&mut self) -> Manner {
        match self.roll(3) {
            0 => Manner::Insists,
            _ => Manner::Tries,
        }
    }

    fn place(&mut self) -> Place {
        match self.roll(2) {
            0 => Place::Here,
            _ => Place::There,
        }
    }
}
