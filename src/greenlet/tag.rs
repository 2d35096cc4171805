//! A type's name tag: what a waiting greenlet shows so that nobody hands it a value of another type.
#![forbid(unsafe_code)]

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// Identifies one type. Compared by address first, and by id where two copies of a tag exist.
pub(crate) struct Tag {
    id: TypeId,
    name: fn() -> &'static str,
}

struct TagOf<T>(PhantomData<T>);

impl<T: 'static> TagOf<T> {
    const TAG: Tag = Tag {
        id: TypeId::of::<T>(),
        name: type_name::<T>,
    };
}

impl Tag {
    #[inline(always)]
    pub(crate) const fn of<T: 'static>() -> &'static Tag {
        &TagOf::<T>::TAG
    }

    #[inline(always)]
    pub(crate) fn is<T: 'static>(&'static self) -> bool {
        std::ptr::eq(self, Tag::of::<T>()) || self.id == TypeId::of::<T>()
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

/// The type nobody can send: shown by whoever does not wait for a switch.
pub(crate) enum Nothing {}
