//! Real coroutines on pooled stacks.

use super::super::{PooledStack, measure_all, stats, take};
use super::KIB;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

type OnPool = Coroutine<usize, usize, usize, PooledStack>;

fn start(
    usable: usize,
    body: impl FnOnce(&Yielder<usize, usize>, usize) -> usize + 'static,
) -> OnPool {
    Coroutine::with_stack(take(usable).expect("there is memory"), body)
}

fn value(result: CoroutineResult<usize, usize>) -> usize {
    match result {
        CoroutineResult::Yield(value) | CoroutineResult::Return(value) => value,
    }
}

/// Recurses until its frames reach `bytes` below the first one.
fn dig(bytes: usize) -> usize {
    #[inline(never)]
    fn deeper(until: usize) -> usize {
        let frame = black_box([1_u8; 256]);
        let here = (&raw const frame).addr();
        if here > until {
            deeper(until) + usize::from(frame[here % 256])
        } else {
            0
        }
    }
    let here = black_box(0_u8);
    deeper((&raw const here).addr() - bytes)
}

fn in_use(usable: usize) -> usize {
    stats()
        .classes
        .iter()
        .find(|class| class.usable_size == usable)
        .map_or(0, |class| class.in_use)
}

#[test]
fn a_thousand_coroutines_take_turns() {
    let mut all: Vec<_> = (0..1000)
        .map(|number| {
            start(192 * KIB, move |yielder, first| {
                (0..9).fold(first, |sum, _| yielder.suspend(sum + number))
            })
        })
        .collect();
    assert_eq!(in_use(192 * KIB), 1000);
    for round in 0..10 {
        for (number, one) in all.iter_mut().enumerate() {
            let expected = if round < 9 { round + number } else { round };
            assert_eq!(value(one.resume(round)), expected);
        }
    }
    assert!(all.iter().all(Coroutine::done));
    drop(all);
    assert_eq!(in_use(192 * KIB), 0);
    assert_eq!(stats().classes[0].high_water, 1000);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer puts locals elsewhere, so `dig` finds no end"
)]
fn a_stack_is_as_large_as_it_says() {
    for usable in [
        32 * KIB,
        64 * KIB,
        128 * KIB,
        192 * KIB,
        256 * KIB,
        1024 * KIB,
    ] {
        let mut one = start(usable, move |_, _| dig(usable - 4 * KIB));
        one.resume(0);
        assert!(one.done());
        drop(one.into_stack());
    }
}

#[test]
fn the_stack_given_back_last_is_taken_first() {
    let mut one = start(0, |_, _| 1);
    one.resume(0);
    let stack = one.into_stack();
    let base = corosensei::stack::Stack::base(&stack);
    drop(stack);
    assert_eq!(
        corosensei::stack::Stack::base(&take(0).expect("one is idle")),
        base
    );
}

#[test]
fn a_panic_and_a_forced_unwind_give_the_stack_back() {
    struct Noted(Rc<Cell<usize>>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let dropped = Rc::new(Cell::new(0));
    let noted = Noted(dropped.clone());
    let mut suspended = start(64 * KIB, move |yielder, _| {
        let _noted = noted;
        yielder.suspend(1)
    });
    suspended.resume(0);
    drop(suspended);
    assert_eq!(dropped.get(), 1);
    let noted = Noted(dropped.clone());
    let mut panics = start(64 * KIB, move |_, _| {
        let _noted = noted;
        std::panic::resume_unwind(Box::new(42_u32))
    });
    let payload = catch_unwind(AssertUnwindSafe(|| panics.resume(0))).expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&42_u32));
    drop(panics);
    assert_eq!(dropped.get(), 2);
    assert_eq!(in_use(64 * KIB), 0);
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer puts locals elsewhere, so `dig` finds no end"
)]
fn used_bytes_follow_the_depth_and_the_class_remembers() {
    let stack = take(512 * KIB).expect("there is memory");
    let view = stack.view();
    // SAFETY: the coroutine below owns the stack until this function ends.
    let used = || unsafe { view.used() };
    assert_eq!(used(), 0);
    let mut one: OnPool = Coroutine::with_stack(stack, |yielder, _| {
        yielder.suspend(0);
        yielder.suspend(dig(100 * KIB));
        0
    });
    one.resume(0);
    let shallow = used();
    assert!((KIB..16 * KIB).contains(&shallow), "{shallow}");
    one.resume(0);
    let deep = used();
    assert!((90 * KIB..140 * KIB).contains(&deep), "{deep}");
    let class = |usable| {
        stats()
            .classes
            .into_iter()
            .find(|class| class.usable_size == usable)
    };
    assert_eq!(class(512 * KIB).map(|class| class.deepest), Some(deep));
    let mut other = start(256 * KIB, |_, _| dig(200 * KIB));
    other.resume(0);
    assert_eq!(class(256 * KIB).map(|class| class.deepest), Some(0));
    measure_all();
    assert!(class(256 * KIB).is_some_and(|class| class.deepest > 180 * KIB));
}

#[test]
fn a_leaked_stack_is_counted_and_never_comes_back() {
    let stack = take(128 * KIB).expect("there is memory");
    let base = corosensei::stack::Stack::base(&stack);
    // SAFETY: it is forgotten next, so never given back.
    unsafe { stack.view().leak() };
    std::mem::forget(stack);
    let class = stats()
        .classes
        .into_iter()
        .find(|class| class.usable_size == 128 * KIB);
    let class = class.expect("the class was used");
    assert_eq!((class.in_use, class.idle, class.leaked), (0, 0, 1));
    let others: Vec<_> = (0..1000)
        .map(|_| take(128 * KIB).expect("there is memory"))
        .collect();
    assert!(
        others
            .iter()
            .all(|stack| corosensei::stack::Stack::base(stack) != base)
    );
}

#[test]
fn threads_have_pools_of_their_own() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..50 {
                    let mut all: Vec<_> = (0..100)
                        .map(|n| start(0, move |y, m| y.suspend(n + m)))
                        .collect();
                    for (n, one) in all.iter_mut().enumerate() {
                        assert_eq!(value(one.resume(1)), n + 1);
                    }
                }
                stats()
            })
        })
        .collect();
    for thread in threads {
        let stats = thread.join().expect("no panic");
        assert_eq!((stats.slabs(), stats.in_use(), stats.idle()), (1, 0, 100));
    }
}
