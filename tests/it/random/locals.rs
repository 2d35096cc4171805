//! Random programs of greenlets with locals, compared with a plain model: who sees, makes, copies and drops which value.
//!
//! One greenlet, the driver, hands a step to one of the others at a time, or takes it itself. The model knows a list
//! of values for each, and no coroutines.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::greenlet::Builder;
use greenhub::local::LocalKey;
use greenhub::{Greenlet, current, greenlet_local};
use proptest::prelude::*;

use crate::support::Log;

const SLOTS: usize = 4;
const KEYS: usize = 4;
/// Its number, and the slot that stands for it in a turn.
const DRIVER: usize = 0;
const DRIVER_TURN: usize = SLOTS;

greenlet_local! {
    static PLAIN: RefCell<Mark> = RefCell::new(Mark::made(0));
    static OTHER: RefCell<Mark> = RefCell::new(Mark::made(1));
    inherited static HANDED: RefCell<Mark> = RefCell::new(Mark::made(2));
    inherited static DOWN: RefCell<Mark> = RefCell::new(Mark::made(3));
}

fn key(number: usize) -> &'static LocalKey<RefCell<Mark>> {
    [&PLAIN, &OTHER, &HANDED, &DOWN][number]
}

fn is_inherited(key: usize) -> bool {
    key >= 2
}

/// What a value's destructor looks at: a third of them look at some key.
fn last_look(number: u32) -> Option<usize> {
    number
        .is_multiple_of(3)
        .then_some(number as usize / 3 % KEYS)
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Use(usize),
    Set(usize),
    /// Makes a greenlet, into that slot, perhaps with a value that it is given.
    New(usize, Option<usize>),
    Drop(usize),
    Kill(usize),
    Return,
    Panic,
}

/// Who takes the step: the driver, if it is not one of the slots.
type Turn = (usize, Step);

fn any_turn() -> impl Strategy<Value = Turn> {
    let slot = 0..SLOTS;
    let step = prop_oneof![
        6 => (0..KEYS).prop_map(Step::Use),
        3 => (0..KEYS).prop_map(Step::Set),
        6 => (slot.clone(), proptest::option::of(0..KEYS)).prop_map(|(to, given)| Step::New(to, given)),
        1 => slot.clone().prop_map(Step::Drop),
        1 => slot.prop_map(Step::Kill),
        1 => Just(Step::Return),
        1 => Just(Step::Panic),
    ];
    (0..SLOTS + 2, step)
}

// The real thing.

type Peer = Greenlet<Step, ()>;

struct World {
    slots: [RefCell<Option<Peer>>; SLOTS],
    /// Their ids, in the order in which they were made: the driver's first.
    ids: RefCell<Vec<u64>>,
    numbers: Cell<u32>,
    log: Log,
}

thread_local!(static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) });

impl World {
    fn number(&self) -> u32 {
        self.numbers.replace(self.numbers.get() + 1)
    }

    fn who(&self) -> usize {
        let (ids, me) = (self.ids.borrow(), current().id());
        ids.iter().position(|id| *id == me).expect("known")
    }

    fn say(&self, what: String) {
        self.log.say(format!("{} {what}", self.who()));
    }
}

/// A value: every one has a number of its own.
struct Mark {
    world: Rc<World>,
    number: u32,
}

impl Mark {
    fn new(world: &Rc<World>) -> Mark {
        Mark {
            world: world.clone(),
            number: world.number(),
        }
    }

    fn made(key: usize) -> Mark {
        let world = WORLD.with_borrow(|world| world.clone().expect("set"));
        let mark = Mark::new(&world);
        world.say(format!("makes {key}: {}", mark.number));
        mark
    }
}

impl Clone for Mark {
    fn clone(&self) -> Mark {
        let copy = Mark::new(&self.world);
        let what = format!("copies {} to {}", self.number, copy.number);
        self.world.say(what);
        copy
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.world.say(format!("drops {}", self.number));
        if let Some(key) = last_look(self.number) {
            look(&self.world, key);
        }
    }
}

fn look(world: &World, number: usize) {
    match key(number).try_with(|mark| mark.borrow().number) {
        Ok(mark) => world.say(format!("sees {number}: {mark}")),
        Err(_) => world.say(format!("misses {number}")),
    }
}

