//! The command as its user runs it.

use std::fs;
use std::process::{Command, Output};

fn generate(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    command.arg("generate").args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn wrong_usage_is_told_with_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.json"), "{\n  \"clients\": {\"cont\": 3}\n}").unwrap();
    let cases: [(&[&str], &str); 15] = [
        (&["access", "--rate", "5x"], "--rate: \"5x\" is no rate; write 500, 500/s, 30/m or 20k/s"),
        (&["access", "--rate", "0"], "--rate: at 0 lines a second nothing is ever due"),
        (&["access", "--rate", "max", "--burst", "2x:1s/5s"], "--rate max: a ramp or a burst needs a rate"),
        (&["access", "--rate", "5", "--burst", "10:5s/1m"], "--burst: \"10:5s/1m\" is no burst; write 10x:5s/1m"),
        (&["access", "--rate", "5", "--burst", "10x:1m/5s"], "the peak is as long as the time from peak to peak"),
        (&["access", "--rate", "5", "--ramp", "x:5s"], "--ramp: \"x\" is no rate"),
        (&["access", "--burst", "10x:5s/1m"], "--rate <RATE>"),
        (&["access", "--from", "yesterday"], "--from: \"yesterday\" is no time; write RFC 3339"),
        (&["access", "--from", "2025-01-02T00:00:00"], "is no time"),
        (
            &["access", "--from", "2025-01-02T00:00:00Z", "--to", "2025-01-01T00:00:00Z"],
            "--to: this is not behind --from",
        ),
        (&["access", "--bytes", "many"], "--bytes: \"many\" is not a size"),
        (&["access", "--format", "%h %Z"], "this directive is not known\n  %h %Z\n     ^^"),
        (&["error", "--format", "combined"], "combined is a format of the other log; known here are visor-error"),
        (&["access", "--config", "bad.json"], "bad.json:2: clients.cont: unknown field `cont`, did you mean `count`?"),
        (&["traffic"], "possible values: access, error"),
    ];
    for (arguments, expected) in cases {
        let output = generate(folder.path(), arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn as_many_lines_and_bytes_are_written_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = generate(folder.path(), &["access", "--lines", "5000"]).stdout;
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 5000);
    let some = generate(folder.path(), &["access", "--bytes", "100kB"]).stdout;
    assert!(some.len() <= 100_000 && some.len() > 99_000 && some.ends_with(b"\n") && text.starts_with(&some));
    assert!(generate(folder.path(), &["access", "--lines", "0"]).stdout.is_empty());
    assert!(text != generate(folder.path(), &["access", "--lines", "5000", "--seed", "5"]).stdout);
}

#[test]
fn the_truth_of_a_file_is_what_analyze_finds_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "access",
        "--lines",
        "20000",
        "--seed",
        "11",
        "--from",
        "2025-06-30T22:59:59-07:00",
        "--file",
        "a.log",
        "--truth",
        "a.json",
    ];
    assert!(generate(folder.path(), &arguments).status.success());
    let found = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["analyze", "--output", "json", "--top", "1000000", "a.log"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    let truth = fs::read_to_string(folder.path().join("a.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    super::truths::agree("a file", &truth, &found);
    assert_eq!(truth["inputs"][0]["bytes"], found["inputs"][0]["bytes"]);
    assert_eq!(truth["time"][0]["start"], "2025-06-30T22:00:00-07:00");
}
