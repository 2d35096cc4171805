//! Iterators over what comes out of a channel.
#![forbid(unsafe_code)]

use std::fmt;
use std::iter::FusedIterator;

use super::Receiver;

/// What a channel brings until it is closed: see [`Receiver::iter`].
pub struct Iter<'a, T>(&'a Receiver<T>);

/// What there is in a channel now: see [`Receiver::try_iter`].
pub struct TryIter<'a, T>(&'a Receiver<T>);

/// What a channel brings until it is closed, with the receiver in it.
pub struct IntoIter<T>(Receiver<T>);

impl<T> Receiver<T> {
    /// Gives each item that comes, and ends when the channel is empty and no sender is left. Its `next` waits, as
    /// [`recv`](Receiver::recv) does. So does a `for` loop over `&receiver`.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Gives each item that is there, and ends when there is none. Never waits.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[inline(always)]
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[inline(always)]
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for IntoIter<T> {}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryIter").field(self.0).finish()
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0).finish()
    }
}
