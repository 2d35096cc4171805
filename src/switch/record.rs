//! The record of a greenlet: one block with the part that the switch needs (`Core`) and the part of its maker (`trailer`).
//!
//! ```text
//!   Greenlet<I, O> ---+      +------------------------------+
//!   parent link ------+----> | Core   count, state, context,|
//!   run queue --------+      |        tag, slot, parent ... |   AnyRef points here and sees this part
//!   itself, if alive -+      +------------------------------+
//!                            | trailer  first value, or a   |
//!                            |        task's outcome        |   RecordRef<X> sees this part, too
//!                            +------------------------------+
//! ```
//! The pointers are in `counted.rs`.

use std::any::Any;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::panic::Location;
use std::ptr::{self, NonNull};

use crate::dropping::drop_quietly;
#[cfg(feature = "hub")]
use crate::interrupts::Interrupts;
use crate::stack::Description;
use crate::switch::engine::Context;
use crate::switch::locals::Locals;
use crate::switch::refcount::Weak;
use crate::switch::state::{GreenletState, Never, TypeTag};
#[cfg(feature = "hub")]
use crate::waiting::{WaitDetails, WaitPhase, WaitState};

/// A pointer to a record, as raw switches carry it.
pub(crate) type CorePtr = NonNull<Core>;

/// The part of a record that all greenlets have. The fields that every switch touches come first.
#[repr(C)]
pub(crate) struct Core {
    pub(super) count: Cell<u32>,
    /// Changed by [`Core::set_state`] and [`Core::end`] only.
    state: Cell<GreenletState>,
    /// A resumption has arrived in place of a value, or the tracer is to be called.
    pub(super) has_resumption: Cell<bool>,
    started: Cell<bool>,
    /// Used by the hub only, as `wait_details`.
    #[cfg(feature = "hub")]
    wait_phase: WaitPhase,
    pub(crate) context: Context<CorePtr>,
    /// The tag of the type that the greenlet waits for. Without meaning while it runs.
    pub(super) expects: Cell<TypeTag>,
    /// Where the value goes that the greenlet waits for.
    pub(super) slot: Cell<*mut u8>,
    /// The hub: drops all values and panics that its children end with.
    is_hub: Cell<bool>,
    /// The locals were dropped, or there were none when the greenlet ended: it gets none any more.
    locals_ended: Cell<bool>,
    /// The number of weak pointers: they keep the record, and not the greenlet.
    pub(super) weak_count: Cell<u32>,
    pub(super) parent: Cell<Option<Weak<Core>>>,
    pub(super) vtable: &'static VTable,
    /// Id, name and place, for messages. An overflow of the stack shows them, too.
    description: Description,
    cold: OnceCell<Box<ColdState>>,
    #[cfg(feature = "hub")]
    wait_details: WaitDetails,
}

/// The state that few greenlets ever have.
pub(super) struct ColdState {
    resumption: Cell<Option<Box<Resumption>>>,
    /// The greenlet that unwinds this one and resumes when it has ended. Usually null.
    pub(super) unwound_by: Cell<*const Core>,
    /// A panic unwound the thread when that began.
    pub(super) ends_in_panic: Cell<bool>,
    /// How often the greenlet has caught its unwinding and waited again.
    pub(super) caught_unwinds: Cell<u32>,
    /// The greenlet waits for the end of a greenlet that it kills.
    pub(super) kills: Cell<bool>,
    /// The pending kill and timeouts, which the hub delivers.
    #[cfg(feature = "hub")]
    interrupts: Interrupts,
    locals: Locals,
}

/// What resumes a waiting greenlet in place of a value.
pub(crate) enum Resumption {
    /// A panic, which continues here with the same payload.
    Thrown(Box<dyn Any + Send>),
    /// An unwinding from outside.
    Unwind,
    /// The greenlet that this one has switched to was killed.
    ChildKilled,
    /// A child has ended with a value of a type that this greenlet does not wait for.
    MistypedValue(MistypedValue),
    /// A kill or a timeout that is due for this greenlet.
    #[cfg(feature = "hub")]
    Interrupt,
    /// A panic with this message.
    #[cfg(feature = "hub")]
    Report(String),
}

