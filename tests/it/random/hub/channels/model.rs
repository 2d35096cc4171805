//! The model: channels on paper, and the rule by which senders and receivers are matched.
//!
//! ```text
//!   what arrives    looks at its arms, and takes one of those that can be done, by a draw; else it waits, in rank order
//!   recv            an item that is first in the channel;  without room there: the first undecided sender
//!   send            room;                                  without room there: the first undecided receiver
//!   a plain send    its item moves at once
//!   a select's send its item is made when it runs, into a place of its own, or for the receiver that is bound to it
//!   not made        the place is given back; the receiver is undecided again, and meets a sender that has come meanwhile
//!   bound           hears its counterpart alone, and is ended by kills and timeouts of its greenlet
//!   a look          is told when something can be received, has no place in any line, and takes by a poll
//!   a poll          does what arrives, but never waits in a line
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::real::duration;
use super::{Arm, CHANNELS, Kind, Limit, Make, Outcome, Plan};

pub(super) struct Model {
    channels: Vec<Paper>,
    operations: Vec<Operation>,
    ready: VecDeque<Turn>,
    timers: BTreeMap<(Duration, u64), (usize, Timer)>,
    now: Duration,
    last_number: u64,
    random: u64,
    pub(super) outcomes: BTreeMap<usize, Outcome>,
}

#[derive(Default)]
struct Paper {
    capacity: usize,
    slots: VecDeque<Slot>,
    /// Items that were promised to receivers which have not run yet. Each takes the first when it runs.
    promised: VecDeque<usize>,
    /// Senders that were called and have not run yet.
    called: usize,
    /// Receivers that are bound to those, without room.
    bound: VecDeque<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Item(usize),
    BeingMade(usize),
}

enum Turn {
    Run(usize),
    Kill(usize),
}

#[derive(Clone, Copy)]
enum Timer {
    Own,
    Around,
    Making,
}

struct Operation {
    plan: Plan,
    state: State,
    rank: Option<u64>,
    is_in_line: bool,
    /// What its next wait ends with.
    pending: Option<Outcome>,
    deadline: Option<Duration>,
    looks_since: u64,
    has_met: bool,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Waiting,
    /// Unbound: undecided, and about to look again.
    Again,
    Bound,
    Sleeping(Making),
    /// It runs when its turn comes, and does this.
    Busy(Todo),
    Over,
}

#[derive(Clone, Copy)]
enum Todo {
    Look,
    /// It was promised an item there.
    Take(usize),
    End(Outcome),
    /// It has room for its item there.
    Put(usize),
    /// Its select was called as a sender there.
    Choose(usize),
    /// It has room for what it makes.
    Reserve(usize, Make),
    Made(Making),
    /// It does not make its item.
    Drop(Making, Outcome),
}

#[derive(Clone, Copy)]
struct Making {
    channel: usize,
    make: Make,
    /// Without room: the receiver that it is made for.
    receiver: Option<usize>,
}

impl Model {
    pub(super) fn new(capacities: [usize; CHANNELS]) -> Model {
        let paper = |capacity| Paper {
            capacity,
            ..Paper::default()
        };
        Model {
            channels: capacities.map(paper).into(),
            operations: Vec::new(),
            ready: VecDeque::new(),
            timers: BTreeMap::new(),
            now: Duration::ZERO,
            last_number: 0,
            random: 0x9E37_79B9_7F4A_7C15,
            outcomes: BTreeMap::new(),
        }
    }

    pub(super) fn begin(&mut self, plan: Plan) {
        self.ready.push_back(Turn::Run(self.operations.len()));
        self.operations.push(Operation {
            plan,
            state: State::New,
            rank: None,
            is_in_line: false,
            pending: None,
            deadline: None,
            looks_since: 0,
            has_met: false,
        });
    }

    /// A kill and a timeout that are both pending are another matter.
    pub(super) fn may_be_killed(&self, number: usize) -> bool {
        !matches!(self.operations[number].plan.limit, Limit::Around(_))
    }

    pub(super) fn begin_kill(&mut self, victim: usize) {
        self.ready.push_back(Turn::Kill(victim));
    }

