//! Datagrams and Unix sockets: std's names, and waiting lets others run.
//!
//! Output:
//! udp: "ping" there, "pong" back
//! unix: "hello" echoed
//! datagrams: a b c
//! credentials: this process

use std::io::{self, Read, Write};
use std::net::Shutdown;

use greenhub::net::{UdpSocket, UnixDatagram, UnixListener, UnixStream};
use greenhub::spawn;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn main() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    let served = spawn(move || -> io::Result<String> {
        let mut buffer = [0; 64];
        let (n, from) = server.recv_from(&mut buffer)?;
        server.send_to(b"pong", from)?;
        Ok(text(&buffer[..n]))
    });
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.connect(address)?;
    client.send(b"ping")?;
    let mut buffer = [0; 64];
    let n = client.recv(&mut buffer)?;
    println!(
        "udp: {:?} there, {:?} back",
        served.join().unwrap()?,
        text(&buffer[..n])
    );

    let path = std::env::temp_dir().join(format!("greenhub-09-{}", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    spawn(move || -> io::Result<u64> {
        let (stream, _) = listener.accept()?;
        io::copy(&mut &stream, &mut &stream)
    })
    .detach_with(|error| eprintln!("unix: {error}"));
    let mut stream = UnixStream::connect(&path)?;
    std::fs::remove_file(&path)?;
    stream.write_all(b"hello")?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    println!("unix: {answer:?} echoed");

    let (left, right) = UnixDatagram::pair()?;
    let sender = spawn(move || {
        ["a", "b", "c"]
            .iter()
            .try_for_each(|item| left.send(item.as_bytes()).map(drop))
    });
    let mut items = Vec::new();
    for _ in 0..3 {
        let n = right.recv(&mut buffer)?;
        items.push(text(&buffer[..n]));
    }
    sender.join().unwrap()?;
    println!("datagrams: {}", items.join(" "));

    let (one, _other) = UnixStream::pair()?;
    let mine = one.peer_cred()?.pid() == Some(std::process::id() as i32);
    println!(
        "credentials: {}",
        if mine {
            "this process"
        } else {
            "somebody else"
        }
    );
    Ok(())
}
