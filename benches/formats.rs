//! How fast lines become records. Each group answers the question in its name, on lines made here, and checks that all
//! ways it compares say the same before it measures them.
//!
//! ```sh
//! cargo bench --bench formats -- json
//! ```

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write;
use std::hint::black_box;
use visor_fast::format::LineFormat;
use visor_fast::format::catalogue::{ENTRIES, FormatOptions, by_name};
use visor_fast::format::fast::ReadRegular;
use visor_fast::format::record::{Access, Parsed};
use visor_fast::oracle;
use visor_fast::scan::{Kernel, Marks};

const LINES: usize = 2000;
/// Bytes scanned at once, as the program does.
const CHUNK_BYTES: usize = 16 << 10;
/// Lines between two clearings of the scratch memory, as the program does.
const BATCH: usize = 64;

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn text(mut line: impl FnMut(&mut Draw, &mut String)) -> Vec<u8> {
    let (mut draw, mut text) = (Draw(1), String::new());
    for _ in 0..LINES {
        line(&mut draw, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

fn combined() -> Vec<u8> {
    text(|draw, text| {
        let (a, b, second) = (draw.below(255), draw.below(255), draw.below(60));
        let (path, size, major) = (draw.below(1 << 20), draw.below(90_000), 118 + draw.below(12));
        write!(
            text,
            "192.0.{a}.{b} - - [10/Oct/2025:13:55:{second:02} +0000] \"GET /articles/{path:x}.html?id={b} HTTP/1.1\" 200 \
             {size} \"https://site{a}.example/page\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like \
             Gecko) Chrome/{major}.0.0.0 Safari/537.36\""
        )
        .unwrap();
    })
}

/// Caddy's lines, with some of a browser's headers, in any order.
fn caddy() -> Vec<u8> {
    const HEADERS: [&str; 8] = [
        r#""Accept":["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]"#,
        r#""Accept-Encoding":["gzip, deflate, br, zstd"]"#,
        r#""Accept-Language":["en-US,en;q=0.5"]"#,
        r#""If-None-Match":["\"ddnp8sh5vg3i58\""]"#,
        r#""Referer":["https://site.example/page"]"#,
        r#""Sec-Fetch-Dest":["document"]"#,
        r#""Sec-Fetch-Mode":["navigate"]"#,
        r#""User-Agent":["Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"]"#,
    ];
    text(|draw, text| {
        let (a, b, path, micros) = (draw.below(255), draw.below(255), draw.below(1 << 20), draw.below(1 << 20));
        let first = draw.below(8) as usize;
        let headers: Vec<&str> = (0..8).map(|at| HEADERS[(first + at * 3) % 8]).collect();
        write!(
            text,
            r#"{{"level":"info","ts":1761019828.{micros:07},"logger":"http.log.access","msg":"handled request","request":{{"remote_ip":"192.0.{a}.{b}","remote_port":"4{a}","client_ip":"192.0.{a}.{b}","proto":"HTTP/2.0","method":"GET","host":"www.example.org","uri":"/a/{path:x}?id={b}","headers":{{{}}}}},"bytes_read":0,"user_id":"","duration":0.{micros:09},"size":{path},"status":200,"resp_headers":{{"Server":["Caddy"],"Etag":["\"{path:x}\""]}}}}"#,
            headers.join(",")
        )
        .unwrap();
    })
}

/// A flat log_format of nginx with escape=json.
fn nginx() -> Vec<u8> {
    text(|draw, text| {
        let (a, b, second) = (draw.below(255), draw.below(255), draw.below(60));
        let (path, size, millis) = (draw.below(1 << 20), draw.below(90_000), draw.below(1000));
        write!(
            text,
            r#"{{"time_iso8601":"2025-10-21T04:01:{second:02}+00:00","remote_addr":"192.0.{a}.{b}","remote_user":"","request":"GET /a/{path:x}?id={b} HTTP/1.1","status":"200","body_bytes_sent":"{size}","request_time":"0.{millis:03}","http_referer":"https://site.example/{a}","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36","upstream_response_time":"0.{millis:03}"}}"#
        )
        .unwrap();
    })
}

/// What is kept of a record, so that nothing of it can be left out.
fn sum(access: &Access<'_>) -> u64 {
    let texts =
        [access.client, access.user, access.method, access.target, access.protocol, access.referrer, access.agent];
    let lengths: usize = texts.iter().map(|text| text.len()).sum();
    lengths as u64 + u64::from(access.status) + access.bytes_sent.unwrap_or(0) + access.time.wall_seconds as u64
}

/// Every line by the careful parser.
fn careful(format: &dyn LineFormat, text: &[u8], scratch: &mut Bump) -> u64 {
    let mut total = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        scratch.reset();
        for _ in 0..BATCH {
            let Some(end) = memchr::memchr(b'\n', rest) else { break };
            if let Parsed::Access(access, _) = format.parse(&rest[..end], scratch) {
                total = total.wrapping_add(sum(&access));
            }
            rest = &rest[end + 1..];
        }
    }
    total
}

/// Every line by the reader of regular lines, the scan for marks included; how many it leaves is said too.
fn fast(format: &dyn LineFormat, text: &[u8], marks: &mut Marks, scratch: &mut Bump) -> (u64, usize) {
    let kernel = Kernel::choose(None).unwrap();
    let mut reader = format.fast().expect("the format has regular lines");
    let (mut total, mut left, mut at) = (0u64, 0, 0);
    while at < text.len() {
        scratch.reset();
        let chunk = &text[at..text.len().min(at + CHUNK_BYTES)];
        kernel.structure(chunk, marks);
        let (mut start, mut next) = (0, 0);
        loop {
            let ahead = &marks.as_slice()[next..];
            if let Some(line) = reader.regular(chunk, start, ahead, scratch) {
                total = total.wrapping_add(sum(&line.access));
                (start, next) = (line.newline + 1, next + line.marks);
                continue;
            }
            let Some(skipped) = ahead.iter().position(|mark| chunk[*mark as usize] == b'\n') else { break };
            let newline = ahead[skipped] as usize;
            if let Parsed::Access(access, _) = format.parse(&chunk[start..newline], scratch) {
                total = total.wrapping_add(sum(&access));
            }
            (start, next, left) = (newline + 1, next + skipped + 1, left + 1);
        }
        at += start;
    }
    (total, left)
}

fn compare(c: &mut Criterion, question: &str, format: &str, text: &[u8], naive: Option<fn(&[u8]) -> u64>) {
    let format = by_name(format, &FormatOptions::default()).unwrap();
    let (mut marks, mut scratch) = (Marks::default(), Bump::new());
    let expected = careful(&*format, text, &mut scratch);
    let (found, left) = fast(&*format, text, &mut marks, &mut scratch);
    assert_eq!(found, expected, "{question}: fast and careful differ");
    // A line that ends a chunk may be left to the careful parser.
    assert!(left <= text.len().div_ceil(CHUNK_BYTES), "{question}: {left} lines are not regular");
    let mut group = c.benchmark_group(question);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("fast", |b| b.iter(|| fast(&*format, black_box(text), &mut marks, &mut scratch)));
    group.bench_function("careful", |b| b.iter(|| careful(&*format, black_box(text), &mut scratch)));
    if let Some(naive) = naive {
        assert_eq!(naive(text), expected, "{question}: naive and careful differ");
        group.bench_function("naive", |b| b.iter(|| naive(black_box(text))));
    }
    group.finish();
}

/// The oracle's regular expressions.
fn naive_combined(text: &[u8]) -> u64 {
    let options = oracle::Options { combined: true, max_line_bytes: 1 << 20, bucket_seconds: 3600, keep_query: true };
    let mut total = 0u64;
    for line in text.split(|byte| *byte == b'\n') {
        if let oracle::Kind::Record(r, _) = oracle::parse(line, &options) {
            let texts = [&r.client, &r.user, &r.method, &r.target, &r.protocol, &r.referrer, &r.agent];
            let lengths: usize = texts.iter().map(|text| text.len()).sum();
            let numbers = u64::from(r.status) + r.bytes.unwrap_or(0) + r.wall_seconds as u64;
            total = total.wrapping_add(lengths as u64 + numbers);
        }
    }
    total
}

/// What `serde_json` takes to build each line's value, of which nothing is used.
fn naive_json(text: &[u8]) -> usize {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok()).count()
}

fn json_fast_vs_careful(c: &mut Criterion) {
    compare(c, "json_fast_vs_careful/caddy", "json", &caddy(), None);
    compare(c, "json_fast_vs_careful/nginx", "json", &nginx(), None);
}

fn json_vs_serde_json_value(c: &mut Criterion) {
    let text = caddy();
    assert_eq!(naive_json(&text), LINES);
    let mut group = c.benchmark_group("json_vs_serde_json_value");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("serde_json", |b| b.iter(|| naive_json(black_box(&text))));
    group.finish();
}

fn clf_fast_vs_careful_vs_naive(c: &mut Criterion) {
    compare(c, "clf_fast_vs_careful_vs_naive", "combined", &combined(), Some(naive_combined));
}

/// Which format is dear: its example, again and again.
fn careful_parser_of_each_format(c: &mut Criterion) {
    let mut group = c.benchmark_group("careful_parser_of_each_format");
    for entry in ENTRIES {
        let (directive, line) = entry.example.rsplit_once('\n').unwrap_or(("", entry.example));
        let mut format = by_name(entry.name, &FormatOptions::default()).unwrap();
        if let Some(next) = format.directive(directive.as_bytes()) {
            format = next;
        }
        let text = format!("{line}\n").repeat(LINES).into_bytes();
        let mut scratch = Bump::new();
        let is_understood = !matches!(format.parse(line.as_bytes(), &scratch), Parsed::Malformed(_));
        assert!(is_understood, "{}: {line}", entry.name);
        group.throughput(Throughput::Elements(LINES as u64));
        group.bench_function(entry.name, |b| b.iter(|| careful(&*format, black_box(&text), &mut scratch)));
    }
    group.finish();
}

criterion_group!(
    benches,
    json_fast_vs_careful,
    json_vs_serde_json_value,
    clf_fast_vs_careful_vs_naive,
    careful_parser_of_each_format
);
criterion_main!(benches);
