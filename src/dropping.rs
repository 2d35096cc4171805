//! Drops users' values, whose destructors may panic: all are dropped, and then the first panic is raised again.
//!
//! | | one destructor panics | two do | one does while a panic unwinds this thread |
//! |---|---|---|---|
//! | a collection of std | the rest is dropped, the panic continues | the process aborts | the process aborts |
//! | [`drop_all`], [`DropsAll`] | the rest is dropped, the panic continues | the rest is dropped, the first continues | the rest is dropped, the panic ends here |
//! | [`drop_quietly`] | the panic ends here | a single value | the panic ends here |
//!
//! A panic that ends here has been told by the panic hook. Its payload is dropped; where that panics, too, the payload of this
//! second panic is leaked, for the next one might do the same without end.
#![forbid(unsafe_code)]

use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, Result as Caught};

/// Drops `value`, and catches the panic of its destructor.
pub(crate) fn dropped<T>(value: T) -> Caught<()> {
    catch_unwind(AssertUnwindSafe(|| drop(value)))
}

/// Drops `value`, and a panic that comes of it.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(panic) = dropped(value)
        && let Err(panic) = dropped(panic)
    {
        mem::forget(panic);
    }
}

/// Drops each of `values`, whose iterator does not panic, and then raises the first panic of a destructor again; none, if a
/// panic unwinds this thread already.
pub(crate) fn drop_all<T>(values: impl IntoIterator<Item = T>) {
    if !mem::needs_drop::<T>() {
        return;
    }
    let mut values = values.into_iter();
    let mut first = None;
    // One catch for each panic, not for each value.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| values.by_ref().for_each(drop))) {
        match first {
            None => first = Some(panic),
            Some(_) => drop_quietly(panic),
        }
    }
    match first {
        Some(panic) if thread::panicking() => drop_quietly(panic),
        Some(panic) => resume_unwind(panic),
        None => {}
    }
}

/// A collection that is dropped by [`drop_all`].
#[derive(Debug, Default)]
pub(crate) struct DropsAll<C: Default + IntoIterator>(C);

impl<C: Default + IntoIterator> DropsAll<C> {
    pub(crate) fn new(collection: C) -> DropsAll<C> {
        DropsAll(collection)
    }

    /// The collection itself, which is dropped as any other from now on.
    pub(crate) fn into_inner(mut self) -> C {
        mem::take(&mut self.0)
    }
}

impl<C> FromIterator<C::Item> for DropsAll<C>
where
    C: Default + IntoIterator + Extend<<C as IntoIterator>::Item>,
{
    /// Where `items` panics, all that it gave are dropped.
    fn from_iter<I: IntoIterator<Item = C::Item>>(items: I) -> DropsAll<C> {
        let mut collected = DropsAll(C::default());
        collected.extend(items);
        collected
    }
}

impl<C: Default + IntoIterator> Deref for DropsAll<C> {
    type Target = C;

    #[inline(always)]
    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C: Default + IntoIterator> DerefMut for DropsAll<C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut C {
        &mut self.0
    }
}

impl<C: Default + IntoIterator> Drop for DropsAll<C> {
    #[inline]
    fn drop(&mut self) {
        drop_all(mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::{BTreeMap, VecDeque};
    use std::rc::Rc;

    /// Notes its number when it is dropped, and panics with it if it is odd.
    struct Noted(u32, Rc<RefCell<Vec<u32>>>);

    impl Drop for Noted {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
            if !self.0.is_multiple_of(2) {
                resume_unwind(Box::new(self.0));
            }
        }
    }

    fn five(notes: &Rc<RefCell<Vec<u32>>>) -> impl Iterator<Item = Noted> {
        (0..5).map(|n| Noted(n, notes.clone()))
    }

    #[test]
    fn every_collection_drops_all_and_gives_the_first_panic() {
        let notes = Rc::default();
        let drops: [Box<dyn FnOnce()>; 4] = [
            Box::new(|| drop(DropsAll::new(five(&notes).collect::<Vec<_>>()))),
            Box::new(|| drop(DropsAll::new(five(&notes).collect::<VecDeque<_>>()))),
            Box::new(|| {
                let by_number = five(&notes).map(|noted| (noted.0, noted));
                drop(DropsAll::new(by_number.collect::<BTreeMap<_, _>>()));
            }),
            Box::new(|| drop_all(five(&notes))),
        ];
        for act in drops {
            let panic = catch_unwind(AssertUnwindSafe(act)).unwrap_err();
            assert_eq!(panic.downcast_ref::<u32>(), Some(&1));
            assert_eq!(notes.take(), [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn the_outer_panic_goes_on_alone() {
        let notes = Rc::default();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _kept = DropsAll::new(five(&notes).collect::<Vec<_>>());
            resume_unwind(Box::new("outer"));
        }));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"outer"));
        assert_eq!(notes.take(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn payloads_that_panic_when_dropped_end_nothing() {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                resume_unwind(Box::new(Payload));
            }
        }
        struct Thrower;
        impl Drop for Thrower {
            fn drop(&mut self) {
                resume_unwind(Box::new(Payload));
            }
        }
        let panic = catch_unwind(|| drop_all([Thrower, Thrower, Thrower]));
        drop_quietly(panic);
    }

    #[test]
    fn what_was_taken_out_is_not_dropped() {
        let notes = Rc::default();
        let kept = DropsAll::new(five(&notes).collect::<Vec<_>>()).into_inner();
        assert!(notes.borrow().is_empty());
        drop(catch_unwind(AssertUnwindSafe(|| drop_all(kept))));
    }
}
