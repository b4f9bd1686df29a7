//! Snapshots as real runs make them, by hand: a week of a shop's access log, and a day of an error log.
//!
//! Figures agree with each other (buckets, status and methods sum up to the records), so that reports of them can be
//! judged by eye.

use crate::aggregate::snapshot::*;

const DAYS: [(&str, u64); 7] = [
    ("2025-03-03", 100),
    ("2025-03-04", 104),
    ("2025-03-05", 101),
    ("2025-03-06", 98),
    ("2025-03-07", 95),
    ("2025-03-08", 62),
    ("2025-03-09", 57),
];

/// Weight of each hour of a day.
const HOURS: [u64; 24] = [
    310, 240, 190, 170, 180, 260, 480, 900, 1500, 2100, 2400, 2500, 2450, 2380, 2420, 2390, 2300, 2150, 1980, 1850,
    1700, 1400, 950, 560,
];

fn bucket(day: (&str, u64), hour: usize, weight: u64) -> Bucket {
    let hits = weight * day.1 / 5;
    // A deployment that failed on a Thursday afternoon.
    let errors = match (day.0, hour) {
        ("2025-03-06", 14) => hits / 9,
        ("2025-03-06", 15) => hits / 20,
        _ => hits / 2900,
    };
    Bucket {
        start: format!("{}T{hour:02}:00:00+01:00", day.0),
        hits,
        bytes: hits * 13_411,
        visitors: hits / 11,
        errors,
        client_errors: hits / 37,
        ..Bucket::default()
    }
}

/// Of a list with bytes and visitors: key, hits, bytes a hit, hits a visitor.
type Listed<'a> = (&'a str, u64, u64, u64);

fn full(records: u64, rows: &[Listed<'_>]) -> Vec<Row> {
    let row = |&(key, hits, bytes, hits_a_visitor): &Listed<'_>| Row {
        visitors: Some(hits.div_ceil(hits_a_visitor)),
        ..with_bytes(records, key, hits, hits * bytes)
    };
    sorted(rows.iter().map(row).collect())
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|left, right| right.hits.cmp(&left.hits).then_with(|| left.key.cmp(&right.key)));
    rows
}

fn plain(records: u64, key: &str, hits: u64) -> Row {
    Row { key: key.into(), hits, share: hits as f64 / records as f64, ..Row::default() }
}

fn with_bytes(records: u64, key: &str, hits: u64, bytes: u64) -> Row {
    Row { bytes: Some(bytes), ..plain(records, key, hits) }
}

fn exact(value: u64) -> Count {
    Count { value, exact: true, error: 0.0 }
}

fn input(name: &str, bytes: u64, lines: u64, format: &str) -> Input {
    Input { name: name.into(), bytes, lines, format: format.into(), error: None }
}

