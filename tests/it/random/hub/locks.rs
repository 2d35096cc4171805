//! Random programs of those who want a semaphore, a mutex or a rwlock, against a plain model: who gets it when, though some
//! are killed and some have no more time.
//!
//! A director starts actors, tells them to give back what they have, kills them, and moves the clock. What it does between
//! two moves of the clock it does in one turn.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::{advance_clock, pause_clock};
use greenhub::sync::{Event, Mutex, RwLock, Semaphore};
use greenhub::{Task, spawn};
use proptest::prelude::*;

use crate::support::{Log, millis};

/// What an actor wants.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    Permits(usize),
    Read,
    Write,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Wants it, for so long at most, and keeps it for so long at most.
    Start(Ask, Option<u64>, Option<u64>),
    /// Tells one of those that were started to give it back, as soon as it has it.
    Tell(usize),
    Kill(usize),
    Advance(u64),
}

const PERMITS: usize = 4;

fn steps(ask: impl Strategy<Value = Ask> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let time = || prop::option::of(1..20_u64);
    let step = prop_oneof![
        5 => (ask, time(), time()).prop_map(|(ask, limit, keep)| Step::Start(ask, limit, keep)),
        3 => any::<usize>().prop_map(Step::Tell),
        2 => any::<usize>().prop_map(Step::Kill),
        3 => (0..15_u64).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..60)
}

/// Gets what is asked for, within a limit, does something with it, and gives it back. False if the time was over before.
type Use = Rc<dyn Fn(Ask, Option<Duration>, &dyn Fn()) -> bool>;

/// The model on paper.
#[derive(Default)]
struct Paper {
    now: u64,
    /// Who waits, first come, first served.
    line: VecDeque<Actor>,
    have: Vec<Actor>,
    said: Vec<String>,
}

#[derive(Clone, Copy)]
struct Actor {
    number: usize,
    ask: Ask,
    keep: Option<u64>,
    is_told: bool,
    /// Until when it waits, or keeps it.
    until: Option<u64>,
}

impl Paper {
    fn fits(&self, ask: Ask) -> bool {
        let taken = self.have.iter().map(|actor| match actor.ask {
            Ask::Permits(count) => count,
            Ask::Read | Ask::Write => 0,
        });
        match ask {
            Ask::Permits(count) => taken.sum::<usize>() + count <= PERMITS,
            Ask::Read => self.have.iter().all(|actor| actor.ask == Ask::Read),
            Ask::Write => self.have.is_empty(),
        }
    }

    /// The first in line get what there is, until there is not enough for the first.
    fn settle(&mut self) {
        self.have.retain(|actor| !actor.is_told);
        while let Some(&first) = self.line.front() {
            if !self.fits(first.ask) {
                break;
            }
            self.line.pop_front();
            self.said.push(format!("{} has it", first.number));
            let until = first.keep.map(|keep| self.now + keep);
            if !first.is_told {
                self.have.push(Actor { until, ..first });
            }
        }
    }

    fn advance(&mut self, time: u64) {
        self.settle();
        let end = self.now + time;
        let is_over = |actor: &Actor, now: u64| actor.until.is_some_and(|until| until <= now);
        while self.now < end {
            self.now += 1;
            // Whose limit comes with the end of another's time is late.
            let late: Vec<_> = self
                .line
                .iter()
                .filter(|actor| is_over(actor, self.now))
                .collect();
            let mut late: Vec<_> = late
                .iter()
                .map(|actor| format!("{} is late", actor.number))
                .collect();
            late.sort();
            self.said.extend(late);
            let now = self.now;
            self.line.retain(|actor| !is_over(actor, now));
            self.have.retain(|actor| !is_over(actor, now));
            self.settle();
        }
    }

    fn tell(&mut self, number: usize) {
        for actor in self.line.iter_mut().chain(&mut self.have) {
            actor.is_told |= actor.number == number;
        }
    }

    fn kill(&mut self, number: usize) {
        self.line.retain(|actor| actor.number != number);
        self.tell(number);
    }
}

