//! On paper: who owns whom, and what goes with the last handle.

use std::collections::VecDeque;

use super::{Handle, Life, Model, Stage};
use crate::random::greenlets::script::{Body, Kind, MAIN, Target, Temper};

impl Model {
    pub(super) fn add(&mut self, stage: Stage, parent: Option<usize>, starts: Kind) -> usize {
        self.lives.push(Life {
            stage,
            parent,
            owners: 0,
            starts,
            ends: starts,
            temper: Temper::Careless,
            has_swallowed: false,
            pocket: VecDeque::new(),
            wait: None,
            unwinder: None,
            kills: false,
        });
        self.lives.len() - 1
    }

    /// Gives it a body, and the stack for it.
    pub(super) fn dress(&mut self, number: usize, body: Body) {
        let kept = self.kept(body);
        let life = &mut self.lives[number];
        life.ends = body.ends;
        life.temper = body.temper;
        life.pocket.extend(kept);
        self.stacks += 1;
    }

    /// The handle that the body takes along.
    pub(super) fn kept(&mut self, body: Body) -> Option<Handle> {
        let kept = self.slots[body.keeps?]?;
        self.hold(kept);
        Some(kept)
    }

    pub(super) fn find(&self, target: Target) -> Option<Handle> {
        let me = self.running();
        let (to, owns) = match target {
            Target::Slot(at) => return self.slots[at],
            Target::Me => (me, true),
            Target::Main => (MAIN, true),
            Target::Parent => (self.lives[me].parent?, false),
        };
        Some(Handle { to, owns })
    }

    pub(super) fn own(&mut self, number: usize) -> Handle {
        let handle = Handle {
            to: number,
            owns: true,
        };
        self.hold(handle);
        handle
    }

    pub(super) fn hold(&mut self, handle: Handle) {
        self.lives[handle.to].owners += usize::from(handle.owns);
    }

    pub(super) fn put(&mut self, at: usize, handle: Option<Handle>) {
        if let Some(old) = std::mem::replace(&mut self.slots[at], handle) {
            self.release(old);
        }
    }

    /// One handle less. The last one ends what is not on the chain; who is on it, is ended when it leaves it.
    pub(super) fn release(&mut self, handle: Handle) {
        if !handle.owns {
            return;
        }
        let life = &mut self.lives[handle.to];
        life.owners -= 1;
        if life.owners == 0 && !self.chain.contains(&handle.to) {
            self.end_from_outside(handle.to);
        }
    }

    /// Its body goes, and what that owns.
    pub(super) fn drop_body(&mut self, number: usize) {
        self.say(number, "over");
        while let Some(handle) = self.lives[number].pocket.pop_front() {
            self.release(handle);
        }
    }

    /// Drops what is left, as the real program does.
    pub(super) fn clear(&mut self) {
        for at in 0..self.slots.len() {
            self.put(at, None);
        }
        for number in 0..self.lives.len() {
            for handle in std::mem::take(&mut self.lives[number].pocket) {
                self.release(handle);
            }
        }
        self.drop_body(MAIN);
        self.say_states();
        self.log.push("0 bodies and 0 values are left".into());
    }
}
