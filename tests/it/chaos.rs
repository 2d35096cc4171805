//! Random programs of greenlets, compared with a plain model of the rules: same order, values, states and drops.
//!
//! One script drives all: whoever runs takes the next step from it. The model has no coroutines: it is a
//! list of who has resumed whom, and for each greenlet its state and how many handles there are to it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::{Greenlet, SwitchError, current};
use proptest::prelude::*;

use crate::support::Log;

const SLOTS: usize = 5;
const MAIN: usize = 0;

/// One step of whoever runs. A slot holds one handle; a handle that is replaced is dropped.
#[derive(Clone, Copy, Debug)]
enum Step {
    New(usize),
    Declare(usize),
    Define(usize),
    Switch(usize),
    SwitchToMain,
    /// Ends the running greenlet with a value; main goes on.
    Return,
    /// Ends the running greenlet with a panic; main goes on.
    Panic,
    Drop(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let slot = 0..SLOTS;
    prop_oneof![
        4 => slot.clone().prop_map(Step::New),
        1 => slot.clone().prop_map(Step::Declare),
        1 => slot.clone().prop_map(Step::Define),
        9 => slot.clone().prop_map(Step::Switch),
        1 => Just(Step::SwitchToMain),
        1 => Just(Step::Return),
        1 => Just(Step::Panic),
        2 => slot.prop_map(Step::Drop),
    ]
}

type Peer = Greenlet<u32, u32>;

/// The real thing: what all greenlets of one run share.
struct World {
    script: RefCell<VecDeque<Step>>,
    slots: [RefCell<Option<Slot>>; SLOTS],
    main: Peer,
    made: Cell<usize>,
    sent: Cell<u32>,
    log: Log,
}

struct Slot {
    number: usize,
    has_body: bool,
    peer: Peer,
}

/// Captured by each body, so that the log tells when it goes.
struct Over(usize, Log);

impl Drop for Over {
    fn drop(&mut self) {
        self.1.say(format!("{} over", self.0));
    }
}

fn run_for_real(script: &[Step]) -> Vec<String> {
    let world = Rc::new(World {
        script: RefCell::new(script.iter().copied().collect()),
        slots: Default::default(),
        main: current().typed(),
        made: Cell::new(1),
        sent: Cell::new(0),
        log: Log::new(),
    });
    world.live(MAIN);
    for slot in &world.slots {
        drop(slot.take());
    }
    assert_eq!(Rc::strong_count(&world), 1, "every body was dropped");
    world.log.take()
}

impl World {
    /// What each greenlet does: one step of the script after the other, until it says otherwise.
    fn live(self: &Rc<World>, me: usize) -> u32 {
        loop {
            let Some(step) = self.script.borrow_mut().pop_front() else {
                return 0;
            };
            match step {
                Step::New(at) => self.make(at, |number| Slot {
                    number,
                    has_body: true,
                    peer: Peer::new(self.body(number)),
                }),
                Step::Declare(at) => self.make(at, |number| Slot {
                    number,
                    has_body: false,
                    peer: Peer::declare(),
                }),
                Step::Define(at) => {
                    if let Some(slot) = &mut *self.slots[at].borrow_mut()
                        && !slot.has_body
                    {
                        slot.has_body = true;
                        slot.peer.define(self.body(slot.number));
                    }
                }
                Step::Switch(at) => {
                    let target = self.slots[at].borrow().as_ref().map(|s| s.peer.clone());
                    if let Some(target) = target {
                        self.switch(me, &target);
                    }
                }
                Step::SwitchToMain => self.switch(me, &self.main),
                Step::Return if me != MAIN => return self.next_value(),
                Step::Panic if me != MAIN => resume_unwind(Box::new(self.next_value())),
                Step::Return | Step::Panic => {}
                Step::Drop(at) => drop(self.slots[at].take()),
            }
            self.log.say(self.states());
        }
    }

