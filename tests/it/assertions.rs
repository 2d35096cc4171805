//! What is promised of the public types themselves: sizes, traits, and how they show themselves.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::panic::{RefUnwindSafe, UnwindSafe};

use greenhub::error::AccessError;
use greenhub::greenlet::Builder;
use greenhub::local::LocalKey;
use greenhub::stack::{DEFAULT_STACK_SIZE, MIN_STACK_SIZE};
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, SpawnError, SwitchError, current, parent};

use crate::support::wait;

const WORD: usize = size_of::<usize>();

#[test]
fn a_handle_is_two_words_at_most_whatever_it_carries() {
    const { assert!(size_of::<Greenlet<(), ()>>() <= 2 * WORD) };
    const { assert!(size_of::<Option<Greenlet<(), ()>>>() <= 2 * WORD) };
    const { assert!(size_of::<Greenlet<[u8; 4096], String>>() == size_of::<Greenlet<(), ()>>()) };
    const { assert!(size_of::<AnyGreenlet>() == size_of::<Greenlet<(), ()>>()) };
}

#[test]
fn errors_and_kills_are_small() {
    const { assert!(size_of::<GreenletExit>() <= 3 * WORD) };
    const { assert!(size_of::<SpawnError>() <= 4 * WORD) };
    const { assert!(size_of::<SwitchError<()>>() <= 8 * WORD) };
    const { assert!(size_of::<Builder>() <= 5 * WORD) };
}

#[test]
fn stacks_are_large_enough_to_report_a_panic() {
    const { assert!(MIN_STACK_SIZE >= 32 * 1024) };
    const { assert!(DEFAULT_STACK_SIZE >= MIN_STACK_SIZE) };
    const { assert!(DEFAULT_STACK_SIZE.is_multiple_of(4096)) };
    let smallest = Builder::new()
        .stack_size(0)
        .build(|()| panic!("text {}", 1));
    let smallest: Greenlet<(), ()> = smallest.expect("a stack");
    assert_eq!(crate::support::panic_text(|| smallest.switch(())), "text 1");
}

#[test]
fn public_types_have_the_traits_that_one_expects() {
    fn handle<T: Clone + Eq + Hash + Debug + 'static>() {}
    handle::<Greenlet<String, Vec<u8>>>();
    handle::<Greenlet<std::cell::Cell<u8>, Box<dyn FnOnce()>>>();
    handle::<AnyGreenlet>();
    fn error<T: Error + Debug + Display>() {}
    // Whatever the value is: it need not be Debug.
    struct Plain;
    error::<SwitchError<Plain>>();
    error::<SpawnError>();
    fn travels<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    travels::<GreenletExit>();
    // A static, though the values are of one thread.
    travels::<LocalKey<std::rc::Rc<std::cell::Cell<u8>>>>();
    fn plain<T: Error + Copy + Eq + Debug + Send + Sync>() {}
    plain::<AccessError>();
    #[cfg(feature = "hub")]
    plain::<greenhub::error::TooManyPermits>();
    #[cfg(feature = "hub")]
    plain::<greenhub::error::AcquireError>();
    #[cfg(feature = "hub")]
    plain::<greenhub::error::BrokenBarrierError>();
    #[cfg(feature = "hub")]
    error::<greenhub::TimedOut>();
    #[cfg(feature = "hub")]
    {
        use greenhub::sync::{Notify, Once, WaitGroup, broadcast, watch};
        plain::<watch::RecvError>();
        plain::<watch::RecvTimeoutError>();
        plain::<broadcast::RecvError>();
        plain::<broadcast::TryRecvError>();
        plain::<broadcast::RecvTimeoutError>();
        fn safe<T: Debug + UnwindSafe + RefUnwindSafe>() {}
        safe::<Notify>();
        safe::<Once>();
        safe::<WaitGroup>();
        safe::<greenhub::Interval>();
        safe::<watch::Sender<Vec<u8>>>();
        safe::<watch::Receiver<Vec<u8>>>();
        safe::<broadcast::Sender<std::cell::Cell<u8>>>();
        safe::<broadcast::Receiver<std::cell::Cell<u8>>>();
    }
    fn sent<T: Send + Sync>() {}
    sent::<SpawnError>();
    fn setting<T: Default + Debug + UnwindSafe + RefUnwindSafe>() {}
    setting::<Builder>();
}

#[test]
fn debug_shows_id_and_name_and_state() {
    let show = |greenlet: &dyn Debug| {
        let text = format!("{greenlet:?}");
        let begin = text.find("id: ").expect("an id") + 4;
        let digits = text[begin..].find(|c: char| !c.is_ascii_digit());
        let end = begin + digits.expect("more than the id");
        format!("{}#{}", &text[..begin], &text[end..])
    };
    let declared: Greenlet<u8, u8> = Greenlet::declare();
    assert_eq!(show(&declared), "Greenlet { id: #, state: pending }");
    let greenlet = Builder::new().name("g").build(move |()| {
        let child: Greenlet<(), String> = Greenlet::new(move |()| {
            let parent = current().parent().expect("not main");
            format!("{} in {}", show(&parent), show(&current()))
        });
        let shown = child.switch(());
        parent::<String, ()>().switch(shown)
    });
    let greenlet: Greenlet<(), ()> = greenlet.expect("a stack");
    let says = |state: &str| format!("Greenlet {{ id: #, name: \"g\", state: {state} }}");
    assert_eq!(show(&greenlet), says("pending"));
    assert_eq!(
        AnyGreenlet::from(&greenlet)
            .typed::<(), String>()
            .switch(()),
        "AnyGreenlet { id: #, name: \"g\", state: active } in AnyGreenlet { id: #, state: current }"
    );
    assert_eq!(show(&greenlet), says("suspended"));
    greenlet.switch(());
    assert_eq!(show(&greenlet), says("dead"));
    let main = "AnyGreenlet { id: #, name: \"main\", state: current }";
    assert_eq!(show(&current()), main);
    drop(Greenlet::<(), ()>::new(|()| wait()));
}
