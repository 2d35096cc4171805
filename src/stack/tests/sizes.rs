//! Sizes are rounded up to a class; errors say what happened.
#![forbid(unsafe_code)]

use super::super::class::{DEFAULT_STACK_SIZE, MAX_STACK_SIZE, MIN_STACK_SIZE, PAGE, SizeClass};
use super::super::{PooledStack, take};
use super::KIB;
use crate::error::StackError;
use std::error::Error;

#[test]
fn a_size_is_rounded_up_to_the_next_class() {
    let rounded = |size| SizeClass::for_size(size).map(SizeClass::usable);
    for (size, usable) in [
        (0, 32),
        (1, 32),
        (32, 32),
        (33, 64),
        (64, 64),
        (65, 128),
        (128, 128),
        (129, 192),
    ] {
        assert_eq!(rounded(size * KIB), Some(usable * KIB), "{size} KiB");
    }
    for (size, usable) in [
        (192, 192),
        (193, 256),
        (256, 256),
        (257, 512),
        (513, 1024),
        (1025, 2048),
    ] {
        assert_eq!(rounded(size * KIB), Some(usable * KIB), "{size} KiB");
    }
    assert_eq!(rounded(DEFAULT_STACK_SIZE + 1), Some(256 * KIB));
    assert_eq!(rounded(MAX_STACK_SIZE), Some(MAX_STACK_SIZE));
    assert_eq!(rounded(MAX_STACK_SIZE + 1), None);
    assert_eq!(rounded(usize::MAX), None);
}

#[test]
fn every_class_is_listed_once_and_finds_itself() {
    let classes: Vec<_> = (0..).map_while(SizeClass::at).collect();
    assert_eq!(classes.len(), SizeClass::COUNT);
    assert_eq!(classes[0].usable(), MIN_STACK_SIZE);
    assert_eq!(classes[SizeClass::COUNT - 1].usable(), MAX_STACK_SIZE);
    assert!(
        classes
            .windows(2)
            .all(|pair| pair[0].usable() < pair[1].usable())
    );
    for class in classes {
        assert_eq!(SizeClass::for_size(class.usable()), Some(class));
    }
}

#[test]
fn colours_take_nothing_from_the_promised_size_and_find_their_slot() {
    for class in (0..).map_while(SizeClass::at) {
        for number in 0..70 {
            let low = 1 << 40;
            let base = SizeClass::base(number, low + class.stride());
            assert_eq!(class.low(base), low);
            assert_eq!(base % 64, 0);
            assert!(base - (low + super::GUARD) >= class.usable());
        }
        assert_eq!(
            class.stride() / PAGE % 2,
            1,
            "an even number of pages from slot to slot"
        );
    }
}

#[test]
fn too_large_a_size_is_an_error_that_names_the_largest() {
    let error = take(MAX_STACK_SIZE + 1).expect_err("too large");
    assert!(
        matches!(error, StackError::TooLarge { requested, .. } if requested == MAX_STACK_SIZE + 1)
    );
    assert_eq!(
        error.to_string(),
        "a stack of 1073741825 bytes was asked for, the largest has 1073741824"
    );
    assert!(error.source().is_none());
}

#[test]
fn the_largest_stack_can_be_had_and_the_rest_goes_on() -> Result<(), StackError> {
    let large = take(MAX_STACK_SIZE)?;
    let other = take(MAX_STACK_SIZE)?;
    assert_ne!(large.view_base(), other.view_base());
    take(0)?;
    Ok(())
}

impl PooledStack {
    fn view_base(&self) -> usize {
        corosensei::stack::Stack::base(self).get()
    }
}

/// Compiles only while a stack is neither `Send` nor `Sync`: otherwise two impls would fit.
#[test]
fn a_stack_stays_on_its_thread() {
    trait Neither<Which> {
        const OK: bool = true;
    }
    struct AsSend;
    struct AsSync;
    impl<T> Neither<()> for T {}
    impl<T: Send> Neither<AsSend> for T {}
    impl<T: Sync> Neither<AsSync> for T {}
    const { assert!(<PooledStack as Neither<_>>::OK) };
}
