//! Where on which stack the running code is: its stack pointer.

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
use std::arch::asm;

/// The stack pointer of the function that this is inlined into.
///
/// The register itself and not the address of a local: AddressSanitizer puts locals elsewhere.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let here: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: copies a register, and touches nothing else.
    unsafe {
        asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
    }
    #[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
    // SAFETY: copies a register, and touches nothing else.
    unsafe {
        #[cfg(target_arch = "aarch64")]
        asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "riscv64")]
        asm!("mv {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
    }
    here
}

/// An address in the frame of the function that this is inlined into.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let here = 0_u8;
    std::hint::black_box(&raw const here).addr()
}
