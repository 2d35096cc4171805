//! Where something lies that holds only while its stack runs, a shield say: on the greenlet's own stack, or on that of a
//! generator, which another greenlet may resume.
//!
//! ```text
//!   greenlet's stack        generator's stack
//!   +---------------+       +------------------------+      Piece
//!   | shield        |       | Yielder ---------------+----> greenlet: which one runs it, while it runs
//!   | items.next()  |-----> | shield, with_timeout   |      layer:    what the hub floor keeps of these
//!   +---------------+       +------------------------+
//! ```
//! A generator has a piece from the first moment in which something lies on its stack. It *enters* the greenlet that
//! resumes it and *leaves* it at each yield, so that what lies there holds for that greenlet while the generator runs.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[cfg(feature = "hub")]
use crate::interrupts::Layer;
#[cfg(feature = "hub")]
use crate::switch::counted::AnyRef;
use crate::switch::counted::WeakRef;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::thread;

/// The stack of a generator, as a piece of its greenlet's.
pub(crate) struct GeneratorStack {
    greenlet: RefCell<Option<WeakRef>>,
    /// How many things lie on it.
    count: Cell<usize>,
    #[cfg(feature = "hub")]
    layer: Rc<Layer>,
}

/// Something that lies on the stack of a generator.
pub(crate) struct OnGeneratorStack(Rc<GeneratorStack>);

/// The stack that something lies on.
#[cfg(feature = "hub")]
pub(crate) enum StackOwner {
    /// The own one of this greenlet.
    Greenlet(WeakRef),
    Generator(OnGeneratorStack),
}

impl GeneratorStack {
    /// A piece on which nothing lies, and which runs in no greenlet.
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

    /// It runs in the running greenlet from now on, if it did not before.
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

    /// It does not run any more: its generator yields or has ended.
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

impl OnGeneratorStack {
    pub(crate) fn on(piece: Rc<GeneratorStack>) -> OnGeneratorStack {
        piece.count.set(piece.count.get() + 1);
        OnGeneratorStack(piece)
    }

    /// Its stack runs in the running greenlet.
    pub(crate) fn runs_here(&self) -> bool {
        let greenlet = self.0.greenlet.borrow();
        let runs_in = greenlet.as_ref().map(WeakRef::as_ptr);
        runs_in == Some(thread::current().as_ptr())
    }
}

impl Drop for OnGeneratorStack {
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
    }
}

#[cfg(feature = "hub")]
impl StackOwner {
    /// The greenlet that the stack runs in: `None` if it does not, or is gone.
    pub(crate) fn greenlet(&self) -> Option<AnyRef> {
        match self {
            StackOwner::Greenlet(greenlet) => greenlet.upgrade(),
            StackOwner::Generator(lying) => lying.0.greenlet.borrow().as_ref()?.upgrade(),
        }
    }

    /// The own one of the running greenlet.
    #[inline]
    pub(crate) fn own() -> StackOwner {
        StackOwner::Greenlet(thread::current().to_weak())
    }

    /// Raises a shield.
    #[inline]
    pub(crate) fn shield(&self, id: u64) {
        self.layer().shield(id);
    }

    /// Takes a shield down.
    #[inline]
    pub(crate) fn unshield(&self, id: u64) {
        self.layer().unshield(id);
    }

    /// A timeout has expired, which was started last at `started`. It is held back while the stack does not run.
    pub(crate) fn expire(&self, id: u64, started: u64) {
        match self {
            StackOwner::Greenlet(greenlet) => {
                if let Some(greenlet) = greenlet.upgrade() {
                    greenlet.interrupts().expire(id, started);
                }
            }
            StackOwner::Generator(lying) => lying.0.layer.expire(id),
        }
    }

    /// A timeout is over: it is not delivered any more, unless it has ended a wait already.
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
            StackOwner::Greenlet(greenlet) => greenlet.core().interrupts().own(),
            StackOwner::Generator(lying) => &lying.0.layer,
        }
    }
}
