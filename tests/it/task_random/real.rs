//! The steps, run by tasks of the library on a thread of their own.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Instant;

use greenhub::hub::{self, now, pause_clock};
use greenhub::task::{self, AnyTask, shield};
use greenhub::{GreenletExit, Task, TimedOut, sleep, spawn, spawn_later, with_timeout, yield_now};

use super::{End, Program, Step, Story};
use crate::support::millis;

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
    said: RefCell<Vec<(u64, usize, String)>>,
}

impl World {
    fn new(program: Program) -> Rc<World> {
        let count = program.tasks.len();
        Rc::new(World {
            program,
            begun: now(),
            tasks: (0..count).map(|_| RefCell::default()).collect(),
            was_spawned: vec![Cell::new(false); count],
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
        Story { said, ends }
    }

    fn spawn(self: &Rc<World>, number: usize, later: u64) {
        if self.was_spawned[number].replace(true) {
            return;
        }
        let world = self.clone();
        let body = move || world.take_steps(number, &world.program.tasks[number]);
        let task = match later {
            0 => spawn(body),
            later => spawn_later(millis(later), body),
        };
        self.tasks[number].replace(Some(task));
    }

    fn task(&self, number: usize) -> Option<AnyTask> {
        self.tasks[number].borrow().as_ref().map(Task::any)
    }

    fn say(&self, me: usize, words: &str) {
        let at = (now() - self.begun).as_millis() as u64;
        self.said.borrow_mut().push((at, me, words.to_owned()));
    }

    fn take_steps(self: &Rc<World>, me: usize, steps: &[Step]) {
        for step in steps {
            self.take_step(me, step);
        }
    }

    fn take_step(self: &Rc<World>, me: usize, step: &Step) {
        match step {
            Step::Say => self.say(me, "says"),
            Step::Yield => {
                yield_now();
                self.say(me, "has yielded");
            }
            Step::Sleep(time) => {
                sleep(millis(*time));
                self.say(me, "has slept");
            }
            Step::Spawn(number, later) => self.spawn(*number, *later),
            Step::JoinFor(number, limit) => {
                let task = self.task(*number);
                let ended = task.map(|task| task.wait_timeout(millis(*limit)));
                self.say(me, &format!("joined: {ended:?}"));
            }
            Step::Kill(number) => {
                if let Some(task) = self.task(*number) {
                    task.kill_nowait();
                }
                self.say(me, "has killed");
            }
            Step::KillFor(number, limit) => {
                let task = self.task(*number);
                let ended = task.map(|task| task.kill_timeout(millis(*limit)));
                self.say(me, &format!("killed: {ended:?}"));
            }
            Step::Within(limit, block) => {
                let outcome = with_timeout(millis(*limit), || self.take_steps(me, block));
                let words = if outcome.is_ok() {
                    "in time"
                } else {
                    "too late"
                };
                self.say(me, words);
            }
            Step::Shield(block) => {
                shield(|| self.take_steps(me, block));
                self.say(me, "shield over");
            }
            Step::Catch(block) => {
                let block = AssertUnwindSafe(|| self.take_steps(me, block));
                let words = match catch_unwind(block) {
                    Ok(()) => "nothing to catch",
                    Err(payload) if GreenletExit::is_in(&*payload) => "caught a kill",
                    Err(payload) if TimedOut::is_in(&*payload) => "caught a timeout",
                    Err(_) => "caught a panic",
                };
                self.say(me, words);
            }
        }
    }
}
