//! A pool of stacks per thread: the last one given back is the first one taken.

use std::cell::{Cell, RefCell};

use corosensei::stack::{DefaultStack, Stack, StackPointer};

use super::{DEFAULT_STACK_SIZE, MIN_STACK_SIZE};
use crate::error::SpawnError;

const MOST_IDLE: usize = 16 * 1024;
const COLOURS: usize = 8;
const COLOUR_STEP: usize = 192;

pub(crate) struct PooledStack {
    memory: DefaultStack,
    base: StackPointer,
}

// SAFETY: the mapping is the `DefaultStack`'s own, with its guard page; lowering the base by a few
// hundred bytes leaves far more than the minimum usable size below it.
unsafe impl Stack for PooledStack {
    #[inline]
    fn base(&self) -> StackPointer {
        self.base
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.memory.limit()
    }
}

thread_local! {
    static IDLE: RefCell<Vec<PooledStack>> = const { RefCell::new(Vec::new()) };
    static NEXT_COLOUR: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn take(size: usize) -> Result<PooledStack, SpawnError> {
    if size <= DEFAULT_STACK_SIZE
        && let Ok(Some(stack)) = IDLE.try_with(|idle| idle.borrow_mut().pop())
    {
        return Ok(stack);
    }
    let size = size.max(MIN_STACK_SIZE).max(DEFAULT_STACK_SIZE);
    let memory = DefaultStack::new(size).map_err(|source| SpawnError::NoMemory { size, source })?;
    let colour = NEXT_COLOUR.replace(NEXT_COLOUR.get() + 1) % COLOURS * COLOUR_STEP;
    let base = StackPointer::new(memory.base().get() - colour).expect("high in a mapping");
    Ok(PooledStack { memory, base })
}

pub(crate) fn give_back(stack: PooledStack) {
    let usable = stack.memory.base().get() - stack.memory.limit().get();
    if usable > DEFAULT_STACK_SIZE + 64 * 1024 {
        return;
    }
    let _ = IDLE.try_with(|idle| {
        let mut idle = idle.borrow_mut();
        if idle.len() < MOST_IDLE {
            idle.push(stack);
        }
    });
}
