//! An arena whose keys carry a generation, so a stale key finds nothing.
//!
//! ```text
//!        entries                                after remove(b), remove(a)
//!   0    generation 1  value a          ->      generation 2  next 1      <- free
//!   1    generation 4  value b          ->      generation 5  next NONE
//!   2    generation 1  value c          ->      generation 1  value c
//! ```
//!
//! The vacant entries form a list, last out first in, so a hot loop stays on one
//! entry. No entry uses a generation twice: when its generations have run out, it is
//! left off the list for good. Memory is kept until the arena is dropped.
#![forbid(unsafe_code)]

/// Values of type `T`, each found by the key that `insert` gave out.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    entries: Vec<SlotEntry<T>>,
    /// First vacant entry, or `NONE`.
    free: u32,
}

/// Names one value in one arena, until that value is removed.
///
/// As bits, neither 0 nor `u64::MAX` is ever a key: both are free for other use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
struct SlotEntry<T> {
    /// The generation of the value, or of the next one while the entry is vacant.
    generation: u32,
    /// The next vacant entry, while this one is vacant.
    next: u32,
    value: Option<T>,
}

/// The end of the free list; never the index of an entry.
const NONE: u32 = u32::MAX;

const FIRST_GENERATION: u32 = 1;
const LAST_GENERATION: u32 = u32::MAX;

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Slots {
            entries: Vec::new(),
            free: NONE,
        }
    }

    /// Stores `value` and gives the key to it.
    ///
    /// # Panics
    ///
    /// When all 2^32 - 1 entries are in use.
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> Key {
        if self.free == NONE {
            self.grow_slow();
        }
        let index = self.free;
        let entry = &mut self.entries[index as usize];
        entry.value = Some(value);
        self.free = entry.next;
        let generation = entry.generation;
        Key { index, generation }
    }

    /// Takes out the value of `key`; `None` if it is gone already.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.generation != key.generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = key.generation.wrapping_add(1);
        entry.next = self.free;
        if key.generation != LAST_GENERATION {
            self.free = key.index;
        }
        Some(value)
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let entry = self.entries.get(key.index as usize)?;
        let value = entry.value.as_ref();
        value.filter(|_| entry.generation == key.generation)
    }

    #[cfg(test)]
    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        let value = entry.value.as_mut();
        value.filter(|_| entry.generation == key.generation)
    }

    /// The key of the value at `index`, if the entry has one.
    #[inline]
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        let entry = self.entries.get(index as usize)?;
        let generation = entry.generation;
        entry.value.as_ref().map(|_| Key { index, generation })
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every value with its key, by index, which is no order of time.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(&self.entries).filter_map(|(index, entry)| {
            let generation = entry.generation;
            let value = entry.value.as_ref()?;
            Some((Key { index, generation }, value))
        })
    }

    /// Bytes of all entries, in use or not.
    #[cfg(test)]
    pub(crate) fn allocated_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<SlotEntry<T>>()
    }

    /// Adds one vacant entry to an empty free list.
    #[cold]
    #[inline(never)]
    fn grow_slow(&mut self) {
        assert!(self.entries.len() < NONE as usize, "too many slots");
        self.free = self.entries.len() as u32;
        let entry = SlotEntry {
            generation: FIRST_GENERATION,
            next: NONE,
            value: None,
        };
        push_tight(&mut self.entries, entry);
    }
}