/// A week of the access log of a shop; the older of its two files is damaged.
pub fn access_log() -> Snapshot {
    let day =
        |day: (&'static str, u64)| HOURS.into_iter().enumerate().map(move |(hour, weight)| bucket(day, hour, weight));
    let time: Vec<Bucket> = DAYS.into_iter().flat_map(day).collect();
    let records: u64 = time.iter().map(|bucket| bucket.hits).sum();
    let bytes_sent = time.iter().map(|bucket| bucket.bytes).sum();
    let server_errors: u64 = time.iter().map(|bucket| bucket.errors).sum();
    let client_errors: u64 = time.iter().map(|bucket| bucket.client_errors).sum();
    let (malformed, heartbeats, blank) = (1_207, 168, 3);
    let lines = records + malformed + heartbeats + blank;
    let status = [
        ("200", records - 55_012 - 24_880 - 1_204 - client_errors - server_errors, 15_800),
        ("304", 55_012, 0),
        ("301", 24_880, 185),
        ("404", client_errors - 4_310 - 612, 6_120),
        ("500", server_errors - 58 - 911, 1_893),
        ("403", 4_310, 199),
        ("206", 1_204, 520_014),
        ("502", 911, 157),
        ("499", 612, 0),
        ("503", 58, 190),
    ];
    let methods =
        [("GET", records - 98_442 - 14_020 - 733 - 91), ("POST", 98_442), ("HEAD", 14_020), ("PUT", 733), ("-", 91)];
    Snapshot {
        schema: 1,
        version: "0.1.0".into(),
        partial: true,
        inputs: vec![
            input("/var/log/nginx/access.log", 412_880_114, 2 * lines / 3, "combined"),
            Input {
                error: Some("corrupt gzip data after 118.2 MiB; what is behind it was not read".into()),
                ..input("/var/log/nginx/access.log.1.gz", 205_330_010, lines - 2 * lines / 3, "combined")
            },
        ],
        elapsed_seconds: 0.2917,
        totals: Totals {
            lines,
            blank,
            records,
            malformed,
            heartbeats,
            filtered: 0,
            windowed: records,
            late: 0,
            future: 0,
            glued: 2,
            bytes_sent,
            bytes_read: 0,
        },
        period: Period {
            first: Some("2025-03-03T00:00:00+01:00".into()),
            last: Some("2025-03-09T23:59:58+01:00".into()),
        },
        distinct: Distinct {
            clients: exact(48_112),
            visitors: exact(71_940),
            paths: exact(18_204),
            agents: exact(3_117),
            referrers: exact(6_402),
        },
        bucket_seconds: 3600,
        time,
        status: sorted(status.map(|(key, hits, bytes)| with_bytes(records, key, hits, hits * bytes)).to_vec()),
        methods: methods.map(|(key, hits)| with_bytes(records, key, hits, hits * 13_000)).to_vec(),
        protocols: [("HTTP/2.0", records - 610_020 - 1_877), ("HTTP/1.1", 610_020), ("HTTP/1.0", 1_786), ("-", 91)]
            .map(|(key, hits)| with_bytes(records, key, hits, hits * 13_000))
            .to_vec(),
        vhosts: [("www.example.org", records - 240_117), ("api.example.org", 240_117)]
            .map(|(key, hits)| with_bytes(records, key, hits, hits * 13_000))
            .to_vec(),
        users: vec![with_bytes(records, "deploy", 412, 900_113)],
        paths: full(
            records,
            &[
                ("/", 412_118, 18_220, 8),
                ("/assets/app.5f3c1e.js", 288_410, 84_120, 9),
                ("/assets/app.9aa012.css", 281_007, 22_004, 9),
                ("/api/v1/cart", 198_833, 912, 5),
                ("/search", 144_912, 24_310, 4),
                ("/api/v1/products/recommendations/by-category/outdoor-and-garden/lawn-mowers", 98_220, 3_120, 7),
                ("/images/logo.svg", 91_204, 3_312, 10),
                ("/checkout", 41_387, 20_118, 2),
                ("/favicon.ico", 38_110, 1_150, 3),
                ("/produkte/gartenmöbel/サンラウンジャー", 12_044, 19_870, 3),
                ("/robots.txt", 9_418, 67, 2),
            ],
        ),
        static_files: full(
            records,
            &[
                ("/assets/app.5f3c1e.js", 288_410, 84_120, 9),
                ("/assets/app.9aa012.css", 281_007, 22_004, 9),
                ("/images/logo.svg", 91_204, 3_312, 10),
                ("/favicon.ico", 38_110, 1_150, 3),
            ],
        ),
        not_found: full(
            records,
            &[
                ("/wp-login.php", 21_410, 6_120, 31),
                ("/apple-touch-icon.png", 9_120, 6_120, 3),
                ("/.env", 6_044, 6_120, 18),
                ("/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", 3_811, 6_120, 12),
                ("/old-shop/index.html", 2_190, 6_120, 2),
            ],
        ),
        server_errors: full(
            records,
            &[("/api/v1/cart", 3_910, 1_893, 2), ("/checkout", 2_044, 1_893, 1), ("/search", 310, 1_893, 1)],
        ),
        clients: full(
            records,
            &[
                ("203.0.113.77", 61_022, 6_120, 9_000),
                ("198.51.100.14", 20_117, 14_020, 4_000),
                ("2001:db8:85a3::8a2e:370:7334", 14_209, 12_004, 3_000),
                ("192.0.2.200", 9_233, 15_113, 2_000),
                ("198.51.100.99", 4_018, 13_020, 700),
            ],
        ),
        referrers: full(
            records,
            &[
                ("https://www.example.org/", 512_300, 31_020, 9),
                ("https://www.google.com/", 144_190, 17_330, 1),
                (
                    "https://www.example.org/search?q=garden+chair&page=2&sort=price_asc&in_stock=1&category=outdoor",
                    20_113,
                    19_020,
                    2,
                ),
                ("https://duckduckgo.com/", 9_410, 17_200, 1),
            ],
        ),
        referring_sites: full(
            records,
            &[
                ("www.example.org", 901_220, 30_010, 10),
                ("www.google.com", 150_228, 17_330, 1),
                ("duckduckgo.com", 9_410, 17_200, 1),
                ("news.ycombinator.com", 3_118, 18_400, 1),
            ],
        ),
        agents: full(
            records,
            &[
                (
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
                    910_338,
                    14_010,
                    20,
                ),
                (
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
                    688_114,
                    12_990,
                    21,
                ),
                ("Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", 120_442, 14_100, 19),
                ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 91_207, 9_220, 400),
                ("python-requests/2.32.3", 61_050, 6_120, 8_000),
                ("curl/8.5.0", 2_118, 1_020, 90),
            ],
        ),
        browsers: full(
            records,
            &[
                ("Chrome", 1_310_220, 13_900, 20),
                ("Safari", 901_118, 13_100, 21),
                ("Firefox", 160_377, 14_000, 19),
                ("Googlebot", 91_207, 9_220, 400),
                ("python-requests", 61_050, 6_120, 8_000),
            ],
        ),
        systems: full(
            records,
            &[
                ("Windows 10", 1_002_190, 13_900, 20),
                ("iOS", 790_204, 13_100, 21),
                ("Android", 388_020, 12_800, 18),
                ("macOS", 201_733, 14_020, 20),
                ("Linux", 140_006, 14_010, 19),
                ("Unknown", 158_377, 8_010, 300),
            ],
        ),
        bots: Bots { hits: 118_402, bytes: 1_040_113_200, visitors: 912, ..Bots::default() },
        sizes: Some(Quantiles {
            count: records,
            mean: 13_411.0,
            min: 0.0,
            p50: 3_311.0,
            p90: 24_319.0,
            p95: 84_159.0,
            p99: 84_159.0,
            p999: 520_191.0,
            max: 7_340_032.0,
        }),
        latency: Some(Quantiles {
            count: records,
            mean: 0.0482,
            min: 0.0001,
            p50: 0.012,
            p90: 0.0889,
            p95: 0.2109,
            p99: 0.9,
            p999: 4.211,
            max: 60.003,
        }),
        malformed_reasons: vec![
            plain(lines, "line ends too soon", 1_101),
            plain(lines, "status is not three digits", 104),
            plain(lines, "line too long", 2),
        ],
        malformed_samples: vec![
            Sample {
                input: "/var/log/nginx/access.log".into(),
                line: 104_233,
                reason: "line ends too soon".into(),
                text: "203.0.113.77 - - [06/Mar/2025:14:02:11 +0100] \"POST /api/v1/cart HTTP".into(),
            },
            Sample {
                input: "/var/log/nginx/access.log".into(),
                line: 1_208_119,
                reason: "status is not three digits".into(),
                text: "198.51.100.14 - - [07/Mar/2025:02:40:09 +0100] \"GET / HTTP/1.1\" 20 - \"-\" \"\\x1b[31mred\""
                    .into(),
            },
        ],
        ..Snapshot::default()
    }
}

