//! The rules on paper: a queue of those who can run, a list of moments, and for each task what is open and what is
//! pending.

use std::collections::{BTreeSet, VecDeque};

use super::{End, Program, Step, Story};

pub(super) fn run(program: &Program) -> Story {
    let mut world = World {
        program,
        now: 0,
        last: 0,
        tasks: program.tasks.iter().map(|_| Task::default()).collect(),
        generators: program
            .generators
            .iter()
            .map(|_| Generator::Unmade)
            .collect(),
        queue: VecDeque::new(),
        moments: Vec::new(),
        expired: BTreeSet::new(),
        said: Vec::new(),
    };
    for number in 0..program.begun_by_main {
        world.spawn(number, 0);
    }
    while let Some(number) = world.next() {
        world.resume(number);
    }
    let ends = world.tasks.iter().map(|task| match task.stand {
        Stand::Ended(end) => end,
        Stand::Unspawned => End::NeverSpawned,
        ref stand => panic!("{stand:?} when nothing can happen any more"),
    });
    Story {
        ends: ends.collect(),
        said: world.said,
    }
}

struct World<'a> {
    program: &'a Program,
    now: u64,
    /// The last number given out: to a wait, a timeout or a shield.
    last: u64,
    tasks: Vec<Task<'a>>,
    generators: Vec<Generator<'a>>,
    queue: VecDeque<usize>,
    /// In the order in which they were set.
    moments: Vec<(u64, Due)>,
    /// Timeouts that have expired, and whose blocks were not left.
    expired: BTreeSet<u64>,
    said: Vec<(u64, usize, String)>,
}

#[derive(Default)]
struct Task<'a> {
    stand: Stand,
    /// Open blocks, the innermost last.
    open: Vec<Block<'a>>,
    killed: bool,
    /// Who waits for its end, in which wait.
    joiners: Vec<(usize, u64)>,
}