/// Plays `steps` with the real thing and on paper, and compares what was said after each move of the clock.
fn play(steps: &[Step], order: Order, use_it: Use) {
    pause_clock();
    let (log, mut paper) = (Log::new(), Paper::default());
    let tasks: RefCell<Vec<(Task<()>, Rc<Event>)>> = RefCell::default();
    let picked = |number: usize| number.checked_rem(tasks.borrow().len());
    for step in steps.iter().copied().chain([Step::Advance(0)]) {
        match step {
            Step::Start(ask, limit, keep) => {
                let (log, told, use_it) = (log.clone(), Rc::new(Event::new()), use_it.clone());
                let number = tasks.borrow().len();
                let until = limit.map(|limit| paper.now + limit);
                paper.line.push_back(Actor {
                    number,
                    ask,
                    keep,
                    is_told: false,
                    until,
                });
                let is_told = told.clone();
                let task = spawn(move || {
                    let keep = || {
                        log.say(format!("{number} has it"));
                        is_told.wait_timeout(keep.map_or(Duration::MAX, millis));
                    };
                    if !use_it(ask, limit.map(millis), &keep) {
                        log.say(format!("{number} is late"));
                    }
                });
                tasks.borrow_mut().push((task, told));
            }
            Step::Tell(number) => {
                if let Some(number) = picked(number) {
                    tasks.borrow()[number].1.set();
                    paper.tell(number);
                }
            }
            Step::Kill(number) => {
                if let Some(number) = picked(number) {
                    tasks.borrow()[number].0.kill_nowait();
                    paper.kill(number);
                }
            }
            Step::Advance(time) => {
                advance_clock(millis(time));
                paper.advance(time);
                compare(order, &log.take(), &paper.said);
                paper.said.clear();
            }
        }
    }
    for (task, _) in tasks.take() {
        task.kill();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Exact,
    /// Who finds more than was promised to others takes it at once, while those who were called come to their turn later.
    AsTheyRun,
}

/// Who has got it must be the same, and who was late; in which order the latter say so does not matter.
fn compare(order: Order, said: &[String], expected: &[String]) {
    let has_it = |words: &[String]| -> Vec<String> {
        let has_it = words.iter().filter(|word| word.ends_with("has it"));
        has_it.cloned().collect()
    };
    if order == Order::Exact {
        assert_eq!(has_it(said), has_it(expected), "who has it, in order");
    }
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words
    };
    assert_eq!(
        sorted(said),
        sorted(expected),
        "who has it, and who is late"
    );
}

proptest! {
    #[test]
    fn a_semaphore_gives_its_permits_to_those_who_came_first(
        steps in steps((1..=PERMITS).prop_map(Ask::Permits))
    ) {
        let semaphore = Rc::new(Semaphore::bounded(PERMITS));
        let shared = semaphore.clone();
        play(&steps, Order::AsTheyRun, Rc::new(move |ask, limit, body| {
            let Ask::Permits(count) = ask else { unreachable!("of a semaphore") };
            let permit = match limit {
                Some(limit) => shared.acquire_many_timeout(count, limit),
                None => Some(shared.acquire_many(count)),
            };
            permit.as_ref().inspect(|_| body()).is_some()
        }));
        prop_assert_eq!(semaphore.available_permits(), PERMITS);
    }

    #[test]
    fn a_mutex_goes_from_one_to_the_next(steps in steps(Just(Ask::Write))) {
        let mutex = Rc::new(Mutex::new(()));
        let shared = mutex.clone();
        play(&steps, Order::Exact, Rc::new(move |_, limit, body| {
            let guard = match limit {
                Some(limit) => shared.lock_timeout(limit).ok(),
                None => shared.lock().ok(),
            };
            guard.as_ref().inspect(|_| body()).is_some()
        }));
        prop_assert!(mutex.try_lock().is_ok());
    }

    #[test]
    fn a_rwlock_lets_readers_and_writers_in_as_they_came(
        steps in steps(prop_oneof![Just(Ask::Read), Just(Ask::Write)])
    ) {
        let lock = Rc::new(RwLock::new(()));
        let shared = lock.clone();
        play(&steps, Order::Exact, Rc::new(move |ask, limit, body| match (ask, limit) {
            (Ask::Write, Some(limit)) => {
                shared.write_timeout(limit).ok().as_ref().inspect(|_| body()).is_some()
            }
            (Ask::Write, None) => shared.write().ok().as_ref().inspect(|_| body()).is_some(),
            (_, Some(limit)) => shared.read_timeout(limit).ok().as_ref().inspect(|_| body()).is_some(),
            (_, None) => shared.read().ok().as_ref().inspect(|_| body()).is_some(),
        }));
        prop_assert!(lock.try_write().is_ok());
    }
}
