//! A report made by hand, for the tests of this folder.

use crate::aggregate::snapshot::{
    Bots, Bounded, Bucket, Count, Distinct, Input, Kept, Message, Period, Quantiles, Row, Sample, Snapshot, Totals,
};

fn row(key: &str, hits: u64, visitors: Option<u64>) -> Row {
    Row {
        key: key.to_string(),
        hits,
        bytes: Some(hits * 1000),
        share: hits as f64 / 1000.0,
        visitors,
        ..Row::default()
    }
}

/// A report with something in every list.
pub fn example() -> Snapshot {
    let count = |value| Count { value, exact: true, error: 0.0 };
    let bucket = |hour: u64, hits: u64| Bucket {
        start: format!("2025-10-10T{hour:02}:00:00Z"),
        hits,
        bytes: hits * 1000,
        visitors: hits / 2,
        errors: hits / 50,
        client_errors: hits / 20,
        ..Bucket::default()
    };
    Snapshot {
        schema: 1,
        version: "0.1.0".to_string(),
        inputs: vec![Input {
            name: "access.log".to_string(),
            bytes: 250_000,
            lines: 1020,
            format: "combined".to_string(),
            error: None,
        }],
        elapsed_seconds: 0.25,
        totals: Totals {
            lines: 1020,
            blank: 5,
            records: 1000,
            malformed: 15,
            windowed: 1000,
            bytes_sent: 1_000_000,
            ..Totals::default()
        },
        period: Period {
            first: Some("2025-10-10T00:00:03Z".to_string()),
            last: Some("2025-10-10T23:59:58Z".to_string()),
        },
        distinct: Distinct {
            clients: count(120),
            visitors: Count { value: 140, exact: false, error: 0.008 },
            paths: count(45),
            agents: count(12),
            referrers: count(3),
        },
        bounded: Some(Bounded {
            visitors_sampled: 0.125,
            lists: [("paths", 40, 7), ("referring_sites", 1000, 2345)]
                .map(|(list, rows, floor)| (list.to_string(), Kept { rows, floor }))
                .into(),
        }),
        bucket_seconds: 3600,
        time: (0..24).map(|hour| bucket(hour, 10 + 5 * hour)).collect(),
        status: vec![row("200", 900, None), row("404", 80, None), row("500", 20, None)],
        methods: vec![row("GET", 950, None), row("POST", 50, None)],
        protocols: vec![row("HTTP/1.1", 1000, None)],
        paths: vec![
            row("/", 600, Some(100)),
            row("/a/very/long/path/that/does/not/fit/into/eighty/columns/of/any/terminal.html", 300, Some(20)),
            Row {
                hits_error: Some(3), visitors_error: Some(12), ..row("/日本語/\u{202e}evil\u{1b}[2J", 100, Some(9))
            },
        ],
        not_found: vec![row("/wp-login.php", 80, Some(7))],
        clients: vec![row("192.0.2.1", 500, Some(2)), row("2001:db8::1", 500, Some(1))],
        bots: Bots { hits: 100, bytes: 1000, visitors: 5, ..Bots::default() },
        sizes: Some(Quantiles {
            count: 1000,
            mean: 1000.0,
            min: 0.0,
            p50: 512.0,
            p90: 2048.0,
            p95: 4096.0,
            p99: 65_536.0,
            p999: 1_048_576.0,
            max: 1_048_576.0,
        }),
        latency: Some(Quantiles { count: 1000, mean: 0.01, p50: 0.008, p99: 1.25, max: 3.0, ..Quantiles::default() }),
        levels: vec![Row { bytes: None, ..row("error", 10, None) }],
        messages: vec![Message {
            key: "File does not exist: <path>".to_string(),
            hits: 10,
            level: "error".to_string(),
            first: Some("2025-10-10T00:00:03Z".to_string()),
            last: Some("2025-10-10T00:10:03Z".to_string()),
            example: "File does not exist: /srv/www/robots.txt".to_string(),
            ..Message::default()
        }],
        malformed_reasons: vec![Row { bytes: None, ..row("no valid time", 15, None) }],
        malformed_samples: vec![Sample {
            input: "access.log".to_string(),
            line: 17,
            reason: "no valid time".to_string(),
            text: "192.0.2.1 - - [31/Feb/2025".to_string(),
        }],
        ..Snapshot::default()
    }
}