/// The last value of a greenlet that its parent does not wait for.
pub(crate) struct MistypedValue {
    /// The description of the greenlet that has ended.
    pub(crate) from: String,
    pub(crate) type_name: &'static str,
    pub(crate) value: Box<dyn Any>,
}

/// The functions and constants of one kind of record.
pub(super) struct VTable {
    pub(super) free: unsafe fn(NonNull<Core>),
    /// The type of the first value, where the first switch brings one.
    pub(super) starts_with: Option<TypeTag>,
    /// Completes a task that ends without running its body to the end. `None`: not a task.
    #[cfg(feature = "hub")]
    pub(super) on_killed: Option<unsafe fn(CorePtr)>,
    #[cfg(feature = "hub")]
    pub(super) trailer_at: usize,
}

/// The part of a record that belongs to its maker.
pub(crate) trait Trailer: Sized {
    /// The type of the first value, where the first switch brings one.
    const STARTS_WITH: Option<TypeTag> = None;

    /// Completes a task as killed: its body never runs, or never again.
    ///
    /// # Safety
    /// The pointer is to the core of a `Record<Self>` that has just ended so. Called once.
    #[cfg(feature = "hub")]
    const ON_KILLED: Option<unsafe fn(CorePtr)> = None;
}

impl Trailer for () {}

impl<I: 'static> Trailer for StartSlot<I> {
    const STARTS_WITH: Option<TypeTag> = Some(TypeTag::of::<I>());
}

/// A record. The core comes first, so a pointer to it is a pointer to the whole.
#[repr(C)]
pub(crate) struct Record<X> {
    pub(super) core: Core,
    pub(crate) trailer: X,
}

/// Room for the value that the first switch brings.
pub(crate) struct StartSlot<I>(UnsafeCell<MaybeUninit<I>>);

/// The properties of a greenlet that is about to be made.
pub(crate) struct Metadata {
    pub(crate) name: Option<Box<str>>,
    pub(crate) parent: Option<Weak<Core>>,
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
    /// A declared greenlet, with a count of one for the pointer that is made next.
    #[inline(always)]
    pub(super) fn new(vtable: &'static VTable, metadata: Metadata) -> Core {
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
            vtable,
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

    /// Changes one state that is not final for another.
    #[inline(always)]
    pub(super) fn set_state(&self, state: GreenletState) {
        debug_assert!(!self.state.get().is_over() && !state.is_over());
        self.state.set(state);
    }

    /// Moves the greenlet to a final state: the only way there. Its last slot may lie in a frame that is gone, and no value
    /// fits the tag that it shows from now on.
    #[inline(always)]
    pub(super) fn end(&self, state: GreenletState) {
        debug_assert!(state.is_over());
        self.expects.set(TypeTag::of::<Never>());
        self.slot.set(ptr::null_mut());
        self.state.set(state);
    }

    pub(crate) fn was_started(&self) -> bool {
        self.started.get()
    }

    pub(crate) fn parent(&self) -> Option<Weak<Core>> {
        let parent = self.parent.take();
        let copy = parent.clone();
        self.parent.set(parent);
        copy
    }

    pub(crate) fn set_parent(&self, parent: Weak<Core>) {
        let old = self.parent.replace(Some(parent));
        drop(old);
    }

    #[cfg(feature = "hub")]
    pub(crate) fn set_hub(&self) {
        self.is_hub.set(true);
    }

    /// Makes the wait of this greenlet end with a panic with this message.
    #[cfg(feature = "hub")]
    pub(crate) fn report(&self, what: String) {
        self.put_resumption(Resumption::Report(what));
    }

    /// Makes the switch of this greenlet end as if the greenlet that it has switched to was killed.
    #[cfg(feature = "hub")]
    pub(crate) fn child_was_killed(&self) {
        self.put_resumption(Resumption::ChildKilled);
    }

    #[cfg(feature = "hub")]
    pub(crate) fn trailer(&self) -> *const u8 {
        (&raw const *self)
            .cast::<u8>()
            .wrapping_add(self.vtable.trailer_at)
    }

    /// Completes this task as killed: its body was dropped, or is never run to its end.
    ///
    /// # Safety
    /// The task has just ended so, and was not completed before.
    #[cfg(feature = "hub")]
    pub(crate) unsafe fn complete_killed(&self) {
        let complete = self.vtable.on_killed.expect("only tasks are completed");
        // SAFETY: the table is that of this record; the rest is the contract above.
        unsafe { complete(self.as_ptr()) };
    }

    #[cfg(feature = "hub")]
    pub(crate) fn is_task(&self) -> bool {
        self.vtable.on_killed.is_some()
    }

    pub(crate) fn is_hub(&self) -> bool {
        self.is_hub.get()
    }

    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn wait(&self) -> WaitState<'_> {
        WaitState::new(&self.wait_phase, &self.wait_details)
    }

