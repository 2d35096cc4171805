//! The list of a greenlet's locals, in its record.
//!
//! ```text
//!   Core -> ColdState -> Locals   | key, Initialising | key, Value | key, Dropped |      in the order of creation
//!                                                        |
//!                                                        +--> Rc<T>   one more pointer while a `with` runs
//! ```
//! # Invariant
//! No list is borrowed while user code runs: initialisers, clones and destructors may switch, panic, use any local, or end
//! the process.
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::ptr;
use std::rc::{Rc, Weak};
use std::thread::Result as Caught;

use crate::dropping::{DropsAll, drop_quietly, dropped};

/// The static of a local, as this list sees it. A local is known by the address of its static.
pub(crate) trait AnyKey {
    /// A child gets a copy.
    fn is_inherited(&self) -> bool;

    /// That copy, if the local is inherited and the value is of its type.
    fn copy(&self, value: &dyn Any) -> Option<Value>;
}

pub(crate) trait Initialiser {
    /// The initialiser is not in the body of a suspended generator, but runs in the running greenlet.
    fn runs_here(&self) -> bool;
}

pub(crate) type Value = Rc<dyn Any>;

/// Why the running greenlet has no value, and gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotInit {
    /// The greenlet ends, and the value was dropped.
    Dropped,
    /// The initialiser runs.
    Initialising,
}

#[derive(Default)]
pub(crate) struct Locals {
    list: RefCell<DropsAll<Vec<Local>>>,
}

struct Local {
    key: &'static dyn AnyKey,
    slot: LocalSlot,
}

enum LocalSlot {
    /// The initialiser runs while its end of this pointer exists.
    Initialising(Weak<dyn Initialiser>),
    Value(Value),
    /// The greenlet ends, and the value was dropped.
    Dropped,
}

impl Locals {
    /// Gives a greenlet that is about to be made a value, in place of the previous one.
    pub(crate) fn give(locals: &mut Option<Box<Locals>>, key: &'static dyn AnyKey, value: Value) {
        let locals = locals.get_or_insert_default();
        let old = locals.take_out(key);
        locals.push(key, LocalSlot::Value(value));
        drop(old);
    }

    /// Adds the values of `given`, in place of those that are there.
    pub(super) fn add_given(locals: &mut Option<Box<Locals>>, given: Locals) {
        for local in given.list.into_inner().into_inner() {
            if let LocalSlot::Value(value) = local.slot {
                Locals::give(locals, local.key, value);
            }
        }
    }

    /// Moves the values that a greenlet starts with into its record.
    pub(super) fn init_from(&self, given: &Locals) {
        let old = self.list.replace(given.list.take());
        debug_assert!(old.is_empty(), "it has never run");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    #[inline(always)]
    pub(super) fn find(&self, key: &'static dyn AnyKey) -> Option<Value> {
        let list = self.list.borrow();
        match &list.iter().find(|local| local.is_of(key))?.slot {
            LocalSlot::Value(value) => Some(value.clone()),
            LocalSlot::Initialising(_) | LocalSlot::Dropped => None,
        }
    }

    /// Marks the local as being initialised, for as long as `initialiser` exists.
    pub(super) fn begin_init(
        &self,
        key: &'static dyn AnyKey,
        initialiser: Weak<dyn Initialiser>,
    ) -> Result<(), CannotInit> {
        self.check(key)?;
        self.take_out(key);
        self.push(key, LocalSlot::Initialising(initialiser));
        Ok(())
    }

    /// Adds a value, unless one is there, and evaluates to the value that is there then.
    pub(super) fn put(&self, key: &'static dyn AnyKey, value: Value) -> Result<Value, CannotInit> {
        if let Some(there) = self.find(key) {
            return Ok(there);
        }
        if self.check(key) == Err(CannotInit::Dropped) {
            return Err(CannotInit::Dropped);
        }
        // Behind the locals that its initialiser has made, so that it is dropped before them.
        self.take_out(key);
        self.push(key, LocalSlot::Value(value.clone()));
        Ok(value)
    }

    fn check(&self, key: &'static dyn AnyKey) -> Result<(), CannotInit> {
        let list = self.list.borrow();
        let found = list.iter().find(|local| local.is_of(key));
        match found.map(|local| &local.slot) {
            Some(LocalSlot::Initialising(initialiser))
                if initialiser.upgrade().is_some_and(|one| one.runs_here()) =>
            {
                Err(CannotInit::Initialising)
            }
            Some(LocalSlot::Dropped) => Err(CannotInit::Dropped),
            Some(LocalSlot::Initialising(_) | LocalSlot::Value(_)) | None => Ok(()),
        }
    }

    fn push(&self, key: &'static dyn AnyKey, slot: LocalSlot) {
        self.list.borrow_mut().push(Local { key, slot });
    }

    /// Removes a local. The result must not be dropped while the list is borrowed.
    fn take_out(&self, key: &'static dyn AnyKey) -> Option<Local> {
        let mut list = self.list.borrow_mut();
        let place = list.iter().position(|local| local.is_of(key))?;
        Some(list.remove(place))
    }

    pub(super) fn inherited(&self) -> DropsAll<Vec<(&'static dyn AnyKey, Value)>> {
        let list = self.list.borrow();
        let copied = list.iter().filter(|local| local.key.is_inherited());
        let copied = copied.filter_map(|local| match &local.slot {
            LocalSlot::Value(value) => Some((local.key, value.clone())),
            LocalSlot::Initialising(_) | LocalSlot::Dropped => None,
        });
        DropsAll::new(copied.collect())
    }

    /// Drops all values, the last one made first. Destructors may use the remaining locals and make new ones, which are dropped
    /// too. Each local ends once, so the loop ends.
    ///
    /// # Errors
    /// The first panic of a destructor. The other values are dropped all the same.
    #[cold]
    #[inline(never)]
    pub(super) fn drop_all(&self) -> Caught<()> {
        let mut first = Ok(());
        while let Some(value) = self.pop_value() {
            match dropped(value) {
                Err(panic) if first.is_ok() => first = Err(panic),
                ended => drop_quietly(ended),
            }
        }
        self.list.take();
        first
    }

    fn pop_value(&self) -> Option<Value> {
        let mut list = self.list.borrow_mut();
        while let Some(local) = list.iter_mut().rev().find(|local| !local.is_dropped()) {
            if let LocalSlot::Value(value) = std::mem::replace(&mut local.slot, LocalSlot::Dropped)
            {
                return Some(value);
            }
        }
        None
    }
}

impl fmt::Debug for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} greenlet-locals", self.list.borrow().len())
    }
}

impl Local {
    #[inline(always)]
    fn is_of(&self, key: &'static dyn AnyKey) -> bool {
        ptr::addr_eq(self.key, key)
    }

    fn is_dropped(&self) -> bool {
        matches!(self.slot, LocalSlot::Dropped)
    }
}
