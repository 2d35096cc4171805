//! What the cases ask of the system: limits, handlers, threads made by C, and figures from `/proc`.

use std::mem::MaybeUninit;
use std::ptr;

pub(crate) const KIB: usize = 1024;

/// A case that hangs ends by SIGALRM, and none leaves a core file.
pub(crate) fn prepare_child() {
    give_up_in_time();
    limit(libc::RLIMIT_CORE, 0);
}

/// Not inherited by fork, so a forked child says it again.
pub(crate) fn give_up_in_time() {
    // SAFETY: asks for a signal.
    unsafe { libc::alarm(60) };
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

/// Sets a limit of this process.
pub(crate) fn limit(resource: Resource, most: usize) {
    let limit = libc::rlimit {
        rlim_cur: most as u64,
        rlim_max: most as u64,
    };
    // SAFETY: the kernel reads `limit`.
    let refused = unsafe { libc::setrlimit(resource, &raw const limit) };
    assert_eq!(refused, 0, "setrlimit");
}

/// Gives up the capability of root to lock more than `RLIMIT_MEMLOCK` allows, in this thread.
pub(crate) fn obey_lock_limit() {
    const VERSION_3: u32 = 0x2008_0522;
    const IPC_LOCK: u32 = 14;
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    // Effective, permitted, inheritable; of the lower 32 capabilities and of the others.
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: the kernel reads the header and writes two sets of three words.
    let refused = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, &raw mut sets) };
    assert_eq!(refused, 0, "capget");
    sets[0][0] &= !(1 << IPC_LOCK);
    // SAFETY: the kernel reads the header and two sets of three words.
    let refused = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, &raw const sets) };
    assert_eq!(refused, 0, "capset");
}

/// Sets the action for SIGSEGV.
pub(crate) fn set_action(handler: usize, flags: i32) {
    // SAFETY: all zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the handlers of the cases have the shape their flags say.
    let refused = unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) };
    assert_eq!(refused, 0, "sigaction");
}

/// Runs `body` on a thread that Rust did not make, so that nobody gave it an alternate signal stack.
pub(crate) fn on_c_thread(body: fn()) {
    extern "C" fn enter(body: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: made of such a pointer below.
        let body: fn() = unsafe { std::mem::transmute(body) };
        assert!(!has_signal_stack(), "this case is about a thread without");
        body();
        ptr::null_mut()
    }
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    let attributes = ptr::null();
    // SAFETY: `enter` has the shape pthreads want.
    let refused =
        unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, enter, body as *mut _) };
    assert_eq!(refused, 0, "pthread_create");
    // SAFETY: filled in by the call, which has succeeded.
    let thread = unsafe { thread.assume_init() };
    // SAFETY: the thread was just made and is joined once.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
}

/// Runs `body` on a thread of std.
pub(crate) fn on_std_thread(body: fn()) {
    let thread = std::thread::Builder::new().name("itself".into());
    let thread = thread.spawn(body).expect("a thread");
    thread.join().expect("no panic");
}

fn has_signal_stack() -> bool {
    let mut stack = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: asks only; the kernel fills `stack`.
    let refused = unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) };
    assert_eq!(refused, 0, "sigaltstack");
    // SAFETY: filled by the kernel.
    let stack = unsafe { stack.assume_init() };
    stack.ss_flags & libc::SS_DISABLE == 0
}

/// Writes where nothing is.
pub(crate) fn write_to_null() {
    write_to(0);
}

/// Writes a byte, come what may.
#[inline(never)]
pub(crate) fn write_to(address: usize) {
    let byte = ptr::with_exposed_provenance_mut::<u8>(std::hint::black_box(address));
    // SAFETY: not safe at all: it must fault.
    unsafe { byte.write_volatile(1) };
}

/// How many mappings the process has.
pub(crate) fn mappings() -> usize {
    proc("maps").lines().count()
}

/// Whether the address lies in a mapping.
pub(crate) fn is_mapped(address: usize) -> bool {
    proc("maps").lines().any(|line| {
        let range = line.split(' ').next().expect("lines begin with a range");
        let (low, high) = range.split_once('-').expect("a range has two ends");
        let number = |text| usize::from_str_radix(text, 16).expect("a number");
        (number(low)..number(high)).contains(&address)
    })
}

/// A line of `/proc/self/status`, in KiB.
pub(crate) fn status(line: &str) -> usize {
    let text = proc("status");
    let found = text.lines().find_map(|found| found.strip_prefix(line));
    let digits = |c: char| !c.is_ascii_digit();
    let found = found.expect("a known line").trim_matches(digits);
    found.parse().expect("a number")
}

/// Whether a guard costs mappings in this process.
pub(crate) fn guards_are_protections() -> bool {
    let before = mappings();
    let many: Vec<_> = (0..50)
        .map(|_| greenhub::Greenlet::<(), ()>::new(|()| ()))
        .collect();
    let more = mappings() - before;
    drop(many);
    let forced = std::env::var_os(super::GUARD).is_some_and(|value| value == "mprotect");
    assert!(
        !forced || more >= 100,
        "{more} mappings for 50 forced guards"
    );
    assert!(
        more >= 100 || more <= 4,
        "{more} mappings for 50 guards are neither kind"
    );
    more >= 100
}

fn proc(file: &str) -> String {
    std::fs::read_to_string(format!("/proc/self/{file}")).expect("/proc")
}
