//! What greenlets are told, in few words: an error, and the panic with its text, come out the same.

use std::any::{Any, type_name};
use std::cell::Cell;
use std::panic;
use std::sync::Once;

use greenhub::greenlet::no_switch;
use greenhub::{GreenletExit, SwitchError};

use super::Ids;
use crate::random::greenlets::script::Kind;
use crate::random::greenlets::value::{Large, Small, Stone, Value, show};

/// Parts of the library's sentences, and the word for each.
const REASONS: [(&str, &str); 11] = [
    ("it has ended", "dead"),
    ("it was declared and has no body", "undefined"),
    ("it waits for something other than a switch", "not waiting"),
    ("a panic unwinds the running greenlet", "panicking"),
    ("it was killed", "killed"),
    ("a main greenlet ends with its thread only", "main"),
    ("it waits for the end of another greenlet", "kills"),
    ("has its body already", "has a body"),
    (") has ended", "has a body"),
    ("does not start with", "other start"),
    ("no greenlet could be made", "no stack"),
];

const LINE_HERE: u32 = line!() + 3;

pub(super) fn no_switch_here<R>(body: impl FnOnce() -> R) -> R {
    no_switch(body)
}

const LINE_THERE: u32 = line!() + 3;

pub(super) fn no_switch_there<R>(body: impl FnOnce() -> R) -> R {
    no_switch(body)
}

/// What stands against a switch or a throw, or what came in place of an answer.
pub(super) fn reason<T>(ids: &Ids, error: &SwitchError<T>) -> String {
    match error {
        SwitchError::WrongAnswer { from, value, .. } => {
            let value = match value.downcast_ref::<Small>() {
                Some(small) => small.shown(),
                None => value.downcast_ref::<Large>().expect("ours").shown(),
            };
            format!("unwanted {value} from {}", number_in(ids, from))
        }
        other => reason_in_text(ids, &other.to_string()),
    }
}

/// The same of a sentence.
pub(super) fn reason_in_text(ids: &Ids, text: &str) -> String {
    let between = |before: &str, after: &str| {
        let (_, rest) = text.split_once(before)?;
        Some(rest.split_once(after)?.0)
    };
    if let Some(name) = between("it waits for a value of type ", ",") {
        return format!("it waits for {}", kind(name));
    }
    if let Some(name) = between(" ended with a value of type ", ",") {
        let from = text.rsplit_once(" ended with").expect("just found").0;
        let from = from.rsplit_once("failed: ").map_or(from, |(_, from)| from);
        return format!("unwanted {} from {}", kind(name), number_in(ids, from));
    }
    if let Some((_, place)) = text.split_once("no_switch, which was called at ") {
        let line = place.split(':').nth(1).expect("file:line:column");
        return match line.parse() {
            Ok(LINE_HERE) => "forbidden Here".into(),
            Ok(LINE_THERE) => "forbidden There".into(),
            _ => format!("forbidden at {place}"),
        };
    }
    let reason = REASONS.iter().find(|(part, _)| text.contains(part));
    reason.map_or_else(|| text.to_owned(), |(_, word)| (*word).into())
}

/// What a panic carries.
pub(super) fn payload(ids: &Ids, payload: &(dyn Any + Send)) -> String {
    if let Some(stone) = payload.downcast_ref::<Stone>() {
        format!("stone {}", stone.0)
    } else if GreenletExit::is_in(payload) {
        "its kill".into()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        reason_in_text(ids, text)
    } else {
        "what is not ours".into()
    }
}

/// `greenlet 7 (made at ..)` names by its id.
fn number_in(ids: &Ids, named: &str) -> usize {
    let id = named.split(' ').nth(1).expect("a word and an id");
    ids.number(id.parse().expect("an id"))
}

fn kind(name: &str) -> String {
    let kind = if name == type_name::<Small>() {
        Kind::Small
    } else {
        assert_eq!(name, type_name::<Large>());
        Kind::Large
    };
    show(kind, "")
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics with a text are a part of the game: while this lives, those of this thread are not printed.
pub(super) struct Quiet;

impl Drop for Quiet {
    fn drop(&mut self) {
        IS_QUIET.set(false);
    }
}

pub(super) fn quiet() -> Quiet {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                usual(info);
            }
        }));
    });
    IS_QUIET.set(true);
    Quiet
}
