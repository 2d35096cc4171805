//! Reports a stack overflow: one line on standard error names the greenlet, then the process aborts.
//!
//! ```text
//! greenlet "worker 3" overflowed its stack (192 KiB), made at src/main.rs:12:5
//! greenlet 17 overflowed its stack (192 KiB), made at src/main.rs:14:5
//! a generator overflowed its stack (192 KiB), made at src/main.rs:16:5
//! ```
//!
//! A fault is an overflow when the address lies in the guard of a slot of the same thread *and* the stack pointer
//! lies in that slot: a stray pointer into a guard is an ordinary segmentation fault.
//! Everything here but `describe` runs in signal context.

use super::registry;
use crate::sys::fault::{self, Fault};
use crate::sys::output;
use std::io;
use std::panic::Location;

/// What to call a stack's owner. The owner keeps it, unchanged, and the fault handler reads it.
#[derive(Debug)]
pub(crate) struct Description {
    /// Zero: it is a generator, which has none.
    pub(crate) id: u64,
    /// Behind one pointer: few owners have one.
    pub(crate) name: Option<Box<Box<str>>>,
    pub(crate) made_at: &'static Location<'static>,
}

impl Description {
    pub(crate) fn of_generator(made_at: &'static Location<'static>) -> Description {
        Description {
            id: 0,
            name: None,
            made_at,
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().map(|name| &**name)
    }
}

/// Installs the fault handler, once for the process.
pub(super) fn install_handler() -> io::Result<()> {
    fault::install(on_fault)
}

/// Returns unless the fault is a greenlet's overflow.
fn on_fault(fault: Fault) {
    let Some(hit) = registry::find_guard(fault.address) else {
        return;
    };
    if fault
        .stack_pointer
        .is_some_and(|sp| !(hit.low..=hit.high).contains(&sp))
    {
        return;
    }
    // SAFETY: null, or a record that lives as long as its owner (contract of `PooledStack::describe`).
    let description = unsafe { hit.description.as_ref() };
    let mut line = FaultMessage::new();
    line.sentence(description, hit.usable);
    output::write_to_stderr(line.text());
    std::process::abort();
}

/// A line put together without allocating; what does not fit is cut off.
struct FaultMessage {
    bytes: [u8; FaultMessage::SIZE],
    len: usize,
}

impl FaultMessage {
    const SIZE: usize = 768;
    const LONGEST_NAME: usize = 200;

    const fn new() -> FaultMessage {
        FaultMessage {
            bytes: [0; FaultMessage::SIZE],
            len: 0,
        }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn sentence(&mut self, owner: Option<&Description>, usable: usize) {
        match owner {
            None => self.push(b"a greenlet"),
            Some(Description { id: 0, .. }) => self.push(b"a generator"),
            Some(owner) => {
                self.push(b"greenlet ");
                match owner.name() {
                    None => self.number(owner.id),
                    Some(name) => {
                        let name = name.as_bytes();
                        self.push(b"\"");
                        self.push(&name[..name.len().min(FaultMessage::LONGEST_NAME)]);
                        self.push(if name.len() > FaultMessage::LONGEST_NAME {
                            b"...\""
                        } else {
                            b"\""
                        });
                    }
                }
            }
        }
        self.push(b" overflowed its stack (");
        self.number((usable / 1024) as u64);
        self.push(b" KiB)");
        if let Some(place) = owner.map(|owner| owner.made_at) {
            self.push(b", made at ");
            self.push(place.file().as_bytes());
            self.push(b":");
            self.number(place.line().into());
            self.push(b":");
            self.number(place.column().into());
        }
        let end = self.len.min(FaultMessage::SIZE - 1);
        self.bytes[end] = b'\n';
        self.len = end + 1;
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = if byte.is_ascii_control() { b'?' } else { *byte };
                self.len += 1;
            }
        }
    }

    fn number(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }
}

#[cfg(test)]
mod tests {
    use super::{Description, FaultMessage};
    use std::panic::Location;

    fn said(owner: Option<&Description>) -> String {
        let mut line = FaultMessage::new();
        line.sentence(owner, 192 * 1024);
        String::from_utf8_lossy(line.text()).into_owned()
    }

    fn owner(name: Option<&str>) -> Description {
        Description {
            id: 17,
            name: name.map(|name| Box::new(name.into())),
            made_at: Location::caller(),
        }
    }

    #[test]
    fn a_line_names_the_owner_as_well_as_it_can() {
        assert_eq!(said(None), "a greenlet overflowed its stack (192 KiB)\n");
        let nameless = owner(None);
        let place = nameless.made_at;
        let line = format!("greenlet 17 overflowed its stack (192 KiB), made at {place}\n");
        assert_eq!(said(Some(&nameless)), line);
        let generator = Description::of_generator(place);
        let line = format!("a generator overflowed its stack (192 KiB), made at {place}\n");
        assert_eq!(said(Some(&generator)), line);
        let named = said(Some(&owner(Some("a\x1b\nb"))));
        assert!(
            named.starts_with("greenlet \"a??b\" overflowed its stack (192 KiB), made at "),
            "{named}"
        );
    }

    #[test]
    fn a_name_too_long_is_cut_and_the_line_still_ends() {
        let owner = owner(Some(&"x".repeat(10_000)));
        let said = said(Some(&owner));
        assert!(
            said.contains("xxx...\" overflowed its stack (192 KiB), made at "),
            "{said}"
        );
        assert!(said.ends_with(&format!("{}\n", owner.made_at)), "{said}");
    }
}