    /// What is left in each channel.
    pub(super) fn left(&self) -> impl Iterator<Item = &VecDeque<impl Sized + use<>>> {
        self.channels.iter().map(|paper| &paper.slots)
    }

    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            while let Some(turn) = self.ready.pop_front() {
                match turn {
                    Turn::Run(number) => self.run(number),
                    Turn::Kill(victim) => self.interrupt(victim, Outcome::Killed),
                }
            }
            let Some(&(next, _)) = self.timers.keys().next().filter(|key| key.0 <= end) else {
                break;
            };
            self.now = self.now.max(next);
            while let Some((&key, &(number, timer))) = self.timers.first_key_value()
                && key.0 <= self.now
            {
                self.timers.remove(&key);
                self.fire(number, timer);
            }
        }
        self.now = end;
    }

    fn fire(&mut self, number: usize, timer: Timer) {
        match (timer, self.operations[number].state) {
            (Timer::Own, State::Waiting) => self.queue(number, Todo::End(Outcome::Nothing)),
            (Timer::Making, State::Sleeping(making)) => self.queue(number, Todo::Made(making)),
            (Timer::Around, _) => self.interrupt(number, Outcome::TimedOut),
            _ => {}
        }
    }

    fn interrupt(&mut self, number: usize, outcome: Outcome) {
        match self.operations[number].state {
            State::New => self.end(number, outcome),
            State::Waiting | State::Bound => self.queue(number, Todo::End(outcome)),
            State::Sleeping(making) => self.queue(number, Todo::Drop(making, outcome)),
            State::Again | State::Busy(_) => self.operations[number].pending = Some(outcome),
            State::Over => {}
        }
    }

    fn run(&mut self, number: usize) {
        match self.operations[number].state {
            State::New => {
                match self.operations[number].plan.limit {
                    Limit::None => {}
                    Limit::Own(limit) => {
                        self.operations[number].deadline = Some(self.now + duration(limit, number));
                    }
                    Limit::Around(limit) => {
                        let end = self.now + duration(limit, number);
                        self.start_timer(end, number, Timer::Around);
                    }
                }
                self.look(number);
            }
            State::Again if self.kind(number) == Kind::Try => self.end(number, Outcome::Nothing),
            State::Again | State::Busy(Todo::Look) => self.look(number),
            State::Busy(Todo::Take(channel)) => {
                self.draw_among_equals(number, channel, false);
                let item = self.channels[channel].promised.pop_front();
                let item = item.expect("it was promised one");
                self.end(number, Outcome::Got(channel, item));
                self.serve_senders(channel);
            }
            State::Busy(Todo::End(outcome)) => self.end(number, outcome),
            State::Busy(Todo::Put(channel)) => {
                self.channels[channel].called -= 1;
                self.end(number, Outcome::Sent(channel));
                self.put(channel, number);
            }
            State::Busy(Todo::Choose(channel)) => self.choose(number, channel),
            State::Busy(Todo::Reserve(channel, make)) => {
                self.channels[channel].called -= 1;
                self.reserve(number, channel, make);
            }
            State::Busy(Todo::Made(making)) => self.finish(number, making),
            State::Busy(Todo::Drop(making, outcome)) => {
                self.end(number, outcome);
                self.give_back(number, making);
            }
            State::Waiting | State::Bound | State::Sleeping(_) | State::Over => {}
        }
    }

    /// Does what can be done, or waits.
    fn look(&mut self, number: usize) {
        // It runs: for others it is no counterpart until it waits.
        self.operations[number].state = State::Busy(Todo::Look);
        let plan = self.operations[number].plan.clone();
        let arms = plan.arms.iter().copied();
        let can_be_done: Vec<Arm> = arms.filter(|&arm| self.can_be_done(number, arm)).collect();
        let arm = match plan.kind {
            Kind::Select | Kind::Poll => {
                let drawn = self.draw(can_be_done.len());
                drawn.map(|index| can_be_done[index])
            }
            _ => can_be_done.first().copied(),
        };
        match (arm, plan.kind) {
            (Some(Arm::Recv(channel)), _) => self.receive(number, channel),
            (Some(Arm::Send(channel, make)), _) => self.send(number, channel, make),
            (None, Kind::Try | Kind::Poll) => self.end(number, Outcome::Nothing),
            (None, _) => self.wait(number),
        }
    }

    fn can_be_done(&mut self, number: usize, arm: Arm) -> bool {
        let (Arm::Recv(channel) | Arm::Send(channel, _)) = arm;
        self.settle(channel);
        match arm {
            Arm::Recv(channel) => {
                self.has_item(channel)
                    || (self.is_rendezvous(channel) && self.can_be_met(channel, number))
            }
            Arm::Send(channel, _) if self.is_rendezvous(channel) => {
                self.first_receiver(channel, number).is_some()
            }
            Arm::Send(channel, _) => self.has_room(channel),
        }
    }

    /// A poll that was matched with a select in vain is not matched with one again.
    fn can_be_met(&self, channel: usize, number: usize) -> bool {
        let has_met = self.kind(number) == Kind::Poll && self.operations[number].has_met;
        let sender = self.first_sender(channel, number);
        sender.is_some_and(|sender| !has_met || self.kind(sender) == Kind::Plain)
    }

    fn receive(&mut self, number: usize, channel: usize) {
        let is_patient = self.is_patient(number);
        if self.has_item(channel) {
            let is_behind = is_patient && !self.channels[channel].promised.is_empty();
            if is_behind && self.operations[number].pending.is_some() {
                return self.wait(number);
            }
            let Some(Slot::Item(item)) = self.channels[channel].slots.pop_front() else {
                unreachable!()
            };
            if is_behind {
                self.operations[number].is_in_line = false;
                self.give(number, channel, item);
            } else {
                self.end(number, Outcome::Got(channel, item));
                self.serve_senders(channel);
            }
            return;
        }
        let sender = self.first_sender(channel, number).expect("it can be done");
        if self.kind(sender) == Kind::Plain {
            self.queue(sender, Todo::End(Outcome::Sent(channel)));
            self.end(number, Outcome::Got(channel, sender));
        } else if let Some(outcome) = self.operations[number].pending {
            self.end(number, outcome);
        } else {
            self.rank(number, is_patient);
            self.call_select(sender, channel);
            self.bind(number, channel);
        }
    }

    fn send(&mut self, number: usize, channel: usize, make: Make) {
        let is_select = matches!(self.kind(number), Kind::Select | Kind::Poll);
        if self.is_rendezvous(channel) {
            let receiver = self
                .first_receiver(channel, number)
                .expect("it can be done");
            if is_select {
                self.operations[receiver].state = State::Bound;
                self.make(number, channel, make, Some(receiver));
            } else {
                self.end(number, Outcome::Sent(channel));
                self.give(receiver, channel, number);
            }
            return;
        }
        let is_behind = self.is_patient(number) && self.channels[channel].called > 0;
        if is_behind && self.operations[number].pending.is_some() {
            return self.wait(number);
        }
        if is_behind {
            self.channels[channel].called += 1;
            self.operations[number].is_in_line = false;
            self.queue(
                number,
                match is_select {
                    true => Todo::Reserve(channel, make),
                    false => Todo::Put(channel),
                },
            );
        } else if is_select {
            self.reserve(number, channel, make);
        } else {
            self.end(number, Outcome::Sent(channel));
            self.put(channel, number);
        }
    }

    fn wait(&mut self, number: usize) {
        if let Some(outcome) = self.operations[number].pending {
            return self.end(number, outcome);
        }
        let is_look = self.kind(number) == Kind::Look;
        self.rank(number, !is_look);
        self.operations[number].state = State::Waiting;
        self.last_number += 1;
        self.operations[number].looks_since = self.last_number;
        if let Some(deadline) = self.operations[number].deadline {
            self.start_timer(deadline, number, Timer::Own);
        }
        for arm in self.operations[number].plan.arms.clone() {
            if let Arm::Send(channel, _) = arm
                && self.is_rendezvous(channel)
            {
                self.tell_lookers(channel);
            }
        }
    }

    fn rank(&mut self, number: usize, is_in_line: bool) {
        self.last_number += 1;
        let operation = &mut self.operations[number];
        operation.is_in_line = is_in_line;
        operation.rank.get_or_insert(self.last_number);
    }

    /// A receiver waits for one select alone, which was called.
    fn bind(&mut self, number: usize, channel: usize) {
        self.operations[number].has_met = true;
        self.operations[number].state = State::Bound;
        self.channels[channel].bound.push_back(number);
    }

    fn call_select(&mut self, sender: usize, channel: usize) {
        self.channels[channel].called += 1;
        self.queue(sender, Todo::Choose(channel));
    }

    /// A select runs that was called as a sender.
    fn choose(&mut self, number: usize, channel: usize) {
        let make = self.draw_among_equals(number, channel, true);
        if !self.is_rendezvous(channel) {
            self.channels[channel].called -= 1;
            return self.reserve(number, channel, make.expect("it sends there"));
        }
        let is_bound =
            |model: &Model, number: usize| matches!(model.operations[number].state, State::Bound);
        let bound = self.channels[channel].bound.clone();
        let is_met = bound.into_iter().any(|receiver| is_bound(self, receiver));
        let mut receiver = None;
        while is_met && receiver.is_none() {
            receiver = self.channels[channel].bound.pop_front();
            receiver = receiver.filter(|&receiver| is_bound(self, receiver));
        }
        self.channels[channel].called -= 1;
        while self.channels[channel].bound.len() > self.channels[channel].called {
            let last = self.channels[channel]
                .bound
                .pop_back()
                .expect("it is not empty");
            self.unbind(last, channel);
        }
        match receiver {
            Some(_) => self.make(number, channel, make.expect("it sends there"), receiver),
            None => self.look(number),
        }
    }

    fn reserve(&mut self, number: usize, channel: usize, make: Make) {
        self.channels[channel]
            .slots
            .push_back(Slot::BeingMade(number));
        self.make(number, channel, make, None);
    }

    fn make(&mut self, number: usize, channel: usize, make: Make, receiver: Option<usize>) {
        let making = Making {
            channel,
            make,
            receiver,
        };
        let (Make::After(time) | Make::PanicsAfter(time)) = make else {
            return self.finish(number, making);
        };
        if let Some(outcome) = self.operations[number].pending {
            self.end(number, outcome);
            return self.give_back(number, making);
        }
        self.operations[number].state = State::Sleeping(making);
        self.start_timer(self.now + duration(time, number), number, Timer::Making);
    }

    fn finish(&mut self, number: usize, making: Making) {
        let channel = making.channel;
        if matches!(making.make, Make::Panics | Make::PanicsAfter(_)) {
            self.end(number, Outcome::Panicked);
            return self.give_back(number, making);
        }
        self.end(number, Outcome::Sent(channel));
        match making.receiver {
            None => {
                let slot = self.place_of(number, channel);
                self.channels[channel].slots[slot] = Slot::Item(number);
                self.serve_receivers(channel);
            }
            Some(receiver) if matches!(self.operations[receiver].state, State::Bound) => {
                self.give(receiver, channel, number);
            }
            Some(_) => self.put(channel, number),
        }
    }

    fn give_back(&mut self, number: usize, making: Making) {
        let channel = making.channel;
        match making.receiver {
            Some(receiver) => self.unbind(receiver, channel),
            None => {
                let slot = self.place_of(number, channel);
                self.channels[channel].slots.remove(slot);
                self.serve_receivers(channel);
                self.serve_senders(channel);
            }
        }
    }

    fn place_of(&self, number: usize, channel: usize) -> usize {
        let slots = &self.channels[channel].slots;
        let place = slots
            .iter()
            .position(|&slot| slot == Slot::BeingMade(number));
        place.expect("it has a place")
    }

    /// Matches those that wait, before what arrives: a select that was bound elsewhere, and is undecided again, was not there
    /// for them.
    fn settle(&mut self, channel: usize) {
        if !self.is_rendezvous(channel) || self.has_item(channel) {
            return;
        }
        let is_such = |arm: &Arm| *arm == Arm::Recv(channel);
        let mut receivers: Vec<_> = self.undecided(usize::MAX, is_such).collect();
        receivers.sort_by_key(|&receiver| self.operations[receiver].rank);
        for receiver in receivers {
            if matches!(
                self.operations[receiver].state,
                State::Waiting | State::Again
            ) {
                self.match_receiver(receiver, channel);
            }
        }
    }

    fn unbind(&mut self, receiver: usize, channel: usize) {
        if !matches!(self.operations[receiver].state, State::Bound) {
            return;
        }
        self.operations[receiver].state = State::Again;
        self.ready.push_back(Turn::Run(receiver));
        if let Some(&Slot::Item(item)) = self.channels[channel].slots.front() {
            self.channels[channel].slots.pop_front();
            return self.give(receiver, channel, item);
        }
        self.match_receiver(receiver, channel);
    }

    fn match_receiver(&mut self, receiver: usize, channel: usize) {
        let Some(sender) = self.first_sender(channel, receiver) else {
            return;
        };
        if self.kind(sender) == Kind::Plain {
            self.queue(sender, Todo::End(Outcome::Sent(channel)));
            self.give(receiver, channel, sender);
        } else {
            self.call_select(sender, channel);
            self.bind(receiver, channel);
        }
    }

    fn put(&mut self, channel: usize, item: usize) {
        self.channels[channel].slots.push_back(Slot::Item(item));
        self.serve_receivers(channel);
    }

    fn give(&mut self, receiver: usize, channel: usize, item: usize) {
        self.channels[channel].promised.push_back(item);
        self.queue(receiver, Todo::Take(channel));
    }

    fn serve_receivers(&mut self, channel: usize) {
        while let Some(&Slot::Item(item)) = self.channels[channel].slots.front() {
            let Some(receiver) = self.first_receiver(channel, usize::MAX) else {
                return self.tell_lookers(channel);
            };
            self.channels[channel].slots.pop_front();
            self.give(receiver, channel, item);
        }
    }

    fn serve_senders(&mut self, channel: usize) {
        while !self.is_rendezvous(channel) && self.has_room(channel) {
            let Some(sender) = self.first_sender(channel, usize::MAX) else {
                return;
            };
            match self.kind(sender) {
                Kind::Plain => {
                    self.channels[channel].called += 1;
                    self.queue(sender, Todo::Put(channel));
                }
                _ => self.call_select(sender, channel),
            }
        }
    }

    fn tell_lookers(&mut self, channel: usize) {
        let looks = |operation: &Operation| {
            operation.plan.kind == Kind::Look
                && matches!(operation.state, State::Waiting)
                && operation.plan.arms.contains(&Arm::Recv(channel))
        };
        let numbered = self.operations.iter().enumerate();
        let mut lookers: Vec<_> = numbered
            .filter(|(_, operation)| looks(operation))
            .map(|(number, operation)| (operation.looks_since, number))
            .collect();
        lookers.sort_unstable();
        for (_, number) in lookers {
            self.queue(number, Todo::Look);
        }
    }

    fn first_sender(&self, channel: usize, except: usize) -> Option<usize> {
        self.first(
            except,
            |arm| matches!(arm, Arm::Send(other, _) if *other == channel),
        )
    }

    fn first_receiver(&self, channel: usize, except: usize) -> Option<usize> {
        self.first(except, |arm| *arm == Arm::Recv(channel))
    }

    /// The first undecided operation with such an arm.
    fn first(&self, except: usize, is_such: impl Fn(&Arm) -> bool) -> Option<usize> {
        let undecided = self.undecided(except, is_such);
        undecided.min_by_key(|&number| self.operations[number].rank)
    }

    fn undecided(
        &self,
        except: usize,
        is_such: impl Fn(&Arm) -> bool,
    ) -> impl Iterator<Item = usize> {
        let numbered = self.operations.iter().enumerate();
        let undecided = numbered.filter(move |(number, operation)| {
            *number != except
                && operation.is_in_line
                && matches!(operation.state, State::Waiting | State::Again)
                && operation.plan.arms.iter().any(&is_such)
        });
        undecided.map(|(number, _)| number)
    }

    fn has_item(&self, channel: usize) -> bool {
        matches!(self.channels[channel].slots.front(), Some(Slot::Item(_)))
    }

    fn has_room(&self, channel: usize) -> bool {
        let paper = &self.channels[channel];
        paper.slots.len() + paper.promised.len() + paper.called < paper.capacity
    }

    fn is_rendezvous(&self, channel: usize) -> bool {
        self.channels[channel].capacity == 0
    }

    fn kind(&self, number: usize) -> Kind {
        self.operations[number].plan.kind
    }

    fn is_patient(&self, number: usize) -> bool {
        matches!(self.kind(number), Kind::Plain | Kind::Select)
    }

    fn queue(&mut self, number: usize, todo: Todo) {
        self.operations[number].state = State::Busy(todo);
        self.ready.push_back(Turn::Run(number));
    }

    fn end(&mut self, number: usize, outcome: Outcome) {
        self.operations[number].state = State::Over;
        self.timers.retain(|_, (other, _)| *other != number);
        self.outcomes.insert(number, outcome);
    }

    fn start_timer(&mut self, end: Duration, number: usize, timer: Timer) {
        self.last_number += 1;
        self.timers.insert((end, self.last_number), (number, timer));
    }

    /// A select that was called in a line draws among those of its arms that stand in it; of a send, how the drawn one makes
    /// its item.
    fn draw_among_equals(&mut self, number: usize, channel: usize, sends: bool) -> Option<Make> {
        let operation = &self.operations[number];
        if operation.plan.kind != Kind::Select || !operation.is_in_line {
            return None;
        }
        let equals = operation.plan.arms.iter().filter_map(|arm| match *arm {
            Arm::Send(other, make) if sends && other == channel => Some(make),
            Arm::Recv(other) if !sends && other == channel => Some(Make::AtOnce),
            _ => None,
        });
        let equals: Vec<Make> = equals.collect();
        self.draw(equals.len()).map(|index| equals[index])
    }

    /// As the library draws.
    fn draw(&mut self, several: usize) -> Option<usize> {
        let mut drawn = None;
        for count in 1..=several as u64 {
            if count == 1 || self.random_below(count) == 0 {
                drawn = Some(count as usize - 1);
            }
        }
        drawn
    }

    fn random_below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 32) % limit
    }
}
