//! The README's second program: two greenlets hand a number to each other.
//!
//! Output:
//! [ping] starts with 1
//! [pong] got 2
//! [ping] got 3
//! [main] got 4
//! [main] ping dead: true, pong dead: false
use greenhub::Greenlet;

fn main() {
    let (ping, pong) = (
        Greenlet::<u32, u32>::declare(),
        Greenlet::<u32, u32>::declare(),
    );
    ping.define({
        let pong = pong.clone();
        move |start| {
            println!("[ping] starts with {start}");
            let answer = pong.switch(start + 1);
            println!("[ping] got {answer}");
            answer + 1
        }
    });
    pong.define({
        let ping = ping.clone();
        move |ball| {
            println!("[pong] got {ball}");
            ping.switch(ball + 1)
        }
    });
    println!("[main] got {}", ping.switch(1));
    println!(
        "[main] ping dead: {}, pong dead: {}",
        ping.is_dead(),
        pong.is_dead()
    );
}
