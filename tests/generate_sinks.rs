//! `generate` and its receivers: real files, pipes and sockets. What was received is what the truth says.
//!
//! Nothing here is timed: where a receiver stands still, the test looks at counts.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const LINES: usize = 20_000;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn start(folder: &Path, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["generate", "access"])
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn generate(folder: &Path, arguments: &str) -> Output {
    start(folder, arguments).wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn truth(folder: &Path, name: &str) -> serde_json::Value {
    let text = fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_slice(&text).unwrap()
}

fn counted(truth: &serde_json::Value) -> usize {
    truth["totals"]["lines"].as_u64().unwrap() as usize
}

/// Lines that the truth has, if it is sure of them.
fn sure(truth: &serde_json::Value) -> usize {
    assert_eq!(truth.get("uncertain"), None);
    counted(truth)
}

/// Lines that the truth has, if it is not sure of them.
fn unsure(truth: &serde_json::Value) -> usize {
    assert_ne!(truth.get("uncertain"), None);
    counted(truth)
}

fn lines(text: &[u8]) -> usize {
    assert!(text.is_empty() || text.ends_with(b"\n"), "a line was cut");
    memchr::memchr_iter(b'\n', text).count()
}

fn read_all(mut from: impl Read) -> Vec<u8> {
    let mut text = Vec::new();
    from.read_to_end(&mut text).unwrap();
    text
}

/// A receiver of one TCP connection, and its address.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Where a server listens: its first words on stderr. The rest is read to the end by the thread.
fn address_of(server: &mut Child) -> (String, thread::JoinHandle<String>) {
    let mut errors = BufReader::new(server.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let address = line.split("listens at ").nth(1).unwrap_or_else(|| panic!("{line}"));
    let address = address.split([',', '\n']).next().unwrap().to_string();
    (address, thread::spawn(move || String::from_utf8(read_all(errors)).unwrap()))
}

#[test]
fn every_sink_gets_every_line_and_a_truth() {
    let folder = folder();
    let (tcp, address) = listener();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let by_tcp = thread::spawn(move || read_all(tcp.accept().unwrap().0));
    let by_unix = thread::spawn(move || read_all(unix.accept().unwrap().0));
    let arguments = format!("--lines {LINES} --file a.log --file - --tcp {address} --unix socket --truth t.json");
    let output = generate(folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let file = fs::read(folder.path().join("a.log")).unwrap();
    assert_eq!(lines(&file), LINES);
    assert!(output.stdout == file && by_tcp.join().unwrap() == file && by_unix.join().unwrap() == file);
    let names = [("t.json", "a.log"), ("t.2.json", "-"), ("t.3.json", "tcp://"), ("t.4.json", "unix://socket")];
    for (truth_name, name) in names {
        let truth = truth(folder.path(), truth_name);
        assert_eq!(sure(&truth), LINES, "{name}");
        assert_eq!(truth["partial"], false, "{name}");
        assert!(truth["inputs"][0]["name"].as_str().unwrap().starts_with(name), "{name}");
    }
}

#[test]
fn the_schedule_and_the_number_of_threads_change_no_byte() {
    let folder = folder();
    let flat_out = generate(folder.path(), &format!("--seed 1 --lines {LINES} --threads 1 --rate max"));
    assert_eq!(lines(&flat_out.stdout), LINES);
    let threads = generate(folder.path(), &format!("--seed 1 --lines {LINES} --threads 3 --rate max"));
    assert!(flat_out.stdout == threads.stdout);
    // At a rate the lines bear other times; they are as many, and end at the same line.
    let paced = generate(folder.path(), &format!("--lines {LINES} --rate 100000"));
    assert_eq!(lines(&paced.stdout), LINES);
    let by_duration = generate(folder.path(), "--rate 20000 --duration 0.5s");
    assert_eq!(lines(&by_duration.stdout), 10_000, "the lines that are due before the end");
}

#[test]
fn a_receiver_that_stands_still_changes_no_schedule_and_what_is_shed_is_counted() {
    let folder = folder();
    let (still, address) = listener();
    let arguments = format!("--rate 200000 --duration 2s --queue 32MiB --tcp {address} --file a.log --truth t.json");
    let run = start(folder.path(), &arguments);
    let (connection, _) = still.accept().unwrap();
    thread::sleep(Duration::from_secs(3)); // longer than the run
    let received = read_all(connection);
    let output = run.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    // The file is the first sink, and did not notice.
    assert_eq!(sure(&truth(folder.path(), "t.json")), 400_000);
    assert_eq!(lines(&fs::read(folder.path().join("a.log")).unwrap()), 400_000);
    let received = lines(&received);
    assert_eq!(sure(&truth(folder.path(), "t.2.json")), received);
    assert!((1..400_000).contains(&received), "{received} lines");
    let shed = format!("{} lines shed", grouped(400_000 - received));
    assert!(stderr(&output).contains(&shed), "{shed}: {}", stderr(&output));
}

fn grouped(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[test]
fn a_slow_client_of_the_server_holds_up_nobody() {
    let folder = folder();
    let arguments = "--rate 200000 --duration 2s --queue 32MiB --listen 127.0.0.1:0 --clients 2 --truth t.json";
    let mut run = start(folder.path(), arguments);
    let (address, errors) = address_of(&mut run);
    let slow = TcpStream::connect(&address).unwrap();
    let fast = TcpStream::connect(&address).unwrap();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        read_all(TcpStream::connect(&address).unwrap())
    });
    let fast = read_all(fast);
    let slow = read_all(slow);
    let late = late.join().unwrap();
    assert!(run.wait().unwrap().success(), "{}", errors.join().unwrap());
    assert_eq!(lines(&fast), 400_000);
    assert_eq!(sure(&truth(folder.path(), "t.1-2.json")), 400_000);
    assert_eq!(sure(&truth(folder.path(), "t.json")), lines(&slow));
    assert!((1..400_000).contains(&lines(&slow)), "{} lines", lines(&slow));
    assert_eq!(sure(&truth(folder.path(), "t.1-3.json")), lines(&late));
    assert!((1..400_000).contains(&lines(&late)) && fast.ends_with(&late), "{} lines", lines(&late));
}

#[test]
fn at_full_speed_every_client_gets_all_lines_at_its_own_pace() {
    let folder = folder();
    let mut run = start(folder.path(), "--lines 300000 --listen 127.0.0.1:0 --clients 2 --truth t.json");
    let (address, errors) = address_of(&mut run);
    let slow = TcpStream::connect(&address).unwrap();
    let fast = read_all(TcpStream::connect(&address).unwrap());
    let slow = read_all(slow);
    assert!(run.wait().unwrap().success(), "{}", errors.join().unwrap());
    assert_eq!(lines(&fast), 300_000);
    assert!(slow == fast);
    assert_eq!(sure(&truth(folder.path(), "t.json")), 300_000);
    assert_eq!(sure(&truth(folder.path(), "t.1-2.json")), 300_000);
}

#[test]
fn a_client_that_leaves_is_no_failure_and_its_truth_is_not_sure() {
    let folder = folder();
    let mut run = start(folder.path(), "--rate 200000 --duration 2s --listen 127.0.0.1:0 --clients 2 --truth t.json");
    let (address, errors) = address_of(&mut run);
    let mut leaves = TcpStream::connect(&address).unwrap();
    let stays = TcpStream::connect(&address).unwrap();
    leaves.read_exact(&mut [0; 1000]).unwrap();
    drop(leaves);
    assert_eq!(lines(&read_all(stays)), 400_000);
    assert!(run.wait().unwrap().success(), "{}", errors.join().unwrap());
    assert!(unsure(&truth(folder.path(), "t.json")) < 400_000);
    assert_eq!(sure(&truth(folder.path(), "t.1-2.json")), 400_000);
}

#[test]
fn a_connection_that_breaks_is_a_failure_and_its_truth_is_not_sure() {
    let folder = folder();
    let (listener, address) = listener();
    let run = start(folder.path(), &format!("--lines 3000000 --tcp {address} --file a.log --truth t.json"));
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_exact(&mut [0; 1000]).unwrap();
    drop(connection); // with unread bytes: a reset
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the connection broke"), "{}", stderr(&output));
    assert_eq!(sure(&truth(folder.path(), "t.json")), 3_000_000, "the other sink goes on");
    let broken = truth(folder.path(), "t.2.json");
    assert!(unsure(&broken) < 3_000_000);
    assert_eq!(broken["partial"], true);
}

#[test]
fn datagrams_hold_whole_lines() {
    let folder = folder();
    for (flags, most) in [("", 65_507), ("--datagram-bytes 1400", 1400)] {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let run = start(folder.path(), &format!("--lines 2000 --rate 5000 --udp {address} --truth t.json {flags}"));
        let (mut buffer, mut datagrams, mut received) = (vec![0; 65_536], 0, 0);
        while let Ok(bytes) = socket.recv(&mut buffer) {
            datagrams += 1;
            received += lines(&buffer[..bytes]);
            assert!(bytes <= most, "{bytes} bytes");
            if received == 2000 {
                break;
            }
        }
        assert!(run.wait_with_output().unwrap().status.success());
        // A datagram that the kernel dropped is nowhere; of those that came each is whole.
        let sent = unsure(&truth(folder.path(), "t.json"));
        assert_eq!(sent, 2000);
        assert!(received <= sent && received > 0);
        assert_eq!(flags.is_empty(), datagrams == received, "{datagrams} datagrams, {received} lines");
    }
}

#[test]
fn a_unix_socket_of_datagrams_is_known_by_itself() {
    let folder = folder();
    let socket = UnixDatagram::bind(folder.path().join("log")).unwrap();
    let run = start(folder.path(), "--lines 1000 --unix log --truth t.json");
    let mut buffer = [0; 65_536];
    for _ in 0..1000 {
        let bytes = socket.recv(&mut buffer).unwrap();
        assert_eq!(lines(&buffer[..bytes]), 1);
    }
    assert!(run.wait_with_output().unwrap().status.success());
    assert_eq!(sure(&truth(folder.path(), "t.json")), 1000);
}

#[test]
fn rotated_files_together_are_the_file() {
    let folder = folder();
    let whole = generate(folder.path(), &format!("--lines {LINES}")).stdout;
    for how in ["rename", "copytruncate"] {
        let arguments = format!("--lines {LINES} --file {how}.log --rotate-size 100k --rotate-by {how} --truth t.json");
        assert!(generate(folder.path(), &arguments).status.success());
        let file = |name: String| fs::read(folder.path().join(name)).ok();
        let rotated: Vec<Vec<u8>> = (1..).map_while(|number| file(format!("{how}.log.{number}"))).collect();
        assert!(rotated.len() > 5);
        assert!(rotated.iter().all(|text| text.len() <= 100_000 && text.ends_with(b"\n")));
        let last = file(format!("{how}.log")).unwrap();
        assert!(rotated.into_iter().rev().flatten().chain(last).eq(whole.iter().copied()), "{how}");
        assert_eq!(sure(&truth(folder.path(), "t.json")), LINES);
    }
}

#[test]
fn a_full_disk_is_a_sentence_and_the_truth_is_what_was_written() {
    let folder = folder();
    let output = generate(folder.path(), "--lines 100 --file /dev/full --truth t.json");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("/dev/full: cannot be written: no space left on device; make room"), "{said}");
    assert_eq!(sure(&truth(folder.path(), "t.json")), 0);

    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = |command: &str, arguments: &[&str]| {
        Command::new(command)
            .args(arguments)
            .arg(&disk)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !mount("mount", &["-t", "tmpfs", "-o", "size=1m", "none"]) {
        return; // only root may have a small disk
    }
    let output = generate(folder.path(), "--lines 100000 --file disk/a.log --truth t.json");
    let written = fs::read(disk.join("a.log")).unwrap();
    assert!(mount("umount", &[]));
    assert_eq!(output.status.code(), Some(1));
    assert!(written.len() > 900_000, "{} bytes", written.len());
    assert_eq!(sure(&truth(folder.path(), "t.json")), lines(&written));
}

#[test]
fn what_cannot_be_opened_is_a_sentence_with_a_cure() {
    let folder = folder();
    let (taken, address) = listener();
    let closed = {
        let (_, closed) = listener();
        closed
    };
    let cases = [
        (format!("--tcp {closed}"), "connection refused; start the receiver first"),
        (
            format!("--listen {address}"),
            "address already in use; another program listens there, so choose another port",
        ),
        ("--unix nothing".to_string(), "no such file or directory; start the receiver first"),
        ("--file nothing/a.log".to_string(), "nothing/a.log: cannot be opened for writing: no such file or directory"),
        ("--tcp here".to_string(), "give HOST:PORT"),
    ];
    for (flags, expected) in cases {
        let output = generate(folder.path(), &format!("--lines 10 {flags}"));
        assert_eq!(output.status.code(), Some(1), "{flags}");
        assert!(stderr(&output).contains(expected), "{flags}: {}", stderr(&output));
    }
    drop(taken);
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let folder = folder();
    let mut run = start(folder.path(), "--truth t.json"); // without an end
    run.stdout.take().unwrap().read_exact(&mut [0; 1000]).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(unsure(&truth(folder.path(), "t.json")) > 0);
}

#[test]
fn an_interrupt_finishes_lines_and_truth() {
    let folder = folder();
    let run = start(folder.path(), "--rate 20000 --file a.log --truth t.json");
    let is_running = || fs::metadata(folder.path().join("a.log")).is_ok_and(|file| file.len() > 0);
    while !is_running() {
        thread::sleep(Duration::from_millis(50));
    }
    // Twice, as `timeout` does: that is one wish.
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    thread::sleep(Duration::from_millis(1));
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let truth = truth(folder.path(), "t.json");
    assert_eq!(sure(&truth), lines(&fs::read(folder.path().join("a.log")).unwrap()));
    assert_eq!(truth["partial"], true);
    assert!(stderr(&output).contains("late after being due"), "{}", stderr(&output));
}

#[test]
fn an_interrupt_ends_a_run_whose_reader_stands_still() {
    let folder = folder();
    let mut run = start(folder.path(), "--truth t.json");
    let mut pipe = run.stdout.take().unwrap();
    let mut received = vec![0; 1000];
    pipe.read_exact(&mut received).unwrap();
    thread::sleep(Duration::from_millis(300));
    kill_process(Pid::from_child(&run), Signal::TERM).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    pipe.read_to_end(&mut received).unwrap();
    // The last line may be cut, and is not counted.
    let whole = memchr::memchr_iter(b'\n', &received).count();
    assert_eq!(counted(&truth(folder.path(), "t.json")), whole);
}

#[cfg(feature = "kafka")]
#[test]
fn kafka_counts_what_was_acknowledged() {
    let folder = folder();
    // librdkafka brings a cluster of its own for tests.
    let arguments = "--lines 20000 --kafka nowhere:1/Logs --kafka-set test.mock.num.brokers=2 --truth t.json";
    let output = generate(folder.path(), arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(sure(&truth(folder.path(), "t.json")), 20_000);
}

#[cfg(feature = "kafka")]
#[test]
fn a_broker_that_is_away_is_a_sentence() {
    let (_, closed) = listener();
    let output = generate(folder().path(), &format!("--lines 10 --kafka {closed}/Logs"));
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("no broker answers") && said.contains("see that Kafka runs"), "{said}");
}
