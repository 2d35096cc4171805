//! On paper: what the log has.

use std::fmt;

use super::{Handle, Model, Payload, Refusal, Stage};
use crate::random::greenlets::value::show;

impl Model {
    pub(super) fn say(&mut self, who: usize, word: impl fmt::Display) {
        self.log.push(format!("{who} {word}"));
    }

    pub(super) fn next_number(&mut self) -> u32 {
        self.sent += 1;
        self.sent
    }

    pub(super) fn say_states(&mut self) {
        let state = |slot: Option<Handle>| match slot {
            None => "-".to_string(),
            Some(Handle { to, .. }) => {
                let state = match self.lives[to].stage {
                    Stage::Declared | Stage::Unstarted => "pending",
                    Stage::Dead => "dead",
                    Stage::Started if self.running() == to => "current",
                    Stage::Started if self.chain.contains(&to) => "active",
                    Stage::Started => "suspended",
                };
                format!("{to} {state} of {:?}", self.lives[to].parent)
            }
        };
        let states = self.slots.map(state).join(", ");
        self.log.push(format!("{states}; {} stacks", self.stacks));
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Stone(number) => write!(f, "stone {number}"),
            Payload::Text(text) => f.write_str(text),
            Payload::Kill => f.write_str("its kill"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Dead => f.write_str("dead"),
            Refusal::Undefined => f.write_str("undefined"),
            Refusal::WaitsFor(kind) => write!(f, "it waits for {}", show(*kind, "")),
            Refusal::NotWaiting => f.write_str("not waiting"),
            Refusal::Panicking => f.write_str("panicking"),
            Refusal::Forbidden(place) => write!(f, "forbidden {place:?}"),
            Refusal::Main => f.write_str("main"),
            Refusal::Kills => f.write_str("kills"),
        }
    }
}
