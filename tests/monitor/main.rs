//! `visor-fast monitor` as its users run it: real files, pipes and sockets, and the report at the end.

mod faults;
mod mini;
mod restart;
mod settings;
mod store_faults;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    command.args(arguments).current_dir(folder).env_remove("NO_COLOR").env_remove("VISORHOME");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Lines of one second each, from a second on, counted from 13:00; every tenth fails.
fn lines(from: u32, to: u32) -> String {
    let line = |second: u32| {
        let status = if second.is_multiple_of(10) { 500 } else { 200 };
        format!(
            "192.0.2.{} - - [10/Oct/2025:{:02}:{:02}:{:02} +0000] \"GET /{} HTTP/1.1\" {status} 10 \"-\" \"x\"\n",
            second % 7,
            13 + second / 3600,
            second / 60 % 60,
            second % 60,
            second % 5
        )
    };
    (from..to).map(line).collect()
}

fn with_input(arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut child = program(arguments, folder).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What it told on stderr, where it ended as it should.
fn ended_well(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    told
}

/// Asks it to end, and reads the report that it wrote.
fn ended(child: Child, folder: &Path) -> Value {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    ended_well(child);
    serde_json::from_slice(&fs::read(folder.join("r.json")).unwrap()).unwrap()
}

/// Waits until `is_so`, for half a minute at the most.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: not within half a minute");
}

/// The lines of JSON that it has printed so far, read on a thread of their own.
fn moments(child: &mut Child) -> std::sync::mpsc::Receiver<Value> {
    let mut stdout = child.stdout.take().unwrap();
    let (to, moments) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = stdout.read(&mut some) {
            bytes.extend_from_slice(&some[..count]);
            while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = bytes.drain(..=end).collect();
                let _ = to.send(serde_json::from_slice(&line).unwrap());
            }
        }
    });
    moments
}

/// Waits until it has counted so many lines.
fn wait_for_lines(moments: &std::sync::mpsc::Receiver<Value>, lines: u64) -> Value {
    loop {
        let moment = moments.recv_timeout(Duration::from_secs(30)).expect("a moment within half a minute");
        if moment["account"]["lines"].as_u64() >= Some(lines) {
            return moment;
        }
    }
}

const LIVE: [&str; 6] = ["--output", "json", "--refresh", "100ms", "-o", "r.json"];

#[test]
fn each_window_of_standard_input_is_a_line_of_json_and_the_end_is_the_report_of_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let text = lines(0, 200) + "\nnot a line\n";
    let arguments = ["monitor", "--stdin", "--output", "json", "--window", "1m", "-o", "r.json"];
    let output = with_input(&arguments, folder.path(), &text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let moments: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let windows: Vec<(&str, u64)> = moments
        .iter()
        .map(|moment| {
            let window = &moment["window"];
            (window["period"]["last"].as_str().unwrap(), window["totals"]["records"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        windows,
        [
            ("2025-10-10T13:01:00Z", 60),
            ("2025-10-10T13:02:00Z", 60),
            ("2025-10-10T13:03:00Z", 60),
            ("2025-10-10T13:04:00Z", 20)
        ]
    );
    let report: Value = serde_json::from_slice(&fs::read(folder.path().join("r.json")).unwrap()).unwrap();
    let totals = &report["totals"];
    let all = ["lines", "blank", "records", "malformed", "windowed", "late", "future"];
    assert_eq!(all.map(|name| totals[name].as_u64().unwrap()), [202, 1, 200, 1, 200, 0, 0]);

    fs::write(folder.path().join("a.log"), text).unwrap();
    let output = program(&["analyze", "--output", "json", "a.log"], folder.path()).output().unwrap();
    let batch: Value = serde_json::from_slice(&output.stdout).unwrap();
    for list in ["time", "status", "paths", "clients", "server_errors", "sizes", "distinct", "malformed_reasons"] {
        assert_eq!(report[list], batch[list], "{list}");
    }
}

#[test]
fn a_followed_file_loses_no_line_when_it_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, "old\n").unwrap();
    let mut child = program(&[&["monitor", "--follow", "a.log"][..], &LIVE].concat(), folder.path()).spawn().unwrap();
    let moments = moments(&mut child);
    wait_until("the file is followed", || {
        moments.try_iter().any(|moment| moment["inputs"].as_array().is_some_and(|inputs| !inputs.is_empty()))
    });
    let append = |text: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(&lines(0, 50));
    wait_for_lines(&moments, 50);
    append(&lines(50, 60));
    fs::rename(&path, folder.path().join("a.log.1")).unwrap();
    append(&lines(60, 100));
    let last = wait_for_lines(&moments, 100);
    assert_eq!(last["account"]["records"], 100);
    let report = ended(child, folder.path());
    assert_eq!((report["totals"]["records"].as_u64(), report["totals"]["malformed"].as_u64()), (Some(100), Some(0)));
}

/// An address on which nobody listens.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn lines_over_tcp_are_counted_to_the_last_though_nothing_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_port();
    let listen = format!("tcp://{address}");
    let mut child = program(&[&["monitor", "--listen", &listen][..], &LIVE].concat(), folder.path()).spawn().unwrap();
    let moments = moments(&mut child);
    let mut senders = Vec::new();
    wait_until("it listens", || TcpStream::connect(&address).map(|stream| senders.push(stream)).is_ok());
    senders.push(TcpStream::connect(&address).unwrap());
    for (sender, text) in senders.iter_mut().zip([lines(0, 100), lines(50, 150)]) {
        sender.write_all(text.trim_end().as_bytes()).unwrap();
    }
    wait_for_lines(&moments, 198);
    drop(senders);
    let mut sender = TcpStream::connect(&address).unwrap();
    sender.write_all(b"what is this\n").unwrap();
    wait_for_lines(&moments, 201);
    let report = ended(child, folder.path());
    assert_eq!(report["totals"]["records"].as_u64(), Some(200));
    // Connections come and go by the thousand: the report has them by what they came through.
    let inputs = report["inputs"].as_array().unwrap();
    assert_eq!((inputs.len(), inputs[0]["name"].as_str(), inputs[0]["lines"].as_u64()), (1, Some(&*listen), Some(201)));
    assert_eq!(inputs[0]["bytes"].as_u64(), Some((lines(0, 100) + &lines(50, 150)).len() as u64 + 13));
    assert_eq!(report["malformed_samples"][0]["input"].as_str(), Some(&*listen));
}

