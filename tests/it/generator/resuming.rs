//! Generators: values out, values in, the order of events, and generators inside generators.

use std::rc::Rc;

use greenhub::generator::{Builder, Generator, Step, Yielder};
use greenhub::{SpawnError, stack};

use crate::support::{Census, Log, caught, panic_text};

#[test]
fn nothing_runs_until_somebody_asks() {
    let log = Log::new();
    let mut generator = Generator::new({
        let log = log.clone();
        move |y| {
            log.say("one");
            y.yield_(1);
            log.say("two");
            y.yield_(2);
            log.say("end");
        }
    });
    assert!(!generator.is_started() && !generator.is_finished());
    log.check([]);
    assert_eq!(generator.next(), Some(1));
    assert!(generator.is_started() && !generator.is_finished());
    log.check(["one"]);
    assert_eq!(generator.next(), Some(2));
    log.check(["two"]);
    assert_eq!(generator.next(), None);
    assert!(generator.is_started() && generator.is_finished());
    log.check(["end"]);
}

#[test]
fn after_the_end_there_is_none_for_ever() {
    let mut generator = Generator::new(|y| y.yield_(1));
    assert_eq!(generator.by_ref().count(), 1);
    for _ in 0..3 {
        assert_eq!(generator.next(), None);
    }
    let mut other = Generator::with_input(|_: &Yielder<(), Rc<u8>>, first| first);
    let value = Rc::new(7);
    assert_eq!(other.send(value.clone()), Step::Returned(value.clone()));
    let error = other.try_send(value.clone()).unwrap_err();
    assert_eq!(error.to_string(), "the generator has ended");
    assert!(Rc::ptr_eq(&error.into_value(), &value));
    let text = panic_text(|| other.send(value.clone()));
    assert!(
        text.starts_with("the generator made at tests/it/generator/resuming.rs:")
            && text.ends_with(" has ended")
    );
    assert_eq!(Rc::strong_count(&value), 1, "nothing kept");
}

#[test]
fn send_brings_inputs_and_takes_the_return_value() {
    let mut sum = Generator::with_input(|y, first: u64| {
        let mut sum = first;
        while sum < 100 {
            sum += y.yield_(sum);
        }
        format!("{sum} at last")
    });
    assert_eq!(sum.send(1), Step::Yielded(1));
    assert_eq!(sum.send(2).yielded(), Some(3));
    assert_eq!(sum.send(97).returned().as_deref(), Some("100 at last"));
}

/// Yields each of `values` for one like it, and hands the first back.
fn exchanges<T: Clone + PartialEq + std::fmt::Debug + 'static>(values: Vec<T>) {
    // Without the optimiser a value of 4000 bytes is copied many times.
    let builder = Generator::builder().stack_size(1 << 20);
    let generator = builder.build_with_input({
        let values = values.clone();
        move |y, first: T| {
            for value in values {
                assert_eq!(y.yield_(value.clone()), value);
            }
            first
        }
    });
    let mut generator = generator.unwrap();
    let first = values[0].clone();
    let mut step = generator.send(first.clone());
    for value in values {
        assert_eq!(step, Step::Yielded(value.clone()));
        step = generator.send(value);
    }
    assert_eq!(step, Step::Returned(first));
}

#[test]
fn values_of_all_sizes_come_through_as_they_were() {
    #[derive(Clone, PartialEq, Debug)]
    #[repr(align(256))]
    struct Aligned(u8);

    exchanges(vec![()]);
    exchanges(vec![true, false]);
    exchanges(vec![0_u8, 255]);
    exchanges(vec![u64::MAX, 0]);
    exchanges(vec![u128::MAX, 1]);
    exchanges(vec![Some(Box::new(1)), None]);
    exchanges(vec![String::from("a"), String::new()]);
    exchanges(vec![[7_u64; 500], [8; 500]]);
    exchanges(vec![Aligned(1), Aligned(2)]);
    exchanges(vec![(), (), ()]);
}

#[test]
fn every_value_is_dropped_once() {
    let census = Census::new();
    for until in 0..6 {
        let mut generator = Generator::with_input({
            let (census, captured) = (census.clone(), census.one());
            move |y, first| {
                let local = census.one();
                let second = y.yield_(census.one());
                drop(y.yield_(census.one()));
                drop((local, first, second, captured));
                census.one()
            }
        });
        for _ in 0..until {
            drop(generator.try_send(census.one()));
        }
    }
    census.check_all_dropped();
}

