//! Settings files: `monitor --config`, `$VISORHOME` and `check`.

use super::{lines, program, with_input};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    program(arguments, folder).env_remove("VISORHOME").output().unwrap()
}

fn windows(output: &Output) -> Vec<u64> {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let moments = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    moments.map(|moment| moment["window"]["totals"]["records"].as_u64().unwrap()).collect()
}

#[test]
fn a_file_says_what_flags_would_and_a_flag_wins_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let settings = r#"{"stdin": true, "output": "json", "window": "30s", "where": "status = 200", "report": "r.json",
                       "from_end": true, "checkpoint": "5s", "store": "s.db", "summary": 3600, "summary_file": ["s.jsonl"]}"#;
    fs::write(path.join("m.json"), settings).unwrap();
    let output = with_input(&["monitor", "--config", "m.json"], path, &lines(0, 120));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(windows(&output), [27, 27, 27, 27]);
    assert!(path.join("s.db").is_file() && path.join("s.jsonl").is_file());
    let report: Value = serde_json::from_slice(&fs::read(path.join("r.json")).unwrap()).unwrap();
    assert_eq!((&report["totals"]["records"], &report["totals"]["filtered"]), (&108.into(), &12.into()));

    let flags = ["--window", "1m", "--where", "status = 500", "--from-beginning", "--store", "t.db", "-o", "t.json"];
    let output = with_input(&[&["monitor", "--config", "m.json"][..], &flags].concat(), path, &lines(0, 120));
    assert_eq!(windows(&output), [6, 6], "{}", stderr(&output));
    assert!(path.join("t.db").is_file() && path.join("t.json").is_file());
}

#[test]
fn sources_that_are_named_win_over_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m.json"), r#"{"follow": "never.log", "window": "1m", "output": "json"}"#).unwrap();
    // A file that is followed would not end.
    let output = with_input(&["monitor", "--config", "m.json", "--stdin"], folder.path(), &lines(0, 60));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(windows(&output), [60]);
}

#[test]
fn the_file_in_visorhome_is_taken_where_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let monitor = |arguments: &[&str], home: &Path| {
        let all = [&["monitor", "--stdin", "--duration", "0", "-v"][..], arguments].concat();
        program(&all, folder.path()).env("VISORHOME", home).output().unwrap()
    };
    let output = monitor(&[], &home);
    let expected = format!("VISORHOME has no {}/config/monitor.json; all settings are flags", home.display());
    assert!(output.status.success() && stderr(&output).contains(&expected), "{}", stderr(&output));

    fs::create_dir_all(home.join("config")).unwrap();
    fs::write(home.join("config/monitor.json"), r#"{"max_memory": "64MiB", "window": "10s"}"#).unwrap();
    let told = stderr(&monitor(&[], &home));
    assert!(told.contains("home/config/monitor.json: settings max_memory, window\n"), "{told}");
    assert!(
        told.contains("windows: of 10s, made of panes of 1s for 2m, then of 10s for 20m, then of 1m for 1h;"),
        "{told}"
    );
    assert!(told.contains("memory: 64MiB at the most: "), "{told}");

    fs::write(folder.path().join("other.json"), r#"{"window": "20s"}"#).unwrap();
    let told = stderr(&monitor(&["--config", "other.json"], &home));
    assert!(told.contains("windows: of 20s") && told.contains("memory: 512MiB"), "{told}");
}

#[test]
fn what_does_not_go_together_is_told_by_the_line_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &str, &[&str], &str); 8] = [
        (
            "no multiple",
            "{\"stdin\": true,\n\"window\": \"15s\", \"pane\": \"10s\"}",
            &[],
            "m.json:2: window: 15s is not a multiple of the pane, 10s",
        ),
        (
            "too long",
            "{\"stdin\": true,\n\"history\": \"10s\"}",
            &["--window", "1m"],
            "--window: 1m is longer than the history that is kept, 10s",
        ),
        (
            "too little memory",
            "{\"stdin\": true, \"store\": \"s.db\",\n\n\"max_memory\": \"1MiB\"}",
            &[],
            "m.json:3: max_memory: \"1MiB\" is too little; 2 threads",
        ),
        ("alone", "{\"stdin\": true,\n\"keep_for\": \"1d\"}", &[], "m.json:2: keep_for: means nothing without `store`"),
        (
            "parts of a second",
            "{\"stdin\": true,\n\"bucket\": \"1.5s\"}",
            &[],
            "m.json:2: bucket: \"1.5s\" is not a whole number of seconds",
        ),
        ("no source", "{\"window\": \"1m\"}", &[], "no source is named"),
        ("no file", "", &["--config", "none.json"], "--config none.json: cannot be read: No such file"),
        ("no folder", "{\"stdin\": true,\n\"store\": \"none/s.db\"}", &[], "m.json:2: store: none/s.db: "),
    ];
    for (what, settings, flags, expected) in cases {
        fs::write(folder.path().join("m.json"), settings).unwrap();
        let config: &[&str] =
            if flags.contains(&"--config") { &["monitor"] } else { &["monitor", "--config", "m.json"] };
        let output = run(&[config, flags].concat(), folder.path());
        assert!(matches!(output.status.code(), Some(1 | 2)), "{what}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{what}: {}", stderr(&output));
    }
}

