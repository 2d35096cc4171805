//! The record behind every handle: one block holds what the switch needs (`Core`) and what the owner added
//! (`extra`).
//!
//! ```text
//!   Greenlet<I, O> ---+      +------------------------------+
//!   parent weak ------+----> | Core   count, state, context,|
//!   ready queue ------+      |        tag, slot, parent ... |   AnyRef points here and sees this half
//!   itself, if alive -+      +------------------------------+
//!                            | extra  first value, or a     |
//!                            |        task's outcome        |   Ref<X> sees this half, too
//!                            +------------------------------+
//! ```
//! The pointers are in `counted.rs`.

use std::any::Any;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::panic::Location;
use std::ptr::{self, NonNull};

#[cfg(feature = "hub")]
use crate::interrupts::Interrupts;
use crate::stack::Description;
use crate::switch::counted::WeakRef;
use crate::switch::engine::{Context, CorePtr};
use crate::switch::locals::Locals;
use crate::switch::parent;
use crate::switch::state::GreenletState;
use crate::switch::tag::{Never, TypeTag};
#[cfg(feature = "hub")]
use crate::waiting::{WaitDetails, WaitPhase, WaitState};

/// The half of a record that is the same for every greenlet. What every switch touches comes first.
#[repr(C)]
pub(crate) struct Core {
    pub(super) count: Cell<u32>,
    /// Moved on by [`Core::move_on`] and [`Core::end`] only.
    state: Cell<GreenletState>,
    /// Something else than a value has arrived: it lies in `resumption`.
    pub(super) has_resumption: Cell<bool>,
    started: Cell<bool>,
    /// The corner that the hub floor keeps here and in `wait_details`; this floor never looks at it.
    #[cfg(feature = "hub")]
    wait_phase: WaitPhase,
    pub(crate) context: Context,
    /// The type it waits for. Means nothing while it is the current one.
    pub(super) expects: Cell<&'static TypeTag>,
    /// Where the value goes that this greenlet waits for.
    pub(super) slot: Cell<*mut u8>,
    /// Whatever ends here is taken without a word: the hub.
    is_hub: Cell<bool>,
    /// Its greenlet-locals were dropped, or would have been: it gets none any more.
    locals_ended: Cell<bool>,
    /// How many [`Link`]s there are. They keep the record, not the greenlet.
    pub(super) weak_count: Cell<u32>,
    pub(super) parent: Cell<Option<WeakRef>>,
    pub(super) vtable: &'static VTable,
    /// Who it is; an overflow of its stack shows that, too.
    description: Description,
    cold: OnceCell<Box<ColdState>>,
    #[cfg(feature = "hub")]
    wait_details: WaitDetails,
}

/// What few greenlets ever have.
pub(super) struct ColdState {
    resumption: Cell<Option<Box<Resumption>>>,
    /// Who unwinds it, and gets control back when it has ended. Null for most of a life.
    pub(super) unwound_by: Cell<*const Core>,
    /// A panic was on its way when that began.
    pub(super) ends_in_panic: Cell<bool>,
    /// How often it was told to unwind and went on waiting instead.
    pub(super) swallowed: Cell<u32>,
    /// It waits for the end of a greenlet that it kills.
    pub(super) kills: Cell<bool>,
    /// Its kill and its timeouts, as the hub floor delivers them.
    #[cfg(feature = "hub")]
    interrupts: Interrupts,
    locals: Locals,
}

/// What arrives at a waiting greenlet in place of the value that it waits for.
pub(crate) enum Resumption {
    /// A panic on its way up: it goes on here, with the same payload.
    Thrown(Box<dyn Any + Send>),
    /// The order to unwind: nobody can switch here any more.
    Unwind,
    /// The greenlet that it had switched to was killed.
    ChildKilled,
    /// A child has ended with a value of a type that is not waited for here.
    MistypedValue(MistypedValue),
    /// Its kill or a timeout of its, in place of a switch back.
    #[cfg(feature = "hub")]
    Interrupt,
    /// Something is wrong that nobody else can be told of: a panic with this message.
    #[cfg(feature = "hub")]
    Report(String),
}

/// A last value that could not be handed to the parent, and whose it was.
pub(crate) struct MistypedValue {
    pub(crate) from: String,
    pub(crate) type_name: &'static str,
    pub(crate) value: Box<dyn Any>,
}

/// What a record is besides a `Core`.
pub(super) struct VTable {
    /// Frees the whole block.
    pub(super) free: unsafe fn(NonNull<Core>),
    /// The type of the first value, where a first switch brings one.
    pub(super) starts_with: Option<&'static TypeTag>,
    /// What the owner's half does when its greenlet ends without running its body to the end. `None`: it is no task.
    #[cfg(feature = "hub")]
    pub(super) on_killed: Option<unsafe fn(CorePtr)>,
    /// Where the owner's half begins.
    #[cfg(feature = "hub")]
    pub(super) trailer_at: usize,
}

