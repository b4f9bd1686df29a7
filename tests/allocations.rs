//! In the steady state no record costs an allocation: once its keys are known, a log of any length takes no more of them.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use visor_fast::alert::rule::read;
use visor_fast::alert::{Counter, Plan};
use visor_fast::engine::{Settings, analyze_bytes};
use visor_fast::filter::Filter;
use visor_fast::format::catalogue::{ENTRIES, FormatOptions, by_name};
use visor_fast::format::record::Access;
use visor_fast::scan::Kernel;

/// The system's allocator, its calls counted.
struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed on as it is, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a run over `text`.
fn allocations(text: &[u8], format: &str, filter: Option<&str>) -> u64 {
    let mut settings = Settings::new(1, Kernel::choose(None).unwrap());
    settings.format = Some(by_name(format, &FormatOptions::default()).unwrap());
    settings.piece_bytes = 1 << 30;
    if let Some(filter) = filter {
        settings.keep.filter = Filter::parse(filter).unwrap();
    }
    let before = CALLS.load(Ordering::Relaxed);
    let report = analyze_bytes(&[("a", text)], &settings, 10);
    assert!(report.totals.lines > 0);
    CALLS.load(Ordering::Relaxed) - before
}

/// Format strings, and a line of each: in parts, in pieces, with a target that is put together, as JSON.
const STRINGS: [(&str, &str); 3] = [
    (
        r#"%a %u [%{%F %T}t] %m "%U" "%q" %>s %b %D "%{User-Agent}i""#,
        r#"192.0.2.1 frank [2025-10-10 13:55:36] GET "/a" "?b" 200 2326 17 "curl/8.5.0""#,
    ),
    (r#"$remote_addr "$request" $status $upstream_response_time"#, r#"192.0.2.1 "GET /a HTTP/1.1" 200 0.010, 0.002"#),
    (r#"{"a":"$remote_addr","r":"$request","s":$status}"#, r#"{"a":"192.0.2.1","r":"GET /a\tb HTTP/1.1","s":200}"#),
];

/// Tests that count allocations, one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn rules_take_no_allocation_for_a_record_whose_groups_are_known() {
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let rules = r#"[{"alert": "A", "when": "ratio(status >= 500) > 5%", "by": ["vhost", "client"], "window": "1m"},
                    {"alert": "B", "when": "quantile(0.9, latency) > 1s", "by": "path", "window": "1m"},
                    {"alert": "C", "when": "sum(bytes) > 1GiB", "where": "path ~ ^/[0-9]", "window": "1m"},
                    {"alert": "D", "when": "absent", "window": "1m"}, {"alert": "E", "when": "new(path)"}]"#;
    let plan = Arc::new(Plan::new(read("rules.json", rules).unwrap(), 1_000).unwrap());
    let mut worker = Counter::new(plan);
    let paths: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
    let mut count = |times: usize| {
        let before = CALLS.load(Ordering::Relaxed);
        for path in paths.iter().cycle().take(50 * times) {
            let target = path.as_bytes();
            let access =
                Access { client: target, target, latency_micros: Some(7), bytes_sent: Some(9), ..Access::default() };
            worker.record(&access, 5_000, true, |_| false);
        }
        CALLS.load(Ordering::Relaxed) - before
    };
    count(10);
    let (few, many) = (count(10), count(1_000));
    // The log of latencies grows by doubling.
    assert!(many <= few + 20, "{few} allocations, then {many}");
}

#[test]
fn ten_times_the_lines_take_no_more_allocations() {
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let named = ENTRIES.iter().map(|entry| (entry.name, entry.example));
    for (name, example) in named.chain(STRINGS) {
        for filter in [None, Some("path ~ ^/ or message ~ .* or client in 10.0.0.0/8 or not bot")] {
            // What stands before the last line of an example (the columns of a W3C log) is read once.
            let (head, line) = example.rsplit_once('\n').unwrap_or(("", example));
            // Malformed lines too: they are counted, and only the first are kept.
            let text = |times| format!("{head}\n{}", format!("{line}\nnot a line\n").repeat(times));
            let (once, tenfold) = (text(1000), text(10_000));
            let once = once.as_bytes();
            // The first run fills what is made once, such as compiled patterns.
            allocations(once, name, filter);
            let few = allocations(once, name, filter);
            let many = allocations(tenfold.as_bytes(), name, filter);
            // Scratch memory may grow once more; 18,000 further lines take no allocation each.
            assert!(many <= few + 50, "{}, filter {filter:?}: {few} allocations, then {many}", name);
        }
    }
}
