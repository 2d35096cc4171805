//! Greenlet-locals: statics of which each greenlet has a value of its own.
//!
//! They have the methods of std's thread-locals: [`greenlet_local!`](crate::greenlet_local) declares them, and
//! [`LocalKey::with`] gives the value of the running greenlet, which is made at its first use there. A switch or a wait inside
//! `with` is allowed.
//!
//! ```text
//!                 main             a task           another
//!   COUNT          3                 1                 -          not used yet
//!   USER          "ada"            "ada"             "bob"        inherited: the maker's, when it was made
//! ```
//!
//! # Which greenlet's value
//! The value is that of the running greenlet. A generator's body runs as part of the greenlet that has resumed it, so it may see
//! another value after each yield; a value that is borrowed in a `with` around a yield stays the same.
//!
//! A new greenlet has no values. Of an `inherited` local it gets a clone of its maker's value, if the maker has one. The maker
//! is the running greenlet; a task's maker is the one that spawns it. [`Builder::local`] sets a value directly.
//!
//! # The end
//! When its body has ended, also by a panic or a kill, a greenlet drops its values on its own stack, the last one made first;
//! then joins and parents learn how it has ended. While values are dropped, those made earlier can be used; dropped ones are an
//! [`AccessError`](crate::error::AccessError). A destructor's panic counts as a panic of the body, unless the body has panicked
//! itself.
//!
//! A greenlet that never runs drops its given and inherited values with its body. The values of a main greenlet are dropped with
//! the thread-locals of its thread; of a panic there only the message is seen. Greenlets that are suspended when their thread
//! ends are leaked with their values, and so are all values at [`process::exit`](std::process::exit) in a greenlet that is not
//! the main one.
//!
//! A local that holds a handle to its own greenlet keeps it for ever.
//!
//! [`Builder::local`]: crate::greenlet::Builder::local
#![forbid(unsafe_code)]

mod cells;
mod key;

pub use self::key::LocalKey;

/// Declares statics of which each greenlet has a value of its own, as [`thread_local!`](std::thread_local) does for threads.
///
/// Each static is a [`LocalKey`](crate::local::LocalKey) of the given type. The initialiser runs at the first use in a greenlet;
/// the compiler computes one in `const { .. }`. With `inherited` before `static`, new greenlets get a clone of their maker's
/// value, if it has one: the type must be [`Clone`].
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, greenlet_local};
/// use std::cell::{Cell, RefCell};
///
/// greenlet_local! {
///     static COUNT: Cell<u32> = const { Cell::new(1) };
///     /// The user of this request.
///     pub inherited static USER: RefCell<String> = RefCell::new("guest".to_string());
/// }
///
/// COUNT.set(5);
/// USER.set("ada".to_string());
/// let child: Greenlet<(), (u32, String)> = Greenlet::new(|()| {
///     COUNT.set(COUNT.get() + 1);
///     (COUNT.get(), USER.take())
/// });
/// assert_eq!(child.switch(()), (2, "ada".to_string()));
/// assert_eq!(COUNT.get(), 5);
/// USER.with_borrow(|user| assert_eq!(user, "ada"));
/// ```
/// An inherited type must be `Clone`:
/// ```compile_fail,E0277
/// greenhub::greenlet_local! {
///     inherited static GUARD: std::sync::Mutex<u8> = std::sync::Mutex::new(1);
/// }
/// ```
#[macro_export]
macro_rules! greenlet_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block $(; $($rest:tt)*)?) => {
        $(#[$attr])* $vis static $name: $crate::local::LocalKey<$t> =
            $crate::local::LocalKey::new(::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)), || const $init);
        $($crate::greenlet_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attr])* $vis static $name: $crate::local::LocalKey<$t> =
            $crate::local::LocalKey::new(::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)), || $init);
        $($crate::greenlet_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis inherited static $name:ident: $t:ty = const $init:block $(; $($rest:tt)*)?) => {
        $(#[$attr])* $vis static $name: $crate::local::LocalKey<$t> =
            $crate::local::LocalKey::inherited(::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)), || const $init);
        $($crate::greenlet_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis inherited static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attr])* $vis static $name: $crate::local::LocalKey<$t> =
            $crate::local::LocalKey::inherited(::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)), || $init);
        $($crate::greenlet_local!($($rest)*);)?
    };
}