    fn make(&self, at: usize, make: impl FnOnce(usize) -> Slot) {
        let number = self.made.replace(self.made.get() + 1);
        let old = self.slots[at].replace(Some(make(number)));
        drop(old);
    }

    fn body(self: &Rc<World>, me: usize) -> impl FnOnce(u32) -> u32 + use<> {
        let (world, over) = (self.clone(), Over(me, self.log.clone()));
        move |first| {
            let _over = over;
            world.log.say(format!("{me} starts with {first}"));
            world.live(me)
        }
    }

    fn switch(&self, me: usize, target: &Peer) {
        let value = self.next_value();
        let word = match catch_unwind(AssertUnwindSafe(|| target.try_switch(value))) {
            Ok(Ok(got)) => format!("gets {got}"),
            Ok(Err(SwitchError::Dead(back))) => format!("is refused {back}: dead"),
            Ok(Err(SwitchError::Undefined(back))) => format!("is refused {back}: undefined"),
            Ok(Err(other)) => format!("{other}"),
            Err(payload) => match payload.downcast::<u32>() {
                Ok(value) => format!("catches {value}"),
                Err(kill) => resume_unwind(kill),
            },
        };
        self.log.say(format!("{me} {word}"));
    }

    fn next_value(&self) -> u32 {
        self.sent.set(self.sent.get() + 1);
        self.sent.get()
    }

    fn states(&self) -> String {
        let state = |slot: &RefCell<Option<Slot>>| match &*slot.borrow() {
            None => "-".to_string(),
            Some(Slot { number, peer, .. }) => {
                let shown = format!("{peer:?}");
                let state = shown.split("state: ").nth(1).expect("a state");
                format!("{number} {}", state.trim_end_matches(" }"))
            }
        };
        self.slots.each_ref().map(state).join(", ")
    }
}

/// The same rules on paper.
struct Model {
    lives: Vec<Life>,
    slots: [Option<usize>; SLOTS],
    /// Who has resumed whom: main first, the running one last.
    chain: Vec<usize>,
    sent: u32,
    log: Vec<String>,
}

struct Life {
    parent: usize,
    stage: Stage,
    handles: usize,
    /// The handle that it has switched with, while it waits.
    holds: Option<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Declared,
    Unstarted,
    Started,
    Dead,
}

fn run_on_paper(script: &[Step]) -> Vec<String> {
    let mut model = Model {
        lives: Vec::new(),
        slots: [None; SLOTS],
        chain: vec![MAIN],
        sent: 0,
        log: Vec::new(),
    };
    model.lives.push(Life {
        parent: MAIN,
        stage: Stage::Started,
        handles: 1,
        holds: None,
    });
    for &step in script {
        model.step(step);
    }
    while model.running() != MAIN {
        model.end("gets", 0);
    }
    for at in 0..SLOTS {
        model.replace(at, None);
    }
    model.log
}

impl Model {
    fn running(&self) -> usize {
        *self.chain.last().expect("main at least")
    }

    fn step(&mut self, step: Step) {
        let me = self.running();
        match step {
            Step::New(at) => self.make(at, Stage::Unstarted),
            Step::Declare(at) => self.make(at, Stage::Declared),
            Step::Define(at) => {
                if let Some(life) = self.slots[at].map(|number| &mut self.lives[number])
                    && life.stage == Stage::Declared
                {
                    life.stage = Stage::Unstarted;
                }
            }
            Step::Switch(at) => {
                if let Some(target) = self.slots[at] {
                    self.lives[target].handles += 1;
                    self.lives[me].holds = Some(target);
                    return self.switch(me, target);
                }
            }
            Step::SwitchToMain => return self.switch(me, MAIN),
            Step::Return | Step::Panic if me != MAIN => {
                let value = self.next_value();
                let is_panic = matches!(step, Step::Panic);
                return self.end(if is_panic { "catches" } else { "gets" }, value);
            }
            Step::Return | Step::Panic => {}
            Step::Drop(at) => self.replace(at, None),
        }
        self.log.push(self.states());
    }

