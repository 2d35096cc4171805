//! Generators: items, inputs, ends, panics.

mod ends;
mod greenlets;
mod misuse;
mod panics;
mod resuming;