enum Generator<'a> {
    Unmade,
    /// The blocks that are open in it, its body first.
    Suspended(Vec<Block<'a>>),
    /// It runs, or is over.
    Gone,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
enum Stand {
    #[default]
    Unspawned,
    /// It has not begun, or waits, in the wait with this number.
    Waits(Wait, u64),
    /// It stands in the queue.
    Ready(Wait, Woken),
    Runs,
    Ended(End),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Wait {
    ToBegin,
    Yield,
    Sleep,
    Join(usize),
    Kill(usize),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Woken {
    Called,
    ByDeadline,
    Interrupted,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Due {
    Deadline(usize, u64),
    Timeout(u64),
}

struct Block<'a> {
    left: &'a [Step],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Body,
    Within(u64),
    Shield,
    Catch,
    /// The body of a generator; whether it is being closed.
    Generator(usize, bool),
}

/// What unwinds a task, or a generator in it.
#[derive(Clone, Copy, PartialEq)]
enum Interrupt {
    Kill,
    Timeout(u64),
    Close,
}

impl<'a> World<'a> {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn say(&mut self, me: usize, words: impl Into<String>) {
        self.said.push((self.now, me, words.into()));
    }

    fn is_over(&self, number: usize) -> bool {
        matches!(self.tasks[number].stand, Stand::Ended(_))
    }

    /// Who runs next: the first in the queue, or, when it is empty, the first of those whose moment is next.
    fn next(&mut self) -> Option<usize> {
        loop {
            if let Some(first) = self.queue.pop_front() {
                if matches!(self.tasks[first].stand, Stand::Ready(..)) {
                    return Some(first);
                }
                continue; // killed before it began
            }
            self.now = self.moments.iter().map(|(moment, _)| *moment).min()?;
            let now = self.now;
            let due: Vec<Due> = self
                .moments
                .iter()
                .filter(|(moment, _)| *moment == now)
                .map(|(_, due)| *due)
                .collect();
            self.moments.retain(|(moment, _)| *moment != now);
            for due in due {
                match due {
                    Due::Deadline(task, wait) => self.wake(task, wait, Woken::ByDeadline),
                    Due::Timeout(id) => self.expire(id),
                }
            }
        }
    }

    fn wake(&mut self, task: usize, wait: u64, why: Woken) {
        if let Stand::Waits(what, number) = self.tasks[task].stand
            && number == wait
        {
            self.tasks[task].stand = Stand::Ready(what, why);
            self.forget(Due::Deadline(task, wait));
            self.queue.push_back(task);
        }
    }

    fn forget(&mut self, due: Due) {
        self.moments.retain(|(_, other)| *other != due);
    }

    /// It ends the wait of the task that it is open in. In a generator that is suspended it is open in none.
    fn expire(&mut self, id: u64) {
        self.expired.insert(id);
        let is_it = |block: &Block<'_>| block.kind == Kind::Within(id);
        let task = self
            .tasks
            .iter()
            .position(|task| task.open.iter().any(is_it));
        if let Some(task) = task {
            self.interrupt(task);
        }
    }

    /// Something is pending: if it is due, it ends the wait.
    fn interrupt(&mut self, task: usize) {
        if self.due(task).is_some()
            && let Stand::Waits(_, wait) = self.tasks[task].stand
        {
            self.wake(task, wait, Woken::Interrupted);
        }
    }

    fn spawn(&mut self, task: usize, later: u64) {
        if self.tasks[task].stand != Stand::Unspawned {
            return;
        }
        if later == 0 {
            self.tasks[task].stand = Stand::Ready(Wait::ToBegin, Woken::Called);
            self.queue.push_back(task);
        } else {
            let wait = self.number();
            self.tasks[task].stand = Stand::Waits(Wait::ToBegin, wait);
            self.moments
                .push((self.now + later, Due::Deadline(task, wait)));
        }
    }

    fn resume(&mut self, me: usize) {
        let Stand::Ready(wait, woken) = std::mem::replace(&mut self.tasks[me].stand, Stand::Runs)
        else {
            panic!("only who is ready runs");
        };
        if woken == Woken::Interrupted {
            let interrupt = self.due(me).expect("what has ended the wait");
            self.unwind(me, interrupt);
        } else {
            self.after(me, wait, woken);
        }
        while self.tasks[me].stand == Stand::Runs {
            self.go_on(me);
        }
    }

    fn after(&mut self, me: usize, wait: Wait, woken: Woken) {
        let has_ended = |world: &World<'_>, task| woken == Woken::Called || world.is_over(task);
        match wait {
            Wait::ToBegin => self.tasks[me].open.push(Block {
                left: &self.program.tasks[me],
                kind: Kind::Body,
            }),
            Wait::Yield => self.say(me, "has yielded"),
            Wait::Sleep => self.say(me, "has slept"),
            Wait::Join(task) => self.say(me, format!("joined: {:?}", Some(has_ended(self, task)))),
            Wait::Kill(task) => self.say(me, format!("killed: {:?}", Some(has_ended(self, task)))),
        }
    }

    /// One step, or the end of a block.
    fn go_on(&mut self, me: usize) {
        let block = self.tasks[me].open.last_mut().expect("it runs");
        let Some((step, left)) = block.left.split_first() else {
            return self.leave(me);
        };
        block.left = left;
        match step {
            Step::Say => self.say(me, "says"),
            Step::Yield => self.wait(me, Wait::Yield, 0),
            Step::Sleep(time) => self.wait(me, Wait::Sleep, *time),
            Step::Spawn(task, later) => self.spawn(*task, *later),
            Step::JoinFor(task, limit) => self.wait_for_end(me, Wait::Join(*task), *task, *limit),
            Step::Kill(task) => {
                if self.kill(me, *task) {
                    self.say(me, "has killed");
                }
            }
            Step::KillFor(task, limit) => {
                if self.kill(me, *task) {
                    self.wait_for_end(me, Wait::Kill(*task), *task, *limit);
                }
            }
            Step::Within(limit, block) => {
                let id = self.number();
                if *limit > 0 {
                    self.moments.push((self.now + limit, Due::Timeout(id)));
                } else {
                    self.expired.insert(id);
                }
                self.enter(me, block, Kind::Within(id));
            }
            Step::Shield(block) => self.enter(me, block, Kind::Shield),
            Step::Catch(block) => self.enter(me, block, Kind::Catch),
            Step::Resume(number) => match self.take(*number) {
                Generator::Unmade => {
                    let body = &self.program.generators[*number];
                    self.enter(me, body, Kind::Generator(*number, false));
                }
                Generator::Suspended(open) => self.tasks[me].open.extend(open),
                Generator::Gone => self.say(me, "has no generator"),
            },
            Step::Out => self.step_out(me),
            Step::Close(number) => match self.take(*number) {
                Generator::Suspended(mut open) => {
                    open[0].kind = Kind::Generator(*number, true);
                    self.tasks[me].open.extend(open);
                    self.unwind(me, Interrupt::Close);
                }
                Generator::Unmade | Generator::Gone => self.say(me, "has closed"),
            },
            Step::Forget(number) => {
                self.take(*number);
                self.say(me, "has forgotten");
            }
        }
    }

    fn take(&mut self, generator: usize) -> Generator<'a> {
        std::mem::replace(&mut self.generators[generator], Generator::Gone)
    }

    /// All that is open in the innermost generator waits with it.
    fn step_out(&mut self, me: usize) {
        let open = &mut self.tasks[me].open;
        let is_body = |block: &Block<'_>| matches!(block.kind, Kind::Generator(..));
        let Some(body) = open.iter().rposition(is_body) else {
            return self.say(me, "is in no generator");
        };
        match open[body].kind {
            Kind::Generator(_, true) => self.unwind(me, Interrupt::Close),
            Kind::Generator(number, _) => {
                self.generators[number] = Generator::Suspended(open.split_off(body));
                self.say(me, "has an item");
            }
            _ => unreachable!("looked for one"),
        }
    }

    fn enter(&mut self, me: usize, left: &'a [Step], kind: Kind) {
        self.tasks[me].open.push(Block { left, kind });
    }

    fn leave(&mut self, me: usize) {
        match self.close(me) {
            Kind::Body => self.end(me, End::Returned),
            Kind::Within(_) => self.say(me, "in time"),
            Kind::Shield => self.say(me, "shield over"),
            Kind::Catch => self.say(me, "nothing to catch"),
            Kind::Generator(_, false) => self.say(me, "has the end"),
            Kind::Generator(_, true) => self.say(me, "has closed"),
        }
    }

    fn close(&mut self, me: usize) -> Kind {
        let kind = self.tasks[me].open.pop().expect("a block is open").kind;
        if let Kind::Within(id) = kind {
            self.expired.remove(&id);
            self.forget(Due::Timeout(id));
        }
        kind
    }

    fn unwind(&mut self, me: usize, interrupt: Interrupt) {
        loop {
            match self.close(me) {
                Kind::Body => return self.end(me, End::Killed),
                Kind::Within(id) if interrupt == Interrupt::Timeout(id) => {
                    return self.say(me, "too late");
                }
                Kind::Catch => {
                    return self.say(
                        me,
                        match interrupt {
                            Interrupt::Kill | Interrupt::Close => "caught a kill",
                            Interrupt::Timeout(_) => "caught a timeout",
                        },
                    );
                }
                Kind::Generator(..) if interrupt == Interrupt::Close => {
                    return self.say(me, "has closed");
                }
                Kind::Within(_) | Kind::Shield | Kind::Generator(..) => {}
            }
        }
    }

    fn end(&mut self, task: usize, end: End) {
        self.tasks[task].stand = Stand::Ended(end);
        for (joiner, wait) in std::mem::take(&mut self.tasks[task].joiners) {
            self.wake(joiner, wait, Woken::Called);
        }
    }

    /// What is due comes before the wait.
    fn wait(&mut self, me: usize, wait: Wait, limit: u64) {
        if let Some(interrupt) = self.due(me) {
            return self.unwind(me, interrupt);
        }
        if wait == Wait::Yield {
            self.tasks[me].stand = Stand::Ready(wait, Woken::Called);
            return self.queue.push_back(me);
        }
        let number = self.number();
        self.tasks[me].stand = Stand::Waits(wait, number);
        if let Wait::Join(task) | Wait::Kill(task) = wait {
            self.tasks[task].joiners.push((me, number));
        }
        self.moments
            .push((self.now + limit, Due::Deadline(me, number)));
    }

    fn wait_for_end(&mut self, me: usize, wait: Wait, task: usize, limit: u64) {
        if self.tasks[task].stand == Stand::Unspawned {
            let what = if wait == Wait::Join(task) {
                "joined"
            } else {
                "killed"
            };
            self.say(me, format!("{what}: None"));
        } else if self.is_over(task) {
            self.after(me, wait, Woken::Called);
        } else {
            self.wait(me, wait, limit);
        }
    }

    /// False if it was itself, and has unwound.
    fn kill(&mut self, me: usize, task: usize) -> bool {
        match self.tasks[task].stand {
            Stand::Unspawned | Stand::Ended(_) => {}
            Stand::Waits(Wait::ToBegin, wait) => {
                self.forget(Due::Deadline(task, wait));
                self.end(task, End::Killed);
            }
            Stand::Ready(Wait::ToBegin, _) => self.end(task, End::Killed),
            Stand::Waits(..) | Stand::Ready(..) | Stand::Runs => {
                self.tasks[task].killed = true;
                self.interrupt(task);
            }
        }
        if me == task {
            self.unwind(me, Interrupt::Kill);
        }
        me != task
    }

    /// The outermost timeout that is not held off by a shield further in; a kill, if there is no shield at all.
    fn due(&self, task: usize) -> Option<Interrupt> {
        let task = &self.tasks[task];
        let mut outermost = None;
        for block in task.open.iter().rev() {
            match block.kind {
                Kind::Within(id) if self.expired.contains(&id) => {
                    outermost = Some(Interrupt::Timeout(id));
                }
                Kind::Shield => return outermost,
                _ => {}
            }
        }
        if task.killed {
            return Some(Interrupt::Kill);
        }
        outermost
    }
}