/// The owner's half of a record.
pub(crate) trait Trailer: Sized {
    /// See [`Kind::starts_with`].
    const STARTS_WITH: Option<&'static TypeTag> = None;

    /// Tells those who wait for it that it was killed: it never runs, or never again.
    ///
    /// # Safety
    /// The pointer is to the core of a `Record<Self>`, which has just ended so, and is told once.
    #[cfg(feature = "hub")]
    const ON_KILLED: Option<unsafe fn(CorePtr)> = None;
}

impl Trailer for () {}

impl<I: 'static> Trailer for StartSlot<I> {
    const STARTS_WITH: Option<&'static TypeTag> = Some(TypeTag::of::<I>());
}

/// A record: the common half first, so that a pointer to it is a pointer to the whole.
#[repr(C)]
pub(crate) struct Record<X> {
    pub(super) core: Core,
    pub(crate) trailer: X,
}

/// Room for the value that the first switch brings.
pub(crate) struct StartSlot<I>(UnsafeCell<MaybeUninit<I>>);

/// What is known of a greenlet when it is made.
pub(crate) struct Metadata {
    pub(crate) name: Option<Box<str>>,
    pub(crate) parent: Option<WeakRef>,
    pub(crate) made_at: &'static Location<'static>,
    pub(crate) id: u64,
}

impl<I> StartSlot<I> {
    pub(super) const fn empty() -> StartSlot<I> {
        StartSlot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    pub(super) fn as_slot(&self) -> *mut u8 {
        self.0.get().cast()
    }
}

impl Core {
    /// A greenlet that was declared. `count` is one, for the pointer that is made next.
    #[inline(always)]
    pub(super) fn new(kind: &'static VTable, metadata: Metadata) -> Core {
        Core {
            context: Context::empty(),
            slot: Cell::new(ptr::null_mut()),
            expects: Cell::new(TypeTag::of::<Never>()),
            count: Cell::new(1),
            state: Cell::new(GreenletState::Declared),
            has_resumption: Cell::new(false),
            is_hub: Cell::new(false),
            locals_ended: Cell::new(false),
            started: Cell::new(false),
            weak_count: Cell::new(0),
            parent: Cell::new(metadata.parent),
            vtable: kind,
            description: Description {
                id: metadata.id,
                name: metadata.name.map(Box::new),
                made_at: metadata.made_at,
            },
            cold: OnceCell::new(),
            #[cfg(feature = "hub")]
            wait_phase: WaitPhase::new(),
            #[cfg(feature = "hub")]
            wait_details: WaitDetails::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> CorePtr {
        NonNull::from(self)
    }

    pub(crate) fn id(&self) -> u64 {
        self.description.id
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.description.name()
    }

    pub(crate) fn made_at(&self) -> &'static Location<'static> {
        self.description.made_at
    }

    #[inline(always)]
    pub(crate) fn state(&self) -> GreenletState {
        self.state.get()
    }

    /// Moves a greenlet that has not ended to another state in which it has not.
    #[inline(always)]
    pub(super) fn set_state(&self, state: GreenletState) {
        debug_assert!(!self.state.get().is_over() && !state.is_over());
        self.state.set(state);
    }

    /// Moves it to `how`, in which it is over for good: the only way there. Its last slot may lie in a frame that is gone,
    /// and no value fits the tag that it shows from now on.
    #[inline(always)]
    pub(super) fn end(&self, how: GreenletState) {
        debug_assert!(how.is_over());
        self.expects.set(TypeTag::of::<Never>());
        self.slot.set(ptr::null_mut());
        self.state.set(how);
    }

    pub(crate) fn was_started(&self) -> bool {
        self.started.get()
    }

    pub(crate) fn parent(&self) -> Option<WeakRef> {
        let parent = self.parent.take();
        let copy = parent.clone();
        self.parent.set(parent);
        copy
    }

    pub(crate) fn set_parent(&self, parent: WeakRef) {
        let old = self.parent.replace(Some(parent));
        drop(old);
    }

    /// Makes it swallow whatever its children end with, values and panics.
    #[cfg(feature = "hub")]
    pub(crate) fn set_hub(&self) {
        self.is_hub.set(true);
    }

    /// Makes its wait end with a panic that says `what`.
    #[cfg(feature = "hub")]
    pub(crate) fn report(&self, what: String) {
        self.put_resumption(Resumption::Report(what));
    }

    /// Makes its switch end as if the greenlet that it has switched to was killed.
    #[cfg(feature = "hub")]
    pub(crate) fn child_was_killed(&self) {
        self.put_resumption(Resumption::ChildKilled);
    }

    /// The owner's half of this record.
    #[cfg(feature = "hub")]
    pub(crate) fn trailer(&self) -> *const u8 {
        (&raw const *self)
            .cast::<u8>()
            .wrapping_add(self.vtable.trailer_at)
    }

    /// Tells those who wait for a task that it was killed, where its body was dropped or is never run to its end.
    ///
    /// # Safety
    /// It has ended so just now, and was not told yet.
    #[cfg(feature = "hub")]
    pub(crate) unsafe fn tell_killed(&self) {
        let give_up = self.vtable.on_killed.expect("only tasks are given up");
        // SAFETY: the kind is that of this record, and the rest is the caller's promise.
        unsafe { give_up(self.as_ptr()) };
    }

    /// It is a task: others wait for its end in ways of their own.
    #[cfg(feature = "hub")]
    pub(crate) fn is_task(&self) -> bool {
        self.vtable.on_killed.is_some()
    }

    pub(crate) fn is_hub(&self) -> bool {
        self.is_hub.get()
    }

    /// How it stands with its hub.
    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn wait(&self) -> WaitState<'_> {
        WaitState::new(&self.wait_phase, &self.wait_details)
    }

    /// `address` lies in its own stack, if it has one from the pool.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.stack_low(address).is_some()
    }

