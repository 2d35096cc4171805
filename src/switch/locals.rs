//! Where greenlet-locals lie: a short list in the record of the greenlet whose values they are.
//!
//! ```text
//!   Core -> Rare -> Locals   | key, Begun | key, Here | key, Gone |      in the order in which they were made
//!                                               |
//!                                               +--> Rc<T>   one more pointer while a `with` is inside
//! ```
//! # Invariant
//! No list is borrowed while anybody's code runs: initialisers, clones and destructors may switch, panic, use any
//! local, or end the process. And who runs is asked again after an initialiser or a clone: in a generator's body it
//! may have begun in one greenlet and ended in another.
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::ptr;
use std::rc::{Rc, Weak};
use std::thread::Result as Caught;

use crate::dropping::{DropsAll, drop_quietly, dropped};
use crate::switch::generator_stack::OnGeneratorStack;
use crate::switch::record::Core;
use crate::switch::thread;

/// What a local's static is to this list. It is known by its address.
pub(crate) trait AnyKey {
    /// A child gets a copy.
    fn is_inherited(&self) -> bool;

    /// That copy, if it is inherited and the value is this key's.
    fn copy(&self, value: &dyn Any) -> Option<Value>;
}

pub(crate) type Value = Rc<dyn Any>;

type Panic = Box<dyn Any + Send>;

/// Why the running greenlet has no value, and gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotInit {
    /// It has ended, and its value was dropped.
    Gone,
    /// Its initialiser runs.
    Begun,
}

/// The locals of one greenlet.
#[derive(Default)]
pub(crate) struct Locals {
    list: RefCell<DropsAll<Vec<Local>>>,
}

struct Local {
    key: &'static dyn AnyKey,
    slot: LocalValue,
}

enum LocalValue {
    /// Its initialiser runs, for as long as it holds the other end of this.
    Begun(Weak<Initialising>),
    Here(Value),
    /// The greenlet ends, and this was dropped.
    Gone,
}

/// An initialiser that has begun and not ended.
pub(crate) struct Initialising {
    /// The generator whose body it runs in. While that is suspended, the initialiser is in nobody's way.
    generator: Option<OnGeneratorStack>,
}

impl Initialising {
    fn runs_here(&self) -> bool {
        self.generator
            .as_ref()
            .is_none_or(OnGeneratorStack::runs_here)
    }
}

/// The running greenlet's value.
#[inline(always)]
pub(crate) fn find(key: &'static dyn AnyKey) -> Option<Value> {
    thread::current().locals()?.find(key)
}

/// Says that the initialiser of the running greenlet, which has no value, runs: for as long as the caller keeps what comes
/// back, and in the body of `generator`, if that is given.
///
/// # Errors
/// If there can be no value.
pub(crate) fn begin(
    key: &'static dyn AnyKey,
    generator: Option<OnGeneratorStack>,
) -> Result<Rc<Initialising>, CannotInit> {
    let me = thread::current();
    if me.has_ended_locals() {
        return Err(CannotInit::Gone);
    }
    me.locals_or_new().begin(key, generator)
}

/// Gives the running greenlet a value. If it has got one meanwhile, that one stays. Evaluates to the one it has then.
///
/// # Errors
/// If there can be no value.
pub(crate) fn put(key: &'static dyn AnyKey, value: Value) -> Result<Value, CannotInit> {
    let me = thread::current();
    if me.has_ended_locals() {
        return Err(CannotInit::Gone);
    }
    me.locals_or_new().put(key, value)
}

/// What a greenlet that is about to be made starts with: what it is given, and copies of what the running one has that
/// is inherited.
///
/// # Panics
/// With what a `clone` panics with.
#[inline(always)]
pub(crate) fn of_child(given: Option<Box<Locals>>) -> Option<Box<Locals>> {
    if thread::current().locals().is_none() {
        return given;
    }
    inherit_slow(given)
}

#[cold]
#[inline(never)]
fn inherit_slow(given: Option<Box<Locals>>) -> Option<Box<Locals>> {
    let inherited = match thread::current().locals() {
        Some(locals) => locals.inherited(),
        None => DropsAll::default(),
    };
    let mut child = None;
    for (key, value) in inherited.iter() {
        let is_given = given
            .as_ref()
            .is_some_and(|given| given.find(*key).is_some());
        if !is_given && let Some(copy) = key.copy(&**value) {
            Locals::give(&mut child, *key, copy);
        }
    }
    let given = given.map(|given| given.list.take().into_inner());
    for local in given.into_iter().flatten() {
        if let LocalValue::Here(value) = local.slot {
            Locals::give(&mut child, local.key, value);
        }
    }
    child
}

