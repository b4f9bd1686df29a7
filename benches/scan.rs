//! How fast the marks of a text are found: what a kernel costs, and whether one scan for all marks beats a search for
//! each field.
//!
//! ```sh
//! cargo bench --bench scan
//! ```

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use visor_fast::scan::{Kernel, Marks};

const CHUNK_BYTES: usize = 16 << 10;
/// About seven marks in 250 bytes.
const COMBINED: &str = "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /articles/1a2b3c.html?id=42 HTTP/1.1\" 200 51234 \
                        \"https://site.example/page/7\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like \
                        Gecko) Chrome/120.0.0.0 Safari/537.36\"\n";
/// About nine marks in 64 bytes.
const JSON: &str = r#"{"ts":1761019828.6,"request":{"remote_ip":"192.0.2.1","method":"GET","uri":"/a","headers":{"Etag":["\"x\""]}},"status":200}
"#;

fn text(line: &str) -> Vec<u8> {
    line.bytes().cycle().take(256 << 10).collect()
}

/// The marks of a text, chunk by chunk as the program takes them: how many, and the sum of their positions.
fn scanned(kernel: Kernel, text: &[u8], marks: &mut Marks) -> (usize, u64) {
    text.chunks(CHUNK_BYTES).fold((0, 0), |(count, sum), chunk| {
        kernel.structure(chunk, marks);
        let positions = marks.as_slice();
        (count + positions.len(), sum + positions.iter().map(|at| u64::from(*at)).sum::<u64>())
    })
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'\n')
}

fn naive(text: &[u8]) -> (usize, u64) {
    text.chunks(CHUNK_BYTES).fold((0, 0), |(count, sum), chunk| {
        let positions = chunk.iter().zip(0u64..).filter(|(byte, _)| is_mark(**byte)).map(|(_, at)| at);
        positions.fold((count, sum), |(count, sum), at| (count + 1, sum + at))
    })
}

/// The same by a search from each mark to the next, as a parser does that goes from field to field.
fn field_by_field(text: &[u8]) -> (usize, u64) {
    text.chunks(CHUNK_BYTES).fold((0, 0), |found, chunk| {
        let (mut at, (mut count, mut sum)) = (0, found);
        while let Some(next) = memchr::memchr3(b'"', b'\\', b'\n', &chunk[at..]) {
            (count, sum) = (count + 1, sum + (at + next) as u64);
            at += next + 1;
        }
        (count, sum)
    })
}

fn structural_scan_vs_memchr_per_field_vs_naive(c: &mut Criterion) {
    for (name, line) in [("combined", COMBINED), ("json", JSON)] {
        let text = text(line);
        let mut marks = Marks::default();
        let expected = naive(&text);
        let mut group = c.benchmark_group(format!("structural_scan_vs_memchr_per_field_vs_naive/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        for kernel in Kernel::available() {
            assert_eq!(scanned(kernel, &text, &mut marks), expected, "{kernel}");
            group.bench_function(kernel.to_string(), |b| b.iter(|| scanned(kernel, black_box(&text), &mut marks)));
        }
        assert_eq!(field_by_field(&text), expected);
        group.bench_function("memchr3", |b| b.iter(|| field_by_field(black_box(&text))));
        group.bench_function("naive", |b| b.iter(|| naive(black_box(&text))));
        group.finish();
    }
}

criterion_group!(benches, structural_scan_vs_memchr_per_field_vs_naive);
criterion_main!(benches);
