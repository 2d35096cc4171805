//! One handler for SIGSEGV and SIGBUS: a callback ends the process for our faults; all others go to the previous action.
//!
//! ```text
//! fault ── handler (alternate stack) ── callback: is it ours? ──yes── it writes a line and aborts
//!                                          │no
//!                                          └── previous action: a handler is called (std's own, say);
//!                                              none: restored, and the fault happens again after the return
//! ```
//!
//! Everything reached from [`handler`] is async-signal-safe: loads, `write`, `sigaction`, `raise`, `abort`;
//! no lock, no allocation, no lazy thread-local.

use super::system;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

/// A fault as the kernel reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The address that could not be touched.
    pub(crate) address: usize,
    /// The stack pointer at the fault, where the processor's registers are known.
    pub(crate) stack_pointer: Option<usize>,
}

/// A callback in signal context: returns if the fault is not ours, aborts the process if it is.
pub(crate) type OnFault = fn(Fault);

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// The callback and the previous actions, complete before the first handler is installed.
struct Installed {
    on_fault: OnFault,
    previous: [libc::sigaction; 2],
}

static INSTALLED: OnceLock<Result<Installed, i32>> = OnceLock::new();
static ARMED: OnceLock<Result<(), i32>> = OnceLock::new();

/// Installs the handler, once for the process; later calls keep the first callback.
pub(crate) fn install(on_fault: OnFault) -> io::Result<()> {
    let known = INSTALLED.get_or_init(|| {
        let [segv, bus] = SIGNALS.map(query);
        Ok(Installed {
            on_fault,
            previous: [segv?, bus?],
        })
    });
    let outcome = match known {
        Ok(_) => *ARMED.get_or_init(|| SIGNALS.iter().try_for_each(|signal| arm(*signal))),
        Err(errno) => Err(*errno),
    };
    outcome.map_err(io::Error::from_raw_os_error)
}

/// The id of the running thread, the same in a forked child; never zero.
#[inline]
pub(crate) fn this_thread() -> usize {
    // SAFETY: reads the thread pointer; glibc and musl take no lock for it.
    unsafe { libc::pthread_self() as usize }
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(Ok(installed)) = INSTALLED.get() else {
        return;
    };
    // SAFETY: the kernel hands a filled siginfo to an SA_SIGINFO handler, valid while the handler runs.
    let details = unsafe { &*info };
    // What was sent by kill(2) has no address.
    let by_kernel = system::is_found_by_kernel(details.si_code);
    if by_kernel {
        // SAFETY: for a fault found by the kernel, si_addr is the field that is set.
        let address = unsafe { details.si_addr() }.addr();
        // SAFETY: the kernel hands a filled ucontext to an SA_SIGINFO handler.
        let stack_pointer = unsafe { system::stack_pointer(context.cast()) };
        (installed.on_fault)(Fault {
            address,
            stack_pointer,
        });
    }
    let which = usize::from(signal == libc::SIGBUS);
    run_previous(signal, info, context, by_kernel, &installed.previous[which]);
}

/// Takes the action that was installed before ours.
fn run_previous(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
    by_kernel: bool,
    previous: &libc::sigaction,
) {
    match previous.sa_sigaction {
        libc::SIG_IGN if !by_kernel => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // For a real fault the instruction runs again on return and meets the old action.
            // SAFETY: `previous` came from the kernel for this very signal.
            unsafe { libc::sigaction(signal, previous, ptr::null_mut()) };
            if !by_kernel {
                // SAFETY: sends this thread the signal that it was being sent; delivered on return.
                unsafe { libc::raise(signal) };
            }
        }
        function if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            type SignalAction = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: with SA_SIGINFO the kernel's record is a function of three arguments.
            let function: SignalAction = unsafe { std::mem::transmute(function) };
            function(signal, info, context);
        }
        function => {
            // SAFETY: without SA_SIGINFO the record is a function of one argument.
            let function: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(function) };
            function(signal);
        }
    }
}

fn query(signal: libc::c_int) -> Result<libc::sigaction, i32> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only; the kernel fills `action`.
    if unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    // SAFETY: filled by the kernel, and zeroed before, which is a valid value.
    Ok(unsafe { action.assume_init() })
}

fn arm(signal: libc::c_int) -> Result<(), i32> {
    // SAFETY: all zero is a valid sigaction: no flags, empty mask, default action.
    let mut action = unsafe { MaybeUninit::<libc::sigaction>::zeroed().assume_init() };
    action.sa_sigaction = handler as extern "C" fn(_, _, _) as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: `handler` has the shape that SA_SIGINFO asks for and lives as long as the program.
    if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    Ok(())
}
