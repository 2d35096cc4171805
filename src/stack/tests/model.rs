//! A model of the pool: any order of take, give back, leak, touch and trim, then the end of the thread.
#![forbid(unsafe_code)]

use super::super::guard::Guard;
use super::super::pool::StackPool;
use super::super::registry;
use super::super::slab::SlotRef;
use super::super::trim::TrimBudget;
use super::{KIB, check_guarded, class, ends, pool, read, write};
use crate::sys::memory;
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::{Duration, Instant};

const SIZES: [usize; 3] = [32 * KIB, 192 * KIB, 1024 * KIB];

#[derive(Clone, Debug)]
enum Act {
    Take(usize, usize),
    GiveBack(Vec<prop::sample::Index>),
    Leak(prop::sample::Index),
    Trim(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..SIZES.len(), 1..8_usize).prop_map(|(size, count)| Act::Take(size, count)),
        6 => prop::collection::vec(any::<prop::sample::Index>(), 1..12).prop_map(Act::GiveBack),
        1 => any::<prop::sample::Index>().prop_map(Act::Leak),
        8 => (600_u64..1500).prop_map(Act::Trim),
    ];
    prop::collection::vec(act, 1..80)
}

/// A stack in use, marked at both ends with a word of its own.
struct Held {
    slot: SlotRef,
    size: usize,
    mark: usize,
}

#[derive(Default)]
struct Model {
    taken: Vec<Held>,
    leaked: Vec<Held>,
    high_water: [usize; SIZES.len()],
    /// The slot given back last, if nothing was trimmed since.
    last: Option<(usize, SlotRef)>,
    marks: usize,
}

impl Model {
    fn act(&mut self, pool: &mut StackPool, act: Act, now: &mut Instant) {
        match act {
            Act::Take(size, count) => (0..count).for_each(|_| self.take(pool, size)),
            Act::GiveBack(some) => {
                for which in some {
                    if !self.taken.is_empty() {
                        let held = self.taken.swap_remove(which.index(self.taken.len()));
                        pool.put(held.slot);
                        self.last = Some((held.size, held.slot));
                    }
                }
            }
            Act::Leak(which) => {
                if !self.taken.is_empty() {
                    let held = self.taken.swap_remove(which.index(self.taken.len()));
                    pool.leak(held.slot);
                    self.leaked.push(held);
                }
            }
            Act::Trim(millis) => {
                *now += Duration::from_millis(millis);
                while pool.trim(*now).is_some_and(|next| next <= *now) {}
                self.last = None;
            }
        }
    }

    fn take(&mut self, pool: &mut StackPool, size: usize) {
        let slot = pool.take(class(SIZES[size])).expect("there is memory");
        if let Some((_, last)) = self.last.take_if(|(last_size, _)| *last_size == size) {
            assert_eq!(slot, last, "not the stack given back last");
        }
        check_guarded(slot);
        self.marks += 1;
        for end in ends(slot) {
            write(end, self.marks);
        }
        self.taken.push(Held {
            slot,
            size,
            mark: self.marks,
        });
        let in_use = self.taken.iter().filter(|held| held.size == size).count();
        self.high_water[size] = self.high_water[size].max(in_use);
    }

    fn held(&self) -> impl Iterator<Item = &Held> {
        self.taken.iter().chain(&self.leaked)
    }

    /// Held stacks keep their marks and their pages, and none overlaps another.
    fn check_contents(&self) {
        let mut ranges: Vec<_> = self
            .held()
            .map(|held| (held.slot.low(), held.slot.base.get()))
            .collect();
        ranges.sort_unstable();
        assert!(
            ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "a slot was handed out twice"
        );
        for held in self.held() {
            for end in ends(held.slot) {
                assert_eq!(read(end), held.mark, "a held stack lost what was on it");
            }
        }
    }

    fn check_counts(&self, pool: &mut StackPool) {
        let stats = pool.stats();
        for (size, usable) in SIZES.iter().enumerate() {
            let count = |of: &[Held]| of.iter().filter(|held| held.size == size).count();
            let Some(stats) = stats.iter().find(|stats| stats.usable_size == *usable) else {
                assert_eq!(
                    self.high_water[size], 0,
                    "a class is missing in the statistics"
                );
                continue;
            };
            assert_eq!(stats.in_use, count(&self.taken));
            assert_eq!(stats.leaked, count(&self.leaked));
            assert_eq!(stats.high_water, self.high_water[size]);
            let slabs: HashSet<_> = self
                .held()
                .filter(|held| held.size == size)
                .map(|held| held.slot.slab)
                .collect();
            assert!(
                stats.slabs >= slabs.len(),
                "a slab with a held stack is gone"
            );
            assert_eq!(
                pool.carved(class(*usable)),
                stats.in_use + stats.leaked + stats.idle,
                "a slot got lost"
            );
        }
    }
}

fn run(guard: Guard, acts: Vec<Act>) {
    let mut pool = pool(guard, 1 << 20);
    pool.budget = TrimBudget {
        calls: 7,
        keep_warm: 2,
    };
    let mut model = Model::default();
    let mut now = Instant::now();
    let entries = registry::entries_of_this_thread();
    for act in acts {
        model.act(&mut pool, act, &mut now);
        model.check_contents();
        model.check_counts(&mut pool);
    }
    let kept: HashSet<_> = model
        .held()
        .map(|held| (held.size, held.slot.slab))
        .collect();
    drop(pool);
    // The thread is at its end: slabs with a held stack stay, whole and guarded, and no others.
    assert_eq!(registry::entries_of_this_thread() - entries, kept.len());
    model.check_contents();
    for held in model.held() {
        check_guarded(held.slot);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_pool_keeps_its_promises_with_advised_guards(acts in acts()) {
        run(Guard::Advised, acts);
    }

    #[test]
    fn the_pool_keeps_its_promises_with_protected_guards(acts in acts()) {
        run(Guard::Protected, acts);
    }
}

#[test]
fn the_probe_tells_a_guard_from_a_stack() {
    for guard in [Guard::Advised, Guard::Protected] {
        let mut pool = pool(guard, 1 << 20);
        let slot = pool.take(class(0)).expect("there is memory");
        assert!(!memory::readable(slot.low()));
        // The next slot is not carved yet, so nothing guards it.
        assert!(memory::readable(slot.low() + slot.class.stride()));
        pool.put(slot);
    }
}