#[test]
fn a_zero_sized_input_is_an_input_all_the_same() {
    struct Token;
    impl Drop for Token {
        fn drop(&mut self) {
            DROPS.with(|drops| drops.set(drops.get() + 1));
        }
    }
    thread_local!(static DROPS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    let mut generator = Generator::with_input(|y, _first: Token| {
        drop(y.yield_(1));
        y.yield_(2)
    });
    generator.send(Token);
    assert_eq!(DROPS.get(), 0, "the first lives in the body");
    generator.send(Token);
    assert_eq!(DROPS.get(), 1);
    let last = generator.send(Token);
    assert_eq!(DROPS.get(), 2, "the last came back");
    drop(last);
    assert_eq!(DROPS.get(), 3);
}

#[test]
fn a_large_body_and_a_large_stack() {
    #[repr(align(128))]
    struct Aligned(u8);
    let aligned = Aligned(5);
    let mut generator = Generator::new(move |y| y.yield_((&raw const aligned, aligned.0).1));
    assert_eq!(generator.next(), Some(5));

    let captured = [1_u8; 5000];
    let mut generator = Builder::new()
        .stack_size(4 << 20)
        .build_with_input(move |y: &Yielder<usize, ()>, ()| {
            let frame = std::hint::black_box([2_u8; 512 * 1024]);
            y.yield_(captured.len() + frame.len());
            usize::from(captured[4999])
        })
        .unwrap();
    assert_eq!(generator.next(), Some(5000 + 512 * 1024));
    assert_eq!(generator.send(()), Step::Returned(1));
    let refused = Builder::new()
        .stack_size(usize::MAX)
        .build(|y| y.yield_(()));
    assert!(matches!(refused, Err(SpawnError::NoStack(_))));
}

#[test]
fn stacks_go_back_to_the_pool() {
    let in_use = || {
        stack::stats()
            .classes
            .iter()
            .map(|class| class.in_use)
            .sum::<usize>()
    };
    let before = in_use();
    let make = || Generator::new(|y| (0..3).for_each(|n| y.yield_(n)));
    let mut many: Vec<_> = (0..100).map(|_| make()).collect();
    many.iter_mut()
        .take(50)
        .for_each(|generator| assert_eq!(generator.next(), Some(0)));
    assert_eq!(in_use(), before + 100);
    drop(many);
    assert_eq!(in_use(), before);
    let mut ended = make();
    assert_eq!(ended.by_ref().count(), 3);
    assert_eq!(in_use(), before, "at its end, not when it is dropped");
    let _panicked = caught(|| Generator::new(|_: &Yielder<()>| panic!("no")).next());
    assert_eq!(in_use(), before);
}

#[test]
fn debug_shows_where_it_stands() {
    let mut generator = Generator::new(|y| y.yield_(format!("{y:?}")));
    let shows = |generator: &Generator<String>, state: &str| {
        let text = format!("{generator:?}");
        let start =
            format!("Generator {{ state: {state}, made_at: tests/it/generator/resuming.rs:");
        assert!(text.starts_with(&start), "{text}");
    };
    shows(&generator, "pending");
    let inside = generator.next().unwrap();
    assert!(
        inside.starts_with("Yielder { made_at: tests/it/generator/resuming.rs:"),
        "{inside}"
    );
    shows(&generator, "suspended");
    generator.next();
    shows(&generator, "dead");
}

#[test]
fn yield_from_yields_values_and_returns_the_result() {
    let mut outer = Generator::new(|y| {
        y.yield_(1);
        let inner = Generator::new(|y| {
            y.yield_(2);
            y.yield_(3);
            "inner is over"
        });
        let said = y.yield_from(inner);
        y.yield_(4);
        said
    });
    assert_eq!(outer.by_ref().take(4).collect::<Vec<i32>>(), [1, 2, 3, 4]);
    assert_eq!(outer.send(()), Step::Returned("inner is over"));
}

#[test]
fn yield_from_goes_on_with_one_that_was_begun() {
    let mut inner = Generator::new(|y| (0..4).for_each(|n| y.yield_(n)));
    assert_eq!(inner.next(), Some(0));
    let outer = Generator::new(|y| y.yield_from(inner));
    assert_eq!(outer.collect::<Vec<_>>(), [1, 2, 3]);
    let mut ended = Generator::new(|_: &Yielder<i32>| ());
    assert_eq!(ended.next(), None);
    let mut outer = Generator::new(|y| y.yield_from(ended));
    let text = panic_text(|| outer.next());
    assert!(text.contains("has ended"), "{text}");
}

#[test]
fn yield_from_sends_straight_to_the_inner_one() {
    let mut outer = Generator::with_input(|y, first: u32| {
        let doubling = |y: &Yielder<u32, u32>, mut n: u32| {
            while n > 0 {
                n = y.yield_(n * 2);
            }
            "zero"
        };
        let said = y.yield_from_with(Generator::with_input(doubling), first);
        (said, y.yield_(99))
    });
    assert_eq!(outer.send(1), Step::Yielded(2));
    assert_eq!(outer.send(21), Step::Yielded(42));
    assert_eq!(outer.send(0), Step::Yielded(99));
    assert_eq!(outer.send(5), Step::Returned(("zero", 5)));
}

#[test]
fn generators_nest_deeply() {
    fn count_down(depth: u32) -> Generator<u32, (), u32> {
        Generator::new(move |y| {
            y.yield_(depth);
            match depth {
                0 => 0,
                _ => 1 + y.yield_from(count_down(depth - 1)),
            }
        })
    }
    let mut generator = count_down(150);
    for depth in (0..=150).rev() {
        assert_eq!(generator.next(), Some(depth));
    }
    assert_eq!(generator.send(()), Step::Returned(150));
}

#[test]
fn many_are_alive_at_a_time() {
    let naturals = || Generator::new(|y| (0_u32..9).for_each(|n| y.yield_(n)));
    let mut all: Vec<_> = (0..5000).map(|_| naturals()).collect();
    for round in 0..3 {
        let sum: u32 = all.iter_mut().map(|one| one.next().unwrap()).sum();
        assert_eq!(sum, 5000 * round);
    }
}

#[test]
fn threads_have_generators_of_their_own() {
    let threads: Vec<_> = (0..4)
        .map(|n| std::thread::spawn(move || Generator::new(move |y| y.yield_(n)).sum::<u32>()))
        .collect();
    let sum: u32 = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(sum, 6);
}
