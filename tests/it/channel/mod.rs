//! Channels of one thread, and select.

mod ends;
mod extras;
mod matching;
mod rendezvous;
mod select;
mod select_operations;
mod sending;
mod storms;
mod waits;
