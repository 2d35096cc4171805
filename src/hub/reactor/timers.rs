//! The pending timers of one hub: a heap in order of deadline, knowing no clock.
//!
//! ```text
//!                TimerKey { index 2, generation 1 }
//!                                  |
//!   values     [ 0: a     1: b     2: c   ]   what `start` was given, found by key
//!   places     [ 0        2        1      ]   where in the heap that timer lies now
//!                                  |
//!                         +--------+
//!                         v
//!   heap       [ 10 #0 0  20 #1 2  30 #2 1 ]   deadline, order of start, index
//!                place 0  place 1  place 2
//! ```
//!
//! Place `p` has its children at `8p + 1` to `8p + 8`, none of them before it. Time is
//! nanoseconds since whatever moment the caller counts from. Starting a timer that is
//! due after most others, and cancelling it soon, touches the end of the heap only.
#![forbid(unsafe_code)]

use crate::slots::{Key, Slots, push_tight};

/// Values of type `T`, each waiting for its deadline.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    heap: Vec<HeapEntry>,
    /// By index of the value; out of date where no value lies.
    places: Vec<u32>,
    values: Slots<T>,
    /// Above the order of every node in the heap.
    next_order: u32,
}

/// Names one timer, until it is cancelled or popped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TimerKey(Key);

#[derive(Clone, Copy, Debug)]
struct HeapEntry {
    deadline: u64,
    /// The order of start in the high half, the index of the value in the low half.
    mark: u64,
}

/// Children to a node; eight beat four by a fifth at a million timers.
const ARITY: usize = 8;

impl<T> Timers<T> {
    pub(crate) const fn new() -> Self {
        Timers {
            heap: Vec::new(),
            places: Vec::new(),
            values: Slots::new(),
            next_order: 0,
        }
    }

    /// Adds a timer that is due once `now` has reached `deadline`.
    ///
    /// # Panics
    ///
    /// When 2^32 - 1 timers are pending.
    #[inline]
    pub(crate) fn start(&mut self, deadline: u64, value: T) -> TimerKey {
        if self.next_order == u32::MAX {
            self.renumber_slow();
        }
        let key = self.values.insert(value);
        let node = HeapEntry::new(deadline, self.next_order, key.index);
        self.next_order += 1;

        let place = self.heap.len();
        push_tight(&mut self.heap, node);
        match self.places.get_mut(key.index as usize) {
            Some(old) => *old = place as u32,
            None => push_tight(&mut self.places, place as u32),
        }
        if self.is_before_parent(node, place) {
            self.rise(place, node);
        }
        TimerKey(key)
    }

    /// Takes a timer back before it is popped; `None` if it is gone already.
    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let value = self.values.remove(key.0)?;
        let place = self.places[key.0.index as usize] as usize;
        if place + 1 == self.heap.len() {
            self.heap.pop();
        } else {
            self.close(place);
        }
        Some(value)
    }

    /// Takes one due timer: the earliest, and among equals the one started first.
    #[inline]
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<T> {
        let first = self.heap.first().filter(|node| node.deadline <= now)?;
        let key = self.values.key_at(first.index())?;
        self.cancel(TimerKey(key))
    }

    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.heap.first().map(|node| node.deadline)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Removes the node at `place` and lets the last node find a new place from there.
    #[inline(never)]
    fn close(&mut self, place: usize) {
        let Some(last) = self.heap.pop() else { return };
        if self.is_before_parent(last, place) {
            self.rise(place, last);
        } else {
            self.sink(place, last);
        }
    }

    /// Moves the hole at `place` towards the root until `node` fits in.
    #[inline(never)]
    fn rise(&mut self, mut place: usize, node: HeapEntry) {
        while self.is_before_parent(node, place) {
            self.put(place, self.heap[parent(place)]);
            place = parent(place);
        }
        self.put(place, node);
    }

    /// Moves the hole at `place` towards the leaves until `node` fits in.
    fn sink(&mut self, mut place: usize, node: HeapEntry) {
        while let Some((child, below)) = self.least_child(place)
            && below.rank() < node.rank()
        {
            self.put(place, below);
            place = child;
        }
        self.put(place, node);
    }

    fn is_before_parent(&self, node: HeapEntry, place: usize) -> bool {
        place > 0 && node.rank() < self.heap[parent(place)].rank()
    }

    /// The earliest child of `place`, after the place it lies at.
    #[inline]
    fn least_child(&self, place: usize) -> Option<(usize, HeapEntry)> {
        let first = ARITY * place + 1;
        let rest = self.heap.get(first..)?;
        // The compiler unrolls the first case, which is the common one.
        let (offset, node) = match rest.first_chunk::<ARITY>() {
            Some(all) => least(all)?,
            None => least(rest)?,
        };
        Some((first + offset, node))
    }

    fn put(&mut self, place: usize, node: HeapEntry) {
        self.heap[place] = node;
        self.places[node.index() as usize] = place as u32;
    }

    /// Gives the pending timers the orders from 0 up, once in 2^32 starts.
    #[cold]
    #[inline(never)]
    fn renumber_slow(&mut self) {
        self.heap.sort_unstable_by_key(|node| node.rank());
        self.next_order = 0;
        for place in 0..self.heap.len() {
            let node = self.heap[place];
            let order = self.next_order;
            self.put(place, HeapEntry::new(node.deadline, order, node.index()));
            self.next_order += 1;
        }
    }
}

