//! The table: gevent's tests by file, class and name, with ours behind `=>`, and what is different behind `:`.

use crate::support::ancestors::{File, files};

#[rustfmt::skip]
pub(super) const FILES: &[File] = files! {
"test__greenlet.py": 58 {
    TestLink.test_link_to_asyncresult
        => task::callbacks::each_is_called_for_the_outcome_that_it_is_for,
           task::callbacks::a_callback_knows_its_task_and_sees_the_value_of_join
        : "what is linked is a closure, which may hand the value on to whatever it likes";
    TestLink.test_link_to_asyncresult_exception => task::callbacks::each_is_called_for_the_outcome_that_it_is_for;
    TestLink.test_link_to_queue => task::callbacks::each_is_called_for_the_outcome_that_it_is_for;
    TestLink.test_link_to_channel => task::callbacks::a_callback_may_spawn_join_and_drop_waiting_captures
        : "a callback may wait: it runs on the task's own stack";
    TestUnlink.test_func_link => task::callbacks::one_that_is_taken_back_is_dropped_and_never_called;
    TestUnlink.test_func_link_value => task::callbacks::one_that_is_taken_back_is_dropped_and_never_called;
    TestUnlink.test_func_link_exception => task::callbacks::one_that_is_taken_back_is_dropped_and_never_called;
    TestReturn_link.test_return => task::callbacks::each_is_called_for_the_outcome_that_it_is_for,
        task::late_callbacks::a_late_one_is_called_before_on_done_returns
        : "a late one is called at once, and not in the next turn";
    TestReturn_link.test_kill => task::callbacks::each_is_called_for_the_outcome_that_it_is_for
        : "a killed one has failed, so `on_value` is not for it";
    TestRaise_link.test_raise => task::callbacks::each_is_called_for_the_outcome_that_it_is_for;
    TestStuff.test_minimal_id => task::joining::names_and_ids_are_the_tasks_own;
    TestStuff.test_wait_noerrors => task::many::try_gather_gives_all_values_in_order_or_the_earliest_error,
        task::callbacks::one_that_is_taken_back_is_dropped_and_never_called;
    TestStuff.test_wait_error => task::many::the_first_failure_is_told_at_once_and_the_others_run_on;
    TestStuff.test_joinall_exception_order => task::many::the_first_failure_is_told_at_once_and_the_others_run_on;
    TestStuff.test_joinall_count_raise_error => task::many::a_failure_counts_as_an_end_where_nobody_asks_for_values;
    TestStuff.test_multiple_listeners_error => task::callbacks::one_that_panics_keeps_no_other_from_being_called;
    TestStuff.test_multiple_listeners_error_unlink_Greenlet_link
        => task::callbacks::a_callback_may_cancel_a_later_callback_only;
    TestStuff.test_multiple_listeners_error_unlink_Greenlet_rawlink
        => task::callbacks::a_callback_may_cancel_a_later_callback_only
        : "there is one kind of link";
    TestStuff.test_multiple_listeners_error_unlink_AsyncResult_rawlink: "an `AsyncResult` is no part of these modules";
    TestStr.test_function => task::states::handles_tell_name_id_and_place;
    TestStr.test_method => task::states::handles_tell_name_id_and_place;
    TestStr.test_subclass: "a task has no subclasses";
    TestBasic.test_spawn_non_callable: "what is no closure does not compile";
    TestBasic.test_spawn_raw_kwargs => greenlet::switching::the_body_runs_at_the_first_switch_and_not_before
        : "arguments are captures; a greenlet that is no task is a `Greenlet`";
    TestBasic.test_simple_exit => task::states::a_task_goes_through_its_states_in_order;
    TestBasic.test_error_exit => task::states::each_way_to_end_has_its_state,
        task::joining::a_join_returns_the_panic_with_its_message_task_and_place;
    TestBasic.test_exc_info_no_error => task::joining::join_gives_what_the_body_returned;
    TestBasic.test_recursion_error
        : "recursion without end is no exception but the end of the process, which says whose it was: `tests/overflow/`";
    TestBasic.test_tree_locals => task::locals::a_task_inherits_from_who_spawns_it_when_it_spawns,
        task::states::a_task_finds_itself_in_the_list_and_its_spawner_by_its_id
        : "locals are inherited where they are declared so, each by a copy of its own";
    TestBasic.test_add_spawn_callback: "nobody is called at each spawn: it would cost every one";
    TestBasic.test_getframe_value_error => task::states::handles_tell_name_id_and_place
        : "the place is the compiler's: it is always known";
    TestBasic.test_minimal_ident_parent_not_hub => task::killed_greenlets::a_hub_cannot_be_killed_and_keeps_its_parent
        : "an id needs no hub";
    TestKill.test_block => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once,
        task::kill::a_second_kill_changes_nothing,
        task::kill::one_that_has_ended_stays_as_it_is;
    TestKill.test_non_block => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once,
        task::kill::a_killer_that_does_not_wait_resumes_before_the_task;
    TestKill.test_block_killall => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once,
        task::kill::killall_kills_all_before_it_waits_and_the_killer_itself_last;
    TestKill.test_non_block_killal => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once
        : "`kill_nowait` of each is the same";
    TestKill.test_non_type_exception: "a kill is a kill; what is thrown is a `throw` into the greenlet";
    TestKill.test_non_type_exception_non_block: "a kill is a kill; what is thrown is a `throw` into the greenlet";
    TestKill.test_non_type_exception_killall: "a kill is a kill; what is thrown is a `throw` into the greenlet";
    TestKill.test_non_type_exception_killall_non_block: "a kill is a kill; what is thrown is a `throw` into the greenlet";
    TestKill.test_non_exc_exception: "a kill has no argument";
    TestKill.test_non_exc_exception_non_block: "a kill has no argument";
    TestKill.test_non_exc_exception_killall: "a kill has no argument";
    TestKill.test_non_exc_exception_killall_non_block: "a kill has no argument";
    TestKillallRawGreenlet.test_killall_raw => greenlet::killing::a_waiting_target_ends_before_the_next_statement
        : "`killall` is for tasks; a greenlet is killed by its own `kill`";
    TestContextManager.test_simple => group::scope::tasks_borrow_run_in_order_and_end_before_the_scope_returns
        : "a block that ends when its tasks have is a scope";
    TestContextManager.test_wait_in_suite => group::scope::a_join_returns_the_value_even_a_borrowed_value;
    TestContextManager.test_greenlet_raises
        => group::scope::the_first_panic_continues_and_the_others_are_reported
        : "a panic that nobody has joined goes on at the end of the scope";
    TestContextManager.test_join_raises => group::scope::a_payload_thrown_into_a_scope_wait_kills_the_tasks_first;
    TestContextManager.test_suite_body_raises
        => group::scope::tasks_of_a_panicking_body_run_to_their_ends_first
        : "a panic of the body kills nobody; a kill or a timeout of the body kills its tasks";
    TestContextManager.test_suite_body_raises_with_delay
        => group::scope::tasks_of_a_panicking_body_run_to_their_ends_first;
    TestStart.test_start: "a task is started by its spawn, and there is no second start";
    TestRef.test_init: "the interpreter's collector";
    TestRef.test_kill_scheduled => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once;
    TestRef.test_kill_started => task::kill::a_kill_is_raised_at_the_wait_and_the_killer_resumes_after;
    TestCExt.test_c_extension: "there is one implementation";
    TestPure.test_pure: "there is one implementation";
    TestDeadPropertyDuringSwitch.test_dead_is_false_for_current_greenlet_during_switch
        => hub::tracing::each_turn_is_seen_from_the_very_first_one,
           task::states::a_task_goes_through_its_states_in_order;
}
"test__greenletset.py": 9 {
    Test.test_basic => group::members::a_task_is_a_member_from_its_spawn_to_its_end;
    Test.test_waitall => group::members::join_waits_for_later_members_within_its_limit;
    Test.test_kill_block => group::members::kill_ends_each_member_once_and_those_that_come_meanwhile;
    Test.test_kill_noblock => group::members::kill_ends_each_member_once_and_those_that_come_meanwhile;
    Test.test_kill_fires_once => group::members::kill_ends_each_member_once_and_those_that_come_meanwhile,
        task::kill::a_kill_that_is_swallowed_comes_again_at_each_wait
        : "a kill that is swallowed comes again at the next wait, whoever has killed";
    Test.test_killall_subclass => group::members::foreign_tasks_can_be_added_and_be_in_several_groups
        : "a task has no subclasses";
    Test.test_killall_iterable_argument_non_block => task::kill::killall_kills_all_before_it_waits_and_the_killer_itself_last;
    Test.test_killall_iterable_argument_timeout_not_started
        => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once;
    Test.test_killall_iterable_argument_timeout_started => task::shield::whoever_waits_for_a_shielded_one_may_give_up
        : "a task that shall clean up in peace does so in a shield";
}
"test__joinall.py": 1 {
    Test.test => task::many::the_same_task_twice_is_two_entries,
        task::joining::joinall_waits_for_all_also_for_none_and_for_one_twice;
}
"test__iwait.py": 3 {
    Testiwait.test_noiter => task::many::iwait_takes_what_it_waits_for_and_gives_it_back;
    Testiwait.test_iwait_partial => task::many::an_iterator_that_is_dropped_in_between_leaves_nothing_behind,
        task::many::iwait_with_a_limit_ends_then_and_for_good;
    Testiwait.test_iwait_nogarbage => task::many::an_iterator_that_is_dropped_in_between_leaves_nothing_behind;
}
"test__order.py": 2 {
    Test.test_greenlet_link
        => task::callbacks::a_thousand_callbacks_run_in_order_before_joiners;
    TestSleep0.test => hub::running::tasks_that_yield_take_turns, hub::time::sleeping_for_no_time_is_yielding;
}
"test__sleep0.py": 1 {
    script => task::timeout::one_that_yields_for_ever_is_ended, hub::running::yields_do_not_keep_a_timer_waiting;
}
"test__hub.py": 14 {
    TestCloseSocketWhilePolling.test: "a connect owns its socket: nobody can close it meanwhile";
    TestExceptionInMainloop.test_sleep => task::remote::a_panic_in_a_body_from_another_thread_ends_only_that_body
        : "nobody's code runs on the hub's stack but mail from other threads";
    TestSleep.test_simple => hub::time::sleeping_for_no_time_is_yielding;
    TestWaiter.test: "a wait of the hub is no object of a user's: what it stands for is an event, or a switch";
    TestPeriodicMonitoringThread.test_config: "watching whether a thread is blocked is no part of these modules";
    TestPeriodicMonitoringThread.test_kill_removes_trace
        : "watching whether a thread is blocked is no part of these modules";
    TestPeriodicMonitoringThread.test_blocking_this_thread
        : "watching whether a thread is blocked is no part of these modules";
    TestPeriodicMonitoringThread.test_blocking_threadpool_thread_task_queue
        : "watching whether a thread is blocked is no part of these modules";
    TestPeriodicMonitoringThread.test_blocking_threadpool_thread_one_greenlet
        : "watching whether a thread is blocked is no part of these modules";
    TestPeriodicMonitoringThread.test_blocking_threadpool_thread_multi_greenlet
        : "watching whether a thread is blocked is no part of these modules";
    TestLoopInterface.test_implemensts_ILoop: "there is one event loop, and the compiler checks its interfaces";
    TestLoopInterface.test_callback_implements_ICallback: "there is one event loop, and the compiler checks its interfaces";
    TestLoopInterface.test_callback_ts_implements_ICallback: "there is one event loop, and the compiler checks its interfaces";
    TestHandleError.test_exception_in_custom_handle_error_does_not_crash
        => task::unobserved::a_hook_may_wait_spawn_panic_and_set_another_hook;
}
"test__hub_join.py": 3 {
    TestJoin.test_join_many_times
        => task::leaving::join_waits_for_all_tasks_and_may_be_repeated;
    TestJoin.test_join_in_new_thread_doesnt_leak_hub_or_greenlet
        => task::leaving::a_thread_may_end_with_tasks_alive_which_are_left_as_they_are;
    TestJoin.test_destroy_in_main_thread_from_new_thread: "a hub belongs to its thread and goes with it: no other has a handle to it";
}
"test__hub_join_timeout.py": 6 {
    Test.test_callback
        => task::leaving::join_waits_for_all_tasks_and_may_be_repeated;
    Test.test_later => task::states::a_delayed_task_begins_at_its_moment_and_in_order;
    Test.test_timeout
        => task::leaving::join_waits_for_all_tasks_and_may_be_repeated;
    Test.test_event => sync::event::it_can_be_waited_for_beside_others;
    Test.test_ref_arg => task::timeout::an_endless_one_never_comes_and_does_not_hide_a_deadlock
        : "a wait for all tasks is for tasks: a timer keeps it no longer, whatever it is";
    Test.test_ref_attribute => task::timeout::an_endless_one_never_comes_and_does_not_hide_a_deadlock;
}
"test__timeout.py": 11 {
    TestDirectRaise.test_direct_raise_class: "a `TimedOut` is made by its timeout alone";
    TestDirectRaise.test_direct_raise_instance: "a `TimedOut` is made by its timeout alone";
    Test.test_expires => hub::timeout::a_guard_tells_how_it_stands;
    Test.test_expires_false => hub::timeout::a_guard_tells_how_it_stands
        : "`with_timeout` returns what has come of it, so there is no silent kind";
    Test.test_expires_str => task::timeout::a_block_that_waits_too_long_unwinds_at_its_moment
        : "whoever catches it adds the words";
    Test.test_expires_non_exception: "a timeout has one payload, `TimedOut`";
    Test.test_context_manager => task::timeout::a_block_that_waits_too_long_unwinds_at_its_moment;
    Test.test_context_manager_false => task::timeout::a_block_that_waits_too_long_unwinds_at_its_moment;
    Test.test_context_manager_str => task::timeout::a_block_that_waits_too_long_unwinds_at_its_moment;
    Test.test_cancel => hub::timeout::a_guard_tells_how_it_stands;
    Test.test_with_timeout => task::timeout::a_block_that_waits_too_long_unwinds_at_its_moment,
        task::timeout::a_block_in_time_gives_its_value_and_nothing_follows
        : "a value in its place is `unwrap_or`";
}
"test__api_timeout.py": 5 {
    Test.test_timeout_calls_update_now => task::timeout::a_computing_block_times_out_at_its_next_wait_or_never
        : "the clock is read where a time is counted from";
    Test.test_sleep_calls_update_now => hub::time::a_sleep_is_never_short_and_seldom_long;
    Test.test_api => task::timeout::a_block_in_time_gives_its_value_and_nothing_follows,
        hub::timeout::a_guard_knows_its_own_from_another_ones,
        task::timeout::an_endless_one_never_comes_and_does_not_hide_a_deadlock
        : "a timeout has one payload, `TimedOut`";
    Test.test_ref: "the interpreter's collector";
    Test.test_nested_timeout => task::timeout::an_outer_one_goes_past_an_inner_block,
        task::timeout::an_inner_one_ends_its_own_block_only,
        hub::timeout::a_guard_knows_its_own_from_another_ones;
}
"testing/timing.py": 5 {
    _DelayWaitMixin.test_outer_timeout_is_not_lost => waits::ended_everywhere::an_outer_timeout_is_never_lost,
        waits::ended_everywhere::a_guard_finds_its_own_timeout_in_what_it_catches
        : "for every call that waits, in one table";
    AbstractGenericWaitTestCase.test_returns_none_after_timeout
        => task::states::wait_timeout_tells_whether_it_has_ended_as_often_as_one_asks,
           task::many::joinall_waits_for_the_last_and_its_timeout_tells_readiness
        : "a wait with a limit says whether it was in time";
    AbstractGenericGetTestCase.test_raises_timeout_number => task::timeout::a_timeout_of_a_join_leaves_the_task_alone;
    AbstractGenericGetTestCase.test_raises_timeout_Timeout => hub::timeout::a_guard_knows_its_own_from_another_ones;
    AbstractGenericGetTestCase.test_raises_timeout_Timeout_exc_customized: "a timeout has one payload, `TimedOut`";
}
"test__api.py": 8 {
    Test.test_killing_dormant => task::kill::a_task_may_clean_up_in_a_shield_and_its_value_counts,
        task::killed_greenlets::a_killed_task_that_returns_nevertheless_has_its_value_joined;
    Test.test_nested_with_timeout => task::timeout::an_outer_one_goes_past_an_inner_block;
    Test.test_sleep_invalid_switch => waits::parking::a_waiting_or_unstarted_task_and_the_hub_refuse_a_switch
        : "it is the switch that fails, and who sleeps sleeps on";
    Test.test_invalid_switch_None => waits::parking::a_waiting_or_unstarted_task_and_the_hub_refuse_a_switch;
    Test.test_invalid_switch_0 => waits::parking::a_waiting_or_unstarted_task_and_the_hub_refuse_a_switch;
    Test.test_invalid_switch_1 => waits::parking::a_greenlet_that_waits_in_the_hub_cannot_be_switched_to;
    TestTimers.test_timer_fired => task::states::a_delayed_task_begins_at_its_moment_and_in_order;
    TestTimers.test_spawn_is_not_cancelled => task::joining::a_task_whose_handle_is_dropped_runs_on;
}
"test__issue330.py": 4 {
    TestSwitch.test_gevent_kill => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once;
    TestSwitch.test_greenlet_kill => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once;
    TestSwitch.test_throw => task::throwing::a_throw_into_an_unstarted_hub_child_comes_back;
    TestSwitch.test_kill_exception => task::throwing::one_in_the_queue_gets_it_and_has_no_second_turn
        : "what is thrown is a `throw` into the greenlet";
}
"test__issue607.py": 3 {
    TestKillWithException.test_kill_without_exception
        => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once
        : "a killed one has failed, and its join says so";
    TestKillWithException.test_kill_with_exception
        => task::throwing::a_task_that_dies_of_a_throw_keeps_the_payload_for_join;
    TestKillWithException.test_kill_with_exception_after_started
        => task::throwing::a_task_that_dies_of_a_throw_keeps_the_payload_for_join;
}
"test__systemerror.py": 6 {
    Test.test_sys_exit => task::leaving::a_process_may_exit_in_a_task
        : "an exit is no exception: it ends the process where it is called";
    Test.test_keyboard_interrupt: "a signal is no exception; `examples/ctrl_c.rs` kills all tasks on one, and a test sends it";
    Test.test_keyboard_interrupt_stderr_patched: "a signal is no exception; nothing is patched";
    Test.test_system_error => task::joining::a_join_returns_the_panic_with_its_message_task_and_place
        : "every panic stays with its task, and is reported if nobody asks for it";
    Test.test_exception => task::unobserved::without_a_hook_it_is_one_line_on_stderr_with_name_and_place;
    TestCallback.test_exception => task::callbacks::one_that_panics_keeps_no_other_from_being_called;
}
"test__core_timer.py": 3 {
    Test.test_main => hub::timer::several_come_in_the_order_of_their_times,
        hub::timer::one_that_is_dropped_leaves_no_deadline_behind;
    TestAgain.test_main => hub::timer::a_restarted_timer_keeps_its_waiters_a_cancelled_never_fires;
    TestTimerResolution.test_resolution => hub::time::a_sleep_is_never_short_and_seldom_long;
}
"test__core_async.py": 1 {
    Test.test => task::remote::mail_wakes_a_hub_that_sleeps_in_its_poller;
}
"test__core_callback.py": 1 {
    Test.test => task::kill::an_unstarted_task_never_runs_and_its_captures_go_at_once
        : "what shall run in the next turn is a task";
}
"test__loop_callback.py": 1 {
    Test.test => hub::running::a_task_does_not_run_before_its_spawner_waits: "what shall run in the next turn is a task";
}
"test__core_loop_run.py": 1 {
    script => task::leaving::join_waits_for_all_tasks_and_may_be_repeated;
}
"test__core_watcher.py": 6 {
    Test.test_non_callable_to_start: "what is no closure does not compile";
    Test.test_non_callable_after_start: "what is no closure does not compile";
    Test.test_args_can_be_changed_after_start: "arguments are captures";
    Test.test_run => hub::timer::all_who_wait_for_one_go_on_when_its_time_has_come;
    Test.test_invalid_fd: "a socket is never without a descriptor";
    Test.test_reuse_io: "the interpreter's collector";
}
"test__exc_info.py": 2 {
    Test.test1 => like_greenlet::switching::a_greenlet_started_in_a_handler_sees_no_panic,
        task::joining::a_join_returns_the_panic_with_its_message_task_and_place;
    Test.test2 => task::remote::a_panic_in_a_body_from_another_thread_ends_only_that_body;
}
"test__destroy.py": 2 {
    TestDestroyHub.test_destroy_hub: "a hub goes with its thread: nobody destroys it before";
    TestDestroyedHubRepr.test_repr_after_destroy: "a hub goes with its thread: nobody destroys it before";
}
"test__destroy_default_loop.py": 2 {
    TestDestroyDefaultLoop.test_destroy_gc: "a hub goes with its thread: nobody destroys it before";
    TestDestroyDefaultLoop.test_destroy_two: "a hub goes with its thread: nobody destroys it before";
}
"test__GreenletExit.py": 1 {
    script: "there are no classes of exceptions: `GreenletExit::is_in` tells";
}
"test__real_greenlet.py": 1 {
    Test.test => like_greenlet::switching::a_greenlet_started_in_a_handler_sees_no_panic;
}
"test__nondefaultloop.py": 1 {
    script: "there is one event loop to a thread";
}
"test__pool.py": 44 {
    TestCoroutinePool.test_apply_async => group::pool::the_third_spawn_into_a_pool_of_two_waits_for_one_job_to_end;
    TestCoroutinePool.test_apply => group::pool::map_takes_inputs_as_there_is_room_and_survives_failures;
    TestCoroutinePool.test_apply_raises => group::pool::a_panicking_job_frees_its_room_and_its_joiner_gets_the_panic;
    TestCoroutinePool.test_multiple_coros => group::members::a_member_may_wait_for_the_others;
    TestCoroutinePool.test_reentrant => group::pool_nested::a_job_of_a_full_pool_lends_its_place_to_a_nested_job;
    TestCoroutinePool.test_stderr_raising => group::pool::a_panicking_job_frees_its_room_and_its_joiner_gets_the_panic;
    PoolBasicTests.test_execute_async => group::pool::the_third_spawn_into_a_pool_of_two_waits_for_one_job_to_end;
    PoolBasicTests.test_discard: "a job is in its pool until it has ended";
    PoolBasicTests.test_add_method: "a pool has the jobs that were spawned into it: one that runs already has not waited for room";
    PoolBasicTests.test_add_method_non_blocking => group::pool::a_full_pool_gives_the_body_back;
    PoolBasicTests.test_add_method_timeout => group::pool::whoever_stops_waiting_for_room_leaves_it_to_the_next;
    PoolBasicTests.test_start_method_timeout => group::pool::whoever_stops_waiting_for_room_leaves_it_to_the_next;
    PoolBasicTests.test_apply => group::pool::map_takes_inputs_as_there_is_room_and_survives_failures;
    PoolBasicTests.test_init_error: "a size below zero does not compile";
    TestPool.test_apply => group::pool::map_takes_inputs_as_there_is_room_and_survives_failures;
    TestPool.test_map => group::pool::twenty_jobs_in_a_pool_of_two_are_never_more_than_two_at_once;
    TestPool.test_async => group::pool::the_third_spawn_into_a_pool_of_two_waits_for_one_job_to_end;
    TestPool.test_async_callback => task::callbacks::each_is_called_for_the_outcome_that_it_is_for
        : "a job is a task, with its callbacks";
    TestPool.test_async_timeout => task::timeout::a_timeout_of_a_join_leaves_the_task_alone;
    TestPool.test_imap_list_small => group::pool::twenty_jobs_in_a_pool_of_two_are_never_more_than_two_at_once;
    TestPool.test_imap_it_small => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_imap_it_large => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_imap_random => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_imap_unordered => group::pool::twenty_jobs_in_a_pool_of_two_are_never_more_than_two_at_once;
    TestPool.test_imap_unordered_random => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_empty_imap_unordered => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_empty_imap => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_empty_map => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_terminate => group::pool::kill_ends_the_jobs_and_those_who_waited_for_room;
    TestPool.test_imap_unordered_sleep => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestPool.test_imap_no_stop => group::pool::a_result_is_given_though_the_next_input_is_not_there_yet;
    TestPool.test_imap_unordered_no_stop => group::pool::a_result_is_given_though_the_next_input_is_not_there_yet;
    TestPool.test_imap_final_sleep => group::pool::a_result_is_given_though_the_next_input_is_not_there_yet;
    TestPool.test_imap_unordered_final_sleep => group::pool::a_result_is_given_though_the_next_input_is_not_there_yet;
    TestPool.test_imap_unordered_bounded_queue => group::pool::imap_starts_no_more_than_maxsize_jobs_ahead_of_its_consumer;
    TestPool0.test_wait_full => group::pool::main_is_told_who_waits_for_room_where_there_will_be_none
        : "a pool without room runs nothing, so there is none";
    TestJoinEmpty.test => group::members::join_waits_for_later_members_within_its_limit;
    TestSpawn.test => group::pool::the_third_spawn_into_a_pool_of_two_waits_for_one_job_to_end;
    TestSpawn.testSpawnAndWait => group::members::join_waits_for_later_members_within_its_limit;
    TestErrorInIterator.test => group::pool::an_early_end_of_imap_inputs_reaches_the_consumer;
    TestErrorInIterator.test_unordered => group::pool::an_early_end_of_imap_inputs_reaches_the_consumer;
    TestErrorInHandler.test_map => group::pool::map_takes_inputs_as_there_is_room_and_survives_failures
        : "a failure is an outcome like any other, and the other inputs are worked on";
    TestErrorInHandler.test_imap => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
    TestErrorInHandler.test_imap_unordered
        => group::pool::imap_yields_in_input_order_and_imap_unordered_in_end_order;
}
};
