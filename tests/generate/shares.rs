//! What is drawn has the shares that are configured: chi-square on a million lines.

use super::chi_square::fits;
use super::{Log, made, settings};
use serde_json::Value;
use visor_fast::generate::block::Kind;

/// A configuration with the quirks of Visor's users.
pub const VISOR: &str = r#"{
    "heartbeat": {"interval": "1", "message": "HEARTBEAT"},
    "access": {
        "interval": {"min": 1, "max": 2},
        "user_id": ["Frank", "Addison", "Alden", "Galvin"],
        "method": ["GET", "POST", "PUT", "DELETE"], "method_dist": [0.6, 0.2, "0.1", 0.1],
        "code": ["200", "301"], "code_dist": [0.7, 0.3],
        "resource": ["/image/a.png", "/doc/b.txt", "/list"],
        "version": ["HTTP/2.0"]
    },
    "info": {"interval": {"normal": [[0.01, 0.1], [0.06, 0.12]], "peak": [[0.005, 0.007], [0.05, 0.01]]},
        "message": ["all is well", "just another round"]},
    "warn": {"interval": {"normal": [[0.01, 0.1]], "peak": [[0.007, 0.01]]}, "message": ["out of battery", "no wallet"]},
    "error": {"interval": {"normal": [[1, 10], [2, 5]], "peak": [[0.1, 1]]},
        "message": ["client denied by server configuration", "File does not exist", "Premature end of script headers"]}
}"#;

/// Hits of these keys in a list of the truth.
fn hits(truth: &Value, list: &str, keys: &[&str]) -> Vec<u64> {
    let of = |key: &&str| {
        let row = truth[list].as_array().unwrap().iter().find(|row| row["key"] == **key);
        row.map_or(0, |row| row["hits"].as_u64().unwrap())
    };
    let hits: Vec<u64> = keys.iter().map(of).collect();
    assert_eq!(hits.len(), truth[list].as_array().unwrap().len(), "{list} has other rows: {}", truth[list]);
    hits
}

#[test]
fn visors_shares_are_those_of_its_configuration() {
    let (text, facts, truth) = made(settings(Log::Access, "common", VISOR), 1_000_000);
    fits("methods", &hits(&truth, "methods", &["GET", "POST", "PUT", "DELETE"]), &[0.6, 0.2, 0.1, 0.1]);
    fits("codes", &hits(&truth, "status", &["200", "301"]), &[0.7, 0.3]);
    fits("resources", &hits(&truth, "paths", &["/image/a.png", "/doc/b.txt", "/list"]), &[1.0; 3]);
    fits("users", &hits(&truth, "users", &["Frank", "Addison", "Alden", "Galvin"]), &[1.0; 4]);
    // A beat a second, of ten thousand lines.
    assert_eq!(truth["totals"]["heartbeats"], 100);
    // Clients are 50, with four users each, by a binomial distribution.
    let mut clients = [0; 50];
    let mut sizes = [0; 9];
    for fact in facts.iter().filter(|fact| fact.kind == Kind::Record) {
        clients[(fact.client as usize - 1) / 4] += 1;
        sizes[((fact.bytes - 1024) * 9 / 9217) as usize] += 1;
    }
    let binomial: Vec<f64> = (0..50)
        .scan(1.0, |weight, at| {
            let this = *weight;
            *weight *= f64::from(49 - at) / f64::from(at + 1);
            Some(this)
        })
        .collect();
    fits("clients", &clients, &binomial);
    fits("sizes", &sizes, &[1.0; 9]);
    let first = String::from_utf8(text[..200].to_vec()).unwrap();
    assert!(first.starts_with("- - - [01/Jan/2025:00:00:00 +0000] \"HEARTBEAT\" - -\n"), "{first}");
}