impl HeapEntry {
    #[inline]
    fn new(deadline: u64, order: u32, index: u32) -> Self {
        let mark = (order as u64) << 32 | index as u64;
        HeapEntry { deadline, mark }
    }

    #[inline]
    fn index(self) -> u32 {
        self.mark as u32
    }

    /// Lower is earlier; no two nodes have the same rank.
    #[inline]
    fn rank(self) -> u128 {
        (self.deadline as u128) << 64 | self.mark as u128
    }
}

#[inline]
fn parent(place: usize) -> usize {
    (place - 1) / ARITY
}

#[inline]
fn least(nodes: &[HeapEntry]) -> Option<(usize, HeapEntry)> {
    let nodes = nodes.iter().copied().enumerate();
    nodes.min_by_key(|(_, node)| node.rank())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn drain<T>(timers: &mut Timers<T>, now: u64) -> Vec<T> {
        std::iter::from_fn(|| timers.pop_due(now)).collect()
    }

    #[test]
    fn the_earliest_comes_first_and_equals_in_order_of_start() {
        let mut timers = Timers::new();
        for (deadline, value) in [(20, 'c'), (10, 'a'), (20, 'd'), (10, 'b'), (20, 'e')] {
            timers.start(deadline, value);
        }
        assert_eq!(timers.next_deadline(), Some(10));
        assert_eq!(drain(&mut timers, 20), ['a', 'b', 'c', 'd', 'e']);
    }

    #[test]
    fn no_timer_is_early() {
        let mut timers = Timers::new();
        timers.start(u64::MAX, "never");
        timers.start(10, "soon");
        timers.start(0, "at once");
        assert_eq!(drain(&mut timers, 0), ["at once"]);
        assert_eq!(timers.pop_due(9), None);
        assert_eq!(drain(&mut timers, u64::MAX - 1), ["soon"]);
        assert_eq!(drain(&mut timers, u64::MAX), ["never"]);
    }

    #[test]
    fn a_stale_key_cancels_nothing() {
        let mut timers = Timers::new();
        let cancelled = timers.start(10, 'a');
        timers.cancel(cancelled);
        let popped = timers.start(10, 'b');
        assert_eq!(timers.pop_due(10), Some('b'));
        timers.start(10, 'c');
        assert_eq!([cancelled, popped].map(|key| timers.cancel(key)), [None; 2]);
        assert_eq!(timers.len(), 1);
    }

    #[test]
    fn a_pending_timer_costs_50_bytes_at_most() {
        let mut timers = Timers::new();
        for count in 1..=100_000 {
            timers.start(0, (Box::new(()), 0_u64));
            let heap = timers.heap.capacity() * size_of::<HeapEntry>();
            let places = timers.places.capacity() * size_of::<u32>();
            let room = heap + places + timers.values.allocated_bytes();
            assert!(count < 1_000 || room <= 50 * count, "{room} for {count}");
        }
    }

    /// The timers, and beside them a map sorted by deadline and order of start. A value is its number in
    /// order of start, so it breaks its own ties.
    struct Pair {
        timers: Timers<usize>,
        model: BTreeMap<(u64, usize), usize>,
        /// Of every timer ever started, with its deadline.
        keys: Vec<(TimerKey, u64)>,
    }

    impl Pair {
        /// Starts until the orders are numbered anew.
        fn new(starts: u32) -> Pair {
            let mut timers = Timers::new();
            timers.next_order = u32::MAX - starts;
            let (model, keys) = Default::default();
            Pair {
                timers,
                model,
                keys,
            }
        }

        fn start(&mut self, deadline: u64) {
            let value = self.keys.len();
            let key = self.timers.start(deadline, value);
            self.keys.push((key, deadline));
            self.model.insert((deadline, value), value);
        }

        /// Pending or not.
        fn cancel(&mut self, value: usize) {
            let (key, deadline) = self.keys[value];
            let theirs = self.model.remove(&(deadline, value));
            assert_eq!(self.timers.cancel(key), theirs);
        }

        /// The one that is at or after this place in the map, or else the first.
        fn cancel_pending(&mut self, deadline: u64, value: usize) {
            let mut from = self.model.range((deadline, value)..);
            let found = from.next().or(self.model.first_key_value());
            if let Some((_, &value)) = found {
                self.cancel(value);
            }
        }

        fn pop_due(&mut self, now: u64) {
            let first = self.model.first_entry();
            let due = first.filter(|first| first.key().0 <= now);
            assert_eq!(self.timers.pop_due(now), due.map(|due| due.remove()));
        }

        fn check_ends(&self) {
            let first = self.model.first_key_value().map(|(key, _)| key.0);
            assert_eq!(self.timers.next_deadline(), first);
            assert_eq!(self.timers.len(), self.model.len());
            assert_eq!(self.timers.is_empty(), self.model.is_empty());
        }

        fn check_all(mut self) {
            for (place, node) in self.timers.heap.iter().enumerate() {
                assert_eq!(self.timers.places[node.index() as usize] as usize, place);
                assert!(!self.timers.is_before_parent(*node, place));
            }
            let in_order = Vec::from_iter(self.model.into_values());
            assert_eq!(drain(&mut self.timers, u64::MAX), in_order);
        }
    }

    #[derive(Clone, Debug)]
    enum TimerOp {
        Start(u64),
        CancelPending(u64, usize),
        CancelNewest,
        CancelStale(usize),
        PopDue(u64, u8),
    }

    /// Few enough moments that many are equal, and both ends of time.
    fn any_moment() -> impl Strategy<Value = u64> {
        prop_oneof![5 => 0..20_u64, 1 => any::<u64>(), 1 => u64::MAX - 1..=u64::MAX]
    }

    /// In one load a kind of step is rare, in another frequent.
    fn any_load() -> impl Strategy<Value = Vec<TimerOp>> {
        (4..12_u32, 1..9_u32, 1..6_u32).prop_flat_map(|(start, cancel, newest)| {
            let step = prop_oneof![
                start => any_moment().prop_map(TimerOp::Start),
                cancel => (any_moment(), any::<usize>())
                    .prop_map(|(at, n)| TimerOp::CancelPending(at, n)),
                newest => Just(TimerOp::CancelNewest),
                1 => any::<usize>().prop_map(TimerOp::CancelStale),
                1 => (any_moment(), any::<u8>()).prop_map(|(now, n)| TimerOp::PopDue(now, n % 8)),
            ];
            prop::collection::vec(step, 1..400)
        })
    }

    proptest! {
        /// The counter of the timers begins near its end, so most runs renumber on the way.
        #[test]
        fn timers_behave_like_a_sorted_map(starts_left in 0..300_u32, load in any_load()) {
            let mut pair = Pair::new(starts_left);
            for step in load {
                let count = pair.keys.len();
                match step {
                    TimerOp::Start(deadline) => pair.start(deadline),
                    TimerOp::CancelPending(at, n) => pair.cancel_pending(at, n % count.max(1)),
                    TimerOp::CancelNewest if count > 0 => pair.cancel(count - 1),
                    TimerOp::CancelStale(at) if count > 0 => pair.cancel(at % count),
                    TimerOp::PopDue(now, count) => (0..count).for_each(|_| pair.pop_due(now)),
                    TimerOp::CancelNewest | TimerOp::CancelStale(_) => {}
                }
                pair.check_ends();
            }
            pair.check_all();
        }
    }

    /// As a server's timeouts are: nearly all are cancelled long before their time, in no order.
    #[test]
    fn a_long_load_of_cancels_among_many_timers_is_as_in_a_sorted_map_and_takes_no_more_room() {
        const PENDING: usize = 20_000;
        let mut random = 1_u64;
        let mut any = move || {
            // Knuth's MMIX generator, of which the high bits are the good ones.
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1);
            random >> 33
        };
        let mut pair = Pair::new(30_000);
        (0..PENDING).for_each(|_| pair.start(any() % 1_000));
        let mut room = None;
        for now in 0..100_000 {
            pair.start(now / 100 + any() % 1_000);
            match any() % 16 {
                0 => pair.pop_due(now / 100),
                1 => pair.cancel(pair.keys.len() - 1),
                _ => pair.cancel_pending(now / 100 + any() % 1_000, any() as usize),
            }
            if pair.timers.len() > PENDING {
                pair.pop_due(u64::MAX);
            }
            pair.check_ends();
            assert_eq!(
                pair.timers.values.allocated_bytes(),
                *room.get_or_insert(pair.timers.values.allocated_bytes())
            );
        }
        pair.check_all();
    }
}
