//! The table: greenlet's tests by file and name, with ours behind `=>`, and what is different behind `:`.

use crate::support::ancestors::{File, files};

#[rustfmt::skip]
pub(super) const FILES: &[File] = files! {
"test_greenlet.py": 73 {
    test_simple => greenlet::switching::main_and_a_greenlet_take_turns_in_order;
    test_switch_no_run_raises_AttributeError
        => greenlet::misuse::a_target_without_a_body_returns_the_value;
    test_throw_no_run_raises_AttributeError
        => like_greenlet::throw::one_without_a_body_gives_the_payload_back_and_stays_as_it_is;
    test_parent_equals_None => greenlet::parents::the_creator_is_the_parent;
    test_run_equals_None => greenlet::unwinding::a_declared_one_without_a_body_just_goes;
    test_two_children => greenlet::parents::a_greenlet_that_ends_leaves_the_others_where_they_are;
    test_two_recursive_children => like_greenlet::switching::a_child_made_inside_switches_to_its_maker_and_goes_with_it;
    test_threads => greenlet::threads::threads_switch_independently, greenlet::threads::many_threads_switch_at_once;
    test_switching_many_threads: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_exception
        => like_greenlet::parents::a_panic_goes_to_the_new_parent_then_to_its_parent,
           like_greenlet::parents::a_panic_kills_an_unstarted_parent_without_running_its_body;
    test_send_exception => like_greenlet::parents::a_child_of_another_one_is_a_way_to_throw_into_that_one;
    test_dealloc => greenlet::unwinding::dropping_the_last_handle_unwinds_before_the_next_statement;
    test_dealloc_catches_GreenletExit_throws_other => greenlet::unwinding::a_panic_of_the_cleanup_stays_inside;
    test_dealloc_other_thread: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_frame => greenlet::switching::each_state_is_told_as_greenlet_tells_it
        : "frames are no objects in Rust, so a handle has none to show; what is left are the states";
    test_thread_bug => greenlet::threads::threads_switch_independently;
    test_switch_kwargs => greenlet::switching::values_of_every_shape_arrive_whole
        : "a switch carries one value each way; several are a tuple or a struct";
    test_switch_kwargs_to_parent => greenlet::switching::values_of_every_shape_arrive_whole;
    test_switch_to_another_thread: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_exc_state
        => like_greenlet::switching::a_greenlet_started_in_a_handler_sees_no_panic,
           greenlet::switching::a_panic_that_was_caught_does_not_keep_one_from_switching;
    test_instance_dict: "a handle has no attributes: what a greenlet knows is in its closure";
    test_running_greenlet_has_no_run => greenlet::misuse::a_body_is_given_once_and_of_the_declared_type,
        greenlet::switching::values_and_captures_are_dropped_once;
    test_deepcopy => greenlet::switching::a_name_and_an_id_tell_greenlets_apart
        : "a clone of a handle is one more handle, and a greenlet cannot be copied at all";
    test_parent_restored_on_kill
        => like_greenlet::parents::an_unwound_greenlet_returns_to_its_dropper
        : "the parent is not changed meanwhile, and one that is unwound may not switch";
    test_parent_return_failure => like_greenlet::parents::a_last_value_for_a_parent_without_a_body_is_told_further_up;
    test_throw_exception_not_lost
        => like_greenlet::throw::a_thrown_payload_survives_a_panic_of_the_dropped_body;
    test_throw_to_dead_thread_doesnt_crash: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_throw_to_dead_thread_doesnt_crash_wait: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_recursive_startup: "nothing of the user's runs between a first switch and the body, as looking up `run` does";
    test_threaded_updatecurrent: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_dealloc_switch_args_not_lost
        => like_greenlet::switching::a_value_from_a_greenlet_without_handle_arrives,
           greenlet::abandoned::a_greenlet_without_handle_unwinds_before_its_switch_ends
        : "it is unwound when it waits, and cannot come back to life";
    test_tuple_subclass: "nothing of the user's runs while a value is handed over: it is moved";
    test_abstract_subclasses: "a greenlet is given a closure; there are no subclasses";
    test_implicit_parent_with_threads => greenlet::parents::the_creator_is_the_parent
        : "no collector runs in the middle of making one";
    test_issue_245_reference_counting_subclass_no_threads
        => like_greenlet::switching::ten_dropped_self_owning_greenlets_keep_nothing_alive,
           greenlet::unwinding::one_that_keeps_itself_during_its_kill_is_dead_afterwards;
    test_issue_245_reference_counting_subclass_threads: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_falling_off_end_switches_to_unstarted_parent_raises_error
        => like_greenlet::parents::a_last_value_of_a_wrong_type_passes_an_unstarted_parent;
    test_falling_off_end_switches_to_unstarted_parent_works
        => like_greenlet::parents::a_last_value_starts_a_parent_that_was_not_started;
    test_switch_to_dead_greenlet_with_unstarted_perverse_parent
        => like_greenlet::parents::a_last_value_of_a_wrong_type_passes_an_unstarted_parent;
    test_switch_to_dead_greenlet_reparent
        => like_greenlet::parents::a_switch_to_a_dead_child_starts_its_unstarted_parent,
           greenlet::parents::a_switch_to_a_dead_child_resumes_its_waiting_parent;
    test_can_access_f_back_of_suspended_greenlet: "frames are no objects in Rust, so a handle has none to show";
    test_get_stack_with_nested_c_calls => greenlet::switching::a_greenlet_runs_deep_on_its_own_stack
        : "frames are no objects in Rust; switching from deep inside is what is left";
    test_frames_always_exposed: "frames are no objects in Rust, so a handle has none to show";
    test_switching_holding_critical_section_no_crash
        => like_greenlet::switching::switching_sorts_and_held_locks_are_kept_apart;
    test_threaded_reparent: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_unexpected_reparenting: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_unexpected_reparenting_thread_running: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_cannot_delete_parent: "`set_parent` takes a greenlet, so nothing takes a parent away";
    test_cannot_delete_parent_of_main: "`set_parent` takes a greenlet, so nothing takes a parent away";
    test_main_greenlet_parent_is_none => greenlet::misuse::main_has_no_parent;
    test_set_parent_wrong_types: "`set_parent` takes a greenlet: anything else does not compile";
    test_trivial_cycle => like_greenlet::parents::a_greenlet_is_not_its_own_parent;
    test_trivial_cycle_main => like_greenlet::parents::main_gets_no_parent;
    test_deeper_cycle => like_greenlet::parents::a_ring_of_parents_is_refused_and_the_chain_stays_as_it_was,
        like_greenlet::parents::a_ring_past_dead_ones_is_refused_too;
    test_main_while_running => assertions::debug_shows_id_and_name_and_state;
    test_main_in_background => assertions::debug_shows_id_and_name_and_state
        : "a main greenlet that has resumed others shows as active: it never suspends";
    test_initial => assertions::debug_shows_id_and_name_and_state;
    test_main_from_other_thread: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_dead => assertions::debug_shows_id_and_name_and_state;
    test_formatting_produces_native_str: "there is one type of text";
    test_main_greenlet_type_can_be_subclassed: "there are no subclasses";
    test_main_greenlet_is_greenlet => greenlet::switching::a_switch_to_oneself_gives_the_value_straight_back;
    test_greenlet_run => greenlet::misuse::a_body_is_given_once_and_of_the_declared_type;
    test_failed_to_initialstub => greenlet::misuse::out_of_memory_leaves_a_declared_one_to_be_defined_later
        : "the raw switch cannot fail; what can is the stack, when a greenlet is made";
    test_failed_to_switch_into_running
        => greenlet::misuse::a_target_of_another_type_returns_the_value_unchanged
        : "the raw switch cannot fail; a refused one leaves its target as it is";
    test_failed_to_slp_switch_into_running: "the raw switch cannot fail: it copies no stack";
    test_reentrant_switch_two_greenlets => like_greenlet::tracing::a_switch_in_a_tracer_at_the_end_of_a_greenlet_is_refused;
    test_reentrant_switch_three_greenlets
        => like_greenlet::tracing::a_switch_in_a_tracer_is_refused_and_the_value_arrives;
    test_reentrant_switch_three_greenlets2
        => like_greenlet::tracing::a_switch_in_a_tracer_is_refused_and_the_value_arrives;
    test_reentrant_switch_GreenletAlreadyStartedInPython
        : "nothing of the user's runs between a first switch and the body, as looking up `run` does";
    test_reentrant_switch_run_callable_has_del
        => greenlet::switching::a_capture_of_an_unstarted_greenlet_may_switch_in_its_drop;
    test_switch_leaves_no_critical_section_held: "the interpreter's own locks";
    test_no_gil_on_free_threaded: "the interpreter's own lock";
}
"test_throw.py": 7 {
    test_class => like_greenlet::throw::a_catcher_answers_the_thrower_and_continues;
    test_val => like_greenlet::throw::a_catcher_answers_the_thrower_and_continues,
        like_greenlet::throw::an_uncaught_payload_is_back_in_the_thrower;
    test_kill => like_greenlet::throw::a_second_kill_finds_nothing_to_do,
        like_greenlet::throw::whoever_waits_for_one_that_kills_itself_is_told_so
        : "a kill is no value: `kill` returns, and a switch that waits for a killed one is told";
    test_throw_goes_to_original_parent
        => like_greenlet::throw::a_throw_into_an_unstarted_child_passes_an_unstarted_parent,
           like_greenlet::throw::a_waiting_parent_catches_a_throw_into_an_unstarted_child,
           like_greenlet::throw::an_uncaught_throw_reaches_the_parent_not_the_awaited,
           like_greenlet::throw::a_throw_into_a_dead_one_goes_on_in_its_nearest_live_ancestor,
           like_greenlet::throw::two_take_turns_until_one_is_thrown_into_and_both_have_ended;
    test_non_traceback_param => like_greenlet::throw::a_refused_throw_returns_the_payload
        : "a throw has one argument, of one type: a bad one does not compile; what can go wrong is the time";
    test_instance_of_wrong_type: "anything may be thrown that may be a panic: another type does not compile";
    test_not_throwable: "anything may be thrown that may be a panic: another type does not compile";
}
"test_tracing.py": 10 {
    test_a_greenlet_tracing => like_greenlet::tracing::switches_returns_and_panics_are_told_in_order,
        like_greenlet::tracing::throws_and_kills_are_told_as_throws,
        like_greenlet::tracing::a_switch_to_oneself_and_a_throw_into_oneself_are_told_of_too,
        like_greenlet::tracing::an_unwinding_for_want_of_handles_is_told_as_a_throw,
        like_greenlet::tracing::a_switch_past_a_dead_one_is_told_as_one_to_whom_it_goes,
        like_greenlet::tracing::each_thread_has_a_tracer_of_its_own;
    test_b_exception_disables_tracing
        => like_greenlet::tracing::a_panicking_tracer_is_removed_and_its_panic_reaches_the_target,
           like_greenlet::tracing::a_tracer_panic_at_a_first_switch_stops_the_body;
    test_set_same_tracer_twice => like_greenlet::tracing::the_tracer_that_was_set_before_comes_back;
    test_trace_events_trivial: "the interpreter's profiler, which sees calls";
    test_trace_events_into_greenlet_func_already_set: "the interpreter's profiler, which sees calls";
    test_trace_events_into_greenlet_subclass_already_set: "the interpreter's profiler, which sees calls";
    test_trace_events_from_greenlet_func_sets_profiler: "the interpreter's profiler, which sees calls";
    test_trace_events_from_greenlet_subclass_sets_profiler: "the interpreter's profiler, which sees calls";
    test_trace_events_multiple_greenlets_switching: "the interpreter's profiler, which sees calls";
    test_trace_events_multiple_greenlets_switching_siblings: "the interpreter's profiler, which sees calls";
}
"test_gc.py": 8 {
    test_dead_circular_ref => like_greenlet::weak::one_that_captures_its_own_handle_is_freed_when_it_has_run;
    test_circular_greenlet => like_greenlet::weak::one_that_captures_a_weak_handle_to_itself_is_freed
        : "there is no collector: one that keeps a handle to itself while it waits stays";
    test_inactive_ref => like_greenlet::weak::weak_handles_find_nothing_after_the_last_handle;
    test_finalizer_crash => greenlet::switching::a_destructor_may_switch_when_nothing_panics,
        greenlet::unwinding::locals_are_dropped_in_the_order_of_unwinding;
    test_issue515_freethread_c_stack_refs: "the interpreter's collector";
    test_c_stack_refs_suspended_gc: "the interpreter's collector";
    test_crashing_deferred_object: "the interpreter's collector";
    test_cycle_in_suspended_frame => greenlet::unwinding::unwinding_one_unwinds_those_that_it_owns
        : "there is no collector: what a suspended frame owns goes when it is unwound";
}
"test_weakref.py": 3 {
    test_dead_weakref => like_greenlet::weak::weak_handles_find_nothing_after_the_last_handle;
    test_inactive_weakref => like_greenlet::weak::a_weak_handle_finds_its_greenlet_while_a_handle_lives;
    test_dealloc_weakref => like_greenlet::weak::an_unwinding_parent_does_not_find_a_child_that_went_before
        : "a child does not keep its parent";
}
"test_generator.py": 1 {
    test_generator => like_greenlet::generators::body_and_loop_take_turns_item_by_item;
}
"test_generator_nested.py": 5 {
    test_layered_genlets => like_greenlet::generators::an_item_may_say_how_far_up_it_goes,
        generator::misuse::an_inner_generator_cannot_yield_for_the_outer_one
        : "a yield goes to whoever has resumed the generator, who may hand it on";
    test_permutations
        => like_greenlet::generators::two_permutation_generators_do_not_disturb_each_other;
    test_genlet_simple
        => like_greenlet::generators::an_iterator_a_body_and_a_called_function_do_the_same;
    test_genlet_bad => generator::misuse::nobody_can_yield_for_one_that_is_suspended
        : "outside of a body there is nothing to yield with";
    test_nested_genlets => like_greenlet::generators::generators_in_generators_hand_every_item_up,
        generator::resuming::generators_nest_deeply;
}
"test_contextvars.py": 9 {
    test_context_propagated_by_context_run
        => like_greenlet::locals::an_inherited_local_starts_as_a_copy_of_the_makers
        : "what is handed on is said where the local is declared, and not at each greenlet";
    test_context_propagated_by_setting_attribute
        => like_greenlet::locals::a_local_given_to_a_new_greenlet_is_there_at_its_start;
    test_context_not_propagated
        => like_greenlet::locals::a_local_starts_empty_in_each_greenlet;
    test_context_shared => like_greenlet::locals::an_inherited_pointer_is_shared_by_all_who_inherit_it
        : "locals are not shared; a pointer among them is";
    test_break_ctxvars: "there is no context to be entered and left";
    test_not_broken_if_using_attribute_instead_of_context_run: "there is no context to be entered and left";
    test_context_assignment_while_running: "there is no context that could be put in another's place";
    test_context_assignment_different_thread: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_context_assignment_wrong_type: "a local has a type: another does not compile";
}
"test_cpp.py": 6 {
    test_exception_switch => like_greenlet::switching::four_waiting_handlers_resume_with_their_own_panics;
    test_unhandled_nonstd_exception_aborts => greenlet::threads::a_greenlet_that_panics_ends_the_process_as_any_panic_does
        : "a panic that nobody catches ends the process by the way of its main greenlet";
    test_unhandled_std_exception_aborts => greenlet::threads::a_greenlet_that_panics_ends_the_process_as_any_panic_does;
    test_unhandled_std_exception_as_greenlet_function_aborts
        => greenlet::threads::a_panic_in_a_greenlet_ends_its_thread_as_any_panic_does;
    test_unhandled_exception_in_greenlet_aborts => greenlet::parents::a_panic_nobody_catches_unwinds_each_ancestor_in_turn;
    test_leak_test_exception_switch_and_do_in_g2
        => like_greenlet::leaks::a_thousand_panics_through_two_greenlets_leave_no_stack;
}
"test_extension_interface.py": 12 {
    test_switch => greenlet::switching::the_first_value_is_the_argument_the_last_the_result;
    test_switch_kwargs => greenlet::switching::values_of_every_shape_arrive_whole;
    test_setparent => like_greenlet::parents::a_waiting_greenlet_ends_into_its_new_parent;
    test_getcurrent => greenlet::switching::each_state_is_told_as_greenlet_tells_it;
    test_new_greenlet => greenlet::switching::the_body_runs_at_the_first_switch_and_not_before;
    test_raise_greenlet_dead => greenlet::misuse::a_child_that_a_kill_ends_by_another_way_is_told_as_killed;
    test_raise_greenlet_error: "each call has its own errors: there is no class above them";
    test_throw => like_greenlet::throw::a_catcher_answers_the_thrower_and_continues,
        like_greenlet::throw::a_throw_into_oneself_is_raised_in_place,
        like_greenlet::throw::a_throw_into_main_is_raised_and_the_thrower_stays;
    test_non_traceback_param: "a throw has one argument, of one type: a bad one does not compile";
    test_instance_of_wrong_type: "anything may be thrown that may be a panic: another type does not compile";
    test_not_throwable: "anything may be thrown that may be a panic: another type does not compile";
    test_leaks => greenlet::switching::values_and_captures_are_dropped_once;
}
"test_leaks.py": 12 {
    test_arg_refs => like_greenlet::leaks::values_passed_a_hundred_times_are_dropped_once_each;
    test_kwarg_refs => like_greenlet::leaks::values_passed_a_hundred_times_are_dropped_once_each;
    test_threaded_leak => greenlet::threads::each_thread_has_a_main_greenlet_of_its_own
        : "no other thread can have a handle, so nothing of a thread's is left when it has ended";
    test_threaded_adv_leak => greenlet::threads::greenlets_held_by_a_thread_unwind_before_join_returns;
    test_issue251_killing_cross_thread_leaks_list: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_issue251_with_cleanup_disabled: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_issue251_issue252_need_to_collect_in_background: "does not compile: see the documentation in src/greenlet/handle.rs";
    test_issue251_issue252_need_to_collect_in_background_cleanup_disabled
        : "does not compile: see the documentation in src/greenlet/handle.rs";
    test_issue251_issue252_explicit_reference_not_collectable
        : "does not compile: see the documentation in src/greenlet/handle.rs";
    test_untracked_memory_doesnt_increase
        => like_greenlet::leaks::a_hundred_thousand_in_sequence_leave_no_memory;
    test_untracked_memory_doesnt_increase_unfinished_thread_dealloc_in_thread
        => like_greenlet::leaks::twenty_thousand_waiters_get_exits_and_stacks_are_reused;
    test_untracked_memory_doesnt_increase_unfinished_thread_dealloc_in_main
        : "does not compile: see the documentation in src/greenlet/handle.rs";
}
"test_interpreter_shutdown.py": 23 {
    test_active_greenlet_at_shutdown_no_crash => greenlet::threads::a_process_ends_well_with_greenlets_suspended;
    test_multiple_active_greenlets_at_shutdown => greenlet::threads::a_process_ends_well_with_greenlets_suspended;
    test_nested_greenlets_at_shutdown => greenlet::threads::a_process_ends_well_with_greenlets_suspended;
    test_threaded_greenlets_at_shutdown => greenlet::threads::a_process_exits_from_a_greenlet_of_another_thread,
        like_greenlet::leaving::a_process_ends_well_with_many_suspended_greenlets;
    test_greenlet_cleanup_during_thread_exit
        => like_greenlet::leaving::greenlets_held_by_a_thread_clean_up_before_join_returns;
    test_finally_block_during_thread_exit
        => greenlet::threads::greenlets_held_by_a_thread_unwind_before_join_returns
        : "what is left to destructors of thread-locals is leaked, not unwound";
    test_many_greenlets_with_cleanup_at_shutdown
        => like_greenlet::leaving::a_process_ends_well_with_many_suspended_greenlets;
    test_deeply_nested_greenlets_at_shutdown
        => like_greenlet::leaving::a_process_ends_well_with_many_suspended_greenlets;
    test_greenlet_with_traceback_at_shutdown
        => like_greenlet::leaving::a_process_ends_well_with_many_suspended_greenlets;
    test_getcurrent_during_atexit_no_crash
        => like_greenlet::leaving::the_current_greenlet_can_be_asked_for_at_the_very_end;
    test_gettrace_during_atexit_no_crash => like_greenlet::leaving::a_tracer_set_at_the_very_end_does_no_harm;
    test_settrace_during_atexit_no_crash => like_greenlet::leaving::a_tracer_set_at_the_very_end_does_no_harm;
    test_getcurrent_with_active_greenlets_during_atexit
        => like_greenlet::leaving::the_current_greenlet_can_be_asked_for_at_the_very_end;
    test_greenlet_construction_during_atexit_no_crash
        => like_greenlet::leaving::a_greenlet_made_at_the_very_end_works_or_is_refused;
    test_greenlet_construction_with_active_greenlets_during_atexit
        => like_greenlet::leaving::a_greenlet_made_at_the_very_end_works_or_is_refused;
    test_greenlet_construction_with_cross_thread_deleteme_during_atexit
        : "does not compile: see the documentation in src/greenlet/handle.rs";
    test_getcurrent_returns_none_during_gc_finalization
        => greenlet::threads::a_switch_in_the_last_destructors_keeps_the_thread_whole
        : "the last destructors are those of thread-locals, and a current greenlet is always there";
    test_getcurrent_returns_none_during_gc_finalization_with_active_greenlets
        => like_greenlet::leaving::the_current_greenlet_can_be_asked_for_at_the_very_end;
    test_getcurrent_returns_none_during_gc_finalization_cross_thread
        : "does not compile: see the documentation in src/greenlet/handle.rs";
    test_getcurrent_returns_none_during_atexit_phase
        => greenlet::threads::a_switch_in_the_last_destructors_keeps_the_thread_whole;
    test_getcurrent_returns_none_during_atexit_phase_with_active_greenlets
        => like_greenlet::leaving::the_current_greenlet_can_be_asked_for_at_the_very_end;
    test_api_getcurrent_no_system_error_at_module_gc_time
        => greenlet::threads::a_switch_in_the_last_destructors_keeps_the_thread_whole;
    test_switch_no_error_at_module_gc_time
        => greenlet::threads::a_switch_in_the_last_destructors_keeps_the_thread_whole;
}
"test_greenlet_trash.py": 1 {
    test_it => like_greenlet::switching::destructors_may_switch_inside_long_chains_of_destructors;
}
"test_stack_saved.py": 1 {
    test_stack_saved: "a stack is never copied away: each greenlet keeps its own";
}
"test_version.py": 1 {
    test_version: "a version stands in one place, `Cargo.toml`";
}
};
