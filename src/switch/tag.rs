//! A type's name tag: what a waiting greenlet shows so that nobody hands it a value of another type.
#![forbid(unsafe_code)]

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// Identifies one type. Compared by address first, and by id where two copies of a tag exist.
pub(crate) struct TypeTag {
    id: TypeId,
    name: fn() -> &'static str,
}

struct TypeTagOf<T>(PhantomData<T>);

impl<T: 'static> TypeTagOf<T> {
    const TAG: TypeTag = TypeTag {
        id: TypeId::of::<T>(),
        name: type_name::<T>,
    };
}

impl TypeTag {
    #[inline(always)]
    pub(crate) const fn of<T: 'static>() -> &'static TypeTag {
        &TypeTagOf::<T>::TAG
    }

    #[inline(always)]
    pub(crate) fn is<T: 'static>(&'static self) -> bool {
        std::ptr::eq(self, TypeTag::of::<T>()) || self.id == TypeId::of::<T>()
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

/// The type nobody can send: shown by whoever does not wait for a switch.
pub(crate) enum Never {}