    /// `address` lies in the greenlet's own stack, which is from the pool.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.context.stack_low(address).is_some()
    }

    /// A main greenlet, at the bottom of its thread's chain.
    #[inline(always)]
    pub(super) fn is_main(&self) -> bool {
        self.context.is_empty()
    }

    /// Called first on the greenlet's own stack: it owns itself until its end.
    pub(super) fn enter(&self) {
        self.started.set(true);
        self.count.set(self.count.get() + 1);
    }

    /// Suspended, and with no other pointer to it than its own.
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
                caught_unwinds: Cell::new(0),
                kills: Cell::new(false),
                #[cfg(feature = "hub")]
                interrupts: Interrupts::new(),
                locals: Locals::default(),
            })
        })
    }

    /// The greenlet that unwinds this one and waits for its end.
    #[inline(always)]
    pub(super) fn unwound_by(&self) -> Option<&Core> {
        let unwinder = self.cold.get()?.unwound_by.get();
        // SAFETY: set while the unwinder waits for our end, so its record is there: see `chain.rs`.
        unsafe { unwinder.as_ref() }
    }

    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn unwinder(&self) -> Option<CorePtr> {
        self.unwound_by().map(Core::as_ptr)
    }

    #[cfg(feature = "hub")]
    pub(crate) fn interrupts(&self) -> &Interrupts {
        &self.cold().interrupts
    }

    /// The pending kill and timeouts, if there ever were any.
    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(super) fn known_interrupts(&self) -> Option<&Interrupts> {
        Some(&self.cold.get()?.interrupts)
    }

    pub(crate) fn is_killing(&self) -> bool {
        self.cold.get().is_some_and(|cold| cold.kills.get())
    }

    /// The locals, if there may be any.
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

    #[inline(always)]
    pub(crate) fn init_locals(&self, locals: Option<Box<Locals>>) {
        if let Some(locals) = locals {
            self.init_locals_slow(&locals);
        }
    }

    #[cold]
    #[inline(never)]
    fn init_locals_slow(&self, locals: &Locals) {
        self.cold().locals.init_from(locals);
    }

    pub(super) fn put_resumption(&self, resumption: Resumption) {
        let old = self.cold().resumption.replace(Some(Box::new(resumption)));
        self.has_resumption.set(true);
        if let Some(old) = old {
            // The destructor of a payload may panic.
            drop_quietly(old);
        }
    }

    pub(super) fn take_resumption(&self) -> Option<Box<Resumption>> {
        self.has_resumption.set(false);
        self.cold.get()?.resumption.take()
    }
}

/// The description of a greenlet in messages.
pub(crate) fn describe(core: &Core) -> String {
    match core.name() {
        Some(name) if core.parent().is_none() => format!("greenlet \"{name}\""),
        Some(name) => format!("greenlet \"{name}\" (made at {})", core.made_at()),
        None => format!("greenlet {} (made at {})", core.id(), core.made_at()),
    }
}

/// The description of a task in messages that name its spawn place besides.
#[cfg(feature = "hub")]
pub(crate) fn describe_task(core: &Core) -> String {
    match core.name() {
        Some(name) => format!("task \"{name}\""),
        None => format!("task {}", core.id()),
    }
}
