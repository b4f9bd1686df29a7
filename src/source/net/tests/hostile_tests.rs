//! Senders that do what they should not.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

fn limited(limits: Limits) -> (Net, SocketAddr, Hand) {
    let hand = Hand::new();
    let (net, address) = open("tcp://127.0.0.1:0", &limits, hand.clock());
    (net, address, hand)
}

#[test]
fn a_sender_of_single_bytes_is_read_as_any_other() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.set_nodelay(true).unwrap();
    for byte in b"one\r\ntwo\r\n" {
        sender.write_all(&[*byte]).unwrap();
        net.poll(Some(Duration::from_millis(2)), &mut |event| heard.hear(event)).unwrap();
    }
    until(&mut net, &mut heard, |heard| heard.all() == "one\r\ntwo\r\n");
}

#[test]
fn what_came_before_a_reset_counts() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.write_all(b"one\ntwo\nthr").unwrap();
    // With what it never read in its own buffer, or by lingering for no time, a close is a reset.
    rustix::net::sockopt::set_socket_linger(&sender, Some(Duration::ZERO)).unwrap();
    drop(sender);
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    assert_eq!(heard.all(), "one\ntwo\nthr\n");
    assert_eq!(heard.reasons(), [("broken", true)]);
}

#[test]
fn a_line_over_the_limit_is_cut_and_the_next_one_is_whole() {
    let (mut net, address, _) = limited(Limits { line_bytes_max: 1000, ..Limits::default() });
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    let sending = std::thread::spawn(move || {
        for _ in 0..1000 {
            sender.write_all(&[b'x'; 10_000]).unwrap();
        }
        sender.write_all(b"\nnext\n").unwrap();
    });
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    sending.join().unwrap();
    let text = heard.all();
    assert!(text.ends_with("x\nnext\n"));
    let Discard::LongLine { bytes } = heard.discards[0] else { panic!("{:?}", heard.discards) };
    assert_eq!(text.len() as u64 + bytes, 10_000_006);
    assert_eq!((text.len(), heard.discards.len()), (1004 + 5, 1));
}

