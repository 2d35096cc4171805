//! Two channels of any kind against plain queues on paper: many who send, receive and select, with limits, and are killed.
//!
//! Each operation is a task of its own. Several are begun in one turn, so that an item may be on its way to somebody who is
//! killed in that very turn; then all run until nobody can go on, and are compared with the model. An item is the number of
//! its operation.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, Receiver, Sender};
use greenhub::{Task, select, sleep, spawn};
use proptest::prelude::*;

use crate::support::{millis, seconds, slowness, within};

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    SendFor(usize, u64),
    TrySend(usize),
    Receive(usize),
    ReceiveFor(usize, u64),
    TryReceive(usize),
    /// Receives from either.
    SelectTwo,
    /// Sends to the first or receives from the second.
    SelectMixed(usize),
    /// Kills one of those that wait.
    Kill(usize),
    /// Lets all run who can.
    Settle,
    Advance(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let (pick, time) = (0..2_usize, 1..20_u64);
    prop_oneof![
        5 => pick.clone().prop_map(Step::Send),
        2 => (pick.clone(), time.clone()).prop_map(|(channel, limit)| Step::SendFor(channel, limit)),
        1 => pick.clone().prop_map(Step::TrySend),
        5 => pick.clone().prop_map(Step::Receive),
        2 => (pick.clone(), time.clone()).prop_map(|(channel, limit)| Step::ReceiveFor(channel, limit)),
        1 => pick.clone().prop_map(Step::TryReceive),
        2 => Just(Step::SelectTwo),
        2 => pick.prop_map(Step::SelectMixed),
        3 => any::<usize>().prop_map(Step::Kill),
        2 => Just(Step::Settle),
        2 => time.prop_map(Step::Advance),
    ]
}

/// What an operation has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Sent(usize),
    Got(usize, usize),
    /// There was nothing, or no room, in time.
    Nothing,
    Killed,
}

type Outcomes = BTreeMap<usize, Outcome>;

/// A channel on paper. Who waits is there by its number, which is also its item.
#[derive(Default)]
struct Paper {
    capacity: usize,
    items: VecDeque<usize>,
    senders: VecDeque<usize>,
    receivers: VecDeque<usize>,
    /// Those of the senders who hold nothing out yet: who select, and who came behind them.
    empty_handed: BTreeSet<usize>,
    /// There was one of them since all ran last: whoever came after that stands behind it.
    had_empty_handed: bool,
}

impl Paper {
    fn add_sender(&mut self, number: usize, selects: bool) {
        if self.capacity == 0 && (selects || self.had_empty_handed) {
            self.empty_handed.insert(number);
            self.had_empty_handed = true;
        }
        self.senders.push_back(number);
    }

    /// All have run who can.
    fn settle(&mut self) {
        let is_empty_handed = |sender| self.empty_handed.contains(sender);
        self.had_empty_handed = self.senders.iter().any(is_empty_handed);
    }

    /// Somebody who does not wait may find nothing, though a sender waits.
    fn may_miss(&self) -> bool {
        let is_empty_handed = |first| self.empty_handed.contains(first);
        self.senders.front().is_some_and(is_empty_handed)
    }
}

#[derive(Default)]
struct Model {
    channels: [Paper; 2],
    outcomes: Outcomes,
    /// Of those that wait.
    deadlines: BTreeMap<usize, Option<Duration>>,
    now: Duration,
}

impl Model {
    fn can_send(&self, channel: usize) -> bool {
        let paper = &self.channels[channel];
        !paper.receivers.is_empty() || paper.items.len() < paper.capacity
    }

    fn can_receive(&self, channel: usize) -> bool {
        let paper = &self.channels[channel];
        !paper.items.is_empty() || (paper.capacity == 0 && !paper.senders.is_empty())
    }

