//! Things that are dropped: that do something then, or are counted.

use std::cell::Cell;
use std::rc::Rc;

/// Does something when it is dropped.
pub(crate) struct InDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for InDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The same, of one type whatever it does.
pub(crate) struct Then(Option<Box<dyn FnOnce()>>);

impl Drop for Then {
    fn drop(&mut self) {
        self.0.take().expect("dropped once")();
    }
}

/// For a local that is empty until then.
pub(crate) fn then(run: impl FnOnce() + 'static) -> Option<Then> {
    Some(Then(Some(Box::new(run))))
}

/// Makes things of which it counts how many are still there.
#[derive(Clone, Default)]
pub(crate) struct Census {
    made: Rc<Cell<usize>>,
    dropped: Rc<Cell<usize>>,
}

pub(crate) struct Counted(Census);

impl Census {
    pub(crate) fn new() -> Census {
        Census::default()
    }

    pub(crate) fn one(&self) -> Counted {
        self.made.set(self.made.get() + 1);
        Counted(self.clone())
    }

    pub(crate) fn dropped(&self) -> usize {
        self.dropped.get()
    }

    /// Everything made was dropped, and nothing twice.
    #[track_caller]
    pub(crate) fn check_all_dropped(&self) {
        assert_eq!(self.dropped.get(), self.made.get(), "dropped of all made");
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dropped.set(self.0.dropped.get() + 1);
    }
}
