//! Greenlet-locals: statics of which each greenlet has a value of its own.
//!
//! They are std's thread-locals for greenlets, with the same methods: [`greenlet_local!`](crate::greenlet_local) declares some, and
//! [`LocalKey::with`] gives the value of the running greenlet, which is made when that greenlet first asks for it.
//! Unlike with a thread-local one may switch and wait inside `with`.
//!
//! ```text
//!                 main             a task           another
//!   COUNT          3                 1                 -          not asked for yet
//!   USER          "ada"            "ada"             "bob"        inherited: the maker's, when it was made
//! ```
//!
//! # Whose value
//! The value is that of the greenlet whose code runs. A generator's body runs as whoever has resumed it, so it may see
//! another value after each yield; what it has borrowed in a `with` that it yields from stays as it is.
//!
//! A new greenlet has no values. Of a key that is `inherited` it gets a clone of its maker's, if its maker has one when
//! it makes it; the maker is the greenlet that runs then, for a task too. [`Builder::local`] gives a value outright.
//!
//! # The end
//! When its body is over, a greenlet drops its values, on its own stack, the last one made first; only then do others
//! learn how it has ended, whoever may still hold its handle. So it is after a panic or a kill as well. While
//! they are dropped, values that were made earlier can be used; those that were dropped are gone
//! ([`AccessError`](crate::error::AccessError)).
//! A destructor that panics is taken for a panic of the body, if that one has not panicked itself.
//!
//! A greenlet that never runs drops what it was given or has inherited together with its body. What a main greenlet has is
//! dropped with the thread-locals of its thread, and of a panic there the message is all that is seen. Greenlets that are
//! suspended when their thread ends are leaked, with their values, and so is all at
//! [`process::exit`](std::process::exit) in a greenlet that is not the main one.
//!
//! A local that holds a handle to its own greenlet keeps it for ever.
//!
//! [`Builder::local`]: crate::greenlet::Builder::local
#![forbid(unsafe_code)]

mod builder;
mod cells;
mod key;

pub use self::key::LocalKey;

/// Declares statics of which each greenlet has a value of its own, as [`thread_local!`](std::thread_local) does for threads.
///
/// Each static is a [`LocalKey`](crate::local::LocalKey) of the type that is written. The initialiser runs when a greenlet
/// first uses it; one in `const { .. }` is computed by the compiler. With `inherited` before `static`, new greenlets
/// get a clone of their maker's value, if it has one: the type must be [`Clone`].
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, greenlet_local};
/// use std::cell::{Cell, RefCell};
///
/// greenlet_local! {
///     static COUNT: Cell<u32> = const { Cell::new(1) };
///     /// Whom the work is done for.
///     pub inherited static USER: RefCell<String> = RefCell::new("nobody".to_string());
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
/// What is inherited is cloned:
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
