//! Iterators over the items of a channel between threads.
#![forbid(unsafe_code)]

use crate::sync::channel_api::channel_iterators;

channel_iterators!(: Send + 'static);
