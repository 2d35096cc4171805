//! What runs next in a hub: the run queue, the tick, the list of tasks, and the end of all of them.

pub(super) mod deadlock;
pub(super) mod housekeeping;
pub(super) mod run_budget;
pub(super) mod run_queue;
pub(super) mod settings;
pub(super) mod shutdown;
pub(super) mod task_list;
pub(super) mod tick;
