//! How many stacks there are, where they went, and how deep they were used.
#![forbid(unsafe_code)]

use super::pool;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stacks that ended threads of this process had to leave behind.
static ORPHANED: AtomicUsize = AtomicUsize::new(0);

/// The stacks of the calling thread, class by class.
pub fn stats() -> StackStats {
    StackStats {
        classes: pool::class_stats(),
        orphaned: ORPHANED.load(Ordering::Relaxed),
    }
}

/// The stacks of a thread; see [`stats`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct StackStats {
    /// The size classes that the thread has used, smallest first.
    pub classes: Vec<ClassStats>,
    /// Stacks left behind by ended threads, in the whole process: they were in use or leaked.
    pub orphaned: usize,
}

/// The stacks of one size class.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes that each of these stacks may use.
    pub usable_size: usize,
    /// Mappings they are cut from.
    pub slabs: usize,
    /// Address space of those mappings; memory is taken only for pages that were touched.
    pub mapped_bytes: usize,
    /// Stacks that have an owner.
    pub in_use: usize,
    /// Stacks that wait for one.
    pub idle: usize,
    /// The most that were ever in use at a time.
    pub high_water: usize,
    /// Stacks that may never be used or freed again.
    pub leaked: usize,
    /// Bytes used at the deepest, in whole pages, of the stacks that were measured: idle ones before they are
    /// trimmed, and those that [`measure_all`](super::measure_all) or a caller has measured.
    pub deepest: usize,
}

impl StackStats {
    /// Mappings, of all classes together.
    pub fn slabs(&self) -> usize {
        self.sum(|class| class.slabs)
    }

    /// Address space, of all classes together.
    pub fn mapped_bytes(&self) -> usize {
        self.sum(|class| class.mapped_bytes)
    }

    /// Stacks that have an owner, of all classes together.
    pub fn in_use(&self) -> usize {
        self.sum(|class| class.in_use)
    }

    /// Stacks that wait for an owner, of all classes together.
    pub fn idle(&self) -> usize {
        self.sum(|class| class.idle)
    }

    /// Stacks that may never be used or freed again, of all classes together.
    pub fn leaked(&self) -> usize {
        self.sum(|class| class.leaked)
    }

    fn sum(&self, of: impl Fn(&ClassStats) -> usize) -> usize {
        self.classes.iter().map(of).sum()
    }
}

/// Counts stacks that an ending thread leaves behind.
pub(super) fn orphan(count: usize) {
    ORPHANED.fetch_add(count, Ordering::Relaxed);
}