/// Drops the locals of a greenlet whose body is over, the last one made first. From then on it has none.
///
/// # Errors
/// The first panic of a destructor. The others are dropped all the same.
#[inline(always)]
pub(crate) fn end(core: &Core) -> Caught<()> {
    let ended = match core.locals() {
        Some(locals) => locals.drop_all(),
        None => Ok(()),
    };
    core.set_ended_locals();
    ended
}

/// Ends the locals of a greenlet that has this outcome. A panic of theirs takes the place of a value, and not of
/// another panic.
#[inline(always)]
pub(crate) fn end_with<O>(core: &Core, outcome: Caught<O>) -> Caught<O> {
    match end(core) {
        Ok(()) => outcome,
        Err(panic) => replace_outcome(outcome, panic),
    }
}

#[cold]
#[inline(never)]
fn replace_outcome<O>(outcome: Caught<O>, panic: Panic) -> Caught<O> {
    match outcome {
        Ok(value) => {
            drop_quietly(value);
            Err(panic)
        }
        Err(first) => {
            drop_quietly(panic);
            Err(first)
        }
    }
}

impl Locals {
    /// Puts a value into the list of a greenlet to be made, in place of the one that was there.
    pub(crate) fn give(locals: &mut Option<Box<Locals>>, key: &'static dyn AnyKey, value: Value) {
        let locals = locals.get_or_insert_default();
        let old = locals.take_out(key);
        locals.push(key, value);
        drop(old);
    }

    /// Begins with what was given before there was a greenlet.
    pub(super) fn begin_with(&self, given: &Locals) {
        let old = self.list.replace(given.list.take());
        debug_assert!(old.is_empty(), "it has never run");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    #[inline(always)]
    fn find(&self, key: &'static dyn AnyKey) -> Option<Value> {
        let list = self.list.borrow();
        match &list.iter().find(|local| local.is_of(key))?.slot {
            LocalValue::Here(value) => Some(value.clone()),
            LocalValue::Begun(_) | LocalValue::Gone => None,
        }
    }

    fn begin(
        &self,
        key: &'static dyn AnyKey,
        generator: Option<OnGeneratorStack>,
    ) -> Result<Rc<Initialising>, CannotInit> {
        self.look(key)?;
        let begun = Rc::new(Initialising { generator });
        let slot = LocalValue::Begun(Rc::downgrade(&begun));
        self.take_out(key);
        self.list.borrow_mut().push(Local { key, slot });
        Ok(begun)
    }

    fn put(&self, key: &'static dyn AnyKey, value: Value) -> Result<Value, CannotInit> {
        if let Some(there) = self.find(key) {
            return Ok(there);
        }
        if self.look(key) == Err(CannotInit::Gone) {
            return Err(CannotInit::Gone);
        }
        // Behind those that its initialiser has made, so that it is dropped before them.
        self.take_out(key);
        self.push(key, value.clone());
        Ok(value)
    }

    fn look(&self, key: &'static dyn AnyKey) -> Result<(), CannotInit> {
        let list = self.list.borrow();
        match list.iter().find(|local| local.is_of(key)) {
            Some(local) => match &local.slot {
                LocalValue::Begun(begun)
                    if begun.upgrade().is_some_and(|begun| begun.runs_here()) =>
                {
                    Err(CannotInit::Begun)
                }
                LocalValue::Gone => Err(CannotInit::Gone),
                LocalValue::Begun(_) | LocalValue::Here(_) => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn push(&self, key: &'static dyn AnyKey, value: Value) {
        let slot = LocalValue::Here(value);
        self.list.borrow_mut().push(Local { key, slot });
    }

    /// Not to be dropped while the list is borrowed.
    fn take_out(&self, key: &'static dyn AnyKey) -> Option<Local> {
        let mut list = self.list.borrow_mut();
        let place = list.iter().position(|local| local.is_of(key))?;
        Some(list.remove(place))
    }

    fn inherited(&self) -> DropsAll<Vec<(&'static dyn AnyKey, Value)>> {
        let list = self.list.borrow();
        let copied = list.iter().filter(|local| local.key.is_inherited());
        let copied = copied.filter_map(|local| match &local.slot {
            LocalValue::Here(value) => Some((local.key, value.clone())),
            LocalValue::Begun(_) | LocalValue::Gone => None,
        });
        DropsAll::new(copied.collect())
    }

    /// A destructor may use those that are still there, and make those that never were: these are dropped, too.
    /// Each ends once, so this ends.
    #[cold]
    #[inline(never)]
    fn drop_all(&self) -> Caught<()> {
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
        while let Some(local) = list.iter_mut().rev().find(|local| !local.is_gone()) {
            if let LocalValue::Here(value) = std::mem::replace(&mut local.slot, LocalValue::Gone) {
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

    fn is_gone(&self) -> bool {
        matches!(self.slot, LocalValue::Gone)
    }
}