    /// It does not wait any more.
    fn end(&mut self, number: usize, outcome: Outcome) {
        for paper in &mut self.channels {
            paper.senders.retain(|&other| other != number);
            paper.receivers.retain(|&other| other != number);
        }
        self.deadlines.remove(&number);
        self.outcomes.insert(number, outcome);
    }

    fn send(&mut self, channel: usize, number: usize) {
        match self.channels[channel].receivers.front().copied() {
            Some(receiver) => self.end(receiver, Outcome::Got(channel, number)),
            None => self.channels[channel].items.push_back(number),
        }
        self.end(number, Outcome::Sent(channel));
    }

    fn receive(&mut self, channel: usize, number: usize) {
        let item = self.channels[channel].items.pop_front();
        if let Some(next) = self.channels[channel].senders.front().copied() {
            if item.is_some() {
                self.channels[channel].items.push_back(next);
            }
            self.end(next, Outcome::Sent(channel));
            self.end(number, Outcome::Got(channel, item.unwrap_or(next)));
        } else if let Some(item) = item {
            self.end(number, Outcome::Got(channel, item));
        }
    }

    fn wait(&mut self, number: usize, limit: Option<u64>) {
        let deadline = limit.map(|limit| self.now + millis(limit));
        self.deadlines.insert(number, deadline);
    }

    /// Does one step. `real` is what the operation has come to, for a choice that is free.
    fn step(&mut self, step: Step, number: usize, real: Option<Outcome>) {
        match step {
            Step::TryReceive(channel)
                if real == Some(Outcome::Nothing) && self.channels[channel].may_miss() =>
            {
                self.end(number, Outcome::Nothing);
            }
            Step::Send(channel) | Step::SendFor(channel, _) | Step::TrySend(channel)
                if self.can_send(channel) =>
            {
                self.send(channel, number);
            }
            Step::Receive(channel) | Step::ReceiveFor(channel, _) | Step::TryReceive(channel)
                if self.can_receive(channel) =>
            {
                self.receive(channel, number);
            }
            Step::TrySend(_) | Step::TryReceive(_) => self.end(number, Outcome::Nothing),
            Step::Send(channel) | Step::SendFor(channel, _) => {
                self.channels[channel].add_sender(number, false);
                self.wait(number, limit(step));
            }
            Step::Receive(channel) | Step::ReceiveFor(channel, _) => {
                self.channels[channel].receivers.push_back(number);
                self.wait(number, limit(step));
            }
            Step::SelectTwo => {
                let ready = [0, 1].map(|channel| self.can_receive(channel));
                match (ready, real) {
                    ([true, true], Some(Outcome::Got(channel, _))) => self.receive(channel, number),
                    ([true, _], _) => self.receive(0, number),
                    ([_, true], _) => self.receive(1, number),
                    _ => {
                        for paper in &mut self.channels {
                            paper.receivers.push_back(number);
                        }
                        self.wait(number, None);
                    }
                }
            }
            Step::SelectMixed(channel) => {
                let other = 1 - channel;
                match (self.can_send(channel), self.can_receive(other), real) {
                    (true, true, Some(Outcome::Sent(_))) | (true, false, _) => {
                        self.send(channel, number);
                    }
                    (_, true, _) => self.receive(other, number),
                    _ => {
                        self.channels[channel].add_sender(number, true);
                        self.channels[other].receivers.push_back(number);
                        self.wait(number, None);
                    }
                }
            }
            Step::Kill(_) | Step::Settle | Step::Advance(_) => unreachable!("no operation"),
        }
    }

    fn advance(&mut self, time: Duration) {
        self.now += time;
        let is_late = |deadline: &Option<Duration>| deadline.is_some_and(|at| at <= self.now);
        let late: Vec<_> = (self.deadlines.iter())
            .filter(|(_, deadline)| is_late(deadline))
            .map(|(&number, _)| number)
            .collect();
        for number in late {
            self.end(number, Outcome::Nothing);
        }
    }
}

fn limit(step: Step) -> Option<u64> {
    match step {
        Step::SendFor(_, limit) | Step::ReceiveFor(_, limit) => Some(limit),
        _ => None,
    }
}

