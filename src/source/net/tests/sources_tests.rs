//! Each kind of source, its beginning and its end.

use super::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

#[test]
fn a_tcp_stream_is_opened_read_and_closed() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.write_all(b"one\ntwo\nthr").unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 2);
    assert_eq!(heard.opened[0].1, Peer::Tcp(sender.local_addr().unwrap()));
    assert_eq!(net.inputs(), 1);
    drop(sender);
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    assert_eq!(heard.all(), "one\ntwo\nthr\n");
    assert_eq!(heard.reasons(), [("end", true)]);
    assert_eq!((net.inputs(), net.unfinished_bytes()), (0, 0));
}

#[test]
fn localhost_is_listened_on_by_each_of_its_addresses() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let (mut net, _) = open(&format!("tcp://localhost:{port}"), &Limits::default(), Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    TcpStream::connect(("127.0.0.1", port)).unwrap().write_all(b"four\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.all() == "four\n");
}

#[test]
fn a_datagram_is_a_line_or_several() {
    let (mut net, address) = open("udp://127.0.0.1:0", &Limits::default(), Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in ["one", "two\n", "", "three\nfour", "5 <1>ab"] {
        sender.send_to(datagram.as_bytes(), address).unwrap();
    }
    sender.send_to(&[b'x'; 65_507], address).unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 6);
    assert!(heard.all().starts_with("one\ntwo\nthree\nfour\n5 <1>ab\nxxx"));
    assert_eq!(heard.all().len(), 27 + 65_508);
    assert_eq!(heard.opened[0].1, Peer::Anyone);
    assert_eq!(heard.discards, []);
}

#[cfg(target_os = "linux")]
#[test]
fn datagrams_that_the_kernel_dropped_are_counted_to_the_last() {
    let limits = Limits { udp_buffer_bytes: 64 * 1024, ..Limits::default() };
    let (mut net, address) = open("udp://127.0.0.1:0", &limits, Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..10_000 {
        sender.send_to(b"a line of some length, so that the buffer is full soon", address).unwrap();
    }
    drain(&mut net, &mut heard);
    let dropped: u64 = heard
        .discards
        .iter()
        .map(|discard| if let Discard::Dropped { datagrams } = discard { *datagrams } else { 0 })
        .sum();
    assert!(dropped > 0);
    assert_eq!(heard.lines() as u64 + dropped, 10_000);
}

#[test]
fn a_unix_stream_and_a_unix_datagram_socket_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, datagram) = (folder.path().join("stream"), folder.path().join("datagram"));
    let sources =
        [listen(&format!("unix://{}", stream.display())), listen(&format!("unixgram://{}", datagram.display()))];
    let bound = Bound::open(&sources, &Limits::default(), Arc::new(clock::monotonic)).unwrap();
    let mut net = bound.share(1).unwrap().remove(0);
    let mut heard = Heard::default();
    UnixStream::connect(&stream).unwrap().write_all(b"stream\ncut").unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"datagram", &datagram).unwrap();
    sender.send_to(&[b'y'; 100_000], &datagram).unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 4);
    let mut texts: Vec<_> = heard.text.values().map(|text| (text.len(), text[0])).collect();
    texts.sort_unstable();
    assert_eq!(texts, [(11, b's'), (9 + 100_001, b'd')]);
    drop(net);
    assert!(!stream.exists() && !datagram.exists());
}

#[test]
fn the_file_of_a_killed_program_is_no_obstacle_but_a_living_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let source = listen(&format!("unix://{}", path.display()));
    let open = || Bound::open(std::slice::from_ref(&source), &Limits::default(), Arc::new(clock::monotonic));
    let living = UnixListener::bind(&path).unwrap();
    assert!(open().unwrap_err().to_string().contains("another program listens there"));
    drop(living);
    assert!(path.exists());
    drop(open().unwrap());
    std::fs::write(&path, "a file of the user's").unwrap();
    assert!(open().unwrap_err().to_string().contains("there is a file that is no socket"));
    assert!(path.exists());
}

