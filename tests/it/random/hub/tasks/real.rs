//! The steps, run by tasks of the library on a thread of their own.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Instant;

use greenhub::generator::{Generator, Yielder};
use greenhub::hub::{self, now, pause_clock};
use greenhub::task::{self, AnyTask, shield};
use greenhub::{GreenletExit, Task, TimedOut, sleep, spawn, spawn_later, with_timeout, yield_now};

use super::{End, Program, Step, Story};
use crate::support::{forget, millis};

pub(super) fn run(program: &Program) -> Story {
    let program = program.clone();
    let runs = std::thread::spawn(move || {
        pause_clock();
        task::set_unobserved_hook(Some(Rc::new(|_| ())));
        World::new(program).run()
    });
    runs.join().expect("a story")
}

struct World {
    program: Program,
    begun: Instant,
    tasks: Vec<RefCell<Option<Task<()>>>>,
    was_spawned: Vec<Cell<bool>>,
    generators: Vec<RefCell<Stock>>,
    /// All tasks have ended: what is left of generators does nothing more.
    is_over: Cell<bool>,
    said: RefCell<Vec<(u64, usize, String)>>,
}

/// A generator, where it lies while it does not run.
enum Stock {
    Unmade,
    Here(Generator<()>),
    /// It runs, or is over.
    Gone,
}

impl World {
    fn new(program: Program) -> Rc<World> {
        let count = program.tasks.len();
        let generators = program
            .generators
            .iter()
            .map(|_| RefCell::new(Stock::Unmade));
        let generators = generators.collect();
        Rc::new(World {
            program,
            begun: now(),
            tasks: (0..count).map(|_| RefCell::default()).collect(),
            was_spawned: vec![Cell::new(false); count],
            generators,
            is_over: Cell::new(false),
            said: RefCell::default(),
        })
    }

    fn run(self: Rc<World>) -> Story {
        for number in 0..self.program.begun_by_main {
            self.spawn(number, 0);
        }
        hub::join();
        let ends = self.tasks.iter().map(|task| match task.take() {
            None => End::NeverSpawned,
            Some(task) => match task.join() {
                Ok(()) => End::Returned,
                Err(error) if error.is_killed() => End::Killed,
                Err(error) => panic!("{error}"),
            },
        });
        let ends = ends.collect();
        let said = self.said.take();
        self.is_over.set(true);
        for generator in &self.generators {
            drop(generator.replace(Stock::Gone));
        }
        Story { said, ends }
    }

    fn spawn(self: &Rc<World>, number: usize, later: u64) {
        if self.was_spawned[number].replace(true) {
            return;
        }
        let world = self.clone();
        let body = move || world.take_steps(None, &world.program.tasks[number]);
        let task = match later {
            0 => spawn(body),
            later => spawn_later(millis(later), body),
        };
        self.tasks[number].replace(Some(task));
    }

    fn task(&self, number: usize) -> Option<AnyTask> {
        self.tasks[number].borrow().as_ref().map(Task::any)
    }

    /// The number of the running task, which is asked for each time: a generator may run in one after the other.
    fn me(&self) -> usize {
        let me = task::current();
        let mut numbers = 0..self.tasks.len();
        numbers
            .find(|&number| self.task(number) == me)
            .expect("a task runs this")
    }

    fn say(&self, words: &str) {
        if self.is_over.get() {
            return;
        }
        let at = (now() - self.begun).as_millis() as u64;
        self.said
            .borrow_mut()
            .push((at, self.me(), words.to_owned()));
    }

    fn generator(self: &Rc<World>, number: usize) -> Generator<()> {
        let world = self.clone();
        Generator::new(move |y| {
            if !world.is_over.get() {
                world.take_steps(Some(y), &world.program.generators[number]);
            }
        })
    }

    fn resume(self: &Rc<World>, number: usize) {
        let mut generator = match self.generators[number].replace(Stock::Gone) {
            Stock::Unmade => self.generator(number),
            Stock::Here(generator) => generator,
            Stock::Gone => return self.say("has no generator"),
        };
        if generator.next().is_some() {
            self.generators[number].replace(Stock::Here(generator));
            self.say("has an item");
        } else {
            self.say("has the end");
        }
    }

    fn take_steps(self: &Rc<World>, y: Option<&Yielder<()>>, steps: &[Step]) {
        for step in steps {
            if self.is_over.get() {
                return;
            }
            self.take_step(y, step);
        }
    }

    fn take_step(self: &Rc<World>, y: Option<&Yielder<()>>, step: &Step) {
        match step {
            Step::Say => self.say("says"),
            Step::Resume(number) => self.resume(*number),
            Step::Out => match y {
                Some(y) => y.yield_(()),
                None => self.say("is in no generator"),
            },
            Step::Close(number) => {
                if let Stock::Here(mut generator) = self.generators[*number].replace(Stock::Gone) {
                    generator.close();
                }
                self.say("has closed");
            }
            Step::Forget(number) => {
                forget(self.generators[*number].replace(Stock::Gone));
                self.say("has forgotten");
            }
            Step::Yield => {
                yield_now();
                self.say("has yielded");
            }
            Step::Sleep(time) => {
                sleep(millis(*time));
                self.say("has slept");
            }
            Step::Spawn(number, later) => self.spawn(*number, *later),
            Step::JoinFor(number, limit) => {
                let task = self.task(*number);
                let ended = task.map(|task| task.wait_timeout(millis(*limit)));
                self.say(&format!("joined: {ended:?}"));
            }
            Step::Kill(number) => {
                if let Some(task) = self.task(*number) {
                    task.kill_nowait();
                }
                self.say("has killed");
            }
            Step::KillFor(number, limit) => {
                let task = self.task(*number);
                let ended = task.map(|task| task.kill_timeout(millis(*limit)));
                self.say(&format!("killed: {ended:?}"));
            }
            Step::Within(limit, block) => {
                let outcome = with_timeout(millis(*limit), || self.take_steps(y, block));
                let words = if outcome.is_ok() {
                    "in time"
                } else {
                    "too late"
                };
                self.say(words);
            }
            Step::Shield(block) => {
                shield(|| self.take_steps(y, block));
                self.say("shield over");
            }
            Step::Catch(block) => {
                let block = AssertUnwindSafe(|| self.take_steps(y, block));
                let words = match catch_unwind(block) {
                    Ok(()) => "nothing to catch",
                    Err(payload) if GreenletExit::is_in(&*payload) => "caught a kill",
                    Err(payload) if TimedOut::is_in(&*payload) => "caught a timeout",
                    Err(_) => "caught a panic",
                };
                self.say(words);
            }
        }
    }
}
