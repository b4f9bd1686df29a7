//! What goes wrong around a monitor: senders, readers, names and limits. Each time the other sources go on, and a counter or
//! a sentence says what happened.

use super::store_faults::kept;
use super::{LIVE, ended, free_port, lines, moments, program, wait_for_lines, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A second for the machine, four to drain and to save.
const ENDS_WITHIN: Duration = Duration::from_secs(6);

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("r.json")).unwrap()).unwrap()
}

fn totals<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report["totals"][name].as_u64().unwrap())
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn followed(moments: &std::sync::mpsc::Receiver<Value>, inputs: usize) {
    wait_until("the files are followed", || {
        moments.try_iter().any(|moment| moment["inputs"].as_array().is_some_and(|seen| seen.len() >= inputs))
    });
}

#[test]
fn senders_that_do_what_they_should_not_harm_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).unwrap();
    fs::write(folder.join("own.pem"), own.cert.pem()).unwrap();
    fs::write(folder.join("own.key"), own.signing_key.serialize_pem()).unwrap();
    let (tcp, tls) = (free_port(), free_port());
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (a, b, c) = (format!("tcp://{tcp}"), format!("tls://{tls}"), format!("udp://{udp}"));
    let arguments = ["monitor", "--listen", &a, "--listen", &b, "--listen", &c, "--format", "combined"];
    let limits = ["--tls-certificate", "own.pem", "--tls-key", "own.key", "--max-line-bytes", "10k"];
    let mut child = program(&[&arguments[..], &limits, &LIVE].concat(), folder).spawn().unwrap();
    let moments = moments(&mut child);
    // Nothing is shown before all sockets are there.
    wait_until("it listens", || moments.try_iter().next().is_some());
    let silent = TcpStream::connect(&tcp).unwrap();
    let mut slow = TcpStream::connect(&tcp).unwrap();
    slow.write_all(b"1").unwrap();
    let mut long = TcpStream::connect(&tcp).unwrap();
    long.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let mut reset = TcpStream::connect(&tcp).unwrap();
    reset.write_all((lines(0, 2) + "192.0.2.1 - - [10/O").as_bytes()).unwrap();
    // Lingering for no time, a close is a reset.
    rustix::net::sockopt::set_socket_linger(&reset, Some(Duration::ZERO)).unwrap();
    drop(reset);
    let mut half = TcpStream::connect(&tls).unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1, 0]).unwrap();
    let mut plain = TcpStream::connect(&tls).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let anyone = UdpSocket::bind("127.0.0.1:0").unwrap();
    for garbage in [&b"\xff\xfe\x00\x01"[..], b"", b"\x1b[2J\x1b]0;x\x07", &[0xAA; 9000]] {
        anyone.send_to(garbage, &udp).unwrap();
    }
    let mut good = TcpStream::connect(&tcp).unwrap();
    good.write_all(lines(0, 100).as_bytes()).unwrap();
    // Those of good will, two before the reset and what it cut, and three datagrams.
    wait_for_lines(&moments, 106);
    for _ in 0..20 {
        good.write_all(lines(100, 110).as_bytes()).unwrap();
    }
    wait_for_lines(&moments, 306);
    signal(&child, Signal::TERM);
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && begin.elapsed() < ENDS_WITHIN, "{:?} {}", begin.elapsed(), said(&output));
    // At the end, what has not ended counts too: a byte of the slow one, and the beginning of the long line.
    let [all, records, malformed, blank] = totals(&report(folder), ["lines", "records", "malformed", "blank"]);
    assert_eq!((all, records, malformed, blank), (308, 302, 6, 0));
    let said = said(&output);
    for part in ["TLS handshake failed", "bytes of a line over the limit were left out; raise --max-line-bytes"] {
        assert!(said.contains(part), "{said}");
    }
    drop((silent, half));
}