/// The real thing.
struct World {
    senders: [Sender<usize>; 2],
    receivers: [Receiver<usize>; 2],
    outcomes: RefCell<Outcomes>,
}

impl World {
    fn act(&self, step: Step, number: usize) -> Outcome {
        let sent = |channel, sent| {
            if sent {
                Outcome::Sent(channel)
            } else {
                Outcome::Nothing
            }
        };
        let got = |channel, item: Option<usize>| {
            item.map_or(Outcome::Nothing, |item| Outcome::Got(channel, item))
        };
        let [left, right] = &self.receivers;
        match step {
            Step::Send(to) => sent(to, self.senders[to].send(number).is_ok()),
            Step::SendFor(to, limit) => {
                let limit = millis(limit);
                sent(to, self.senders[to].send_timeout(number, limit).is_ok())
            }
            Step::TrySend(to) => sent(to, self.senders[to].try_send(number).is_ok()),
            Step::Receive(from) => got(from, self.receivers[from].recv().ok()),
            Step::ReceiveFor(from, limit) => {
                got(from, self.receivers[from].recv_timeout(millis(limit)).ok())
            }
            Step::TryReceive(from) => got(from, self.receivers[from].try_recv().ok()),
            Step::SelectTwo => select! {
                recv(left) -> item => got(0, item.ok()),
                recv(right) -> item => got(1, item.ok()),
            },
            Step::SelectMixed(to) => select! {
                send(self.senders[to], number) -> done => sent(to, done.is_ok()),
                recv(self.receivers[1 - to]) -> item => got(1 - to, item.ok()),
            },
            Step::Kill(_) | Step::Settle | Step::Advance(_) => unreachable!("no operation"),
        }
    }
}

/// One run: what was begun and not compared yet, and those that wait.
struct Run {
    world: Rc<World>,
    model: Model,
    tasks: BTreeMap<usize, Rc<Task<()>>>,
    /// In the order in which they were begun; a kill has the number of its victim.
    begun: Vec<(Step, usize)>,
    waiting: Vec<usize>,
    /// Those that are or were selects.
    selecting: Vec<usize>,
}

impl Run {
    fn begin(&mut self, step: Step, number: usize) {
        let world = self.world.clone();
        let task = spawn(move || {
            let outcome = world.act(step, number);
            world.outcomes.borrow_mut().insert(number, outcome);
        });
        self.tasks.insert(number, Rc::new(task));
        if matches!(step, Step::SelectTwo | Step::SelectMixed(_)) {
            self.selecting.push(number);
        }
        self.begun.push((step, number));
    }

    /// Kills one that waits already, when those that were begun before have had their turn.
    fn kill(&mut self, pick: usize) {
        let Some(&victim) = self.waiting.get(pick % self.waiting.len().max(1)) else {
            return;
        };
        let task = self.tasks[&victim].clone();
        spawn(move || task.kill_nowait());
        self.begun.push((Step::Kill(pick), victim));
    }

    /// Lets all run who can, and compares.
    fn settle(&mut self) {
        sleep(Duration::from_nanos(1));
        self.model.advance(Duration::from_nanos(1));
        self.note_kills();
        for (step, number) in std::mem::take(&mut self.begun) {
            let real = self.world.outcomes.borrow().get(&number).copied();
            match step {
                Step::Kill(_) if self.model.outcomes.contains_key(&number) => {}
                Step::Kill(_) => self.model.end(number, Outcome::Killed),
                _ => self.model.step(step, number, real),
            }
        }
        self.check();
    }

    fn has_begun_several(&self) -> bool {
        let is_operation = |(step, _): &&(Step, usize)| !matches!(step, Step::Kill(_));
        self.begun.iter().filter(is_operation).count() > 1
    }

    fn somebody_selects(&self) -> bool {
        self.selecting
            .iter()
            .any(|number| self.tasks.contains_key(number))
    }

