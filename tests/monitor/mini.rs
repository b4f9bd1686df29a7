//! `visor-fast monitor --mini`: each error of one log, as it comes.

use super::{ended_well, program, wait_until, with_input};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, OpenOptions};
use std::io::Write;

fn error(level: &str, message: &str) -> String {
    format!("[Tue Oct 11 14:32:52 2016] [{level}] [pid 35708:tid 4328636416] [client 192.0.2.7] {message}\n")
}

fn log() -> String {
    ["[-] [-] HEARTBEAT\n".to_owned(), error("INFO", "busy"), error("ERROR", "one"), error("WARNING", "x")].concat()
}

#[test]
fn a_log_is_followed_from_its_beginning_and_its_errors_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.log");
    fs::write(&path, log()).unwrap();
    let child = program(&["monitor", "--mini", "e.log", "-o", "out.txt"], folder.path()).spawn().unwrap();
    let printed = || fs::read_to_string(folder.path().join("out.txt")).unwrap_or_default();
    wait_until("the first error is printed", || !printed().is_empty());
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(error("ERROR", "two").as_bytes()).unwrap();
    wait_until("the second one is", || printed().lines().count() == 4);
    // What is there when it is told to end is read.
    file.write_all(error("CRIT", "three [x] y").as_bytes()).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(ended_well(child).is_empty());
    assert_eq!(
        printed(),
        "Total num of errors: 1\nError detail: one\nTotal num of errors: 2\nError detail: two\n\
         Total num of errors: 3\nError detail: three [x] y\n"
    );
}

#[test]
fn it_ends_with_its_time_or_its_input_and_takes_filters() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("e.log"), log()).unwrap();
    let once = program(&["monitor", "--mini", "e.log", "--duration", "0"], folder.path()).output().unwrap();
    let expected = "Total num of errors: 1\nError detail: one\n";
    assert_eq!((once.status.code(), String::from_utf8_lossy(&once.stdout).as_ref()), (Some(0), expected));
    let piped = with_input(&["monitor", "--mini", "-"], folder.path(), &log());
    assert_eq!((piped.status.code(), String::from_utf8_lossy(&piped.stdout).as_ref()), (Some(0), expected));
    let others = ["monitor", "--mini", "-", "--where", "client = 192.0.2.8"];
    assert!(with_input(&others, folder.path(), &log()).stdout.is_empty());
}

#[test]
fn what_it_cannot_do_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("e.log"), log()).unwrap();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--mini", "none.log"], 1, "--mini none.log: cannot be read: No such file"),
        (&["--mini", "."], 1, "--mini .: is no file; name the log itself"),
        (&["--mini", "e.log", "--stdin"], 2, "--stdin"),
        (&["--mini", "e.log", "--config", "m.json"], 2, "--config"),
        (&["--mini", "e.log", "-o", "none/out.txt"], 1, "-o none/out.txt: cannot be written"),
    ];
    for (arguments, status, expected) in cases {
        let output = program(&[&["monitor"][..], arguments].concat(), folder.path()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}
