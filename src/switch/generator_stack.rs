//! The scopes on the stack of a generator: shields, timeouts and initialisers, which hold only while that stack runs.
//!
//! ```text
//!   greenlet's stack        generator's stack
//!   +---------------+       +------------------------+      GeneratorStack
//!   | shield        |       | Yielder ---------------+----> greenlet: the one that runs it, while it runs
//!   | items.next()  |-----> | shield, with_timeout   |      layer:    the hub's list of these
//!   +---------------+       +------------------------+
//! ```
//! A generator gets a [`GeneratorStack`] when the first scope is opened on its stack. That one *enters* the greenlet that
//! resumes the generator and *leaves* it at each yield, so that its scopes hold for that greenlet while the generator runs.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[cfg(feature = "hub")]
use crate::interrupts::{BlockEnd, Layer};
#[cfg(feature = "hub")]
use crate::switch::counted::AnyRef;
use crate::switch::counted::WeakRef;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::thread;

/// The scopes on the stack of one generator.
pub(crate) struct GeneratorStack {
    /// The greenlet that runs the generator, while it runs.
    greenlet: RefCell<Option<WeakRef>>,
    count: Cell<usize>,
    #[cfg(feature = "hub")]
    layer: Rc<Layer>,
}

/// An open scope on the stack of a generator.
pub(crate) struct GeneratorScope(Rc<GeneratorStack>);

/// The stack on which a scope is open.
#[cfg(feature = "hub")]
pub(crate) enum StackOwner {
    /// The own stack of this greenlet.
    Greenlet(WeakRef),
    Generator(GeneratorScope),
}

impl GeneratorStack {
    pub(crate) fn new() -> Rc<GeneratorStack> {
        Rc::new(GeneratorStack {
            greenlet: RefCell::new(None),
            count: Cell::new(0),
            #[cfg(feature = "hub")]
            layer: Rc::new(Layer::new()),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    /// Enters the running greenlet, unless it runs in one already.
    pub(crate) fn enter(&self) {
        if self.greenlet.borrow().is_some() {
            return;
        }
        let me = thread::current();
        self.greenlet.replace(Some(me.to_weak()));
        #[cfg(feature = "hub")]
        {
            me.interrupts().enter(&self.layer);
            interrupt::sync_slow_path(&me);
        }
    }

    /// Leaves the greenlet: the generator yields, or has ended.
    pub(crate) fn leave(&self) {
        let left = self.greenlet.take();
        #[cfg(feature = "hub")]
        if let Some(greenlet) = left.as_ref().and_then(WeakRef::upgrade) {
            greenlet.interrupts().leave(&self.layer);
            interrupt::sync_slow_path(&greenlet);
        }
        drop(left);
    }
}

impl GeneratorScope {
    pub(crate) fn open(stack: Rc<GeneratorStack>) -> GeneratorScope {
        stack.count.set(stack.count.get() + 1);
        GeneratorScope(stack)
    }

    /// The stack runs in the running greenlet.
    pub(crate) fn runs_here(&self) -> bool {
        let greenlet = self.0.greenlet.borrow();
        let runs_in = greenlet.as_ref().map(WeakRef::as_ptr);
        runs_in == Some(thread::current().as_ptr())
    }
}

impl Drop for GeneratorScope {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
    }
}

#[cfg(feature = "hub")]
impl StackOwner {
    /// The greenlet that the stack runs in, if it runs and that greenlet still exists.
    pub(crate) fn greenlet(&self) -> Option<AnyRef> {
        match self {
            StackOwner::Greenlet(greenlet) => greenlet.upgrade(),
            StackOwner::Generator(scope) => scope.0.greenlet.borrow().as_ref()?.upgrade(),
        }
    }

    #[inline]
    pub(crate) fn own() -> StackOwner {
        StackOwner::Greenlet(thread::current().to_weak())
    }

    #[inline]
    pub(crate) fn shield(&self, id: u64) {
        self.layer().shield(id);
    }

    #[inline]
    pub(crate) fn unshield(&self, id: u64) {
        self.layer().unshield(id);
    }

    /// A block is to end that was last begun at `started`. That is held back while the stack does not run.
    pub(crate) fn expire(&self, id: u64, started: u64, end: BlockEnd) {
        match self {
            StackOwner::Greenlet(greenlet) => {
                if let Some(greenlet) = greenlet.upgrade() {
                    greenlet.interrupts().expire(id, started, end);
                }
            }
            StackOwner::Generator(scope) => scope.0.layer.expire(id, end),
        }
    }

    /// A block is left: its end is not delivered any more, unless it has ended a wait already.
    pub(crate) fn stop(&self, id: u64) {
        if self.layer().stop(id)
            && let Some(greenlet) = self.greenlet()
        {
            interrupt::sync_slow_path(&greenlet);
        }
    }

    #[inline]
    fn layer(&self) -> &Layer {
        match self {
            StackOwner::Greenlet(greenlet) => greenlet.block().interrupts().own(),
            StackOwner::Generator(scope) => &scope.0.layer,
        }
    }
}