#[test]
fn what_cannot_be_opened_is_said_with_its_cure() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("tcp://127.0.0.1:{}", other.local_addr().unwrap().port());
    let cases = [
        ("a port in use", taken.as_str(), "another program listens there; end it (ss -lnp shows which)"),
        ("an address of another machine", "tcp://192.0.2.1:0", "this machine has no such address (or IPv6 is off)"),
        ("an IPv6 address of another machine", "udp://[2001:db8::1]:0", "this machine has no such address"),
        ("TLS without a certificate", "tls://127.0.0.1:0", "needs a certificate and its key"),
        ("a folder that is not there", "unix:///nowhere/at/all", "its folder does not exist"),
    ];
    for (what, address, cure) in cases {
        let error = Bound::open(&[listen(address)], &Limits::default(), Arc::new(clock::monotonic)).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("{address}: ")) && text.contains(cure), "{what}: {text}");
    }
}

#[test]
fn a_server_is_connected_to_again_and_again() {
    let hand = Hand::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    drop(server);
    let source =
        Source::Connect { address: Address::Tcp("localhost".to_owned(), address.port()), framing: Framing::Newline };
    let bound = Bound::open(&[source], &Limits::default(), hand.clock()).unwrap();
    let mut net = bound.share(1).unwrap().remove(0);
    let mut heard = Heard::default();
    until(&mut net, &mut heard, |heard| !heard.notices.is_empty());
    assert!(heard.notices[0].contains("nobody listens there; start the sender, it is tried again"));
    let server = TcpListener::bind(address).unwrap();
    server.set_nonblocking(true).unwrap();
    for round in 1..=3 {
        // As often as it takes: one of the host's addresses may be another one.
        let mut connection = loop {
            hand.forward(Duration::from_secs(30));
            net.poll(Some(Duration::from_millis(5)), &mut |event| heard.hear(event)).unwrap();
            if let Ok((connection, _)) = server.accept() {
                break connection;
            }
        };
        connection.write_all(b"a line\nand its").unwrap();
        drop(connection);
        until(&mut net, &mut heard, |heard| heard.closed.len() == round);
    }
    assert_eq!(heard.all(), "a line\nand its\n".repeat(3));
    assert_eq!(heard.reasons(), [("end", true); 3]);
    assert_eq!(heard.notices.len(), 1, "told once: {:?}", heard.notices);
    // A drained loop connects no more.
    drain(&mut net, &mut heard);
    hand.forward(Duration::from_secs(3600));
    net.poll(Some(Duration::ZERO), &mut |event| heard.hear(event)).unwrap();
    assert!(server.accept().is_err());
}

#[test]
fn a_drain_reads_what_nobody_accepted_yet() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut senders: Vec<_> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    for (number, sender) in senders.iter_mut().enumerate() {
        write!(sender, "line {number}\nand the unfinished line of {number}").unwrap();
    }
    drain(&mut net, &mut heard);
    assert_eq!(heard.lines(), 400);
    assert_eq!(heard.reasons(), [("shutdown", true); 200]);
    assert_eq!(net.inputs(), 0);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any longer");
}

#[test]
fn a_drain_ends_at_its_deadline_and_tells_what_it_left() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.write_all(&b"a line\n".repeat(1000)).unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 1000);
    sender.write_all(&b"a line\n".repeat(1000)).unwrap();
    net.drain(clock::monotonic(), &mut |event| heard.hear(event)).unwrap();
    assert_eq!(heard.lines(), 1000);
    assert_eq!(heard.discards, [Discard::Unread { bytes: 7000 }]);
}

#[test]
fn a_paused_loop_reads_nothing_and_a_resumed_one_all() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    net.pause();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.write_all(b"one\ntwo\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.opened.len() == 1);
    for _ in 0..10 {
        net.poll(Some(Duration::from_millis(1)), &mut |event| heard.hear(event)).unwrap();
    }
    assert_eq!(heard.all(), "");
    // The kernel's buffers fill, and the sender has to wait.
    sender.set_nonblocking(true).unwrap();
    let mut sent = 8;
    while let Ok(count) = sender.write(&[b'\n'; 65536]) {
        sent += count;
    }
    net.resume();
    drop(sender);
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    assert_eq!(heard.all().len(), sent);
}

#[test]
fn a_waker_ends_the_wait() {
    let (mut net, _) = tcp();
    let waker = net.waker();
    let waking = std::thread::spawn(move || waker.wake());
    // Its own timers end a wait after a second; a wake does before, or this takes long.
    net.poll(None, &mut |_| ()).unwrap();
    waking.join().unwrap();
}
