//! The two types of values that go over, and what is thrown: all counted, so that none is lost or dropped twice.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::script::Kind;

/// A value with a number.
pub(super) trait Value: 'static {
    const KIND: Kind;
    fn new(number: u32, count: &Count) -> Self;
    fn number(&self) -> u32;

    /// As the log has it.
    fn shown(&self) -> String {
        show(Self::KIND, self.number())
    }
}

pub(super) fn show(kind: Kind, number: impl Display) -> String {
    match kind {
        Kind::Small => format!("s{number}"),
        Kind::Large => format!("L{number}"),
    }
}

pub(super) struct Small(u32, #[expect(dead_code, reason = "counts its drop")] One);

/// So much larger than the other that one written into the other's place would be noticed.
pub(super) struct Large(
    [u32; 30],
    #[expect(dead_code, reason = "counts its drop")] One,
);

/// What is thrown, and what bodies panic with.
pub(super) struct Stone(
    pub(super) u32,
    #[expect(dead_code, reason = "counts its drop")] One,
);

impl Stone {
    pub(super) fn new(number: u32, count: &Count) -> Stone {
        Stone(number, count.one())
    }
}

impl Value for Small {
    const KIND: Kind = Kind::Small;

    fn new(number: u32, count: &Count) -> Small {
        Small(number, count.one())
    }

    fn number(&self) -> u32 {
        self.0
    }
}

impl Value for Large {
    const KIND: Kind = Kind::Large;

    fn new(number: u32, count: &Count) -> Large {
        Large([number; 30], count.one())
    }

    fn number(&self) -> u32 {
        assert_eq!(self.0, [self.0[0]; 30], "it arrived in one piece");
        self.0[0]
    }
}

/// How many values there are. A payload must be `Send`, hence the atomic.
#[derive(Clone, Default)]
pub(super) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(super) fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn one(&self) -> One {
        self.0.fetch_add(1, Ordering::Relaxed);
        One(self.clone())
    }
}

struct One(Count);

impl Drop for One {
    fn drop(&mut self) {
        let before = self.0.0.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "a value was dropped twice");
    }
}
