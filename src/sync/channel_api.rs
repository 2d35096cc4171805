//! What the channels of one thread and those between threads have in common: the facts that both ends tell, and iterators.
#![forbid(unsafe_code)]

/// How full a channel is.
pub(super) struct Counts {
    pub(super) len: usize,
    /// Items, and places that are reserved for items.
    pub(super) used: usize,
    /// `usize::MAX` for any number.
    pub(super) capacity: usize,
}

/// What an end tells of its channel. It has a field `channel` with a method `counts`.
macro_rules! channel_end {
    ($End:ident $(: $($bound:tt)+)?) => {
        impl<T $(: $($bound)+)?> $End<T> {
            /// How many items were sent and not received. In a rendezvous channel always zero. Other threads may change the number of
            /// a shared channel at any moment.
            #[must_use]
            pub fn len(&self) -> usize {
                self.channel.counts().len
            }

            /// There is no item in the channel.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// There is no room in the channel. In a rendezvous channel there never is.
            #[must_use]
            pub fn is_full(&self) -> bool {
                let counts = self.channel.counts();
                counts.used >= counts.capacity
            }

            /// The number of items that the channel has room for; `None` if there is no limit.
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                let capacity = self.channel.counts().capacity;
                (capacity != usize::MAX).then_some(capacity)
            }

            /// Both are ends of the same channel.
            #[must_use]
            pub fn same_channel(&self, other: &$End<T>) -> bool {
                std::ptr::addr_eq(&raw const *self.channel, &raw const *other.channel)
            }
        }

        impl<T $(: $($bound)+)?> std::fmt::Debug for $End<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($End))
                    .field("len", &self.channel.counts().len)
                    .finish_non_exhaustive()
            }
        }
    };
}

/// The iterators of the `Receiver` in scope.
macro_rules! channel_iterators {
    ($(: $($bound:tt)+)?) => {
        /// The items of a channel until it is closed: see [`Receiver::iter`].
        #[derive(Debug)]
        pub struct Iter<'a, T $(: $($bound)+)?>(&'a Receiver<T>);

        /// The items that are in a channel now: see [`Receiver::try_iter`].
        #[derive(Debug)]
        pub struct TryIter<'a, T $(: $($bound)+)?>(&'a Receiver<T>);

        /// The items of a channel until it is closed, with the receiver in it.
        #[derive(Debug)]
        pub struct IntoIter<T $(: $($bound)+)?>(Receiver<T>);

        impl<T $(: $($bound)+)?> Receiver<T> {
            /// Iterates over the items until the channel is empty and no sender is left. Its `next` waits, as
            /// [`recv`](Receiver::recv) does. So does a `for` loop over `&receiver`.
            pub fn iter(&self) -> Iter<'_, T> {
                Iter(self)
            }

            /// Iterates over the items that are there, and ends when there is none. Never waits.
            pub fn try_iter(&self) -> TryIter<'_, T> {
                TryIter(self)
            }
        }

        impl<T $(: $($bound)+)?> Iterator for Iter<'_, T> {
            type Item = T;

            #[inline(always)]
            #[track_caller]
            fn next(&mut self) -> Option<T> {
                self.0.recv().ok()
            }
        }

        impl<T $(: $($bound)+)?> Iterator for TryIter<'_, T> {
            type Item = T;

            #[inline]
            fn next(&mut self) -> Option<T> {
                self.0.try_recv().ok()
            }
        }

        impl<T $(: $($bound)+)?> Iterator for IntoIter<T> {
            type Item = T;

            #[inline(always)]
            #[track_caller]
            fn next(&mut self) -> Option<T> {
                self.0.recv().ok()
            }
        }

        impl<T $(: $($bound)+)?> std::iter::FusedIterator for Iter<'_, T> {}
        impl<T $(: $($bound)+)?> std::iter::FusedIterator for IntoIter<T> {}

        impl<'a, T $(: $($bound)+)?> IntoIterator for &'a Receiver<T> {
            type Item = T;
            type IntoIter = Iter<'a, T>;

            fn into_iter(self) -> Iter<'a, T> {
                self.iter()
            }
        }

        impl<T $(: $($bound)+)?> IntoIterator for Receiver<T> {
            type Item = T;
            type IntoIter = IntoIter<T>;

            fn into_iter(self) -> IntoIter<T> {
                IntoIter(self)
            }
        }
    };
}

pub(super) use {channel_end, channel_iterators};