#[test]
fn a_line_that_has_not_ended_holds_no_window_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), lines(0, 2) + "192.0.2.1 - - [10/Oct").unwrap();
    fs::write(folder.path().join("b.log"), "").unwrap();
    let arguments = ["monitor", "--follow", "a.log", "--follow", "b.log", "--window", "10s", "--invalid", "bad.log"];
    let mut child = program(&[&arguments[..], &LIVE].concat(), folder.path()).spawn().unwrap();
    let moments = moments(&mut child);
    wait_until("the files are followed", || {
        moments.try_iter().any(|moment| moment["inputs"].as_array().is_some_and(|inputs| inputs.len() == 2))
    });
    fs::write(folder.path().join("b.log"), lines(0, 60) + "not a line\n").unwrap();
    wait_until("a window is closed", || {
        moments.try_iter().any(|moment| moment["window"]["period"]["last"].as_str() == Some("2025-10-10T13:00:54Z"))
    });
    ended(child, folder.path());
    assert_eq!(fs::read(folder.path().join("bad.log")).unwrap(), b"not a line\n");
}

#[test]
fn what_the_generator_sends_is_what_the_monitor_reports() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_port();
    let listen = format!("tcp://{address}");
    let mut child = program(&[&["monitor", "--listen", &listen][..], &LIVE].concat(), folder.path()).spawn().unwrap();
    let moments = moments(&mut child);
    wait_until("it listens", || TcpStream::connect(&address).is_ok());
    let generate =
        ["generate", "access", "--lines", "50000", "--seed", "3", "--truth", "t.json", "-q", "--tcp", &address];
    let output = program(&generate, folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wait_for_lines(&moments, 50_000);
    let report = ended(child, folder.path());
    let truth: Value = serde_json::from_slice(&fs::read(folder.path().join("t.json")).unwrap()).unwrap();
    for list in ["time", "status", "methods", "protocols", "sizes", "distinct"] {
        let without_visitors = |list: &Value| match list {
            Value::Array(rows) => Value::Array(
                rows.iter()
                    .map(|row| {
                        let mut row = row.clone();
                        row.as_object_mut().unwrap().remove("visitors");
                        row
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        assert_eq!(without_visitors(&report[list]), without_visitors(&truth[list]), "{list}");
    }
    let totals = &report["totals"];
    let all = ["windowed", "late", "future"].map(|name| totals[name].as_u64().unwrap());
    assert_eq!(all.iter().sum::<u64>(), totals["records"].as_u64().unwrap());
    assert_eq!(totals["lines"], truth["totals"]["lines"]);
}

#[test]
fn datagrams_and_a_server_to_connect_to_are_sources_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("tcp://{}", server.local_addr().unwrap());
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let listen = format!("udp://{address}");
    let arguments = [&["monitor", "--connect", &connect, "--listen", &listen][..], &LIVE].concat();
    let mut child = program(&arguments, folder.path()).spawn().unwrap();
    let moments = moments(&mut child);
    let (mut stream, _) = server.accept().unwrap();
    stream.write_all(lines(0, 30).as_bytes()).unwrap();
    wait_for_lines(&moments, 30);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for line in lines(30, 40).lines() {
        sender.send_to(line.as_bytes(), &address).unwrap();
    }
    wait_for_lines(&moments, 40);
    let report = ended(child, folder.path());
    assert_eq!(report["totals"]["records"].as_u64(), Some(40));
}

#[test]
fn it_ends_after_its_duration() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["monitor", "--listen", "tcp://127.0.0.1:0", "--duration", "100ms", "-q", "-o", "r.json"];
    let output = program(&arguments, folder.path()).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("r.json").exists());
}

#[test]
fn wrong_flags_are_told_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, expected) in [
        (&["monitor"][..], 2, "name one with --follow, --stdin, --listen, --connect or --kafka"),
        (&["monitor", "--stdin", "--window", "1500ms"], 2, "is not a multiple of the pane"),
        (&["monitor", "--stdin", "--window", "2h"], 2, "raise --history"),
        (&["monitor", "--listen", "http://x:1"], 2, "its scheme is not known"),
        (&["monitor", "--stdin", "--max-memory", "1MiB"], 2, "is too little"),
        (&["monitor", "--stdin", "-o", "x.vtally"], 2, "only analyze writes tallies"),
        (&["monitor", "--stdin", "-o", "nowhere/x.json"], 1, "cannot be written"),
    ] {
        let output = program(arguments, folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn each_interval_is_summed_up_and_together_they_are_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.log"), "").unwrap();
    let arguments = ["monitor", "-q", "--follow", "a.log", "--store", "s.db", "--summary", "100ms"];
    let files = ["--summary-file", "s.jsonl", "--summary-file", "s.txt", "-o", "r.json"];
    // The second run sums up what came to it, though its totals go on.
    for (from, to) in [(0, 300), (300, 700)] {
        let child = program(&[&arguments[..], &files].concat(), folder).spawn().unwrap();
        let before = summaries(folder).len();
        wait_until("a summary", || summaries(folder).len() > before);
        OpenOptions::new()
            .append(true)
            .open(folder.join("a.log"))
            .unwrap()
            .write_all(lines(from, to).as_bytes())
            .unwrap();
        let lines_of =
            || summaries(folder)[before..].iter().map(|summary| summary["lines"].as_u64().unwrap()).sum::<u64>();
        wait_until("its lines", || lines_of() == u64::from(to - from));
        assert_eq!(ended(child, folder)["totals"]["records"].as_u64(), Some(u64::from(to)));
        assert_eq!(lines_of(), u64::from(to - from));
    }
    let summaries = summaries(folder);
    let sum = |name: &str| summaries.iter().map(|summary| summary[name].as_u64().unwrap()).sum::<u64>();
    // The last five seconds of a run are closed by the next one; here nobody closes those of the second.
    assert_eq!((sum("lines"), sum("records"), sum("errors")), (700, 694, 70));
    let worst = summaries.iter().find(|summary| summary["errors"].as_u64() > Some(0)).unwrap();
    assert!(worst["error_clients"][0]["hits"].as_u64() > Some(0) && worst["clients"][0]["key"].is_string(), "{worst}");
    assert!(fs::read_to_string(folder.join("s.txt")).unwrap().contains("Clients with errors"));
}

fn summaries(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("s.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_and_ending() {
    let folder = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    fs::write(folder.path().join("a.log"), "").unwrap();
    let mut command = program(&["monitor", "-q", "--follow", "a.log", "-o", "r.json"], folder.path());
    command
        .env("NOTIFY_SOCKET", folder.path().join("notify"))
        .env("WATCHDOG_USEC", "200000")
        .env_remove("WATCHDOG_PID");
    let child = command.spawn().unwrap();
    let hear = |expected: &str| {
        let mut buffer = [0; 256];
        loop {
            let count = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{expected}: {error}"));
            if String::from_utf8_lossy(&buffer[..count]).contains(expected) {
                return;
            }
        }
    };
    ["READY=1", "WATCHDOG=1", "WATCHDOG=1"].into_iter().for_each(hear);
    ended(child, folder.path());
    hear("STOPPING=1");
}

#[test]
fn a_hangup_lets_the_file_of_malformed_lines_be_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.log"), "").unwrap();
    let arguments = ["monitor", "--follow", "a.log", "--format", "combined", "--invalid", "bad.log"];
    let mut child = program(&[&arguments[..], &LIVE].concat(), folder).spawn().unwrap();
    let moments = moments(&mut child);
    wait_until("the file is followed", || {
        moments.try_iter().any(|moment| moment["inputs"].as_array().is_some_and(|inputs| !inputs.is_empty()))
    });
    let append = |text: &str| {
        OpenOptions::new().append(true).open(folder.join("a.log")).unwrap().write_all(text.as_bytes()).unwrap();
    };
    append("first\n");
    wait_for_lines(&moments, 1);
    fs::rename(folder.join("bad.log"), folder.join("bad.log.1")).unwrap();
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    wait_until("it is opened anew", || folder.join("bad.log").exists());
    append("second\n");
    wait_for_lines(&moments, 2);
    ended(child, folder);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!((read("bad.log.1").as_str(), read("bad.log").as_str()), ("first\n", "second\n"));
}
