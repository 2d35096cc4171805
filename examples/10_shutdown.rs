//! Leaving in order: all tasks are killed and clean up, and those that need longer than there is time are named.
//!
//! Output:
//! reader cleans up
//! writer saves
//! all have ended: false
//! 1 is left: true
//! writer has saved
//! all have ended: true
use greenhub::hub::shutdown;
use greenhub::task::{Builder, shield};
use greenhub::{sleep, yield_now};
use std::time::Duration;

struct Saves;

impl Drop for Saves {
    fn drop(&mut self) {
        println!("reader cleans up"); // it must not wait here
    }
}

fn read() {
    let _saves = Saves;
    sleep(Duration::MAX);
}

fn write() {
    loop {
        // In a shield it is not killed: what was begun is ended.
        shield(|| {
            sleep(Duration::from_millis(10));
            println!("writer saves");
            sleep(Duration::from_millis(100));
            println!("writer has saved");
        });
        yield_now(); // the kill comes here
    }
}

fn main() -> Result<(), greenhub::SpawnError> {
    let _reader = Builder::new().name("reader").spawn(read)?;
    let _writer = Builder::new().name("writer").spawn(write)?;
    yield_now();
    let ended = shutdown(Duration::from_millis(50));
    println!("all have ended: {}", ended.is_ok());
    if let Err(left) = ended {
        let names: Vec<&str> = left.tasks().collect();
        println!("{} is left: {}", names.len(), names[0].contains("writer"));
    }
    println!("all have ended: {}", shutdown(Duration::MAX).is_ok());
    Ok(())
}