fn take(world: &Rc<World>, step: Step) {
    match step {
        Step::Use(number) => look(world, number),
        Step::Set(number) => key(number).set(Mark::new(world)),
        Step::New(slot, given) => {
            let new = make(world, given);
            let old = world.slots[slot].replace(Some(new));
            drop(old);
        }
        Step::Drop(slot) => {
            let old = world.slots[slot].take();
            drop(old);
        }
        Step::Kill(slot) => {
            let peer = world.slots[slot].borrow().clone();
            if let Some(peer) = peer {
                peer.kill();
            }
        }
        Step::Return => {}
        Step::Panic => resume_unwind(Box::new("a step")),
    }
}

fn make(world: &Rc<World>, given: Option<usize>) -> Peer {
    let mut builder = Builder::new();
    if let Some(number) = given {
        builder = builder.local(key(number), RefCell::new(Mark::new(world)));
    }
    let kept = world.clone();
    let peer: Peer = builder
        .build(move |mut step| {
            let driver = current().parent().expect("the driver").typed::<(), Step>();
            loop {
                take(&kept, step);
                if matches!(step, Step::Return) {
                    return;
                }
                step = driver.switch(());
            }
        })
        .expect("a stack");
    world.ids.borrow_mut().push(peer.id());
    peer
}

fn run_for_real(turns: &[Turn]) -> Vec<String> {
    let world = Rc::new(World {
        slots: Default::default(),
        ids: RefCell::default(),
        numbers: Cell::new(0),
        log: Log::new(),
    });
    WORLD.set(Some(world.clone()));
    let (kept, turns) = (world.clone(), turns.to_vec());
    let driver: Greenlet<(), ()> = Greenlet::new(move |()| {
        let driver = current();
        for (slot, step) in turns {
            let peer = match kept.slots.get(slot) {
                Some(slot) => slot.borrow().clone(),
                None if matches!(step, Step::Return | Step::Panic) => continue,
                None => {
                    take(&kept, step);
                    continue;
                }
            };
            let Some(peer) = peer.filter(|peer| !peer.is_dead()) else {
                continue;
            };
            peer.set_parent(&driver).expect("no cycle");
            // Killed or not, with its panic or without: it is back.
            drop(catch_unwind(AssertUnwindSafe(|| peer.try_switch(step))));
            // One that has lost its own handle meanwhile ends here.
            drop(peer);
        }
        for slot in &kept.slots {
            let old = slot.take();
            drop(old);
        }
    });
    world.ids.borrow_mut().push(driver.id());
    driver.switch(());
    WORLD.set(None);
    world.log.take()
}

// The model.

#[derive(Default)]
struct Actor {
    started: bool,
    dead: bool,
    /// In the order in which they were made; `None`: gone.
    values: Vec<(usize, Option<u32>)>,
    ended: bool,
}

struct Model {
    actors: Vec<Actor>,
    slots: [Option<usize>; SLOTS],
    numbers: u32,
    log: Vec<String>,
}