impl Key {
    /// The index in the low half, the generation in the high half.
    #[inline]
    pub(crate) const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// All bits are valid: bits of no value make a key that finds nothing.
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Key {
        Key {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

/// Pushes, growing a full `vec` by an eighth where its own push would double it.
#[inline]
pub(crate) fn push_tight<T>(vec: &mut Vec<T>, value: T) {
    if vec.len() == vec.capacity() {
        widen_slow(vec);
    }
    vec.push(value);
}

#[cold]
#[inline(never)]
fn widen_slow<T>(vec: &mut Vec<T>) {
    vec.reserve_exact((vec.len() / 8).max(8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slots = Slots::new();
        let old = slots.insert("old");
        assert_eq!(slots.remove(old), Some("old"));
        let new = slots.insert("new");
        assert_eq!(new.index, old.index);
        assert_eq!(slots.get(old), None);
        assert_eq!(slots.get_mut(old), None);
        assert_eq!(slots.remove(old), None);
        assert_eq!(slots.get(new), Some(&"new"));
    }

    #[test]
    fn the_last_removed_entry_is_used_first() {
        let mut slots = Slots::new();
        let keys = [0, 1, 2].map(|value| slots.insert(value));
        for key in keys {
            slots.remove(key);
        }
        let indexes = [0, 1, 2, 3].map(|value| slots.insert(value).index);
        assert_eq!(indexes, [2, 1, 0, 3]);
    }

    #[test]
    fn an_entry_out_of_generations_is_retired() {
        let mut slots = Slots::new();
        let other = slots.insert('a');
        slots.remove(other);
        slots.entries[0].generation = LAST_GENERATION;
        let last = slots.insert('b');
        assert_eq!((last.index, last.generation), (0, LAST_GENERATION));
        assert_eq!(slots.remove(last), Some('b'));
        assert_eq!(slots.insert('c').index, 1);
        assert_eq!(slots.get(last), None);
        assert_eq!(slots.get(other), None);
        assert_eq!(slots.len(), 1);
    }

    #[test]
    fn bits_carry_a_key_and_two_values_are_never_one() {
        let mut slots = Slots::new();
        let key = slots.insert(());
        assert_eq!(key.to_bits(), 1 << 32);
        assert_eq!(Key::from_bits(key.to_bits()), key);
        assert_eq!(slots.get(Key::from_bits(0)), None);
        assert_eq!(slots.get(Key::from_bits(u64::MAX)), None);
    }

    #[test]
    fn an_entry_costs_eight_bytes_over_its_value() {
        assert_eq!(size_of::<SlotEntry<(Box<()>, u64)>>(), 24);
        assert_eq!(
            size_of::<SlotEntry<[u64; 2]>>(),
            32,
            "no niche to say None with"
        );
        assert_eq!(size_of::<Key>(), 8);
    }

    #[derive(Clone, Debug)]
    enum SlotOp {
        Insert(u16),
        Get(usize),
        Change(usize, u16),
        Remove(usize),
    }

    fn any_step() -> impl Strategy<Value = SlotOp> {
        prop_oneof![
            3 => any::<u16>().prop_map(SlotOp::Insert),
            1 => any::<usize>().prop_map(SlotOp::Get),
            1 => (any::<usize>(), any::<u16>()).prop_map(|(at, value)| SlotOp::Change(at, value)),
            2 => any::<usize>().prop_map(SlotOp::Remove),
        ]
    }

    proptest! {
        /// Steps pick any key ever given out, so most of them are stale in the end.
        #[test]
        fn slots_behave_like_a_map(steps in prop::collection::vec(any_step(), 1..400)) {
            let mut slots = Slots::new();
            let mut model = HashMap::new();
            let mut keys = vec![Key::from_bits(0), Key::from_bits(u64::MAX)];
            for step in steps {
                match step {
                    SlotOp::Insert(value) => {
                        let key = slots.insert(value);
                        prop_assert!(!keys.contains(&key), "{key:?} given out twice");
                        keys.push(key);
                        model.insert(key, value);
                    }
                    SlotOp::Get(at) => {
                        let key = keys[at % keys.len()];
                        prop_assert_eq!(slots.get(key), model.get(&key));
                        let live = slots.key_at(key.index);
                        prop_assert_eq!(live == Some(key), model.contains_key(&key));
                    }
                    SlotOp::Change(at, value) => {
                        let key = keys[at % keys.len()];
                        let ours = slots.get_mut(key).map(|old| std::mem::replace(old, value));
                        let theirs = model.get_mut(&key).map(|old| std::mem::replace(old, value));
                        prop_assert_eq!(ours, theirs);
                    }
                    SlotOp::Remove(at) => {
                        let key = keys[at % keys.len()];
                        prop_assert_eq!(slots.remove(key), model.remove(&key));
                    }
                }
                prop_assert_eq!(slots.len(), model.len());
                prop_assert_eq!(slots.is_empty(), model.is_empty());
            }
            let all: HashMap<_, _> = slots.iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(all, model);
        }
    }
}