    fn make(&mut self, at: usize, stage: Stage) {
        self.lives.push(Life {
            parent: self.running(),
            stage,
            handles: 1,
            holds: None,
        });
        self.replace(at, Some(self.lives.len() - 1));
    }

    fn replace(&mut self, at: usize, new: Option<usize>) {
        if let Some(old) = std::mem::replace(&mut self.slots[at], new) {
            self.release(old);
        }
    }

    /// One handle less. The last one ends what does not run and has nobody running above it.
    fn release(&mut self, number: usize) {
        let life = &mut self.lives[number];
        life.handles -= 1;
        if life.handles > 0 || self.chain.contains(&number) {
            return;
        }
        match std::mem::replace(&mut life.stage, Stage::Dead) {
            Stage::Declared | Stage::Dead => {}
            Stage::Unstarted => self.log.push(format!("{number} over")),
            Stage::Started => self.unwind(number),
        }
    }

    fn unwind(&mut self, number: usize) {
        self.lives[number].stage = Stage::Dead;
        if let Some(held) = self.lives[number].holds.take() {
            self.release(held);
        }
        self.log.push(format!("{number} over"));
    }

    fn switch(&mut self, me: usize, target: usize) {
        let value = self.next_value();
        match self.lives[target].stage {
            Stage::Declared => self.wake(me, &format!("is refused {value}: undefined")),
            Stage::Dead => self.wake(me, &format!("is refused {value}: dead")),
            Stage::Unstarted => {
                self.lives[target].stage = Stage::Started;
                self.hand_on(target);
                self.log.push(format!("{target} starts with {value}"));
            }
            Stage::Started => {
                self.hand_on(target);
                self.wake(target, &format!("gets {value}"));
            }
        }
    }

    /// Ends the running one; its nearest live ancestor `hears` what it ended with.
    fn end(&mut self, hears: &str, value: u32) {
        let me = self.chain.pop().expect("not main");
        self.log.push(format!("{me} over"));
        self.lives[me].stage = Stage::Dead;
        let mut heir = self.lives[me].parent;
        while self.lives[heir].stage == Stage::Dead {
            heir = self.lives[heir].parent;
        }
        self.hand_on(heir);
        self.wake(heir, &format!("{hears} {value}"));
    }

    /// Control goes to `target`. Those that leave the chain for it and have no handle left are unwound.
    fn hand_on(&mut self, target: usize) {
        if !self.chain.contains(&target) {
            return self.chain.push(target);
        }
        while self.running() != target {
            let left = self.chain.pop().expect("the target is below");
            if self.lives[left].handles == 0 {
                self.unwind(left);
            }
        }
    }

    /// The wait of the one that runs now is over.
    fn wake(&mut self, me: usize, word: &str) {
        self.log.push(format!("{me} {word}"));
        if let Some(held) = self.lives[me].holds.take() {
            self.release(held);
        }
        self.log.push(self.states());
    }

    fn next_value(&mut self) -> u32 {
        self.sent += 1;
        self.sent
    }

    fn states(&self) -> String {
        let state = |slot: Option<usize>| match slot {
            None => "-".to_string(),
            Some(number) => {
                let state = match self.lives[number].stage {
                    Stage::Declared | Stage::Unstarted => "pending",
                    Stage::Dead => "dead",
                    Stage::Started if self.running() == number => "current",
                    Stage::Started if self.chain.contains(&number) => "active",
                    Stage::Started => "suspended",
                };
                format!("{number} {state}")
            }
        };
        self.slots.map(state).join(", ")
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_programs_do_what_the_rules_say(
        script in prop::collection::vec(any_step(), 1..150),
    ) {
        prop_assert_eq!(run_for_real(&script), run_on_paper(&script));
    }
}
