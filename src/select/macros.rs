//! The macro `select!`: its syntax, cut into arms, and what it becomes.
//!
//! ```text
//!   match (&r1, &s2, ...) { (arm, arm, ...) => {         each `arm` is its own, by hygiene
//!       let selected = choose([arm, arm, ...]);
//!       match selected.index() { 0 => { let res = ..; body }  1 => { .. }  _ => default } } }
//! ```
//! What stands in the outer `match` lives to the end of it, so an operand may be a temporary.
//! Bodies stand in the user's own function, so `break`, `continue`, `return` and `?` work there.
#![forbid(unsafe_code)]

/// Waits until one of several operations can be done, and does exactly that one.
///
/// | arm | is ready | gives |
/// |---|---|---|
/// | `recv(receiver) -> res => body` | when there is an item, or the channel is closed | `Result<T, RecvError>` |
/// | `send(sender, item) -> res => body` | when there is room, or a receiver waits, or the channel is closed | `Result<(), SendError<T>>` |
/// | `wait(thing) -> _ => body` | when [the thing](crate::Waitable) is | `()` |
/// | `join(task) -> res => body` | when the [task](crate::Task) has ended | `Result<T, JoinError>` |
/// | `default => body` | when no other is, right away | |
/// | `default(duration) => body` | when no other is for so long | |
///
/// If several are ready, one of them is chosen at random, each with the same probability; the choices of a thread are
/// the same each time the program runs. Otherwise the first that becomes ready is. The others are as
/// they were: nothing of them was taken, and nothing is left behind in their lines.
///
/// The names and the syntax are those of crossbeam's `select!`, with `wait` and `join` besides. An arm ends with a comma,
/// which may be left out after a block and after the last arm. `res` is a pattern that always matches. The value of the
/// `select!` is that of the body that runs.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # When what is evaluated
/// Channels and things come first, in the order in which they are written, once; then the duration. An item to be sent is
/// evaluated only when its arm was chosen. Its place in the channel is kept meanwhile: what others send is received after it,
/// and they do not wait for it. A receiver that waits in a rendezvous channel is chosen with the arm, and waits for this
/// item alone. If there is no item, because of a panic, a `return` or a `break`, the place is given back, and the receiver
/// waits on as before. For `join` there must be a variable that holds the task; it is moved when that arm is chosen. Whatever
/// stands for a channel is borrowed until the body begins.
///
/// # With a default
/// A select with `default` waits for no decision of another greenlet, and one with `default(duration)` until then at the most.
/// It lets others run where a receiver meets another select in a rendezvous channel: that one makes its item first.
///
/// # What looks
/// The arms `recv` and `send` take, in their turn among all that wait at the channel. The arms `wait` and `join` look: see
/// [`Waitable`](crate::Waitable).
///
/// # Panics
/// If it has to wait, as [`AnyTask::wait`](crate::task::AnyTask::wait). Nothing was taken then. With no arm at all it waits for ever,
/// which the hub reports as a deadlock where nothing else can happen.
///
/// # Examples
/// ```
/// use greenhub::sync::channel;
/// use greenhub::{select, sleep, spawn};
/// use std::time::Duration;
///
/// let (numbers, on_number) = channel::unbounded();
/// let (words, on_word) = channel::bounded(1);
/// let slow = spawn(|| sleep(Duration::from_secs(600)));
/// words.send("hello")?;
/// let got = select! {
///     recv(on_number) -> n => format!("a number: {}", n?),
///     recv(on_word) -> word => format!("a word: {}", word?),
///     wait(slow) -> _ => "too late".to_string(),
///     default(Duration::from_secs(1)) => "nothing".to_string(),
/// };
/// assert_eq!(got, "a word: hello");
///
/// for _ in 0..10 {
///     select! {
///         send(numbers, 7) -> sent => sent?,
///         default => break, // it is unbounded: there is always room
///     }
/// }
/// assert_eq!(on_number.len(), 10);
/// # slow.kill();
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is no arm is said so:
/// ```compile_fail
/// # let (_sender, receiver) = greenhub::sync::channel::unbounded::<i32>();
/// greenhub::select! {
///     receive(receiver) -> item => drop(item),
/// }
/// ```
/// Each channel gives its own type:
/// ```compile_fail,E0308
/// # let (sender, _receiver) = greenhub::sync::channel::unbounded::<i32>();
/// greenhub::select! {
///     send(sender, "a text") -> _ => {}
/// }
/// ```
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => {
        $crate::__select_arms!(@cut ($($arms)*) (false))
    };
}

