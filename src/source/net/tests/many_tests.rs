//! Many senders, several workers: every line once and in order.

use super::*;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs each loop in a thread until `stop`, then drains it.
fn run(nets: Vec<Net>, stop: &Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<Heard>> {
    nets.into_iter()
        .map(|mut net| {
            let stop = Arc::clone(stop);
            std::thread::spawn(move || {
                let mut heard = Heard::default();
                while !stop.load(Ordering::Relaxed) {
                    net.poll(Some(Duration::from_millis(5)), &mut |event| heard.hear(event)).unwrap();
                }
                drain(&mut net, &mut heard);
                heard
            })
        })
        .collect()
}

#[test]
fn every_line_comes_once_and_in_order_whoever_reads_it() {
    const SENDERS: usize = 200;
    const LINES: usize = 500;
    let bound = Bound::open(&[listen("tcp://127.0.0.1:0")], &Limits::default(), Arc::new(clock::monotonic)).unwrap();
    let address = bound.local_address(SourceId(0)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let workers = run(bound.share(3).unwrap(), &stop);
    let senders: Vec<_> = (0..4)
        .map(|part| {
            std::thread::spawn(move || {
                let numbers: Vec<_> = (0..SENDERS).filter(|number| number % 4 == part).collect();
                let mut sockets: Vec<_> = numbers.iter().map(|_| TcpStream::connect(address).unwrap()).collect();
                for line in 0..LINES {
                    for (number, socket) in numbers.iter().zip(&mut sockets) {
                        write!(socket, "{number} {line}").unwrap();
                        // Every other line is cut in two.
                        if line % 2 == 0 {
                            socket.write_all(b" and on").unwrap();
                        }
                        socket.write_all(b"\n").unwrap();
                    }
                }
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    // At this moment lines are in the kernel, in the backlog and between workers.
    stop.store(true, Ordering::Relaxed);
    let heard: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    let mut seen = [false; SENDERS];
    for text in heard.iter().flat_map(|heard| heard.text.values()) {
        let text = String::from_utf8(text.clone()).unwrap();
        let number: usize = text.split(' ').next().unwrap().parse().unwrap();
        assert!(!std::mem::replace(&mut seen[number], true));
        let expected: String =
            (0..LINES).map(|line| format!("{number} {line}{}\n", if line % 2 == 0 { " and on" } else { "" })).collect();
        assert_eq!(text, expected);
    }
    assert!(seen.iter().all(|seen| *seen));
    // Nobody had them all.
    assert!(
        heard.iter().all(|heard| heard.opened.len() > SENDERS / 10),
        "{:?}",
        heard.iter().map(|heard| heard.opened.len()).collect::<Vec<_>>()
    );
    let inputs: std::collections::BTreeSet<_> =
        heard.iter().flat_map(|heard| &heard.opened).map(|(input, _)| *input).collect();
    assert_eq!(inputs.len(), SENDERS, "a number is used once");
}

#[test]
fn a_connection_given_to_a_worker_that_has_ended_is_read_by_the_one_that_accepted_it() {
    let bound = Bound::open(&[listen("tcp://127.0.0.1:0")], &Limits::default(), Arc::new(clock::monotonic)).unwrap();
    let address = bound.local_address(SourceId(0)).unwrap();
    let mut nets = bound.share(2).unwrap();
    let mut heard = Heard::default();
    drain(&mut nets[1], &mut heard);
    let mut senders: Vec<_> = (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
    senders.iter_mut().for_each(|sender| sender.write_all(b"line\n").unwrap());
    until(&mut nets[0], &mut heard, |heard| heard.lines() == 10);
}

#[test]
fn connections_wait_for_room_that_another_worker_makes() {
    let limits = Limits { connections_max: 2, ..Limits::default() };
    let bound = Bound::open(&[listen("tcp://127.0.0.1:0")], &limits, Arc::new(clock::monotonic)).unwrap();
    let address = bound.local_address(SourceId(0)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let workers = run(bound.share(2).unwrap(), &stop);
    let sender = |number: usize| {
        let mut socket = TcpStream::connect(address).unwrap();
        writeln!(socket, "{number}").unwrap();
    };
    (0..300).for_each(sender);
    stop.store(true, Ordering::Relaxed);
    let lines: usize = workers.into_iter().map(|worker| worker.join().unwrap().lines()).sum();
    assert_eq!(lines, 300);
}