#[test]
fn a_pipe_whose_writer_leaves_ends_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pipe = folder.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    fs::write(folder.join("a.log"), "").unwrap();
    let (to, text) = (pipe.clone(), lines(0, 10) + "192.0.2.1 - - [10/O");
    let writer =
        std::thread::spawn(move || OpenOptions::new().write(true).open(to).unwrap().write_all(text.as_bytes()));
    let mut command = program(&[&["monitor", "--stdin", "--follow", "a.log"][..], &LIVE].concat(), folder);
    let mut child = command.stdin(File::open(pipe).unwrap()).spawn().unwrap();
    writer.join().unwrap().unwrap();
    let moments = moments(&mut child);
    wait_for_lines(&moments, 11);
    fs::write(folder.join("a.log"), lines(0, 5)).unwrap();
    wait_for_lines(&moments, 16);
    assert_eq!(totals(&ended(child, folder), ["records", "malformed"]), [15, 1]);
}

#[test]
fn nothing_of_a_name_or_a_line_drives_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = "a\x1b[2J\u{9b}31m.log";
    let hostile = lines(0, 20).replace("GET /", "GET /\x1b]0;x\x07\u{9b}2J\u{202e}").replace("\"x\"", "\"\x1b[31m\"");
    fs::write(folder.join(name), hostile + "\x1b[2J\n").unwrap();
    let arguments = ["monitor", "--follow", "*.log", "--follow", "no\x1b]0;x.txt", "--from-beginning"];
    let output = program(&[&arguments[..], &["--refresh", "50ms", "--duration", "600ms"]].concat(), folder).output();
    let output = output.unwrap();
    assert!(output.status.success());
    let (shown, said) = (String::from_utf8(output.stdout.clone()).unwrap(), said(&output));
    assert!(shown.contains("\\x1b") && said.contains("no\\x1b]0;x.txt: nothing there yet"), "{shown}{said}");
    let drives = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
    assert_eq!((shown.chars().find(drives), said.chars().find(drives)), (None, None), "{shown}{said}");
}

#[test]
fn files_of_its_own_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.log"), lines(0, 5) + &"what is this, and what does it do here\n".repeat(20_000)).unwrap();
    let arguments = ["monitor", "--follow", "*", "--from-beginning", "--format", "combined", "--invalid", "bad.log"];
    let files = ["--store", "s.db", "--checkpoint", "20ms", "--summary", "50ms", "--summary-file", "s.txt"];
    let mut command = program(&[&arguments[..], &files, &LIVE, &["--duration", "1500ms"]].concat(), folder);
    let out = File::create(folder.join("out.log")).unwrap();
    let output = command.stdout(out).spawn().unwrap().wait_with_output().unwrap();
    let (report, said) = (report(folder), said(&output));
    assert_eq!(totals(&report, ["lines", "records", "malformed"]), [20_005, 5, 20_000], "{said}");
    assert_eq!(report["inputs"].as_array().unwrap().len(), 1, "{report}");
    for name in ["bad.log", "s.db", "s.db-wal", "s.txt", "r.json", "out.log"] {
        let told = format!("visor-fast: {name}: is written by this program itself, and is not followed; give it");
        assert_eq!(said.matches(&told).count(), 1, "{name}: {said}");
    }
}

/// Reads nothing of what it prints; returns when its pipe must be full.
fn unread(arguments: &[&str], folder: &Path) -> (Child, TcpStream) {
    let address = free_port();
    let listen = format!("tcp://{address}");
    let arguments = [&["monitor", "--listen", &listen, "--output", "json", "-o", "r.json"][..], arguments].concat();
    let child = program(&arguments, folder).spawn().unwrap();
    let mut sender = None;
    wait_until("it listens", || TcpStream::connect(&address).map(|stream| sender = Some(stream)).is_ok());
    let mut sender = sender.unwrap();
    sender.write_all(lines(0, 1_000).as_bytes()).unwrap();
    wait_until("something is printed", || rustix::io::ioctl_fionread(child.stdout.as_ref().unwrap()).unwrap() > 40_000);
    (child, sender)
}

