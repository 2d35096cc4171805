//! The operations as tasks, and the comparison with the model.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, Receiver, Sender};
use greenhub::{
    GreenletExit, Select, SelectedOperation, Task, select, sleep, spawn, wait_any, with_timeout,
};

use super::model::Model;
use super::{Arm, CHANNELS, Kind, Limit, Make, Outcome, Plan, Step};
use crate::support::{millis, seconds, within};

struct World {
    senders: Vec<Sender<usize>>,
    receivers: Vec<Receiver<usize>>,
    outcomes: RefCell<BTreeMap<usize, Outcome>>,
}

/// What the making of an item panics with.
struct Broken;

/// Notes what an operation has come to, also where it is dropped unrun.
struct Note {
    world: Rc<World>,
    number: usize,
    outcome: Outcome,
}

impl Note {
    fn say(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let mut outcomes = self.world.outcomes.borrow_mut();
        outcomes.insert(self.number, self.outcome);
    }
}

/// So long after the full millisecond operations have their deadlines: no two at once, and none when a step is taken.
pub(super) fn duration(milliseconds: u64, number: usize) -> Duration {
    millis(milliseconds) + Duration::from_micros(number as u64 + 1)
}

pub(super) fn run(capacities: [usize; CHANNELS], steps: &[Step]) {
    let _watch = within(seconds(30));
    pause_clock();
    let ends = capacities.map(|capacity| match capacity {
        usize::MAX => channel::unbounded(),
        _ => channel::bounded(capacity),
    });
    let (senders, receivers) = ends.into_iter().unzip();
    let world = Rc::new(World {
        senders,
        receivers,
        outcomes: RefCell::default(),
    });
    let mut model = Model::new(capacities);
    let mut tasks: Vec<Rc<Task<()>>> = Vec::new();
    for step in steps {
        match step {
            Step::Begin(plan) => {
                tasks.push(Rc::new(begin(&world, tasks.len(), plan.clone())));
                model.begin(plan.clone());
            }
            Step::Kill(_) if tasks.is_empty() => {}
            Step::Kill(pick) => {
                let victim = pick % tasks.len();
                if model.may_be_killed(victim) {
                    let task = tasks[victim].clone();
                    spawn(move || task.kill_nowait()).detach();
                    model.begin_kill(victim);
                }
            }
            Step::Advance(time) => {
                sleep(millis(*time));
                model.advance(millis(*time));
                assert_eq!(*world.outcomes.borrow(), model.outcomes);
            }
        }
    }
    sleep(seconds(1));
    model.advance(seconds(1));
    assert_eq!(*world.outcomes.borrow(), model.outcomes);
    for (receiver, left) in world.receivers.iter().zip(model.left()) {
        assert_eq!(
            receiver.len(),
            if receiver.capacity() == Some(0) {
                0
            } else {
                left.len()
            }
        );
    }
    tasks.iter().for_each(|task| task.kill());
    // Nothing is promised to any operation that is gone.
    for (sender, receiver) in world.senders.iter().zip(&world.receivers) {
        while receiver.try_recv().is_ok() {}
        let has_room = sender.capacity() != Some(0);
        assert_eq!(sender.try_send(0).is_ok(), has_room);
    }
}

fn begin(world: &Rc<World>, number: usize, plan: Plan) -> Task<()> {
    let mut note = Note {
        world: world.clone(),
        number,
        outcome: Outcome::Killed,
    };
    spawn(move || {
        let caught = catch_unwind(AssertUnwindSafe(|| match plan.limit {
            Limit::Around(limit) => with_timeout(duration(limit, number), || {
                note.world.perform(number, &plan)
            })
            .unwrap_or(Outcome::TimedOut),
            _ => note.world.perform(number, &plan),
        }));
        match caught {
            Ok(outcome) => note.say(outcome),
            Err(payload) if payload.is::<Broken>() => note.say(Outcome::Panicked),
            Err(payload) => {
                assert!(payload.is::<GreenletExit>());
                drop(note);
                resume_unwind(payload);
            }
        }
    })
}

impl World {
    fn perform(&self, number: usize, plan: &Plan) -> Outcome {
        match plan.kind {
            Kind::Plain => self.call(number, plan),
            Kind::Try => match plan.arms[0] {
                Arm::Recv(channel) => {
                    let got = self.receivers[channel].try_recv();
                    got.map_or(Outcome::Nothing, |item| Outcome::Got(channel, item))
                }
                Arm::Send(channel, _) => {
                    let sent = self.senders[channel].try_send(number);
                    sent.map_or(Outcome::Nothing, |()| Outcome::Sent(channel))
                }
            },
            Kind::Select | Kind::Poll => match plan.arms[..] {
                [Arm::Recv(one), Arm::Recv(two)] => self.select_two(number, plan, one, two),
                [Arm::Send(one, make), Arm::Recv(two)] => {
                    self.select_mixed(number, plan, one, make, two)
                }
                _ => self.select(number, plan),
            },
            Kind::Look => loop {
                let channels = plan.arms.iter().map(|arm| match arm {
                    Arm::Recv(channel) | Arm::Send(channel, _) => *channel,
                });
                let channels: Vec<_> = channels.collect();
                let things: Vec<_> = channels
                    .iter()
                    .map(|&channel| &self.receivers[channel] as &dyn greenhub::Waitable)
                    .collect();
                let channel = channels[wait_any(&things)];
                if let Ok(item) = self.receivers[channel].try_recv() {
                    return Outcome::Got(channel, item);
                }
            },
        }
    }

