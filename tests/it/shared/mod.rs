//! What threads share: channels, events, results, and offloaded work.

mod channel;
mod events;
mod offload;
mod stress;
mod waits;
