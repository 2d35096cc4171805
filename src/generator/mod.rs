//! Generators: iterators written as a plain loop that yields, each on a stack of its own.
//!
//! A generator runs when its caller asks for the next item, up to its next [`yield_`](Yielder::yield_), and waits there. The
//! model is Python's, with types for the items, the input of each resume, and the return value of the body.
//!
//! ```text
//!     caller                      body
//!     send(1)    ---- 1 ---->     |y, first| first = 1
//!       waits                     y.yield_("a")
//!     Yielded    <--- "a" ---       waits
//!     send(2)    ---- 2 ---->     gets 2
//!       waits                     return true
//!     Returned   <-- true ---     (ended)
//! ```
//!
//! A resume is a call that returns, and costs one raw switch there and one back. A body runs as part of the greenlet that has
//! resumed it, on another stack: when the body switches, sleeps or reads from a socket, that greenlet waits, and when that
//! greenlet is killed there, the body unwinds first.
//!
//! # Examples
//! Walking a tree with one generator:
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
//! All permutations, each generator made of smaller ones:
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
mod yield_from;
mod yielder;

pub use self::builder::Builder;
pub use self::handle::{Generator, Step};
pub use self::yielder::Yielder;
pub(crate) use self::yielder::open_generator_scope;
#[cfg(feature = "hub")]
pub(crate) use self::yielder::stack_owner;