    fn advance(&mut self, time: u64) {
        self.settle();
        sleep(millis(time));
        self.model.advance(millis(time));
        self.check();
    }

    fn note_kills(&self) {
        let mut outcomes = self.world.outcomes.borrow_mut();
        for (&number, task) in &self.tasks {
            if task.is_finished() {
                outcomes.entry(number).or_insert(Outcome::Killed);
            }
        }
    }

    fn check(&mut self) {
        assert_eq!(*self.world.outcomes.borrow(), self.model.outcomes);
        for (sender, paper) in self.world.senders.iter().zip(&self.model.channels) {
            assert_eq!(sender.len(), paper.items.len());
        }
        self.model.channels.iter_mut().for_each(Paper::settle);
        let ended: BTreeSet<_> = self.model.outcomes.keys().copied().collect();
        self.tasks.retain(|number, _| !ended.contains(number));
        self.waiting = self.tasks.keys().copied().collect();
    }
}

fn run(kinds: [Option<usize>; 2], script: &[Step]) {
    let _watch = within(seconds(20));
    pause_clock();
    let channels = kinds.map(|kind| kind.map_or_else(channel::unbounded, channel::bounded));
    let is_rendezvous = kinds.contains(&Some(0));
    let [(one, on_one), (two, on_two)] = channels;
    let mut run = Run {
        world: Rc::new(World {
            senders: [one, two],
            receivers: [on_one, on_two],
            outcomes: RefCell::default(),
        }),
        model: Model::default(),
        tasks: BTreeMap::new(),
        begun: Vec::new(),
        waiting: Vec::new(),
        selecting: Vec::new(),
    };
    for (paper, kind) in run.model.channels.iter_mut().zip(kinds) {
        paper.capacity = kind.unwrap_or(usize::MAX);
    }
    for (number, &step) in script.iter().enumerate() {
        match step {
            Step::Settle => run.settle(),
            Step::Advance(time) => run.advance(time),
            Step::Kill(pick) if is_rendezvous => {
                // It would be open whether its item is taken before it is gone.
                run.settle();
                run.kill(pick);
                run.settle();
            }
            Step::Kill(pick) => {
                // As below: of several items some may not have been promised to anybody yet.
                if run.has_begun_several() {
                    run.settle();
                }
                run.kill(pick);
            }
            // Those who do not wait take what is there, though it be older than what was promised to others; and two selects
            // are brought together in a turn of their own.
            Step::TrySend(_) | Step::TryReceive(_) | Step::SelectTwo | Step::SelectMixed(_) => {
                run.settle();
                run.begin(step, number);
                if is_rendezvous {
                    run.settle();
                }
            }
            _ => {
                if run.somebody_selects() {
                    // An item that was promised takes room until it is taken, so that the next sender may go on only after
                    // the select was called by another channel.
                    run.settle();
                }
                run.begin(step, number);
            }
        }
    }
    run.settle();
    for task in run.tasks.values() {
        task.kill();
    }
    for (receiver, paper) in run.world.receivers.iter().zip(&run.model.channels) {
        let left: VecDeque<_> = receiver.try_iter().collect();
        assert_eq!(left, paper.items);
    }
    let only_owner = |sender: &Sender<usize>| sender.try_send(0).is_ok() || sender.is_full();
    assert!(run.world.senders.iter().all(only_owner));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200 / slowness().min(8)))]

    /// Each program has a thread, and so a hub, of its own.
    #[test]
    fn two_channels_do_what_they_do_on_paper(
        kinds in [
            prop_oneof![Just(Some(0)), Just(Some(1)), Just(Some(2)), Just(None)],
            prop_oneof![Just(Some(0)), Just(Some(1)), Just(Some(2)), Just(None)],
        ],
        script in prop::collection::vec(any_step(), 1..120),
    ) {
        let ran = thread::spawn(move || run(kinds, &script)).join();
        prop_assert!(ran.is_ok());
    }
}
