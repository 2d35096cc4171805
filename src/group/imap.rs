//! A pool's jobs as an iterator over their results, which starts no more jobs than results are taken.
//!
//! ```text
//!   inputs ---> feeder (a task) ---> jobs of the pool ---> next(): in the order of the inputs, or of their ends
//!                 ^                  `-- at most `maxsize` that were started and not taken --'   |
//!                 +------------------------------- one was taken -------------------------------+
//! ```
//! Where `next` is called by a job of the pool itself, the feeder may find no permit as long as that one sits: so while it
//! waits for a result it lends its own.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;

use super::pool::Pool;
use super::slots::SlotRequest;
use crate::dropping::DropsAll;
use crate::error::JoinError;
use crate::hub::{self, Deadline, WaitList, WaitRequest};
use crate::switch::thread;
use crate::task::{Builder, Task};
use crate::waiting::WaitReason;

/// The results of [`Pool::imap`] and [`Pool::imap_unordered`], one by one: `next` waits for it.
///
/// A failed job does not end it. Dropping it takes no more inputs, and kills the jobs with results that were not taken.
///
/// In a job of the same pool `next` may lend that job's place to one of these. If it is ended early, it lasts until its job
/// [has a place again](Pool#a-pool-in-its-own-jobs).
pub struct PoolMap<T: 'static> {
    window: Rc<Window<T>>,
    /// Until its end was seen.
    feeder: Option<Task<()>>,
    pool: Pool,
    place: &'static Location<'static>,
}

/// The started jobs with results that were not taken.
struct Window<T: 'static> {
    /// By their ids, so in the order of their inputs.
    jobs: RefCell<DropsAll<BTreeMap<u64, MapJob<T>>>>,
    maxsize: Cell<usize>,
    /// Those that have ended, in this order. `None`: the results are wanted in the order of the inputs.
    ended: Option<RefCell<VecDeque<u64>>>,
    /// There are no more inputs.
    is_fed: Cell<bool>,
    /// No result is taken any more.
    is_closed: Cell<bool>,
    /// The feeder waits for a permit.
    request: RefCell<Option<Rc<SlotRequest>>>,
    /// The wait for a result.
    consumer: WaitList,
    /// The feeder, if it waits until a result is taken.
    feeder: WaitList,
}

struct MapJob<T: 'static> {
    task: Task<T>,
    has_ended: bool,
}

impl Pool {
    /// Runs `f` with each of `inputs` in a job of its own, and gives what comes out of them in the order of the inputs.
    ///
    /// A task takes the inputs; it begins when the running greenlet waits. It takes the next one while fewer jobs than
    /// [`maxsize`](PoolMap::maxsize) have results that were not taken: twice the size of the pool by default.
    ///
    /// That task is no job: in a job of this very pool, `inputs` must not wait for room in the pool themselves, as those
    /// do that are the results of another `imap` of it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`spawn`](crate::spawn()). The iterator's `next` panics as [`Task::join`](crate::Task::join), with what `inputs` has panicked with,
    /// and if its task was killed.
    ///
    /// # Examples
    /// ```
    /// # std::panic::set_hook(Box::new(|_| {}));
    /// let pool = greenhub::Pool::new(2);
    /// let halves = pool.imap([4, 3, 2], |n| {
    ///     assert!(n % 2 == 0, "{n} is odd");
    ///     n / 2
    /// });
    /// let halves: Vec<String> = halves
    ///     .map(|half| match half {
    ///         Ok(half) => half.to_string(),
    ///         Err(error) => error.panic_message().unwrap().to_string(),
    ///     })
    ///     .collect();
    /// assert_eq!(halves, ["2", "3 is odd", "1"]);
    /// ```
    #[track_caller]
    pub fn imap<I, F, T>(&self, inputs: I, f: F) -> PoolMap<T>
    where
        I: IntoIterator<Item: 'static, IntoIter: 'static>,
        F: Fn(I::Item) -> T + 'static,
        T: 'static,
    {
        PoolMap::new(self, inputs.into_iter(), f, None, Location::caller())
    }

    /// As [`imap`](Pool::imap), and gives what comes out of the jobs in the order in which they end.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Pool, sleep};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new(3);
    /// let slept = pool.imap_unordered([30, 10, 20], |millis| {
    ///     sleep(Duration::from_millis(millis));
    ///     millis
    /// });
    /// assert_eq!(slept.map(Result::unwrap).collect::<Vec<_>>(), [10, 20, 30]);
    /// ```
    #[track_caller]
    pub fn imap_unordered<I, F, T>(&self, inputs: I, f: F) -> PoolMap<T>
    where
        I: IntoIterator<Item: 'static, IntoIter: 'static>,
        F: Fn(I::Item) -> T + 'static,
        T: 'static,
    {
        let ended = Some(RefCell::default());
        PoolMap::new(self, inputs.into_iter(), f, ended, Location::caller())
    }
}

