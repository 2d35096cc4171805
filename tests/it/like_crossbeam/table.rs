//! The table: crossbeam-channel's tests by file and name, with ours behind `=>`, and what is different behind `:`.

use crate::support::ancestors::{File, files};

#[rustfmt::skip]
pub(super) const FILES: &[File] = files! {
"after.rs": 14 {
    fire => like_crossbeam::clocks::after_brings_its_moment_once_and_late_receivers_too;
    capacity => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none;
    len_empty_full => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none;
    try_recv => like_crossbeam::clocks::after_brings_its_moment_once_and_late_receivers_too;
    recv => like_crossbeam::clocks::receivers_wait_for_the_moment_and_not_longer;
    recv_timeout => like_crossbeam::clocks::receivers_wait_for_the_moment_and_not_longer;
    recv_two => like_crossbeam::clocks::two_that_select_share_what_two_clocks_bring;
    recv_race => like_crossbeam::clocks::of_two_clocks_the_earlier_one_is_selected;
    stress_default => like_crossbeam::clocks::a_moment_that_is_due_comes_before_a_default;
    select => like_crossbeam::clocks::each_of_many_moments_is_received_by_one_task;
    ready => like_crossbeam::clocks::each_of_many_moments_is_received_by_one_task;
    stress_clone => like_crossbeam::clocks::clones_of_a_clocks_channel_come_and_go;
    fairness => like_crossbeam::fairness::clocks_that_are_due_together_are_chosen_alike
        : "of two that come at one moment later, the one that was started first is the first that becomes ready";
    fairness_duplicates => like_crossbeam::fairness::clocks_that_are_due_together_are_chosen_alike;
}
"array.rs": 27 {
    smoke => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    capacity => like_crossbeam::flavors::the_capacity_is_what_was_asked_for;
    len_empty_full => like_crossbeam::flavors::both_ends_tell_how_much_is_in_a_channel;
    try_recv => like_crossbeam::times::a_trying_receiver_finds_nothing_then_an_item_then_the_end;
    recv => like_crossbeam::times::a_receiver_waits_for_each_item_and_for_the_end;
    recv_timeout => like_crossbeam::times::a_timed_receiver_times_out_then_gets_an_item_then_the_end;
    try_send => like_crossbeam::times::a_sender_that_tries_finds_no_room_then_some_then_the_end;
    send => like_crossbeam::times::a_sender_waits_until_there_is_room;
    send_timeout => like_crossbeam::times::a_timed_sender_times_out_then_sends_then_finds_the_end;
    send_after_disconnect => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    recv_after_disconnect => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    len => like_crossbeam::flavors::the_length_is_exact_at_each_step;
    disconnect_wakes_sender => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    disconnect_wakes_receiver => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    spsc => like_crossbeam::streams::one_task_sends_to_one_in_order;
    mpmc => like_crossbeam::streams::each_item_of_four_senders_reaches_one_of_four_receivers;
    stress_oneshot => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    stress_iter => like_crossbeam::streams::what_is_asked_for_is_taken_as_it_comes
        : "a loop that never waits lets others run by `yield_now`: one thread has no other way";
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    drops => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    linearizable => like_crossbeam::streams::each_task_finds_an_item_after_it_has_sent_one;
    fairness => like_crossbeam::fairness::two_full_channels_are_received_from_alike;
    fairness_duplicates => like_crossbeam::fairness::several_arms_of_one_channel_are_chosen_alike;
    recv_in_send => like_crossbeam::flavors::an_item_may_be_received_while_an_item_is_made;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
    panic_on_drop => like_crossbeam::flavors::a_destructor_that_panics_does_not_stop_other_drops
        : "crossbeam leaks the items after one whose destructor panics; here they are dropped";
    drop_unreceived => like_crossbeam::flavors::what_is_not_received_goes_with_the_last_receiver;
}
"golang.rs": 26 {
    doubleselect.main => like_crossbeam::golang::what_goes_through_four_channels_of_one_select_comes_out_once;
    fifo.asynch_fifo => channel::sending::what_is_sent_is_received_in_that_order;
    fifo.synch_fifo => like_crossbeam::golang::a_chain_of_tasks_receives_in_the_order_of_its_links;
    goroutines.main => like_crossbeam::golang::a_chain_of_tasks_receives_in_the_order_of_its_links;
    nonblock.main => like_crossbeam::golang::a_default_lets_others_run_until_they_wait
        : "the tries are counted, and `yield_now` stands for the ticker between them";
    select.main => like_crossbeam::golang::an_item_is_made_for_the_arm_that_is_chosen_only
        : "an item is made when its arm was chosen, so its expression runs 3 times and not 10";
    select2.main
        => like_crossbeam::golang::ten_that_select_one_channel_take_each_item_once,
           channel::ends::nothing_is_left_behind_by_a_thousand_that_were_ended
        : "a wait lies in the frame of its task: it takes no memory that could be left behind";
    select4.main => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it;
    select6.main => like_crossbeam::golang::a_select_goes_past_an_arm_that_others_wait_for_too;
    select7.main => like_crossbeam::golang::one_two_and_a_plain_call_meet_whatever_the_other_side_is;
    sieve1.main => like_crossbeam::golang::primes_come_through_a_growing_chain;
    zerosize.zero_size_struct => like_crossbeam::flavors::items_have_any_size_and_any_type;
    zerosize.zero_size_array => like_crossbeam::flavors::items_have_any_size_and_any_type;
    chan_test.test_chan
        => like_crossbeam::golang::channels_of_every_capacity_wait_refuse_and_end,
           like_crossbeam::streams::one_task_sends_to_one_in_order;
    chan_test.test_nonblock_recv_race
        => like_crossbeam::golang::a_default_is_not_chosen_while_an_arm_is_always_ready;
    chan_test.test_nonblock_select_race
        => like_crossbeam::golang::a_default_is_not_chosen_while_an_arm_is_always_ready;
    chan_test.test_nonblock_select_race2
        => like_crossbeam::golang::a_default_is_not_chosen_while_an_arm_is_always_ready;
    chan_test.test_self_select => like_crossbeam::golang::two_that_select_both_ends_of_one_channel_never_get_their_own;
    chan_test.test_select_stress => like_crossbeam::golang::plain_calls_and_sets_of_operations_share_four_channels;
    chan_test.test_select_fairness
        => like_crossbeam::golang::a_select_takes_alike_from_two_full_channels;
    chan_test.test_chan_send_interface => like_crossbeam::golang::items_may_be_of_a_type_that_is_known_at_run_time_only;
    chan_test.test_pseudo_random_send
        => like_crossbeam::golang::two_sending_arms_are_chosen_alike_at_every_capacity;
    chan_test.test_multi_consumer => like_crossbeam::golang::twenty_workers_share_one_queue_of_work;
    chan_test.test_select_duplicate_channel
        => like_crossbeam::matching::a_task_in_several_lines_gives_each_next_one_its_turn,
           like_crossbeam::golang::a_select_goes_past_an_arm_that_others_wait_for_too;
    chan.main => like_crossbeam::rings::eight_arms_send_in_order_through_twelve_channels;
    chan1.main => like_crossbeam::golang::ten_that_select_one_channel_take_each_item_once;
}
"iter.rs": 5 {
    nested_recv_iter => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    recv_iter_break => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    recv_try_iter => like_crossbeam::streams::what_is_asked_for_is_taken_as_it_comes
        : "a loop that never waits lets others run by `yield_now`: one thread has no other way";
    recv_into_iter_owned => like_crossbeam::streams::iterators_own_their_receiver_or_borrow_it;
    recv_into_iter_borrowed => like_crossbeam::streams::iterators_own_their_receiver_or_borrow_it;
}
"list.rs": 26 {
    smoke => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    capacity => like_crossbeam::flavors::the_capacity_is_what_was_asked_for;
    len_empty_full => like_crossbeam::flavors::both_ends_tell_how_much_is_in_a_channel;
    try_recv => like_crossbeam::times::a_trying_receiver_finds_nothing_then_an_item_then_the_end;
    recv => like_crossbeam::times::a_receiver_waits_for_each_item_and_for_the_end;
    recv_timeout => like_crossbeam::times::a_timed_receiver_times_out_then_gets_an_item_then_the_end;
    recv_timeout_nonempty_expired => like_crossbeam::times::an_item_that_is_there_is_received_with_no_time_left;
    try_send => like_crossbeam::times::an_unbounded_channel_takes_all_until_its_receiver_is_gone;
    send => like_crossbeam::times::an_unbounded_channel_takes_all_until_its_receiver_is_gone;
    send_timeout => like_crossbeam::times::an_unbounded_channel_takes_all_until_its_receiver_is_gone;
    send_after_disconnect => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    recv_after_disconnect => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    len => like_crossbeam::flavors::the_length_is_exact_at_each_step;
    disconnect_wakes_receiver => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    spsc => like_crossbeam::streams::one_task_sends_to_one_in_order;
    mpmc => like_crossbeam::streams::each_item_of_four_senders_reaches_one_of_four_receivers;
    stress_oneshot => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    stress_iter => like_crossbeam::streams::what_is_asked_for_is_taken_as_it_comes
        : "a loop that never waits lets others run by `yield_now`: one thread has no other way";
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    drops => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    linearizable => like_crossbeam::streams::each_task_finds_an_item_after_it_has_sent_one;
    fairness => like_crossbeam::fairness::two_full_channels_are_received_from_alike;
    fairness_duplicates => like_crossbeam::fairness::several_arms_of_one_channel_are_chosen_alike;
    recv_in_send => like_crossbeam::flavors::an_item_may_be_received_while_an_item_is_made;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
    stack_overflow => like_crossbeam::flavors::items_have_any_size_and_any_type
        : "the subject is the array of slots that crossbeam makes on the stack: a queue here grows on the heap; what is left is that items of any size go through";
}
"mpsc.rs": 127 {
    channel_tests.smoke => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.drop_full => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    channel_tests.drop_full_shared => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    channel_tests.smoke_shared => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.smoke_threads => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    channel_tests.smoke_port_gone => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    channel_tests.smoke_shared_port_gone => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    channel_tests.smoke_shared_port_gone2 => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    channel_tests.port_gone_concurrent => like_crossbeam::mpsc::a_sender_in_a_loop_hears_that_its_receiver_has_gone;
    channel_tests.port_gone_concurrent_shared => like_crossbeam::mpsc::a_sender_in_a_loop_hears_that_its_receiver_has_gone;
    channel_tests.smoke_chan_gone => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    channel_tests.smoke_chan_gone_shared => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    channel_tests.chan_gone_concurrent => like_crossbeam::mpsc::a_receiver_in_a_loop_hears_that_its_sender_has_gone;
    channel_tests.stress => like_crossbeam::streams::one_task_sends_to_one_in_order;
    channel_tests.stress_shared => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    channel_tests.send_from_outside_runtime
        => like_crossbeam::streams::one_task_sends_to_one_in_order,
           shared::channel::a_thread_without_a_hub_sends_to_a_task_while_others_run
        : "tasks stand for threads; between threads it is `sync::shared`";
    channel_tests.recv_from_outside_runtime
        => like_crossbeam::streams::one_task_sends_to_one_in_order,
           shared::channel::a_thread_without_a_hub_sends_to_a_task_while_others_run
        : "tasks stand for threads; between threads it is `sync::shared`";
    channel_tests.no_runtime => shared::channel::two_hubs_play_ping_pong
        : "tasks stand for threads; between threads it is `sync::shared`";
    channel_tests.oneshot_single_thread_close_port_first
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    channel_tests.oneshot_single_thread_close_chan_first
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    channel_tests.oneshot_single_thread_send_port_close
        => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    channel_tests.oneshot_single_thread_recv_chan_close
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    channel_tests.oneshot_single_thread_send_then_recv => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.oneshot_single_thread_try_send_open => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.oneshot_single_thread_try_send_closed
        => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    channel_tests.oneshot_single_thread_try_recv_open => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.oneshot_single_thread_try_recv_closed
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    channel_tests.oneshot_single_thread_peek_data
        => like_crossbeam::mpsc::a_channel_is_empty_then_has_an_item_then_has_ended;
    channel_tests.oneshot_single_thread_peek_close
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    channel_tests.oneshot_single_thread_peek_open => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    channel_tests.oneshot_multi_task_recv_then_send => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    channel_tests.oneshot_multi_task_recv_then_close => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    channel_tests.oneshot_multi_thread_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    channel_tests.oneshot_multi_thread_send_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    channel_tests.oneshot_multi_thread_recv_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    channel_tests.oneshot_multi_thread_send_recv_stress => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    channel_tests.stream_send_recv_stress => like_crossbeam::mpsc::the_two_ends_are_handed_on_from_task_to_task;
    channel_tests.oneshot_single_thread_recv_timeout
        => like_crossbeam::times::an_item_that_is_there_is_received_with_no_time_left;
    channel_tests.stress_recv_timeout_two_threads
        => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    channel_tests.recv_timeout_upgrade => like_crossbeam::mpsc::a_limit_is_kept_with_a_clone_of_the_sender_left;
    channel_tests.stress_recv_timeout_shared => like_crossbeam::mpsc::receivers_that_give_up_again_and_again_lose_no_item;
    channel_tests.recv_a_lot => like_crossbeam::flavors::the_length_is_exact_at_each_step;
    channel_tests.shared_recv_timeout => like_crossbeam::mpsc::receivers_that_give_up_again_and_again_lose_no_item;
    channel_tests.shared_chan_stress => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    channel_tests.test_nested_recv_iter
        => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    channel_tests.test_recv_iter_break
        => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    channel_tests.test_recv_try_iter => like_crossbeam::streams::what_is_asked_for_is_taken_as_it_comes
        : "a loop that never waits lets others run by `yield_now`: one thread has no other way";
    channel_tests.test_recv_into_iter_owned => like_crossbeam::streams::iterators_own_their_receiver_or_borrow_it;
    channel_tests.test_recv_into_iter_borrowed => like_crossbeam::streams::iterators_own_their_receiver_or_borrow_it;
    channel_tests.try_recv_states => like_crossbeam::mpsc::a_channel_is_empty_then_has_an_item_then_has_ended;
    channel_tests.destroy_upgraded_shared_port_when_sender_still_active
        => like_crossbeam::mpsc::a_receiver_may_go_while_clones_of_its_sender_come_and_go;
    channel_tests.issue_32114 => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.smoke => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.drop_full => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    sync_channel_tests.smoke_shared => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.recv_timeout
        => like_crossbeam::times::a_timed_receiver_times_out_then_gets_an_item_then_the_end;
    sync_channel_tests.smoke_threads => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    sync_channel_tests.smoke_port_gone => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.smoke_shared_port_gone2 => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.port_gone_concurrent => like_crossbeam::mpsc::a_sender_in_a_loop_hears_that_its_receiver_has_gone;
    sync_channel_tests.port_gone_concurrent_shared
        => like_crossbeam::mpsc::a_sender_in_a_loop_hears_that_its_receiver_has_gone;
    sync_channel_tests.smoke_chan_gone => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.smoke_chan_gone_shared => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.chan_gone_concurrent => like_crossbeam::mpsc::a_receiver_in_a_loop_hears_that_its_sender_has_gone;
    sync_channel_tests.stress => like_crossbeam::streams::one_task_sends_to_one_in_order;
    sync_channel_tests.stress_recv_timeout_two_threads => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    sync_channel_tests.stress_recv_timeout_shared => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    sync_channel_tests.stress_shared => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    sync_channel_tests.oneshot_single_thread_close_port_first
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    sync_channel_tests.oneshot_single_thread_close_chan_first
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    sync_channel_tests.oneshot_single_thread_send_port_close
        => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.oneshot_single_thread_recv_chan_close
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.oneshot_single_thread_send_then_recv
        => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.oneshot_single_thread_try_send_open
        => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.oneshot_single_thread_try_send_closed
        => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.oneshot_single_thread_try_send_closed2
        => like_crossbeam::flavors::every_send_fails_once_the_receiver_is_gone;
    sync_channel_tests.oneshot_single_thread_try_recv_open
        => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.oneshot_single_thread_try_recv_closed
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.oneshot_single_thread_try_recv_closed_with_data
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.oneshot_single_thread_peek_data
        => like_crossbeam::mpsc::a_channel_is_empty_then_has_an_item_then_has_ended;
    sync_channel_tests.oneshot_single_thread_peek_close
        => like_crossbeam::flavors::what_was_sent_is_received_after_the_sender_is_gone;
    sync_channel_tests.oneshot_single_thread_peek_open => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    sync_channel_tests.oneshot_multi_task_recv_then_send => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    sync_channel_tests.oneshot_multi_task_recv_then_close
        => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    sync_channel_tests.oneshot_multi_thread_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    sync_channel_tests.oneshot_multi_thread_send_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    sync_channel_tests.oneshot_multi_thread_recv_close_stress
        => like_crossbeam::mpsc::ends_that_go_in_any_order_leave_nothing_to_wait_for;
    sync_channel_tests.oneshot_multi_thread_send_recv_stress
        => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    sync_channel_tests.stream_send_recv_stress => like_crossbeam::mpsc::the_two_ends_are_handed_on_from_task_to_task;
    sync_channel_tests.recv_a_lot => like_crossbeam::flavors::the_length_is_exact_at_each_step;
    sync_channel_tests.shared_chan_stress => like_crossbeam::mpsc::one_receiver_hears_eight_senders;
    sync_channel_tests.test_nested_recv_iter
        => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    sync_channel_tests.test_recv_iter_break
        => like_crossbeam::streams::a_receiver_loop_ends_with_its_last_sender_or_a_break;
    sync_channel_tests.try_recv_states => like_crossbeam::mpsc::a_channel_is_empty_then_has_an_item_then_has_ended;
    sync_channel_tests.destroy_upgraded_shared_port_when_sender_still_active
        => like_crossbeam::mpsc::a_receiver_may_go_while_clones_of_its_sender_come_and_go;
    sync_channel_tests.send1 => like_crossbeam::mpsc::a_rendezvous_sender_continues_when_its_item_is_settled;
    sync_channel_tests.send2
        => like_crossbeam::mpsc::a_rendezvous_sender_continues_when_its_item_is_settled,
           like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    sync_channel_tests.send3
        => like_crossbeam::mpsc::a_rendezvous_sender_continues_when_its_item_is_settled,
           like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    sync_channel_tests.send4 => like_crossbeam::mpsc::a_rendezvous_sender_continues_when_its_item_is_settled;
    sync_channel_tests.try_send1 => like_crossbeam::mpsc::a_send_that_only_tries_finds_room_or_a_receiver_that_waits;
    sync_channel_tests.try_send2 => like_crossbeam::mpsc::a_send_that_only_tries_finds_room_or_a_receiver_that_waits;
    sync_channel_tests.try_send3 => like_crossbeam::mpsc::a_send_that_only_tries_finds_room_or_a_receiver_that_waits;
    sync_channel_tests.issue_15761 => like_crossbeam::mpsc::an_answer_that_is_only_tried_finds_the_room_that_is_there;
    select_tests.smoke
        => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it,
           like_crossbeam::selects::a_channel_that_has_ended_is_ready_at_once;
    select_tests.smoke2 => like_crossbeam::selects::among_five_the_only_one_with_an_item_is_found;
    select_tests.closed => like_crossbeam::selects::a_channel_that_has_ended_is_ready_at_once;
    select_tests.unblocks => like_crossbeam::mpsc::one_that_selects_sees_items_and_ends_of_two_in_turn;
    select_tests.both_ready
        => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it,
           like_crossbeam::mpsc::a_select_gets_from_rendezvous_and_unbounded_channels;
    select_tests.stress => like_crossbeam::mpsc::one_that_selects_sees_items_and_ends_of_two_in_turn;
    select_tests.cloning => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    select_tests.cloning2 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    select_tests.cloning3 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    select_tests.preflight1 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight2 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight3 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight4 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight5 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight6 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight7 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight8 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.preflight9 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    select_tests.oneshot_data_waiting
        => channel::select::the_first_that_becomes_ready_is_chosen,
           like_crossbeam::times::selects_of_one_operation_wait_as_plain_calls_do;
    select_tests.stream_data_waiting => like_crossbeam::times::selects_of_one_operation_wait_as_plain_calls_do;
    select_tests.shared_data_waiting => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    select_tests.sync1
        => like_crossbeam::operations::an_operation_is_completed_with_another_handle_to_its_channel,
           like_crossbeam::golang::one_two_and_a_plain_call_meet_whatever_the_other_side_is;
    select_tests.sync2 => like_crossbeam::selects::a_counterpart_that_comes_later_ends_the_wait;
    select_tests.sync3 => like_crossbeam::mpsc::a_select_gets_from_rendezvous_and_unbounded_channels;
}
"never.rs": 7 {
    smoke => like_crossbeam::clocks::never_brings_nothing_at_any_time;
    optional => like_crossbeam::syntax::handles_may_be_values_references_or_temporaries;
    tick_n => like_crossbeam::clocks::a_clock_is_turned_off_by_never;
    capacity => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none;
    len_empty_full => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none;
    try_recv => like_crossbeam::clocks::never_brings_nothing_at_any_time;
    recv_timeout => like_crossbeam::clocks::never_brings_nothing_at_any_time;
}
"ready.rs": 24 {
    smoke1 => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it;
    smoke2 => like_crossbeam::selects::among_five_the_only_one_with_an_item_is_found;
    disconnected => like_crossbeam::selects::a_channel_that_has_ended_is_ready_at_once;
    default => like_crossbeam::selects::a_default_comes_only_when_no_arm_is_ready_or_ended;
    timeout
        => like_crossbeam::selects::a_limit_ends_at_its_time_and_an_item_that_comes_later_stays,
           like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    default_when_disconnected => like_crossbeam::selects::a_lost_end_is_ready_with_a_default_and_a_limit;
    default_only => like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    unblocks => like_crossbeam::selects::a_counterpart_that_comes_later_ends_the_wait;
    both_ready => like_crossbeam::selects::both_arms_are_done_one_after_the_other;
    cloning1 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    cloning2 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    preflight1 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight2 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight3 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    duplicate_operations => like_crossbeam::operations::each_operation_on_a_channel_is_chosen_some_time;
    nesting => like_crossbeam::selects::a_select_inside_of_an_arm_is_one_of_its_own;
    stress_recv => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_send => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_mixed => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    send_recv_same_channel => like_crossbeam::selects::both_ends_of_one_channel_meet_no_one_in_one_select;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
    fairness1 => like_crossbeam::fairness::a_clocks_channel_is_an_arm_like_any_other
        : "`at(now())` stands for the `tick` of no time: a period of zero is refused";
    fairness2 => like_crossbeam::fairness::a_select_takes_turns_among_three_kinds_of_channels;
}
"same_channel.rs": 7 {
    after_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
    array_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
    list_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
    never_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel
        : "all of crossbeam's are told to be one; here each call of `never` makes its own, as the other functions do";
    tick_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
    zero_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
    different_flavors_same_channel => like_crossbeam::flavors::handles_tell_whether_they_are_of_one_channel;
}
"select.rs": 39 {
    smoke1 => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it;
    smoke2 => like_crossbeam::selects::among_five_the_only_one_with_an_item_is_found;
    disconnected => like_crossbeam::selects::a_channel_that_has_ended_is_ready_at_once;
    default => like_crossbeam::selects::a_default_comes_only_when_no_arm_is_ready_or_ended;
    timeout
        => like_crossbeam::selects::a_limit_ends_at_its_time_and_an_item_that_comes_later_stays,
           like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    default_when_disconnected => like_crossbeam::selects::a_lost_end_is_ready_with_a_default_and_a_limit;
    default_only => like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    unblocks => like_crossbeam::selects::a_counterpart_that_comes_later_ends_the_wait;
    both_ready => like_crossbeam::selects::both_arms_are_done_one_after_the_other;
    loop_try => like_crossbeam::selects::two_that_poll_in_a_loop_meet_one_that_selects
        : "the loops wait for a millisecond between two tries: one that never waits lets nothing else run";
    cloning1 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    cloning2 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    preflight1 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight2 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight3 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    duplicate_operations => like_crossbeam::operations::each_operation_on_a_channel_is_chosen_some_time;
    nesting => like_crossbeam::selects::a_select_inside_of_an_arm_is_one_of_its_own;
    stress_recv => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_send => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_mixed => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    send_recv_same_channel => like_crossbeam::selects::both_ends_of_one_channel_meet_no_one_in_one_select;
    matching
        => like_crossbeam::matching::tasks_that_select_both_ends_meet_in_pairs,
           like_crossbeam::matching::three_selects_in_a_ring_lose_nothing;
    matching_with_leftover => like_crossbeam::matching::tasks_that_select_both_ends_meet_in_pairs;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
    linearizable_try => like_crossbeam::matching::of_two_that_send_first_and_then_try_nobody_finds_nothing;
    linearizable_timeout => like_crossbeam::matching::of_two_that_send_first_and_then_try_nobody_finds_nothing;
    fairness1 => like_crossbeam::fairness::a_clocks_channel_is_an_arm_like_any_other
        : "`at(now())` stands for the `tick` of no time: a period of zero is refused";
    fairness2 => like_crossbeam::fairness::a_select_takes_turns_among_three_kinds_of_channels;
    sync_and_clone => like_crossbeam::matching::clones_of_one_set_of_operations_meet_each_other
        : "the sets stay on one thread";
    send_and_clone => like_crossbeam::matching::clones_of_one_set_of_operations_meet_each_other
        : "the sets stay on one thread";
    reuse => like_crossbeam::operations::a_set_of_operations_is_used_again_and_cloned;
    issue_1096 => like_crossbeam::operations::an_operation_is_completed_with_another_handle_to_its_channel;
    uncompleted_select_unbounded
        => like_crossbeam::operations::an_operation_that_is_not_completed_hangs_nobody,
           channel::select_operations::an_operation_that_is_dropped_gives_back_what_it_has
        : "crossbeam hangs or panics there, and says that it should not; here what was selected is given back";
    uncompleted_select_bounded
        => like_crossbeam::operations::an_operation_that_is_not_completed_hangs_nobody,
           channel::select_operations::an_operation_that_is_dropped_gives_back_what_it_has
        : "crossbeam hangs or panics there, and says that it should not; here what was selected is given back";
    uncompleted_select_zero
        => like_crossbeam::operations::an_operation_that_is_not_completed_hangs_nobody,
           channel::select_operations::an_operation_that_is_dropped_gives_back_what_it_has
        : "crossbeam hangs or panics there, and says that it should not; here what was selected is given back";
    forget_select_unbounded
        => like_crossbeam::operations::a_forgotten_operation_keeps_its_item_and_spoils_no_end
        : "a receiver that is matched with a forgotten operation waits until it is killed, as in crossbeam";
    forget_select_bounded => like_crossbeam::operations::a_forgotten_operation_keeps_its_item_and_spoils_no_end
        : "a receiver that is matched with a forgotten operation waits until it is killed, as in crossbeam";
    forget_select_zero => like_crossbeam::operations::a_forgotten_operation_keeps_its_item_and_spoils_no_end
        : "a receiver that is matched with a forgotten operation waits until it is killed, as in crossbeam";
}
"select_macro.rs": 59 {
    smoke1 => like_crossbeam::selects::an_item_is_received_from_the_channel_that_has_it;
    smoke2 => like_crossbeam::selects::among_five_the_only_one_with_an_item_is_found;
    disconnected => like_crossbeam::selects::a_channel_that_has_ended_is_ready_at_once;
    default => like_crossbeam::selects::a_default_comes_only_when_no_arm_is_ready_or_ended;
    timeout
        => like_crossbeam::selects::a_limit_ends_at_its_time_and_an_item_that_comes_later_stays,
           like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    default_when_disconnected => like_crossbeam::selects::a_lost_end_is_ready_with_a_default_and_a_limit;
    default_only => like_crossbeam::selects::a_select_of_nothing_takes_just_its_limit;
    unblocks => like_crossbeam::selects::a_counterpart_that_comes_later_ends_the_wait;
    both_ready => like_crossbeam::selects::both_arms_are_done_one_after_the_other;
    loop_try => like_crossbeam::selects::two_that_poll_in_a_loop_meet_one_that_selects
        : "the loops wait for a millisecond between two tries: one that never waits lets nothing else run";
    cloning1 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    cloning2 => like_crossbeam::selects::clones_that_come_and_go_are_no_end_and_no_item;
    preflight1 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight2 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    preflight3 => like_crossbeam::selects::what_was_there_before_is_found_and_then_the_end;
    duplicate_operations => like_crossbeam::operations::each_operation_on_a_channel_is_chosen_some_time;
    nesting => like_crossbeam::selects::a_select_inside_of_an_arm_is_one_of_its_own;
    panic_sender => like_crossbeam::selects::a_panic_where_an_operand_is_evaluated_comes_out;
    panic_receiver => like_crossbeam::selects::a_panic_where_an_operand_is_evaluated_comes_out;
    stress_recv => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_send => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_mixed => like_crossbeam::matching::selects_keep_up_with_one_that_does_one_thing_after_the_other;
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    send_recv_same_channel => like_crossbeam::selects::both_ends_of_one_channel_meet_no_one_in_one_select;
    matching
        => like_crossbeam::matching::tasks_that_select_both_ends_meet_in_pairs,
           like_crossbeam::matching::three_selects_in_a_ring_lose_nothing;
    matching_with_leftover => like_crossbeam::matching::tasks_that_select_both_ends_meet_in_pairs;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
    linearizable_default => like_crossbeam::matching::of_two_that_send_first_and_then_try_nobody_finds_nothing;
    linearizable_timeout => like_crossbeam::matching::of_two_that_send_first_and_then_try_nobody_finds_nothing;
    fairness1 => like_crossbeam::fairness::a_clocks_channel_is_an_arm_like_any_other
        : "`at(now())` stands for the `tick` of no time: a period of zero is refused";
    fairness2 => like_crossbeam::fairness::a_select_takes_turns_among_three_kinds_of_channels;
    fairness_recv => like_crossbeam::fairness::two_full_channels_are_received_from_alike;
    fairness_send => like_crossbeam::fairness::two_empty_channels_are_sent_to_alike;
    unfairness => like_crossbeam::fairness::a_biased_select_takes_the_first_that_is_ready;
    unfairness_timeout => like_crossbeam::fairness::a_biased_select_takes_the_first_that_is_ready;
    unfairness_try => like_crossbeam::fairness::a_biased_select_takes_the_first_that_is_ready;
    references => like_crossbeam::syntax::handles_may_be_values_references_or_temporaries;
    case_blocks => like_crossbeam::syntax::bodies_are_blocks_and_expressions_of_every_kind;
    move_handles => like_crossbeam::syntax::handles_may_be_moved_out_of_closures_that_are_called_once;
    infer_types => like_crossbeam::syntax::the_type_of_an_item_is_found_by_its_use;
    default_syntax => like_crossbeam::syntax::a_default_may_have_empty_parentheses;
    same_variable_name => like_crossbeam::syntax::a_result_may_have_the_name_of_its_channel;
    handles_on_heap => like_crossbeam::syntax::handles_in_boxes_and_wrappers_are_arms;
    once_blocks => like_crossbeam::syntax::each_body_may_move_what_is_moved_once;
    once_receiver => like_crossbeam::syntax::handles_may_be_moved_out_of_closures_that_are_called_once;
    once_sender => like_crossbeam::syntax::handles_may_be_moved_out_of_closures_that_are_called_once;
    parse_nesting => like_crossbeam::syntax::a_select_parses_inside_of_a_select;
    evaluate => like_crossbeam::syntax::its_value_is_that_of_the_body_and_of_one_type;
    deref => like_crossbeam::syntax::handles_in_boxes_and_wrappers_are_arms;
    result_types => like_crossbeam::syntax::results_have_the_types_of_plain_calls;
    try_recv => like_crossbeam::times::a_select_that_does_not_wait_receives_in_time;
    recv => like_crossbeam::times::selects_of_one_operation_wait_as_plain_calls_do;
    recv_timeout => like_crossbeam::times::selects_with_a_limit_are_out_of_time_then_done_then_ended;
    try_send => like_crossbeam::times::a_select_that_does_not_wait_sends_in_time;
    send => like_crossbeam::times::selects_of_one_operation_wait_as_plain_calls_do;
    send_timeout => like_crossbeam::times::selects_with_a_limit_are_out_of_time_then_done_then_ended;
    disconnect_wakes_sender => like_crossbeam::times::the_end_of_the_other_end_wakes_a_select;
    disconnect_wakes_receiver => like_crossbeam::times::the_end_of_the_other_end_wakes_a_select;
    trailing_comma => like_crossbeam::syntax::a_comma_may_end_every_list;
}
"thread_locals.rs": 1 {
    use_while_exiting => like_crossbeam::streams::a_destructor_at_thread_end_uses_a_channel_without_waiting
        : "a thread that exits has no hub any more, so a wait in a destructor of a thread-local is refused with a panic that says so; what need not wait works";
}
"tick.rs": 14 {
    fire => like_crossbeam::clocks::ticks_come_in_their_period_and_missed_ones_are_skipped;
    intervals => like_crossbeam::clocks::ticks_come_in_their_period_and_missed_ones_are_skipped;
    capacity => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none
        : "a period of zero is refused: it panics with a message";
    len_empty_full => like_crossbeam::clocks::the_clocks_channels_have_room_for_one_and_never_has_none;
    try_recv
        => like_crossbeam::clocks::a_tick_is_waited_for_again_and_again,
           like_crossbeam::clocks::each_of_several_receivers_gets_one_moment_of_its_own;
    recv => like_crossbeam::clocks::ticks_come_in_their_period_and_missed_ones_are_skipped;
    recv_timeout => like_crossbeam::clocks::a_tick_is_waited_for_again_and_again;
    recv_two => like_crossbeam::clocks::two_that_select_share_what_two_clocks_bring;
    recv_race => like_crossbeam::clocks::of_two_clocks_the_earlier_one_is_selected;
    stress_default => like_crossbeam::clocks::a_moment_that_is_due_comes_before_a_default
        : "a period of zero is refused: it panics with a message";
    select => like_crossbeam::clocks::each_tick_is_received_by_one_task;
    ready => like_crossbeam::clocks::each_tick_is_received_by_one_task;
    fairness => like_crossbeam::fairness::two_tickers_have_their_turns
        : "a period of zero is refused: it panics with a message";
    fairness_duplicates
        => like_crossbeam::fairness::several_arms_of_one_channel_are_chosen_alike,
           like_crossbeam::fairness::clocks_that_are_due_together_are_chosen_alike
        : "the arms are chosen by the draw that all channels have; a period of zero is refused";
}
"zero.rs": 22 {
    smoke => like_crossbeam::flavors::an_item_goes_through_and_nothing_is_left;
    capacity => like_crossbeam::flavors::the_capacity_is_what_was_asked_for;
    len_empty_full => like_crossbeam::flavors::both_ends_tell_how_much_is_in_a_channel;
    try_recv => like_crossbeam::times::a_trying_receiver_finds_nothing_then_an_item_then_the_end;
    recv => like_crossbeam::times::a_receiver_waits_for_each_item_and_for_the_end;
    recv_timeout => like_crossbeam::times::a_timed_receiver_times_out_then_gets_an_item_then_the_end;
    try_send => like_crossbeam::times::a_sender_that_tries_finds_no_room_then_some_then_the_end;
    send => like_crossbeam::times::a_sender_waits_until_there_is_room;
    send_timeout => like_crossbeam::times::a_timed_sender_times_out_then_sends_then_finds_the_end;
    len => like_crossbeam::flavors::the_length_is_exact_at_each_step;
    disconnect_wakes_sender => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    disconnect_wakes_receiver => like_crossbeam::times::the_last_handle_to_go_wakes_the_other_end;
    spsc => like_crossbeam::streams::one_task_sends_to_one_in_order;
    mpmc => like_crossbeam::streams::each_item_of_four_senders_reaches_one_of_four_receivers;
    stress_oneshot => like_crossbeam::streams::a_thousand_channels_carry_one_item_each;
    stress_iter => like_crossbeam::streams::what_is_asked_for_is_taken_as_it_comes
        : "a loop that never waits lets others run by `yield_now`: one thread has no other way";
    stress_timeout_two_threads => like_crossbeam::times::senders_and_receivers_with_short_limits_meet_at_last;
    drops => like_crossbeam::flavors::each_item_is_dropped_once_whatever_becomes_of_it;
    fairness => like_crossbeam::fairness::two_that_select_among_two_rendezvous_channels_use_both;
    fairness_duplicates => like_crossbeam::fairness::several_arms_of_one_channel_are_chosen_alike;
    recv_in_send => like_crossbeam::flavors::an_item_for_a_receiver_may_wait_for_another_sender;
    channel_through_channel => like_crossbeam::matching::a_channel_goes_through_a_channel_that_came_through_one;
}
};
