//! The handle by which a callback is taken back.
#![forbid(unsafe_code)]

use std::fmt;

use super::record::TaskData;
use crate::switch::counted::RecordRef;

/// A callback that was added to a task; it can be taken back with this. Dropping this leaves the callback there.
#[must_use = "dropping it changes nothing; `let _ =` says that it is meant to stay"]
pub struct Callback<T: 'static> {
    record: RecordRef<TaskData<T>>,
    number: u64,
}

impl<T: 'static> Callback<T> {
    pub(super) fn new(record: RecordRef<TaskData<T>>, number: u64) -> Callback<T> {
        Callback { record, number }
    }

    /// Takes the callback back, and drops it. False if it was called before, or is being called.
    pub fn remove(self) -> bool {
        self.record.trailer.remove_callback(self.number).is_some()
    }
}

impl<T: 'static> fmt::Debug for Callback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}