#[test]
fn when_memory_is_short_the_longest_line_is_given_up_and_no_other() {
    let limits = Limits { line_bytes_max: 1 << 20, unfinished_bytes_max: 100_000, ..Limits::default() };
    let (mut net, address, _) = limited(limits);
    let mut heard = Heard::default();
    let mut modest = TcpStream::connect(address).unwrap();
    modest.write_all(b"on").unwrap();
    let mut greedy = TcpStream::connect(address).unwrap();
    greedy.write_all(&[b'x'; 300_000]).unwrap();
    until(&mut net, &mut heard, |heard| !heard.discards.is_empty());
    assert!(net.unfinished_bytes() <= 100_000);
    greedy.write_all(b"\nnext\n").unwrap();
    modest.write_all(b"e\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 2);
    let lost: u64 = heard
        .discards
        .iter()
        .map(|discard| match discard {
            Discard::Memory { bytes } | Discard::LongLine { bytes } => *bytes,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(lost, 300_000);
    let mut texts: Vec<_> = heard.text.into_values().collect();
    texts.sort();
    assert_eq!(texts, [b"next\n", b"one\n\0".strip_suffix(b"\0").unwrap()]);
}

#[test]
fn another_protocol_is_lines_and_a_broken_count_ends_the_connection() {
    let (mut net, address) = tcp();
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    sender.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 3);
    let mut counted = TcpStream::connect(address).unwrap();
    counted.write_all(b"5 <1>abgarbage").unwrap();
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    assert_eq!(heard.discards, [Discard::Garbage { bytes: 7 }]);
    assert_eq!(heard.reasons(), [("garbage", false)]);
}

#[test]
fn an_idle_sender_is_told_to_end_and_then_closed() {
    let (mut net, address, hand) = limited(Limits { idle_timeout: Duration::from_secs(60), ..Limits::default() });
    let mut heard = Heard::default();
    let mut silent = TcpStream::connect(address).unwrap();
    let mut polite = TcpStream::connect(address).unwrap();
    silent.write_all(b"cut").unwrap();
    until(&mut net, &mut heard, |heard| heard.opened.len() == 2);
    while net.unfinished_bytes() == 0 {
        net.poll(None, &mut |event| heard.hear(event)).unwrap();
    }
    hand.forward(Duration::from_secs(61));
    net.poll(Some(Duration::ZERO), &mut |event| heard.hear(event)).unwrap();
    // The end of our half is what a sender sees; what it still had to say is read.
    assert_eq!(polite.read(&mut [0; 8]).unwrap(), 0);
    polite.write_all(b"good-bye\n").unwrap();
    drop(polite);
    until(&mut net, &mut heard, |heard| heard.closed.len() == 1);
    assert_eq!(heard.reasons(), [("end", false)]);
    hand.forward(Duration::from_secs(6));
    until(&mut net, &mut heard, |heard| heard.closed.len() == 2);
    assert_eq!(heard.reasons()[1], ("idle", true));
    assert_eq!(heard.lines(), 2);
}

#[test]
fn a_byte_a_minute_is_no_silence_and_a_line_in_the_end() {
    let (mut net, address, hand) = limited(Limits { idle_timeout: Duration::from_secs(90), ..Limits::default() });
    let mut heard = Heard::default();
    let mut slow = TcpStream::connect(address).unwrap();
    for (count, byte) in (1..).zip(b"slow\n") {
        slow.write_all(&[*byte]).unwrap();
        let given_up = clock::monotonic() + Duration::from_secs(60);
        while net.unfinished_bytes() < count && !heard.all().contains("slow\n") {
            assert!(clock::monotonic() < given_up);
            net.poll(Some(Duration::from_millis(5)), &mut |event| heard.hear(event)).unwrap();
        }
        hand.forward(Duration::from_secs(60));
        // Nobody else waits for it.
        let mut other = TcpStream::connect(address).unwrap();
        other.write_all(b"other\n").unwrap();
        drop(other);
        until(&mut net, &mut heard, |heard| heard.closed.len() == count);
    }
    assert_eq!((heard.lines(), heard.all().matches("slow\n").count()), (6, 1));
}

#[test]
fn nobody_is_idle_while_nobody_listens() {
    let (mut net, address, hand) = limited(Limits { idle_timeout: Duration::from_secs(60), ..Limits::default() });
    let mut heard = Heard::default();
    let mut sender = TcpStream::connect(address).unwrap();
    until(&mut net, &mut heard, |heard| heard.opened.len() == 1);
    net.pause();
    hand.forward(Duration::from_secs(600));
    net.poll(Some(Duration::ZERO), &mut |event| heard.hear(event)).unwrap();
    net.resume();
    net.poll(Some(Duration::ZERO), &mut |event| heard.hear(event)).unwrap();
    sender.write_all(b"still here\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.lines() == 1);
    assert_eq!(heard.reasons(), []);
}

#[test]
fn connections_over_the_limit_wait_until_one_is_closed() {
    let (mut net, address, _) = limited(Limits { connections_max: 2, ..Limits::default() });
    let mut heard = Heard::default();
    let mut senders: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
    for (number, sender) in senders.iter_mut().enumerate() {
        writeln!(sender, "{number}").unwrap();
    }
    until(&mut net, &mut heard, |heard| heard.lines() == 2 && heard.notices == ["full"]);
    assert_eq!(net.inputs(), 2);
    drop(senders);
    until(&mut net, &mut heard, |heard| heard.closed.len() == 5);
    assert_eq!(heard.all(), "0\n1\n2\n3\n4\n");
    assert!(heard.notices.starts_with(&["full".to_owned(), "accepting".to_owned()]), "{:?}", heard.notices);
}

#[test]
fn a_sender_that_never_stops_does_not_keep_others_waiting() {
    let (mut net, address) = tcp();
    let mut firehose = TcpStream::connect(address).unwrap();
    let mut trickle = TcpStream::connect(address).unwrap();
    let sending = std::thread::spawn(move || {
        let block = b"flood\n".repeat(20_000);
        while firehose.write_all(&block).is_ok() {}
    });
    let is_flooded = |event: &Event<'_>| matches!(event, Event::Lines { text, .. } if !text.starts_with(b"drop"));
    for round in 0..20 {
        writeln!(trickle, "drop {round}").unwrap();
        let (mut is_here, mut flooded) = (false, false);
        let given_up = clock::monotonic() + Duration::from_secs(60);
        while !(is_here && flooded) {
            assert!(clock::monotonic() < given_up, "here: {is_here}, flooded: {flooded}");
            net.poll(None, &mut |event| {
                flooded |= is_flooded(&event);
                is_here |= matches!(event, Event::Lines { text, .. } if text.starts_with(b"drop"));
            })
            .unwrap();
        }
    }
    drop(net);
    sending.join().unwrap();
}

#[test]
fn without_a_free_file_open_streams_go_on_and_accepting_resumes() {
    // In a process of its own, since the limit is the process's.
    let this = std::env::current_exe().unwrap();
    let child = "source::net::tests::hostile_tests::within_few_files";
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" --exact \"$1\" --ignored --test-threads 1"])
        .arg(this)
        .arg(child)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs a process with few files: run by the test above"]
fn within_few_files() {
    let (mut net, address, hand) = limited(Limits::default());
    let mut heard = Heard::default();
    let mut first = TcpStream::connect(address).unwrap();
    until(&mut net, &mut heard, |heard| heard.opened.len() == 1);
    // As many senders as there are files: none is left to accept the last ones.
    let mut senders = Vec::new();
    while let Ok(sender) = TcpStream::connect(address) {
        senders.push(sender);
    }
    until(&mut net, &mut heard, |heard| !heard.notices.is_empty());
    assert!(heard.notices[0].contains("too many files are open; raise the limit"), "{:?}", heard.notices);
    first.write_all(b"goes on\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.all() == "goes on\n");
    let count = senders.len();
    for mut sender in senders {
        sender.write_all(b"late\n").unwrap();
    }
    while heard.lines() < count + 1 {
        hand.forward(Duration::from_secs(1));
        net.poll(Some(Duration::from_millis(1)), &mut |event| heard.hear(event)).unwrap();
    }
    assert!(heard.notices.contains(&"accepting".to_owned()));
}
