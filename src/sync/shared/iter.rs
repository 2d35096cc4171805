//! Iterators over what a receiver gets.
#![forbid(unsafe_code)]

use std::iter::FusedIterator;

use super::channel::Receiver;

/// What [`Receiver::iter`] gives.
#[derive(Debug)]
pub struct Iter<'a, T: Send + 'static> {
    pub(super) receiver: &'a Receiver<T>,
}

/// What [`Receiver::try_iter`] gives.
#[derive(Debug)]
pub struct TryIter<'a, T: Send + 'static> {
    pub(super) receiver: &'a Receiver<T>,
}

/// What a receiver becomes in a `for` loop.
#[derive(Debug)]
pub struct IntoIter<T: Send + 'static> {
    receiver: Receiver<T>,
}

impl<T: Send + 'static> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T: Send + 'static> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T: Send + 'static> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T: Send + 'static> FusedIterator for Iter<'_, T> {}
impl<T: Send + 'static> FusedIterator for IntoIter<T> {}

impl<'a, T: Send + 'static> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Send + 'static> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}
