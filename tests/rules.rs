//! Rules on logs, through the program.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_visor-fast")).args(arguments).current_dir(folder).output().unwrap()
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules")
}

/// Files of `config/rules` whose name ends so.
fn files(ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(shipped()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter(|name| name.ends_with(ending)).collect();
    files.sort();
    files
}

#[test]
fn the_rules_to_begin_with_pass_their_tests_and_each_has_some() {
    let tests = files(".test.json");
    let rules: Vec<String> = files(".json").into_iter().filter(|name| !name.ends_with(".test.json")).collect();
    let tested: Vec<String> = tests.iter().map(|name| name.replace(".test.json", ".json")).collect();
    assert_eq!(tested, rules);
    let arguments: Vec<&str> = ["check", "--test"].into_iter().chain(tests.iter().map(String::as_str)).collect();
    let output = run(&shipped(), &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches(" passed").count(), tests.len());
}

#[test]
fn an_incident_is_found_in_a_log_and_a_quiet_log_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let burst = r#"{"scenarios": [{"error_burst": {"at_seconds": 600, "for_seconds": 240, "share": 0.4}}]}"#;
    std::fs::write(folder.path().join("burst.json"), burst).unwrap();
    let make = |name: &str, more: &[&str]| {
        let arguments = ["generate", "access", "--lines", "60000", "--seed", "3", "-q", "--file", name];
        let times = ["--from", "2025-01-01T00:00:00Z", "--to", "2025-01-01T00:30:00Z"];
        let arguments: Vec<&str> = arguments.iter().chain(&times).chain(more).copied().collect();
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    make("quiet.log", &[]);
    make("burst.log", &["--config", "burst.json"]);
    let mut rules = Vec::new();
    let paths: Vec<String> = files(".json")
        .into_iter()
        .filter(|name| !name.ends_with(".test.json") && name != "heartbeat.json")
        .map(|name| shipped().join(name).to_str().unwrap().to_string())
        .collect();
    paths.iter().for_each(|path| rules.extend(["--rules", path.as_str()]));
    let alerts = |log: &str| {
        let arguments: Vec<&str> =
            ["analyze", log, "--output", "json"].into_iter().chain(rules.iter().copied()).collect();
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["alerts"].as_array().unwrap().clone()
    };
    let page = |alerts: &[Value]| -> Vec<String> {
        let grave =
            alerts.iter().filter(|alert| matches!(alert["labels"]["severity"].as_str(), Some("critical" | "page")));
        grave.map(|alert| alert["alert"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(page(&alerts("quiet.log")), [] as [String; 0]);
    let found = alerts("burst.log");
    let high: Vec<&Value> = found.iter().filter(|alert| alert["alert"] == "HighErrorRatio").collect();
    assert_eq!(high.len(), 1, "{found:?}");
    let fired = high[0]["fired_at"].as_str().unwrap();
    assert!(("2025-01-01T00:12:00Z".."2025-01-01T00:12:30Z").contains(&fired), "{fired}");
    assert!(high[0]["resolved_at"].is_string());
}

#[test]
fn what_is_wrong_with_rules_is_told_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let rules = r#"[{"alert": "a", "when": "ratio(status >= 500 > 3", "window": "1m"}, {"alert": "b", "whn": "each"}]"#;
    std::fs::write(folder.path().join("r.json"), rules).unwrap();
    std::fs::write(folder.path().join("a.log"), "").unwrap();
    for (arguments, code) in [(&["check", "r.json"][..], 1), (&["analyze", "--rules", "r.json", "a.log"], 2)] {
        let output = run(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        for part in
            ["r.json:1: rule \"a\": when: \")\" is expected", "rule \"b\": whn: unknown key; did you mean \"when\"?"]
        {
            assert!(said.contains(part), "{said}");
        }
    }
    let output = run(folder.path(), &["analyze", "--rules", "none.json", "a.log"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(folder.path(), &["analyze", "--rules", "r.json", "-o", "r.vtally", "a.log"]);
    assert_eq!(output.status.code(), Some(2));
}