/// A day of an error log of Apache, whose clients were counted in bounded memory.
pub fn error_log() -> Snapshot {
    let records = 10_412;
    let message = |hits, level: &str, [first, last]: [&str; 2], key: &str, example: &str| Message {
        key: key.into(),
        hits,
        level: level.into(),
        first: Some(format!("2025-03-06T{first}Z")),
        last: Some(format!("2025-03-06T{last}Z")),
        example: example.into(),
        hits_error: None,
    };
    let hour = |hour: u64| Bucket {
        start: format!("2025-03-06T{hour:02}:00:00Z"),
        hits: if hour == 14 { 7_882 } else { 110 },
        errors: if hour == 14 { 7_600 } else { 60 + hour },
        ..Bucket::default()
    };
    let client = |key: &str, hits, hits_error| Row { hits_error: Some(hits_error), ..plain(records, key, hits) };
    Snapshot {
        schema: 1,
        version: "0.1.0".into(),
        inputs: vec![input("error.log", 1_530_118, 10_431, "apache-error")],
        elapsed_seconds: 0.0041,
        totals: Totals { lines: 10_431, blank: 0, records, malformed: 19, windowed: records, ..Totals::default() },
        period: Period { first: Some("2025-03-06T00:00:03Z".into()), last: Some("2025-03-06T23:58:40Z".into()) },
        distinct: Distinct { clients: Count { value: 1_204, exact: false, error: 0.0163 }, ..Distinct::default() },
        bucket_seconds: 3600,
        time: (0..24).map(hour).collect(),
        clients: vec![client("203.0.113.77", 3_120, 12), client("198.51.100.14", 411, 12), client("192.0.2.9", 40, 12)],
        levels: vec![plain(records, "error", 9_256), plain(records, "warn", 640), plain(records, "notice", 516)],
        modules: vec![
            plain(records, "proxy_fcgi", 8_001),
            plain(records, "core", 1_911),
            plain(records, "mpm_event", 500),
        ],
        messages: vec![
            message(
                7_600,
                "error",
                ["14:01:58", "14:58:02"],
                "AH01071: Got error 'PHP message: PHP Fatal error: Uncaught PDOException: SQLSTATE[HY000] [<n>] Connection refused in <path>:<n>'",
                "AH01071: Got error 'PHP message: PHP Fatal error: Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /srv/shop/src/Db.php:41'",
            ),
            message(
                1_656,
                "error",
                ["00:00:03", "23:58:40"],
                "AH00128: File does not exist: <path>",
                "AH00128: File does not exist: /srv/shop/public/.env",
            ),
            message(
                516,
                "notice",
                ["00:10:00", "23:10:00"],
                "caught SIGTERM, shutting down",
                "caught SIGTERM, shutting down",
            ),
        ],
        malformed_reasons: vec![plain(10_431, "no valid time", 19)],
        malformed_samples: vec![Sample {
            input: "error.log".into(),
            line: 77,
            reason: "no valid time".into(),
            text: "PHP Warning:  Undefined array key 3 in /srv/shop/src/Cart.php on line 12".into(),
        }],
        ..Snapshot::default()
    }
}
