//! What may stand where in a `select!`.

use std::ops::Deref;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, RecvError, SendError};
use greenhub::{select, select_biased};

use crate::support::millis;

#[test]
fn handles_may_be_values_references_or_temporaries() {
    let (sender, receiver) = channel::unbounded::<i32>();
    (0..3).for_each(|n| sender.send(n).unwrap());
    select! {
        send(sender, 0) -> _ => {}
        recv(receiver) -> _ => {}
    }
    select! {
        send(&&&&sender, 0) -> _ => {}
        recv(&&&&receiver) -> _ => {}
    }
    let (mut optional, mut times) = (Some(&receiver), 0);
    for _ in 0..2 {
        select! {
            recv(optional.unwrap_or(&channel::never())) -> _ => times += 1,
            default => {}
        }
        optional = None;
    }
    assert_eq!(times, 1);
    let owned = [receiver].into_iter().next();
    select! {
        recv(owned.unwrap_or_else(channel::never)) -> _ => {},
        default => {}
    }
}

#[test]
fn bodies_are_blocks_and_expressions_of_every_kind() {
    let (_sender, receiver) = channel::unbounded::<i32>();
    let number = select! {
        recv(receiver) -> _ => 3.0,
        recv(receiver) -> item => loop {
            if item.is_ok() {
                break 4.0;
            }
        },
        recv(receiver) -> item => match item {
            Ok(_) => 5.0,
            Err(_) => unreachable!()
        },
        default => 7.
    };
    assert_eq!(number, 7.0);
    select! {
        recv(receiver) -> item => if item.is_ok() {
            unreachable!()
        },
        default => ()
    }
}

#[test]
fn handles_may_be_moved_out_of_closures_that_are_called_once() {
    let (sender, receiver) = channel::unbounded::<i32>();
    let once = Box::new(());
    let (give, take) = (
        move || {
            drop(once);
            sender
        },
        move || receiver,
    );
    select! {
        recv(take()) -> _ => unreachable!(),
        send(give(), 5) -> sent => assert_eq!(sent, Ok(())),
    }
    let receiver = channel::unbounded::<i32>().1;
    let once = Box::new(());
    let take = move || {
        drop(once);
        receiver
    };
    select! { recv(take()) -> res => assert_eq!(res, Err(RecvError)) }
}

#[test]
fn the_type_of_an_item_is_found_by_its_use() {
    let (sender, receiver) = channel::unbounded();
    select! {
        recv(receiver) -> _ => {}
        default => {}
    }
    sender.send(()).unwrap();
    let (sender, receiver) = channel::unbounded();
    select! {
        send(sender, ()) -> _ => {}
    }
    receiver.recv().unwrap();
}

#[test]
fn a_default_may_have_empty_parentheses() {
    let (sender, receiver) = channel::bounded::<i32>(0);
    let mut defaults = 0;
    select! {
        recv(receiver) -> _ => unreachable!(),
        default => defaults += 1
    }
    select! {
        send(sender, 0) -> _ => unreachable!(),
        default() => defaults += 1
    }
    select! { default => defaults += 1 }
    select! { default() => defaults += 1 }
    assert_eq!(defaults, 4);
}

#[test]
fn a_result_may_have_the_name_of_its_channel() {
    let receiver = channel::unbounded::<i32>().1;
    select! {
        recv(receiver) -> receiver => assert_eq!(receiver, Err(RecvError)),
    }
}

#[test]
fn handles_in_boxes_and_wrappers_are_arms() {
    struct Wrapped<T>(T);

    impl<T> Deref for Wrapped<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    let (sender, receiver) = channel::bounded::<i32>(0);
    let (sender, receiver) = (Box::new(sender), Wrapped(receiver));
    select! {
        send(*sender, 0) -> _ => unreachable!(),
        recv(*receiver) -> _ => unreachable!(),
        default => {}
    }
    select! {
        send(sender, 0) -> _ => unreachable!(),
        recv(receiver) -> _ => unreachable!(),
        default => {}
    }
}

#[test]
fn each_body_may_move_what_is_moved_once() {
    let (sender, receiver) = channel::unbounded::<i32>();
    let (one, two) = (Box::new(()), Box::new(()));
    select! {
        recv(receiver) -> _ => drop(one),
        default => drop(two),
    }
    let (one, two) = (Box::new(()), Box::new(()));
    select! {
        recv(receiver) -> _ => drop(one),
        send(sender, 0) -> _ => drop(two),
    }
    let once = Box::new(());
    select! { recv(receiver) -> _ => drop(once) }
}

#[test]
fn a_select_parses_inside_of_a_select() {
    let receiver = channel::unbounded::<i32>().1;
    select! {
        recv(receiver) -> _ => {}
        recv(receiver) -> _ => {
            select! {
                recv(receiver) -> _ => {}
                recv(receiver) -> _ => {
                    select! {
                        default => {}
                    }
                }
            }
        }
    }
}

#[test]
fn its_value_is_that_of_the_body_and_of_one_type() {
    let (sender, receiver) = channel::unbounded::<i32>();
    let mut texts = Vec::<String>::new();
    for _ in 0..3 {
        texts.push(select_biased! {
            recv(receiver) -> _ => "received".into(),
            default => "nothing".to_string(),
        });
        if texts.len() == 1 {
            texts.push(select! {
                send(sender, 0) -> _ => "sent".to_owned(),
                default => unreachable!(),
            });
        }
    }
    assert_eq!(texts, ["nothing", "sent", "received", "nothing"]);
}

#[test]
fn results_have_the_types_of_plain_calls() {
    let sender = channel::bounded::<i32>(0).0;
    let receiver = channel::bounded::<i32>(0).1;
    let _: Result<i32, RecvError> = select! { recv(receiver) -> res => res };
    let _: Result<(), SendError<i32>> = select! { send(sender, 0) -> res => res };
    for _ in 0..10 {
        select! {
            send(sender, 0) -> res => { let _: Result<(), SendError<i32>> = res; },
            recv(receiver) -> res => { let _: Result<i32, RecvError> = res; },
            default(millis(0)) => unreachable!(),
        }
    }
}

#[test]
fn a_comma_may_end_every_list() {
    pause_clock();
    let (sender, receiver) = channel::unbounded::<usize>();
    select! {
        send(sender, 1,) -> _ => {},
        recv(receiver,) -> _ => {},
        default(millis(1000),) => {},
    }
}
