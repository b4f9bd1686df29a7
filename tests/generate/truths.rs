//! The truth against what `analyze` finds in the lines, and against its slow oracle: every kind, every key.

use super::{IRREGULAR, Log, made, settings, uneven};
use serde_json::Value;
use visor_fast::engine::{Settings as Analysis, analyze_bytes};
use visor_fast::format::catalogue::{FormatOptions, by_name};
use visor_fast::generate::schedule::Pace;
use visor_fast::generate::settings::{Moment, START, Settings};
use visor_fast::oracle;
use visor_fast::scan::Kernel;

/// What an analysis cannot know, or what differs from run to run.
const NOT_COMPARED: [&str; 3] = ["inputs", "elapsed_seconds", "made"];

/// Every key of the truth is in the report, with the same value.
pub fn agree(what: &str, truth: &Value, report: &Value) {
    for (key, expected) in truth.as_object().unwrap().iter().filter(|(key, _)| !NOT_COMPARED.contains(&key.as_str())) {
        same(&format!("{what}: {key}"), expected, &report[key]);
    }
}

fn same(place: &str, truth: &Value, found: &Value) {
    match (truth, found) {
        (Value::Object(members), _) => {
            members.iter().for_each(|(key, value)| same(&format!("{place}.{key}"), value, &found[key]));
        }
        (Value::Array(rows), Value::Array(theirs)) => {
            for (row, (truth, found)) in rows.iter().zip(theirs).enumerate() {
                same(&format!("{place}[{row}]"), truth, found);
            }
            assert_eq!(rows.len(), theirs.len(), "{place}: rows");
        }
        (Value::Number(truth), Value::Number(found)) => {
            let (truth, found) = (truth.as_f64().unwrap(), found.as_f64().unwrap());
            assert!((truth - found).abs() <= 1e-9 * truth.abs(), "{place}: {truth} is found as {found}");
        }
        _ => assert_eq!(truth, found, "{place}"),
    }
}

fn analyzed(text: &[u8], format: &str) -> Value {
    let mut analysis = Analysis::new(2, Kernel::choose(None).unwrap());
    analysis.format = Some(by_name(format, &FormatOptions::default()).unwrap());
    serde_json::to_value(analyze_bytes(&[("a", text)], &analysis, usize::MAX)).unwrap()
}

/// Makes lines and compares; `format` is what `analyze` calls it.
fn check(what: &str, settings: Settings, format: &str, lines: u64) -> Vec<u8> {
    let (text, _, truth) = made(settings, lines);
    let found = analyzed(&text, format);
    if truth["totals"] != found["totals"] {
        eprintln!("{what}: {:#}", found["malformed_samples"]);
    }
    agree(what, &truth, &found);
    text
}

/// The same, without what a format does not know.
fn without(kinds: &[&str]) -> String {
    let mut config: Value = serde_json::from_str(IRREGULAR).unwrap();
    kinds.iter().for_each(|kind| {
        config["odd_lines"].as_object_mut().unwrap().remove(*kind);
    });
    config.to_string()
}

#[test]
fn every_named_format_has_its_true_report() {
    for format in ["combined", "common", "vhost_combined", "vhost_common", "combined_time", "nginx-json", "caddy"] {
        let (config, name) = match format {
            "caddy" => (without(&["tls", "empty_request", "http09"]), "json"),
            "nginx-json" => (IRREGULAR.to_owned(), "json"),
            format => (IRREGULAR.to_owned(), format),
        };
        let settings = settings(Log::Access, format, &config);
        let text = check(format, settings.clone(), name, 60_000);
        if let "combined" | "common" = format {
            let options = oracle::Options {
                combined: format == "combined",
                max_line_bytes: 1 << 20,
                bucket_seconds: 3600,
                keep_query: false,
            };
            let slow = serde_json::to_value(oracle::report(&text, &options)).unwrap();
            let (_, _, mut truth) = made(settings, 60_000);
            // The oracle leaves it to others.
            truth.as_object_mut().unwrap().remove("period");
            agree("the oracle", &truth, &slow);
        }
    }
}