#[test]
fn a_screen_that_nobody_reads_holds_up_neither_counting_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (mut child, mut sender) = unread(&["--refresh", "5ms", "--store", "s.db", "--checkpoint", "50ms"], folder);
    sender.write_all(lines(1_000, 39_000).as_bytes()).unwrap();
    drop(sender);
    wait_until("all is counted", || kept(&folder.join("s.db")) == 39_000);
    signal(&child, Signal::TERM);
    let begin = Instant::now();
    // Taken, its pipe is left as it is.
    let stdout = child.stdout.take();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && begin.elapsed() < ENDS_WITHIN, "{:?} {}", begin.elapsed(), said(&output));
    assert_eq!(totals(&report(folder), ["records"]), [39_000]);
    drop(stdout);
}

#[test]
fn windows_that_nobody_reads_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, sender) = unread(&["--window", "1s"], folder.path());
    signal(&child, Signal::TERM);
    let begin = Instant::now();
    let stdout = child.stdout.take();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && begin.elapsed() < ENDS_WITHIN, "{:?} {}", begin.elapsed(), said(&output));
    assert!(said(&output).contains("stdout: nobody reads it"), "{}", said(&output));
    drop((stdout, sender));
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), lines(0, 100)).unwrap();
    let arguments = [&["monitor", "--follow", "a.log", "--from-beginning"][..], &LIVE].concat();
    let mut child = program(&arguments, folder.path()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    assert_eq!(totals(&report(folder.path()), ["records"]), [100]);
}

#[test]
fn a_sender_that_never_stops_does_not_put_off_the_end_and_a_second_signal_ends_at_once() {
    for signals in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let address = free_port();
        let listen = format!("tcp://{address}");
        let arguments = ["monitor", "-q", "--listen", &listen, "--store", "s.db", "-o", "r.json"];
        let child = program(&arguments, folder.path()).spawn().unwrap();
        let mut sender = None;
        wait_until("it listens", || TcpStream::connect(&address).map(|stream| sender = Some(stream)).is_ok());
        let mut sender = sender.unwrap();
        let goes_on = AtomicBool::new(true);
        let text = lines(0, 10_000);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while goes_on.load(Ordering::Relaxed) {
                    if sender.write_all(text.as_bytes()).is_err() {
                        return;
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(300));
            let begin = Instant::now();
            for _ in 0..signals {
                signal(&child, Signal::TERM);
                std::thread::sleep(Duration::from_millis(100));
            }
            let output = child.wait_with_output().unwrap();
            let lasted = begin.elapsed();
            goes_on.store(false, Ordering::Relaxed);
            if signals == 1 {
                assert!(output.status.success() && lasted < ENDS_WITHIN, "{lasted:?} {}", said(&output));
                let report = report(folder.path());
                let [all, windowed, late, future] = totals(&report, ["records", "windowed", "late", "future"]);
                assert!(all > 10_000 && all == windowed + late + future, "{report}");
            } else {
                assert_eq!(output.status.code(), Some(130), "{}", said(&output));
                assert!(lasted < Duration::from_secs(2), "{lasted:?}");
            }
        });
    }
}