#[test]
fn check_lists_all_that_is_wrong_with_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("m.json", "{\n\"windw\": 1,\n\"pane\": \"x\"}"),
        ("g.json", "{\"pages\": {\n\"cout\": 1,\n\"zipf\": 20}}"),
        (
            "kafka_monitor.json",
            "{\"kafka\": {\"addr\": \"a\", \"topic\": 5},\n\"email\": {\"report\": {\"on\": 1, \"interval\": \"x\"}}}",
        ),
        ("fake_log_gen.json", "{\"heartbeat\": {\"interval\": 0, \"message\": \"\"},\n\"error\": {}}"),
        ("no.json", "{\"a\": }"),
        ("together.json", "{\"window\": \"15s\",\n\"pane\": \"10s\", \"bucket\": 0.5}"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).chain(["none.json"]).collect();
    let output = run(&[&["check"][..], &names].concat(), folder.path());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let told = stderr(&output);
    let expected = [
        "m.json:2: windw: unknown field",
        "m.json:3: pane: \"x\" is not a duration",
        "g.json:2: pages.cout: unknown field `cout`, did you mean `count`?",
        "g.json:3: pages.zipf: 20 is not a number from 0 to 10",
        "kafka_monitor.json:1: kafka.topic: invalid type",
        "kafka_monitor.json:2: email.report.on: invalid type",
        "kafka_monitor.json:2: email.report.interval: \"x\" is not a duration",
        "fake_log_gen.json:1: heartbeat.interval: 0 is not an interval",
        "fake_log_gen.json:1: heartbeat.message: \"\" cannot stand in a line",
        "fake_log_gen.json:2: error: missing field `interval`",
        "no.json:1: a: expected value",
        "together.json:2: bucket: \"0.5\" is not a whole number",
        "together.json:1: window: 15s is not a multiple of the pane, 10s",
        "none.json: cannot be read: No such file",
    ];
    let lines: Vec<&str> = told.lines().collect();
    let missing: Vec<_> = expected.iter().filter(|text| !lines.iter().any(|line| line.starts_with(**text))).collect();
    assert!(missing.is_empty() && lines.len() == expected.len(), "{missing:#?}\n{told}");
}

#[test]
fn check_says_what_would_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = run(&["check", "config/monitor.json", "config/generator.json"], root);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "config/monitor.json: right, for visor-fast monitor --config\n",
        "  sources    follow /var/log/nginx/access.log, follow /var/log/apache2/*access.log\n",
        "  windows    of 1m, made of panes of 1s for 2m, then of 10s for 20m, then of 1m for 1h; revised for 60s by",
        "  memory     512MiB at the most: ",
        "config/generator.json: right, for visor-fast generate",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // The example's values are the defaults: an empty file says the same of windows and memory.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("e.json"), "{}").unwrap();
    let empty = String::from_utf8(run(&["check", "e.json"], folder.path()).stdout).unwrap();
    let plan = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("  windows") || line.starts_with("  memory"));
        lines.map(str::to_string).collect()
    };
    assert_eq!(plan(&empty), plan(&text));
}