    /// The low end of its own stack, if `address` lies in that.
    #[inline]
    pub(super) fn stack_low(&self, address: usize) -> Option<usize> {
        self.context.stack_low(address)
    }

    /// It is a main greenlet, at the bottom of its thread's chain.
    #[inline(always)]
    pub(super) fn is_main(&self) -> bool {
        self.context.is_empty()
    }

    /// Called first thing on its own stack: from now to its end it owns itself.
    pub(super) fn enter(&self) {
        self.started.set(true);
        self.count.set(self.count.get() + 1);
    }

    /// Suspended, and nobody points here but itself.
    #[inline(always)]
    pub(super) fn is_abandoned(&self) -> bool {
        self.count.get() == 1
    }

    pub(super) fn cold(&self) -> &ColdState {
        self.cold.get_or_init(|| {
            Box::new(ColdState {
                resumption: Cell::new(None),
                unwound_by: Cell::new(ptr::null()),
                ends_in_panic: Cell::new(false),
                swallowed: Cell::new(0),
                kills: Cell::new(false),
                #[cfg(feature = "hub")]
                interrupts: Interrupts::new(),
                locals: Locals::default(),
            })
        })
    }

    /// Who unwinds it and waits for its end, if somebody does.
    #[inline(always)]
    pub(super) fn unwound_by(&self) -> Option<&Core> {
        let unwinder = self.cold.get()?.unwound_by.get();
        // SAFETY: set while that one waits for our end, so its record is there: see `unwind.rs`.
        unsafe { unwinder.as_ref() }
    }

    /// Who gets control when it ends because it unwinds it, if somebody does.
    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn unwinder(&self) -> Option<CorePtr> {
        self.unwound_by().map(Core::as_ptr)
    }

    /// What is pending for it.
    #[cfg(feature = "hub")]
    pub(crate) fn interrupts(&self) -> &Interrupts {
        &self.cold().interrupts
    }

    /// What is pending for it, if anything ever was.
    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(super) fn known_interrupts(&self) -> Option<&Interrupts> {
        Some(&self.cold.get()?.interrupts)
    }

    pub(crate) fn is_killing(&self) -> bool {
        self.cold.get().is_some_and(|rare| rare.kills.get())
    }

    /// Its greenlet-locals, if it may have any.
    #[inline(always)]
    pub(crate) fn locals(&self) -> Option<&Locals> {
        Some(&self.cold.get()?.locals)
    }

    pub(super) fn locals_or_new(&self) -> &Locals {
        &self.cold().locals
    }

    pub(super) fn has_ended_locals(&self) -> bool {
        self.locals_ended.get()
    }

    #[inline(always)]
    pub(super) fn set_ended_locals(&self) {
        self.locals_ended.set(true);
    }

    /// Gives it greenlet-locals before it runs.
    #[inline(always)]
    pub(crate) fn begin_with(&self, locals: Option<Box<Locals>>) {
        if let Some(locals) = locals {
            self.begin_with_slow(&locals);
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_with_slow(&self, locals: &Locals) {
        self.cold().locals.begin_with(locals);
    }

    pub(super) fn put_resumption(&self, resumption: Resumption) {
        let old = self.cold().resumption.replace(Some(Box::new(resumption)));
        self.has_resumption.set(true);
        if let Some(old) = old {
            // It may be a payload, whose destructor may panic.
            parent::drop_quietly(old);
        }
    }

    pub(super) fn take_resumption(&self) -> Option<Box<Resumption>> {
        self.has_resumption.set(false);
        self.cold.get()?.resumption.take()
    }
}