/// As the program, within what a shell sets first.
fn within(shell: &str, arguments: &[&str], folder: &Path) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("{shell} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_visor-fast")]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn more_files_than_may_be_open_are_all_followed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for number in 0..150 {
        fs::write(folder.join(format!("{number}.log")), lines(number, number + 2)).unwrap();
    }
    let arguments = [&["monitor", "--follow", "*.log", "--from-beginning"][..], &LIVE].concat();
    let mut child = within("ulimit -n 40", &arguments, folder).spawn().unwrap();
    let moments = moments(&mut child);
    wait_for_lines(&moments, 300);
    for number in 0..150 {
        let mut file = OpenOptions::new().append(true).open(folder.join(format!("{number}.log"))).unwrap();
        file.write_all(lines(number + 2, number + 3).as_bytes()).unwrap();
    }
    wait_for_lines(&moments, 450);
    assert_eq!(totals(&ended(child, folder), ["records", "malformed"]), [450, 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_watch_is_left_folders_are_polled_and_that_is_said_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["a", "b", "c", "d"] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("x.log"), "").unwrap();
    }
    // Limits of a name space of its own.
    let enter = "echo 3 > /proc/sys/user/max_inotify_watches";
    let may = std::process::Command::new("unshare").args(["-Ur", "sh", "-c", enter]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this user may not make a name space of its own");
        return;
    }
    let arguments = [&["monitor", "--follow", "*/x.log"][..], &LIVE].concat();
    let shell = format!("exec unshare -Ur sh -c '{enter} && exec \"$0\" \"$@\"' \"$0\" \"$@\"; true");
    let mut child = within(&shell, &arguments, folder).spawn().unwrap();
    let moments = moments(&mut child);
    followed(&moments, 4);
    for name in ["a", "b", "c", "d"] {
        fs::write(folder.join(name).join("x.log"), lines(0, 10)).unwrap();
    }
    wait_for_lines(&moments, 40);
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    let polled = "is polled, a line may be seen up to seconds late: no inotify watch is left; raise sysctl";
    assert!((1..=3).contains(&said.matches(polled).count()), "{said}");
}

#[test]
fn a_line_that_has_not_ended_is_left_to_the_next_run_where_there_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = lines(0, 3);
    let run = |to: usize, whole: u64| {
        fs::write(folder.join("a.log"), &text[..to]).unwrap();
        let arguments = [&["monitor", "--follow", "a.log", "--from-beginning", "--store", "s.db"][..], &LIVE].concat();
        let mut child = program(&arguments, folder).spawn().unwrap();
        wait_for_lines(&moments(&mut child), whole);
        assert_eq!(totals(&ended(child, folder), ["lines", "records"]), [whole, whole]);
    };
    run(text.len() / 3 + 20, 1);
    run(text.len() - 1, 2);
    run(text.len(), 3);
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/dev/full", folder.path().join("r.json")).unwrap();
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full here");
        return;
    }
    let output = super::with_input(&["monitor", "--stdin", "-q", "-o", "r.json"], folder.path(), &lines(0, 10));
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("-o r.json: cannot be written: No space left on device"), "{}", said(&output));
}

#[test]
fn what_cannot_be_opened_ends_it_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("tcp://{}", other.local_addr().unwrap());
    let cases = [
        (&["--listen", &taken][..], 1, "another program listens there; end it"),
        (&["--listen", "tcp://192.0.2.1:0"], 1, "this machine has no such address"),
        (&["--listen", "tls://127.0.0.1:0"], 1, "needs a certificate and its key"),
        (&["--listen", "unix:///nowhere/x/socket"], 1, "nowhere"),
        (&["--follow", "[.log"], 2, "not a valid pattern"),
        (&["--stdin", "--store", "nowhere/s.db"], 1, "its folder is not there; make the folder first"),
        (&["--stdin", "--invalid", "nowhere/bad.log"], 1, "cannot be written"),
        (&["--stdin", "--summary", "1s", "--summary-file", "nowhere/s"], 1, "check its folder"),
    ];
    for (arguments, code, expected) in cases {
        let output = program(&[&["monitor", "-q"][..], arguments].concat(), folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn every_test_that_the_catalogue_of_faults_names_is_there() {
    fn files(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                files(&entry, found);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                found.push((entry.display().to_string(), fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    ["src", "tests"].iter().for_each(|folder| files(&root.join(folder), &mut all));
    let catalogue = fs::read_to_string(root.join("docs/FAULTS.md")).unwrap();
    let named: Vec<(&str, &str)> = catalogue.split('`').filter_map(|part| part.split_once(".rs::")).collect();
    assert!(named.len() > 100, "{}", named.len());
    for (file, test) in named {
        let is_there = |(path, text): &(String, String)| {
            path.ends_with(&format!("/{file}.rs")) && text.contains(&format!("fn {test}("))
        };
        assert!(all.iter().any(is_there), "{file}.rs::{test}");
    }
}