/// As [`select!`](crate::select!), but of several arms that are ready it chooses the one that is written first.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::select_biased;
/// use greenhub::sync::channel;
///
/// let (urgent, on_urgent) = channel::unbounded();
/// let (usual, on_usual) = channel::unbounded();
/// usual.send(1)?;
/// urgent.send(2)?;
/// let first = select_biased! {
///     recv(on_urgent) -> n => n?,
///     recv(on_usual) -> n => n?,
/// };
/// assert_eq!(first, 2);
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($arms:tt)*) => {
        $crate::__select_arms!(@cut ($($arms)*) (true))
    };
}

/// Not for users: the steps of [`select!`](crate::select!).
///
/// - `@cut (what is left) (is_biased arms)` cuts the text into arms: `[kind (operands) (pattern)? {body}]`;
/// - `@arms (arms) (numbers) selected [is_biased] [operands] [lets] [things] [branches] [choice]` turns each into code;
/// - what is no arm ends in one of the complaints.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_arms {
    (@cut () ($biased:tt $($done:tt)*)) => {
        $crate::__select_arms!(
            @arms ($($done)*)
            (0usize 1usize 2usize 3usize 4usize 5usize 6usize 7usize 8usize 9usize 10usize 11usize 12usize 13usize
             14usize 15usize 16usize 17usize 18usize 19usize 20usize 21usize 22usize 23usize 24usize 25usize 26usize
             27usize 28usize 29usize 30usize 31usize)
            selected [$biased] [] [] [] [] []
        )
    };
    (@cut (default => $($rest:tt)*) ($($done:tt)*)) => {
        $crate::__select_arms!(@cut (default() => $($rest)*) ($($done)*))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)? => $body:block, $($rest:tt)*) ($($done:tt)*)) => {
        $crate::__select_arms!(@cut ($($rest)*) ($($done)* [$kind $operands $(($res))? { $body }]))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)? => $body:block $($rest:tt)*) ($($done:tt)*)) => {
        $crate::__select_arms!(@cut ($($rest)*) ($($done)* [$kind $operands $(($res))? { $body }]))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)? => $body:expr, $($rest:tt)*) ($($done:tt)*)) => {
        $crate::__select_arms!(@cut ($($rest)*) ($($done)* [$kind $operands $(($res))? { $body }]))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)? => $body:expr) ($($done:tt)*)) => {
        $crate::__select_arms!(@cut () ($($done)* [$kind $operands $(($res))? { $body }]))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)? => $body:expr; $($rest:tt)*) $done:tt) => {
        compile_error!("an arm of `select!` ends with a comma, not with a semicolon")
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)?) $done:tt) => {
        compile_error!(concat!("`", stringify!($kind), "` in `select!` has no body: `=> ..` is missing"))
    };
    (@cut ($kind:ident $operands:tt $(-> $res:pat)?, $($rest:tt)*) $done:tt) => {
        compile_error!(concat!("`", stringify!($kind), "` in `select!` has no body: `=> ..` is missing"))
    };
    (@cut ($first:tt $($rest:tt)*) $done:tt) => {
        compile_error!(concat!(
            "`select!` cannot read the arm that begins with `", stringify!($first), "`: \
             an arm is `recv(receiver) -> res => ..`, `send(sender, item) -> res => ..`, `wait(thing) -> _ => ..`, \
             `join(task) -> res => ..`, `default => ..` or `default(duration) => ..`; a comma ends a body that is no block"
        ))
    };

    // All arms are there: the whole.
    (@arms () $numbers:tt $selected:ident [$biased:tt] [$(($name:ident $operand:expr))*] [$($lets:tt)*] [$($thing:expr,)*] [$($branches:tt)*] []) => {
        match ($(&$operand,)*) { ($($name,)*) => {
        $($lets)*
        let $selected = $crate::__select::choose($biased, [$($thing as &dyn $crate::__select::Arm),*]);
        match $selected.index() {
            $($branches)*
            _ => $crate::__select::no_default(),
        }
    }}};
    (@arms () $numbers:tt $selected:ident [$biased:tt] [$(($name:ident $operand:expr))*] [$($lets:tt)*] [$($thing:expr,)*] [$($branches:tt)*] [() $body:block]) => {
        match ($(&$operand,)*) { ($($name,)*) => {
        $($lets)*
        let $selected = $crate::__select::choose_now($biased, [$($thing as &dyn $crate::__select::Arm),*]);
        match $selected.index() {
            $($branches)*
            _ => {
                $selected.look();
                $body
            }
        }
    }}};
    (@arms () $numbers:tt $selected:ident [$biased:tt] [$(($name:ident $operand:expr))*] [$($lets:tt)*] [$($thing:expr,)*] [$($branches:tt)*] [($limit:expr) $body:block]) => {
        match ($(&$operand,)*) { ($($name,)*) => {
        $($lets)*
        let $selected = $crate::__select::choose_for($biased, [$($thing as &dyn $crate::__select::Arm),*], $limit);
        match $selected.index() {
            $($branches)*
            _ => {
                $selected.look();
                $body
            }
        }
    }}};

    // An arm more: its statements, what is waited for, and its branch.
    (@arms ([recv ($receiver:expr $(,)?) ($res:pat) $body:block] $($rest:tt)*) ($number:tt $($numbers:tt)*)
        $selected:ident $biased:tt [$($operands:tt)*] [$($lets:tt)*] [$($things:tt)*] [$($branches:tt)*] $choice:tt) => {
        $crate::__select_arms!(
            @arms ($($rest)*) ($($numbers)*) $selected $biased
            [$($operands)* (arm $receiver)]
            [$($lets)* let arm: &$crate::sync::channel::Receiver<_> = arm;]
            [$($things)* arm,]
            [$($branches)* $number => { let $res = $selected.receive(arm); $body }]
            $choice
        )
    };
    (@arms ([send ($sender:expr, $item:expr $(,)?) ($res:pat) $body:block] $($rest:tt)*) ($number:tt $($numbers:tt)*)
        $selected:ident $biased:tt [$($operands:tt)*] [$($lets:tt)*] [$($things:tt)*] [$($branches:tt)*] $choice:tt) => {
        $crate::__select_arms!(
            @arms ($($rest)*) ($($numbers)*) $selected $biased
            [$($operands)* (arm $sender)]
            [$($lets)* let arm: &$crate::sync::channel::Sender<_> = arm;]
            [$($things)* arm,]
            [$($branches)* $number => { let $res = $selected.place(arm).send($item); $body }]
            $choice
        )
    };
    (@arms ([wait ($thing:expr $(,)?) ($res:pat) $body:block] $($rest:tt)*) ($number:tt $($numbers:tt)*)
        $selected:ident $biased:tt [$($operands:tt)*] [$($lets:tt)*] [$($things:tt)*] [$($branches:tt)*] $choice:tt) => {
        $crate::__select_arms!(
            @arms ($($rest)*) ($($numbers)*) $selected $biased
            [$($operands)* (arm $thing)] [$($lets)* let arm = $crate::__select::ObserveArm::at(arm);]
            [$($things)* &arm,]
            [$($branches)* $number => { #[allow(clippy::let_unit_value)] let $res = $selected.look(); $body }]
            $choice
        )
    };
    (@arms ([join ($task:ident $(,)?) ($res:pat) $body:block] $($rest:tt)*) ($number:tt $($numbers:tt)*)
        $selected:ident $biased:tt [$($operands:tt)*] [$($lets:tt)*] [$($things:tt)*] [$($branches:tt)*] $choice:tt) => {
        $crate::__select_arms!(
            @arms ($($rest)*) ($($numbers)*) $selected $biased
            [$($operands)* (arm $task)]
            [$($lets)* let arm: &$crate::task::Task<_> = arm; let arm = $crate::__select::ObserveArm::at(arm);]
            [$($things)* &arm,]
            [$($branches)* $number => { $selected.look(); let $res = $task.join(); $body }]
            $choice
        )
    };
    (@arms ([default ($($limit:expr)? $(,)?) $body:block] $($rest:tt)*) $numbers:tt
        $selected:ident $biased:tt $operands:tt $lets:tt $things:tt $branches:tt []) => {
        $crate::__select_arms!(@arms ($($rest)*) $numbers $selected $biased $operands $lets $things $branches [($($limit)?) $body])
    };

    // What is wrong with an arm.
    (@arms $arms:tt () $($state:tt)*) => {
        compile_error!("`select!` takes 32 arms at most")
    };
    (@arms ([default $($arm:tt)*] $($rest:tt)*) $numbers:tt $selected:ident $biased:tt $operands:tt $lets:tt $things:tt $branches:tt [$($choice:tt)+]) => {
        compile_error!("`select!` has one `default` at most")
    };
    (@arms ([default $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!("`default` in `select!` is written `default => ..` or `default(duration) => ..`")
    };
    (@arms ([recv $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!("`recv` in `select!` is written `recv(receiver) -> res => ..`")
    };
    (@arms ([send $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!("`send` in `select!` is written `send(sender, item) -> res => ..`")
    };
    (@arms ([wait $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!("`wait` in `select!` is written `wait(thing) -> _ => ..`")
    };
    (@arms ([join $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!("`join` in `select!` is written `join(task) -> res => ..`, with a variable that holds the task")
    };
    (@arms ([$kind:ident $($arm:tt)*] $($rest:tt)*) $($state:tt)*) => {
        compile_error!(concat!(
            "`", stringify!($kind), "` is no arm of `select!`: \
             they are `recv`, `send`, `wait`, `join` and `default`"
        ))
    };
}