#[test]
fn glued_records_are_counted() {
    for (format, name) in
        [("combined", "combined"), ("vhost_combined", "vhost_combined"), ("caddy", "json"), ("nginx-json", "json")]
    {
        let settings = settings(Log::Access, format, r#"{"odd_lines": {"glued": 0.05}}"#);
        check(format, settings, name, 20_000);
    }
}

#[test]
fn every_error_log_has_its_true_report() {
    let config = r#"{
        "heartbeat": {"interval_seconds": 0.1, "message": "HEARTBEAT"},
        "odd_lines": {"cut": 0.003, "garbage": 0.003, "binary": 0.003, "blank": 0.003, "nul_hole": 0.003, "crlf": 0.003},
        "scenarios": [
            {"error_burst": {"at_seconds": 1, "for_seconds": 0.5, "share": 0.4}},
            {"new_message": {"at_seconds": 2, "for_seconds": 0.5, "share": 0.2,
                "message": {"level": "crit", "module": "disk", "message": "no space left on device"}}},
            {"heartbeat_loss": {"at_seconds": 2, "for_seconds": 1}}]
    }"#;
    for format in ["apache-error", "nginx-error", "visor-error"] {
        check(format, settings(Log::Error, format, config), format, 40_000);
    }
}

#[test]
fn visors_logs_have_their_true_report() {
    for pace in [Pace::Max, Pace::World, uneven()] {
        let settings = |log, format| Settings { pace: pace.clone(), ..settings(log, format, super::shares::VISOR) };
        check("Visor's requests", settings(Log::Access, "common"), "common", 20_000);
        check("Visor's messages", settings(Log::Error, "visor-error"), "visor-error", 20_000);
    }
}

#[test]
fn visors_own_configuration_runs_unchanged() {
    let Some(folder) = std::env::var_os("VISOR_CORPUS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: Visor's own configuration is not read, since VISOR_CORPUS names no folder of logs");
        return;
    };
    let config = std::fs::read_to_string(folder.join("visor/fake_log_gen.json")).unwrap();
    for (log, format) in [(Log::Access, "common"), (Log::Error, "visor-error")] {
        let settings = Settings { pace: Pace::World, ..settings(log, format, &config) };
        check("Visor's own", settings, format, 20_000);
    }
}

#[test]
fn format_strings_have_their_true_report() {
    let cases = [
        r#"%h %l %u %t "%r" %>s %b"#,
        r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#,
        r#"%h %u [%{%d/%b/%Y:%T %z}t] "%m %U%q %H" %>s %B %D"#,
        r#"LogFormat "%a %t %T \"%r\" %s %b \"%{User-agent}i\" %I" short"#,
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time"#,
        r#"$time_iso8601|$remote_addr|$request_method|$request_uri|$server_protocol|$status|$bytes_sent|$request_length"#,
        r#"log_format j escape=json '{"t":"$time_iso8601","ip":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent,"ua":"$http_user_agent"}';"#,
        r#"$msec $remote_addr "$request" $status $request_time"#,
    ];
    for format in cases {
        let config = r#"{"odd_lines": {"tls": 0, "quotes": 1e-12}}"#;
        check(format, settings(Log::Access, format, config), format, 10_000);
    }
}

#[test]
fn the_day_is_that_of_the_wall_clock() {
    let from = Moment { unix_nanos: START.unix_nanos, offset_seconds: 5 * 3600 + 1800 };
    let to = Moment { unix_nanos: START.unix_nanos + 3 * 86_400_000_000_000, ..from };
    let config = r#"{"rhythm": {"peak_hour": 20, "low": 0.2}}"#;
    let settings = Settings { from, to: Some(to), lines: Some(50_000), ..settings(Log::Access, "combined", config) };
    let text = check("three days", settings, "combined", 50_000);
    assert!(text.starts_with(b"") && str::from_utf8(&text[..200]).unwrap().contains("[01/Jan/2025:05:30:0"));
}