impl<T: 'static> PoolMap<T> {
    fn new<I: 'static>(
        pool: &Pool,
        inputs: impl Iterator<Item = I> + 'static,
        f: impl Fn(I) -> T + 'static,
        ended: Option<RefCell<VecDeque<u64>>>,
        place: &'static Location<'static>,
    ) -> PoolMap<T> {
        let window = Rc::new(Window {
            jobs: RefCell::default(),
            maxsize: Cell::new(pool.size().saturating_mul(2)),
            ended,
            is_fed: Cell::new(false),
            is_closed: Cell::new(false),
            request: RefCell::default(),
            consumer: WaitList::new(),
            feeder: WaitList::new(),
        });
        let feeder = Builder::new().name("imap").spawn_at(place, {
            let (window, pool) = (window.clone(), pool.clone());
            move || window.feed(&pool, inputs, &Rc::new(f), place)
        });
        let feeder = match feeder {
            Ok(feeder) => feeder,
            Err(error) => panic!("no task could be spawned: {error}"),
        };
        let fed = window.clone();
        let _ = feeder.on_done(move |_| {
            fed.is_fed.set(true);
            wake(&fed.consumer);
        });
        PoolMap {
            window,
            feeder: Some(feeder),
            pool: pool.clone(),
            place,
        }
    }

    /// Sets how many jobs may be started before their results are taken.
    ///
    /// # Panics
    /// If `count` is zero.
    #[must_use]
    #[track_caller]
    pub fn maxsize(self, count: usize) -> PoolMap<T> {
        assert!(count > 0, "without jobs there are no results");
        self.window.maxsize.set(count);
        wake(&self.window.feeder);
        self
    }

    /// There are no more results. If the inputs were not used up, the next call says so.
    fn finish(&mut self) {
        let Some(feeder) = self.feeder.take() else {
            return;
        };
        if let Err(error) = feeder.join() {
            assert!(
                !error.is_killed(),
                "the imap at {} has lost its inputs: {error}",
                self.place
            );
            resume_unwind(error.into_panic());
        }
    }
}

impl<T: 'static> Iterator for PoolMap<T> {
    type Item = Result<T, JoinError>;

    #[track_caller]
    fn next(&mut self) -> Option<Result<T, JoinError>> {
        loop {
            let window = &self.window;
            if let Some(job) = window.take() {
                return Some(job.join());
            }
            if window.is_fed.get() && window.jobs.borrow().is_empty() {
                self.finish();
                return None;
            }
            if let Some(request) = window.request()
                && self.pool.lend_to(&request, self.place)
            {
                continue;
            }
            let reason = WaitReason::POOL_RESULT;
            let mut request = WaitRequest::at(self.place, "imap", reason, Deadline::NEVER);
            request.in_list(&window.consumer);
        }
    }
}

impl<T: 'static> FusedIterator for PoolMap<T> {}

impl<T: 'static> Drop for PoolMap<T> {
    fn drop(&mut self) {
        if hub::current().is_none() {
            return; // the thread is ending
        }
        self.window.is_closed.set(true);
        wake(&self.window.feeder);
        let me = thread::current().id();
        // Where nothing can be unwound the feeder sees that it is over, and jobs run to their ends.
        if let Some(feeder) = &self.feeder
            && feeder.id() != me
        {
            let _ = feeder.try_kill();
        }
        let jobs = self.window.jobs.take();
        for (id, job) in jobs.iter() {
            if *id != me {
                let _ = job.task.try_kill();
            }
        }
        // After all of them: results may panic when they are dropped.
        drop(jobs);
    }
}

impl<T: 'static> Window<T> {
    /// What the feeder does: starts a job for each input.
    fn feed<I: 'static>(
        self: &Rc<Window<T>>,
        pool: &Pool,
        mut inputs: impl Iterator<Item = I>,
        f: &Rc<impl Fn(I) -> T + 'static>,
        place: &'static Location<'static>,
    ) {
        while self.wait_until_wanted(place)
            && let Some(input) = inputs.next()
        {
            let permit = pool.acquire_permit(place, |request| {
                self.request.replace(Some(request));
                wake(&self.consumer);
            });
            self.request.take();
            let f = f.clone();
            let task = pool.spawn_on(permit, place, move || f(input));
            self.add(task);
        }
    }

    /// Waits until there may be another job. False if its result is not wanted.
    fn wait_until_wanted(&self, place: &'static Location<'static>) -> bool {
        while !self.is_closed.get() && self.jobs.borrow().len() >= self.maxsize.get() {
            let reason = WaitReason::POOL_CONSUMER;
            WaitRequest::at(place, "imap", reason, Deadline::NEVER).in_list(&self.feeder);
        }
        !self.is_closed.get()
    }

    fn add(self: &Rc<Window<T>>, task: Task<T>) {
        if self.is_closed.get() {
            // Inputs that are asked to end may still have given one.
            let _ = task.try_kill();
            return;
        }
        let (id, window) = (task.id(), self.clone());
        let _ = task.on_done(move |_| window.job_has_ended(id));
        let has_ended = false;
        let job = MapJob { task, has_ended };
        self.jobs.borrow_mut().insert(id, job);
    }

    fn job_has_ended(&self, id: u64) {
        if let Some(job) = self.jobs.borrow_mut().get_mut(&id) {
            job.has_ended = true;
        }
        if let Some(ended) = &self.ended {
            ended.borrow_mut().push_back(id);
        }
        wake(&self.consumer);
    }

    /// The job with the next result, if it has ended: from now on it counts as taken.
    fn take(&self) -> Option<Task<T>> {
        let mut jobs = self.jobs.borrow_mut();
        let job = match &self.ended {
            Some(ended) => jobs.remove(&ended.borrow_mut().pop_front()?)?,
            None => {
                let first = jobs.first_entry()?;
                if !first.get().has_ended {
                    return None;
                }
                first.remove()
            }
        };
        drop(jobs);
        wake(&self.feeder);
        Some(job.task)
    }

    /// The feeder's request, if it waits for a permit.
    fn request(&self) -> Option<Rc<SlotRequest>> {
        self.request
            .borrow()
            .clone()
            .filter(|request| request.is_queued())
    }
}

fn wake(list: &WaitList) {
    if !list.is_empty() {
        list.wake_all();
    }
}

impl<T: 'static> fmt::Debug for PoolMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("maxsize", &self.window.maxsize.get())
            .field("started", &self.window.jobs.borrow().len())
            .finish_non_exhaustive()
    }
}