    fn call(&self, number: usize, plan: &Plan) -> Outcome {
        let limit = match plan.limit {
            Limit::Own(limit) => Some(duration(limit, number)),
            _ => None,
        };
        match (plan.arms[0], limit) {
            (Arm::Recv(channel), limit) => {
                let receiver = &self.receivers[channel];
                let got = match limit {
                    Some(limit) => receiver.recv_timeout(limit).ok(),
                    None => receiver.recv().ok(),
                };
                got.map_or(Outcome::Nothing, |item| Outcome::Got(channel, item))
            }
            (Arm::Send(channel, _), Some(limit)) => {
                let sent = self.senders[channel].send_timeout(number, limit);
                sent.map_or(Outcome::Nothing, |()| Outcome::Sent(channel))
            }
            (Arm::Send(channel, _), None) => {
                let sent = self.senders[channel].send(number);
                sent.map_or(Outcome::Nothing, |()| Outcome::Sent(channel))
            }
        }
    }

    /// Both are one by `select!`, with each of its three kinds of patience.
    fn select_two(&self, number: usize, plan: &Plan, one: usize, two: usize) -> Outcome {
        let (first, second) = (&self.receivers[one], &self.receivers[two]);
        match (plan.kind, plan.limit) {
            (Kind::Poll, _) => select! {
                recv(first) -> item => Outcome::Got(one, item.unwrap()),
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
                default => Outcome::Nothing,
            },
            (_, Limit::Own(limit)) => select! {
                recv(first) -> item => Outcome::Got(one, item.unwrap()),
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
                default(duration(limit, number)) => Outcome::Nothing,
            },
            _ => select! {
                recv(first) -> item => Outcome::Got(one, item.unwrap()),
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
            },
        }
    }

    fn select_mixed(
        &self,
        number: usize,
        plan: &Plan,
        one: usize,
        make: Make,
        two: usize,
    ) -> Outcome {
        let (first, second) = (&self.senders[one], &self.receivers[two]);
        match (plan.kind, plan.limit) {
            (Kind::Poll, _) => select! {
                send(first, make.item(number)) -> sent => { sent.unwrap(); Outcome::Sent(one) }
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
                default => Outcome::Nothing,
            },
            (_, Limit::Own(limit)) => select! {
                send(first, make.item(number)) -> sent => { sent.unwrap(); Outcome::Sent(one) }
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
                default(duration(limit, number)) => Outcome::Nothing,
            },
            _ => select! {
                send(first, make.item(number)) -> sent => { sent.unwrap(); Outcome::Sent(one) }
                recv(second) -> item => Outcome::Got(two, item.unwrap()),
            },
        }
    }

    fn select(&self, number: usize, plan: &Plan) -> Outcome {
        let mut select = Select::new();
        for arm in &plan.arms {
            match *arm {
                Arm::Recv(channel) => select.recv(&self.receivers[channel]),
                Arm::Send(channel, _) => select.send(&self.senders[channel]),
            };
        }
        let selected: Option<SelectedOperation<'_>> = match (plan.kind, plan.limit) {
            (Kind::Poll, _) => select.try_select().ok(),
            (_, Limit::Own(limit)) => select.select_timeout(duration(limit, number)).ok(),
            _ => Some(select.select()),
        };
        let Some(selected) = selected else {
            return Outcome::Nothing;
        };
        match plan.arms[selected.index()] {
            Arm::Recv(channel) => {
                Outcome::Got(channel, selected.recv(&self.receivers[channel]).unwrap())
            }
            Arm::Send(channel, make) => {
                let item = make.item(number);
                selected.send(&self.senders[channel], item).unwrap();
                Outcome::Sent(channel)
            }
        }
    }
}

impl Make {
    fn item(self, number: usize) -> usize {
        match self {
            Make::AtOnce => {}
            Make::After(time) => sleep(duration(time, number)),
            Make::Panics => resume_unwind(Box::new(Broken)),
            Make::PanicsAfter(time) => {
                sleep(duration(time, number));
                resume_unwind(Box::new(Broken))
            }
        }
        number
    }
}
