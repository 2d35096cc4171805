//! Generators: iterators written as a plain loop that yields, on a stack of its own.
//!
//! A generator runs when it is asked for the next item, up to its next [`yield_`](Yielder::yield_), and waits there.
//! It is Python's model, with types: what it yields, what it takes with each resume, and what its body returns.
//!
//! ```text
//!     caller                      body
//!     send(1)    ---- 1 ---->     |y, first| first = 1
//!       waits                     y.yield_("a")
//!     Yielded    <--- "a" ---       waits
//!     send(2)    ---- 2 ---->     gets 2
//!       waits                     return true
//!     Returned   <-- true ---     (over)
//! ```
//!
//! A resume is a call that returns: it costs one switch there and one back, and greenlets know nothing of it. What runs
//! inside a body is the greenlet that has resumed it, on another stack: when the body switches, sleeps or reads from a
//! socket, that greenlet waits, and when that greenlet is killed there, the body unwinds first.
//!
//! # Examples
//! Walking a tree, with one generator for the whole way:
//! ```
//! use greenhub::generator::{Generator, Yielder};
//!
//! struct Tree {
//!     key: u32,
//!     children: Vec<Tree>,
//! }
//!
//! fn walk(y: &Yielder<u32>, tree: &Tree) {
//!     y.yield_(tree.key);
//!     tree.children.iter().for_each(|child| walk(y, child));
//! }
//!
//! let leaf = |key| Tree { key, children: vec![] };
//! let tree = Tree { key: 1, children: vec![leaf(2), Tree { key: 3, children: vec![leaf(4)] }, leaf(5)] };
//! let keys = Generator::new(move |y| walk(y, &tree));
//! assert_eq!(keys.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
//! ```
//! All orders of some things, each generator made of smaller ones:
//! ```
//! use greenhub::generator::Generator;
//!
//! fn permutations(items: Vec<char>) -> Generator<String> {
//!     Generator::new(move |y| {
//!         if items.is_empty() {
//!             y.yield_(String::new());
//!         }
//!         for i in 0..items.len() {
//!             let mut others = items.clone();
//!             let first = others.remove(i);
//!             for rest in permutations(others) {
//!                 y.yield_(format!("{first}{rest}"));
//!             }
//!         }
//!     })
//! }
//!
//! let all: Vec<String> = permutations(vec!['a', 'b', 'c']).collect();
//! assert_eq!(all, ["abc", "acb", "bac", "bca", "cab", "cba"]);
//! ```

mod builder;
mod engine;
mod handle;
mod step;
mod yielder;

pub use self::builder::Builder;
pub use self::handle::Generator;
pub use self::step::Step;
pub use self::yielder::Yielder;
pub(crate) use self::yielder::on_generator_stack;
#[cfg(feature = "hub")]
pub(crate) use self::yielder::stack_owner;
