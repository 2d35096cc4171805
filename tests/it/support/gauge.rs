//! How many of some kind run now, and how many there were at most.

use std::cell::Cell;
use std::rc::Rc;

#[derive(Clone, Default)]
pub(crate) struct Gauge {
    running: Rc<Cell<usize>>,
    most: Rc<Cell<usize>>,
}

/// One that runs, until this is dropped.
#[must_use]
pub(crate) struct Running(Gauge);

impl Gauge {
    pub(crate) fn enter(&self) -> Running {
        self.running.set(self.running.get() + 1);
        self.most.set(self.most.get().max(self.running.get()));
        Running(self.clone())
    }

    pub(crate) fn running(&self) -> usize {
        self.running.get()
    }

    pub(crate) fn most(&self) -> usize {
        self.most.get()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}
