//! Random programs of greenlets, compared with a plain model of the rules: same order, values, states and drops.
//!
//! ```text
//!   script   New(0, ..) Switch(0, ..) Throw(3, ..) Return ...      whoever runs takes the next step
//!     |  |
//!     |  +--> real    greenlets that share the script, and a few slots for handles   -> log
//!     +-----> model   the same on paper, from the rules                              -> log    both are the same
//! ```
//! `PROPTEST_CASES` says how many programs there shall be. With `PROPTEST_VERBOSE=2` and `--nocapture` each is shown
//! before it runs: for one that ends the process.

mod model;
mod real;
mod script;
mod value;

use std::cell::Cell;
use std::fmt::Write;
use std::time::Instant;

use crate::support::slowness;
use proptest::prelude::*;

use self::model::run_on_paper;
use self::real::run_for_real;
use self::script::{Script, any_script};

const STEPS: usize = 150;
const CASES: u32 = 1_000;

#[test]
fn random_programs_do_what_the_rules_say() {
    let config = ProptestConfig {
        cases: match std::env::var("PROPTEST_CASES") {
            Ok(cases) => cases.parse().expect("how many"),
            Err(_) => CASES / slowness(),
        },
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let (begun, case) = (Instant::now(), Cell::new(0));
    let found = Cell::new(None);
    proptest!(config, |(script in any_script(STEPS))| {
        case.set(case.get() + 1);
        if let Err(difference) = compare(&script) {
            let (case, after) = found.get().unwrap_or((case.get(), begun.elapsed()));
            found.set(Some((case, after)));
            let what = format!("{difference}\nfirst found in case {case}, after {after:.1?}");
            return Err(TestCaseError::fail(what));
        }
    });
}

/// Runs it both ways. The error shows where the logs part.
fn compare(script: &Script) -> Result<(), String> {
    let (real, paper) = (run_for_real(script), run_on_paper(script));
    if real == paper {
        return Ok(());
    }
    let same = real.iter().zip(&paper).take_while(|(a, b)| a == b).count();
    let mut shown = String::new();
    let parts = [
        ("both say", &real[..same]),
        ("then really", &real[same..]),
        ("and on paper", &paper[same..]),
    ];
    for (title, lines) in parts {
        let lines = lines.join("\n    ");
        writeln!(shown, "{title}:\n    {lines}").expect("a string takes it");
    }
    Err(shown)
}
