//! The cases of `test_generator.py` and `test_generator_nested.py`, with the generators that are built in.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::generator::{Generator, Yielder};

type Seen = Rc<RefCell<Vec<u32>>>;

fn push(seen: &Seen, value: u32) {
    seen.borrow_mut().push(value);
}

#[test]
fn body_and_loop_take_turns_item_by_item() {
    let seen = Seen::default();
    let count_to = |n| {
        let seen = seen.clone();
        Generator::new(move |y| {
            for i in 0..n {
                push(&seen, i);
                y.yield_(i);
            }
        })
    };
    for _ in 0..3 {
        count_to(5).for_each(|i| push(&seen, i));
    }
    assert_eq!(seen.take(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4].repeat(3));
}

/// Yields from a function that the body calls.
fn yields_one(y: &Yielder<u32>, i: u32) {
    y.yield_(i);
}

#[test]
fn an_iterator_a_body_and_a_called_function_do_the_same() {
    type Items = Box<dyn Iterator<Item = u32>>;
    let plain = |n, seen: Seen| -> Items { Box::new((0..n).inspect(move |i| push(&seen, i + 1))) };
    let direct = |n, seen: Seen| -> Items {
        Box::new(Generator::new(move |y| {
            for i in 0..n {
                push(&seen, i + 1);
                y.yield_(i);
            }
        }))
    };
    let through_a_function = |n, seen: Seen| -> Items {
        Box::new(Generator::new(move |y| {
            for i in 0..n {
                push(&seen, i + 1);
                yields_one(y, i);
            }
        }))
    };
    for make in [plain, direct, through_a_function] {
        let seen = Seen::default();
        for _ in 0..3 {
            make(5, seen.clone()).for_each(|i| push(&seen, i));
        }
        assert_eq!(seen.take(), [1, 0, 2, 1, 3, 2, 4, 3, 5, 4].repeat(3));
    }
}

/// Counts up to `n`, each generator going through a smaller one first.
fn climb(n: u32) -> Generator<u32> {
    Generator::new(move |y| {
        if n > 0 {
            climb(n - 1).for_each(|i| y.yield_(i));
            y.yield_(n);
        }
    })
}

#[test]
fn generators_in_generators_hand_every_item_up() {
    assert_eq!(climb(5).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

fn permutations(items: Vec<u32>) -> Generator<Vec<u32>> {
    Generator::new(move |y| {
        if items.len() < 2 {
            y.yield_(items);
            return;
        }
        for &first in &items {
            let others = items.iter().copied().filter(|&item| item != first);
            for rest in permutations(others.collect()) {
                y.yield_([vec![first], rest].concat());
            }
        }
    })
}

#[test]
fn two_permutation_generators_do_not_disturb_each_other() {
    let all: Vec<_> = permutations((0..4).collect()).collect();
    assert_eq!(all.len(), 4 * 3 * 2);
    assert_eq!(all.first(), Some(&vec![0, 1, 2, 3]));
    assert_eq!(all.last(), Some(&vec![3, 2, 1, 0]));
    let pairs: Vec<_> = permutations((0..4).collect())
        .zip(permutations((0..3).collect()))
        .map(|(four, three)| [four, three].concat())
        .collect();
    let expected = [
        [0, 1, 2, 3, 0, 1, 2],
        [0, 1, 3, 2, 0, 2, 1],
        [0, 2, 1, 3, 1, 0, 2],
        [0, 2, 3, 1, 1, 2, 0],
        [0, 3, 1, 2, 2, 0, 1],
        [0, 3, 2, 1, 2, 1, 0],
    ];
    assert_eq!(pairs, expected);
}

#[test]
fn an_item_may_say_how_far_up_it_goes() {
    enum Item {
        /// For whoever iterates this generator.
        Near(u32),
        /// For whoever iterates that one.
        Far(u32),
    }
    let seen = Seen::default();
    let inner = |n| {
        Generator::new(move |y| {
            for i in 1..n {
                y.yield_(Item::Near(i));
                y.yield_(Item::Far(i * i));
            }
        })
    };
    let outer = Generator::new({
        let seen = seen.clone();
        move |y| {
            for item in inner(5) {
                match item {
                    Item::Near(i) => push(&seen, i),
                    Item::Far(i) => y.yield_(i),
                }
            }
        }
    });
    outer.for_each(|i| push(&seen, i));
    assert_eq!(seen.take(), [1, 1, 2, 4, 3, 9, 4, 16]);
}