#[test]
fn configured_paths_have_their_shares() {
    let paths: Vec<String> = (1..=50)
        .map(|rank| {
            let weight = 1.0 / f64::from(rank);
            format!(
                r#"{{"path": "/p{rank}", "weight": {weight}, "methods": {{"GET": 9, "POST": 1}}, "statuses": {{"200": 0.93, "404": 0.05, "500": 0.02}}}}"#
            )
        })
        .collect();
    let config = format!(
        r#"{{"paths": [{}], "clients": {{"count": 2000, "zipf": 0.8}}, "odd_lines": {{"tls": 0, "cut": 1e-9}}}}"#,
        paths.join(",")
    );
    let (_, facts, truth) = made(settings(Log::Access, "combined", &config), 1_000_000);
    let keys: Vec<String> = (1..=50).map(|rank| format!("/p{rank}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let weights: Vec<f64> = (1..=50).map(|rank| 1.0 / f64::from(rank)).collect();
    fits("paths", &hits(&truth, "paths", &keys), &weights);
    fits("methods", &hits(&truth, "methods", &["GET", "POST"]), &[0.9, 0.1]);
    fits("statuses", &hits(&truth, "status", &["200", "404", "500"]), &[0.93, 0.05, 0.02]);
    let mut clients = vec![0; 2000];
    facts.iter().for_each(|fact| clients[fact.client as usize - 1] += 1);
    let zipf: Vec<f64> = (1..=2000).map(|rank| f64::from(rank).powf(-0.8)).collect();
    fits("clients", &clients, &zipf);
}

#[test]
fn agents_have_their_share_of_the_traffic() {
    let config = r#"{"traffic": {"people": 1}, "users": {"share": 0}, "odd_lines": {"blank": 1e-12},
        "agents": [{"agent": "a", "share": 6}, {"agent": "b", "share": 3}, {"agent": "c", "share": 1}]}"#;
    let (_, _, truth) = made(settings(Log::Access, "combined", config), 1_000_000);
    let hits = hits(&truth, "agents", &["a", "b", "c"]);
    for (hits, share) in hits.iter().zip([0.6, 0.3, 0.1]) {
        // Views are whole, so lines of a client come together: wider than a draw a line, by the lines of a view.
        let spread = (share * (1.0 - share) / 1e6 * 12.0_f64).sqrt();
        assert!((*hits as f64 / 1e6 - share).abs() < 4.0 * spread, "{hits} of {share}");
    }
}

#[test]
fn odd_lines_have_their_shares() {
    let config = r#"{"odd_lines": {"cut": 0.01, "garbage": 0.005, "blank": 0.02}}"#;
    let (_, _, truth) = made(settings(Log::Access, "combined", config), 1_000_000);
    let of = |kind: &str| truth["made"][kind].as_u64().unwrap();
    let counts = [of("cut"), of("garbage"), of("blank")];
    let regular = 1_000_000 - counts.iter().sum::<u64>();
    fits("odd lines", &[counts[0], counts[1], counts[2], regular], &[0.01, 0.005, 0.02, 0.965]);
}

#[test]
fn scenarios_happen_at_their_time() {
    let config = r#"{"scenarios": [
        {"error_burst": {"at_seconds": 10, "for_seconds": 5, "share": 0.5}},
        {"flood": {"at_seconds": 20, "for_seconds": 5, "share": 0.8, "client": "192.0.2.66", "path": "/login"}},
        {"late_lines": {"at_seconds": 30, "for_seconds": 5, "share": 0.25, "seconds": 60}}]}"#;
    let (text, facts, truth) = made(settings(Log::Access, "combined", config), 400_000);
    let near = |what: &str, found: u64, expected: f64| {
        assert!((found as f64 - expected).abs() < 5.0 * expected.sqrt(), "{what}: {found} and not {expected}");
    };
    let errors: u64 = truth["server_errors"].as_array().unwrap().iter().map(|row| row["hits"].as_u64().unwrap()).sum();
    // Half of 5 seconds of 10,000 lines, and some 0.1 % of all.
    assert!((25_000..25_900).contains(&errors), "{errors}");
    let flood = truth["clients"].as_array().unwrap().iter().find(|row| row["key"] == "192.0.2.66").unwrap();
    near("flood", flood["hits"].as_u64().unwrap(), 40_000.0);
    let lines: Vec<&str> = str::from_utf8(&text).unwrap().lines().collect();
    let flooding = |range: std::ops::Range<usize>| lines[range].iter().any(|line| line.starts_with("192.0.2.66 "));
    assert!(!flooding(0..200_000) && flooding(200_000..200_100) && !flooding(250_000..400_000));
    let late = facts[300_000..350_000].iter().filter(|fact| fact.second < 0).count() as u64;
    near("late lines", late, 12_500.0);
}