impl Model {
    fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers - 1
    }

    fn say(&mut self, who: usize, what: String) {
        self.log.push(format!("{who} {what}"));
    }

    fn place(&self, who: usize, key: usize) -> Option<usize> {
        let values = &self.actors[who].values;
        values.iter().position(|(other, _)| *other == key)
    }

    fn look(&mut self, who: usize, key: usize) {
        let seen = match self.place(who, key) {
            Some(place) => self.actors[who].values[place].1,
            None if self.actors[who].ended => None,
            None => {
                let number = self.number();
                self.say(who, format!("makes {key}: {number}"));
                self.actors[who].values.push((key, Some(number)));
                Some(number)
            }
        };
        match seen {
            Some(number) => self.say(who, format!("sees {key}: {number}")),
            None => self.say(who, format!("misses {key}")),
        }
    }

    fn drop_value(&mut self, runner: usize, number: u32) {
        self.say(runner, format!("drops {number}"));
        if let Some(key) = last_look(number) {
            self.look(runner, key);
        }
    }

    /// The end of one's values, which `runner` drops.
    fn end(&mut self, who: usize, runner: usize) {
        self.actors[who].dead = true;
        while let Some((_, value)) = {
            let mut values = self.actors[who].values.iter_mut().rev();
            values.find(|(_, value)| value.is_some())
        } {
            let number = value.take().expect("found so");
            self.drop_value(runner, number);
        }
        self.actors[who].ended = true;
    }

    /// Somebody gives up the handle that was in a slot, or kills what it names.
    fn let_go(&mut self, who: usize, other: usize) {
        if other != who && !self.actors[other].dead {
            let is_started = self.actors[other].started;
            self.end(other, if is_started { other } else { who });
        }
    }

    fn make(&mut self, who: usize, given: Option<usize>) -> usize {
        let given = given.map(|key| (key, Some(self.number())));
        let mut values = vec![];
        for (key, value) in self.actors[who].values.clone() {
            if let Some(number) = value
                && is_inherited(key)
                && given.is_none_or(|(other, _)| other != key)
            {
                let copy = self.number();
                self.say(who, format!("copies {number} to {copy}"));
                values.push((key, Some(copy)));
            }
        }
        values.extend(given);
        self.actors.push(Actor {
            values,
            ..Actor::default()
        });
        self.actors.len() - 1
    }

    /// True if that was the last that it does.
    fn take(&mut self, who: usize, step: Step) -> bool {
        match step {
            Step::Use(key) => self.look(who, key),
            Step::Set(key) => {
                let number = self.number();
                match self.place(who, key) {
                    Some(place) => {
                        let old = self.actors[who].values[place].1.replace(number);
                        self.drop_value(who, old.expect("it is alive"));
                    }
                    None => self.actors[who].values.push((key, Some(number))),
                }
            }
            Step::New(slot, given) => {
                let new = self.make(who, given);
                if let Some(old) = self.slots[slot].replace(new) {
                    self.let_go(who, old);
                }
            }
            Step::Drop(slot) => {
                if let Some(old) = self.slots[slot].take() {
                    self.let_go(who, old);
                }
            }
            Step::Kill(slot) => match self.slots[slot] {
                Some(other) if other == who => return true,
                Some(other) => self.let_go(who, other),
                None => {}
            },
            Step::Return | Step::Panic => return true,
        }
        false
    }

    fn turn(&mut self, slot: usize, step: Step) {
        let who = match self.slots.get(slot) {
            None if matches!(step, Step::Return | Step::Panic) => return,
            None => DRIVER,
            Some(Some(who)) if !self.actors[*who].dead => *who,
            Some(_) => return,
        };
        self.actors[who].started = true;
        let is_over = self.take(who, step);
        if who != DRIVER && (is_over || !self.slots.contains(&Some(who))) {
            self.end(who, who);
        }
    }
}

fn run_model(turns: &[Turn]) -> Vec<String> {
    let mut model = Model {
        actors: vec![Actor::default()],
        slots: [None; SLOTS],
        numbers: 0,
        log: vec![],
    };
    for (slot, step) in turns {
        model.turn(*slot, *step);
    }
    for slot in 0..SLOTS {
        model.take(DRIVER, Step::Drop(slot));
    }
    model.end(DRIVER, DRIVER);
    model.log
}

proptest! {
    #[test]
    fn random_programs_do_with_their_locals_what_the_model_says(
        turns in proptest::collection::vec(any_turn(), 0..60)
    ) {
        prop_assert_eq!(run_for_real(&turns), run_model(&turns));
    }
}

#[test]
fn the_model_is_not_idle() {
    // One that inherits is killed by one that has its own, and a third value is made in a destructor.
    let turns = [
        (DRIVER_TURN, Step::Use(2)),
        (DRIVER_TURN, Step::New(0, Some(0))),
        (DRIVER_TURN, Step::New(1, None)),
        (0, Step::Set(1)),
        (0, Step::Kill(1)),
        (0, Step::Return),
    ];
    let expected = [
        "0 makes 2: 0",
        "0 sees 2: 0",
        "0 copies 0 to 2",
        "0 copies 0 to 3",
        "1 drops 3",
        "1 sees 1: 4",
        "1 drops 4",
        "1 drops 1",
        "1 drops 2",
        "0 drops 0",
        "0 makes 0: 5",
        "0 sees 0: 5",
        "0 drops 5",
    ];
    assert_eq!(run_for_real(&turns), expected);
    assert_eq!(run_model(&turns), expected);
}
