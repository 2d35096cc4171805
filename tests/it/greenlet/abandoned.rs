//! Running greenlets that lose their last handle: they run on, and are unwound when they would wait.

use greenhub::{Greenlet, current};

use crate::support::{Log, owning_itself, wait};

#[test]
fn one_that_drops_its_own_last_handle_runs_on_to_its_end() {
    let log = Log::new();
    owning_itself({
        let log = log.clone();
        move |own| {
            assert_eq!(own, current());
            drop(own);
            log.say("runs on");
        }
    });
    log.say("after");
    log.check(["runs on", "after"]);
}

#[test]
fn a_greenlet_without_handle_unwinds_before_its_switch_ends() {
    let log = Log::new();
    owning_itself({
        let log = log.clone();
        move |own| {
            let _fin = log.at_drop("fin");
            drop(own);
            log.say("nobody can come back");
            wait();
            log.say("never");
        }
    });
    log.say("after");
    log.check(["nobody can come back", "fin", "after"]);
}

#[test]
fn a_greenlet_without_handle_unwinds_when_its_children_reach_main() {
    let log = Log::new();
    owning_itself({
        let log = log.clone();
        move |own| {
            let _fin = log.at_drop("fin");
            let main = own.parent().expect("main").typed::<(), ()>();
            drop(own);
            let child: Greenlet<(), ()> = Greenlet::new({
                let log = log.clone();
                move |()| {
                    let _child = log.at_drop("child fin");
                    log.say("child");
                    main.switch(());
                }
            });
            child.switch(());
        }
    });
    log.say("after");
    log.check(["child", "child fin", "fin", "after"]);
}
