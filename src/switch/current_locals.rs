//! The locals of the running greenlet: finding, making, inheriting and dropping them.
//!
//! Each function asks which greenlet runs: an initialiser or a clone in a generator's body may begin in one greenlet and end
//! in another.
#![forbid(unsafe_code)]

use std::rc::Rc;
use std::thread::Result as Caught;

use crate::dropping::{DropsAll, drop_quietly};
use crate::switch::generator_stack::GeneratorScope;
use crate::switch::locals::{AnyKey, CannotInit, Initialiser, Locals, Value};
use crate::switch::record::Core;
use crate::switch::thread;

/// The mark of a running initialiser, in the body of a generator or not.
struct Initialising(Option<GeneratorScope>);

impl Initialiser for Initialising {
    fn runs_here(&self) -> bool {
        let generator = self.0.as_ref();
        generator.is_none_or(GeneratorScope::runs_here)
    }
}

#[inline(always)]
pub(crate) fn find(key: &'static dyn AnyKey) -> Option<Value> {
    thread::current().locals()?.find(key)
}

/// Marks the local of the running greenlet, which has no value, as being initialised, for as long as the caller keeps the
/// result. `generator` is the one in the body of which the initialiser runs.
///
/// # Errors
/// If there can be no value.
pub(crate) fn begin_init(
    key: &'static dyn AnyKey,
    generator: Option<GeneratorScope>,
) -> Result<Rc<dyn Initialiser>, CannotInit> {
    let me = thread::current();
    if me.has_ended_locals() {
        return Err(CannotInit::Dropped);
    }
    let initialiser: Rc<dyn Initialiser> = Rc::new(Initialising(generator));
    me.locals_or_new()
        .begin_init(key, Rc::downgrade(&initialiser))?;
    Ok(initialiser)
}

/// Gives the running greenlet a value, unless it has got one meanwhile, and evaluates to the value that it has then.
///
/// # Errors
/// If there can be no value.
pub(crate) fn put(key: &'static dyn AnyKey, value: Value) -> Result<Value, CannotInit> {
    let me = thread::current();
    if me.has_ended_locals() {
        return Err(CannotInit::Dropped);
    }
    me.locals_or_new().put(key, value)
}

/// The locals of a greenlet that is about to be made: `given`, and copies of the inherited ones of the running greenlet.
///
/// # Panics
/// With the panic of a `clone`.
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
    if let Some(given) = given {
        Locals::add_given(&mut child, *given);
    }
    child
}

/// Drops the locals of a greenlet with an ended body, the last one made first. The greenlet gets none after that.
///
/// # Errors
/// The first panic of a destructor. The other values are dropped all the same.
#[inline(always)]
pub(crate) fn end(core: &Core) -> Caught<()> {
    let ended = match core.locals() {
        Some(locals) => locals.drop_all(),
        None => Ok(()),
    };
    core.set_ended_locals();
    ended
}

/// Drops the locals of a greenlet with this outcome. A panic of theirs takes the place of a value, but not of a panic.
#[inline(always)]
pub(crate) fn end_with<O>(core: &Core, outcome: Caught<O>) -> Caught<O> {
    match (end(core), outcome) {
        (Ok(()), outcome) => outcome,
        (Err(panic), outcome) => replace_outcome(outcome, Err(panic)),
    }
}

#[cold]
#[inline(never)]
fn replace_outcome<O>(outcome: Caught<O>, panic: Caught<O>) -> Caught<O> {
    let (kept, other) = if outcome.is_ok() {
        (panic, outcome)
    } else {
        (outcome, panic)
    };
    drop_quietly(other);
    kept
}
