use super::*;
use crate::aggregate::goaccess::{DAY_SECONDS, STATIC_ENDINGS};
use crate::format::record::{Access, Time};

const GET: Access<'static> = Access {
    time: Time { wall_seconds: 1_760_104_536, offset_seconds: 7200, nanos: 0 },
    client: b"192.0.2.1",
    user: b"-",
    vhost: b"-",
    method: b"GET",
    target: b"/a",
    protocol: b"HTTP/1.1",
    referrer: b"-",
    agent: b"curl/8.5.0",
    status: 200,
    bytes_sent: Some(100),
    bytes_read: None,
    latency_micros: None,
};

fn tally(records: &[Access<'_>]) -> Tally {
    let mut tally = Tally::default();
    tally.add(records);
    tally
}

fn report(records: &[Access<'_>]) -> Report {
    tally(records).report(&Lines::default(), usize::MAX)
}

/// Name, hits and visitors of each row.
fn shown(panel: &Panel) -> Vec<(&str, u64, u64)> {
    panel.data.iter().map(|item| (item.data.as_str(), item.hits.count, item.visitors.count)).collect()
}

#[test]
fn a_visitor_is_a_day_a_client_and_an_agent_and_no_client_error() {
    let day_later = Time { wall_seconds: GET.time.wall_seconds + DAY_SECONDS, ..GET.time };
    let report = report(&[
        GET,
        Access { target: b"/b", ..GET },
        Access { agent: b"other", ..GET },
        Access { client: b"192.0.2.2", ..GET },
        Access { time: day_later, ..GET },
        Access { client: b"192.0.2.3", status: 404, ..GET },
        Access { client: b"192.0.2.3", status: 403, ..GET },
    ]);
    assert_eq!((report.general.valid_requests, report.general.unique_visitors), (7, 4));
    assert_eq!(shown(&report.visitors), [("20251011", 1, 1), ("20251010", 6, 3)]);
    assert_eq!(shown(&report.hosts), [("192.0.2.1", 4, 3), ("192.0.2.3", 2, 0), ("192.0.2.2", 1, 1)]);
    assert_eq!(shown(&report.requests), [("/a", 5, 4), ("/b", 1, 1)]);
    assert_eq!(shown(&report.not_found), [("/a", 1, 0)]);
    assert_eq!(shown(&report.visit_time), [("13", 7, 4)]);
    let period = (report.general.start_date.as_deref(), report.general.end_date.as_deref());
    assert_eq!(period, (Some("10/Oct/2025"), Some("11/Oct/2025")));
}

#[test]
fn a_request_is_target_method_and_protocol() {
    let report = report(&[
        GET,
        GET,
        Access { method: b"HEAD", ..GET },
        Access { protocol: b"HTTP/2", ..GET },
        Access { target: b"/a.css", ..GET },
        Access { target: b"/a.css?v=1", ..GET },
        Access { target: b"/a.css", status: 404, ..GET },
        Access { target: b"rubbish", method: b"-", protocol: b"-", ..GET },
    ]);
    let rows: Vec<_> = report.requests.data.iter().map(|item| (&*item.data, item.method.as_deref().unwrap())).collect();
    assert_eq!(rows, [("/a", "GET"), ("/a", "GET"), ("/a", "HEAD"), ("/a.css?v=1", "GET"), ("rubbish", "---")]);
    assert_eq!(
        (shown(&report.static_requests), shown(&report.not_found)),
        (vec![("/a.css", 1, 1)], vec![("/a.css", 1, 0)])
    );
    let general = &report.general;
    assert_eq!((general.unique_files, general.unique_static_files, general.unique_not_found), (5, 1, 1));
}

#[test]
fn an_ending_makes_a_static_file() {
    assert!(STATIC_ENDINGS.iter().all(|ending| ending.len() <= 6));
    for (target, expected) in [
        ("/a.css", true),
        ("/a.CSS", true),
        ("/fonts/x.woff2", true),
        ("/a.tar.gz", true),
        (".css", false),
        ("/a.css?v=1", false),
        ("/a.css/", false),
        ("/a.eot", false),
        ("/a", false),
        ("", false),
    ] {
        assert_eq!(crate::aggregate::goaccess::is_static(target.as_bytes()), expected, "{target}");
    }
}

#[test]
fn an_agent_that_is_not_there_is_a_visitor_without_a_browser() {
    let absent = Access { agent: b"", ..GET };
    let dash = Access { agent: b"-", ..GET };
    for (what, records, hits, visitors) in [
        ("absent", &[absent][..], 0, 0),
        ("a dash", &[dash], 1, 1),
        ("both, one visitor", &[absent, dash], 1, 1),
        ("the other way round", &[dash, absent], 1, 1),
    ] {
        let report = report(records);
        assert_eq!(report.general.unique_visitors, 1, "{what}");
        let totals = &report.browsers.metadata;
        assert_eq!((totals.hits.total.value, totals.visitors.total.value), (hits, visitors), "{what}");
    }
}

#[test]
fn statuses_stand_in_classes() {
    let report = report(&[200, 200, 204, 302, 404, 404].map(|status| Access { status, ..GET }));
    assert_eq!(
        shown(&report.status_codes),
        [("2xx Success", 3, 2), ("4xx Client Errors", 2, 0), ("3xx Redirection", 1, 1)]
    );
    let ok = report.status_codes.data[0].items.as_ref().unwrap();
    assert_eq!(ok[0].data, "200");
    assert_eq!((ok[0].hits.count, ok[1].hits.count), (2, 1));
    assert_eq!(report.status_codes.metadata.data.total.value, 4);
}

#[test]
fn percentages_are_those_of_32_bits() {
    for (part, whole, expected) in
        [(0, 0, "00.00"), (1, 1, "100.00"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 20, "05.00"), (3, 2, "150.00")]
    {
        assert_eq!(share(part, whole), expected, "{part} of {whole}");
    }
    let spread = spread(7, &[4, 0, 3], Zeros::Skip, Percent::OfSum);
    assert_eq!((spread.avg.value, spread.min.value, spread.max.value), (2, 3, 4));
    assert_eq!(spread.avg.percent.as_deref(), Some("28.57"));
}

#[test]
fn a_panel_is_cut_and_its_figures_are_of_all() {
    let hour = |hour: i64| Time { wall_seconds: hour * 3600, ..GET.time };
    let records = [3, 3, 3, 2, 1, 1].map(|at| Access { time: hour(at), ..GET });
    let report = tally(&records).report(&Lines::default(), 2);
    assert_eq!(shown(&report.visit_time), [("01", 2, 1), ("03", 3, 1)]);
    assert_eq!(report.visit_time.metadata.data.total.value, 3);
    assert_eq!(report.visit_time.metadata.hits.total.value, 6);
}

#[test]
fn latencies_are_shown_where_there_are_any() {
    assert!(report(&[GET]).requests.data[0].avgts.is_none());
    let report = report(&[Some(10), Some(5), None].map(|latency_micros| Access { latency_micros, ..GET }));
    let row = &report.requests.data[0];
    assert_eq!((row.avgts, row.cumts, row.maxts), (Some(5), Some(15), Some(10)));
    assert_eq!(report.requests.metadata.avgts.as_ref().unwrap().avg.value, 5);
}

#[test]
fn a_log_without_records_has_empty_panels() {
    let report = report(&[]);
    assert_eq!(report.general.start_date, None);
    assert!(report.requests.data.is_empty() && report.vhosts.is_none());
    assert!(report.requests.metadata.bytes.is_some());
}

#[test]
fn lines_that_are_no_records_are_failed_left_out_or_nothing() {
    let mut tally = tally(&[GET]);
    for line in [&b""[..], b" ", b"\t", b"\r", b"\0\0"] {
        tally.add_blank(line);
    }
    let mut lines = Lines { filtered: 5, blank: 5, ..Lines::default() };
    lines.malformed[0] = 2;
    let general = tally.report(&lines, 1).general;
    assert_eq!((general.total_requests, general.valid_requests, general.failed_requests), (11, 1, 5));
}

#[test]
fn any_order_of_merging_gives_the_same_report() {
    let record = |number: u64| Access {
        time: Time { wall_seconds: (number % 5) as i64 * 40_000, ..GET.time },
        client: [&b"192.0.2.1"[..], b"192.0.2.2", b"::1"][(number % 3) as usize],
        target: [&b"/a"[..], b"/b.css", b"/c"][(number / 3 % 3) as usize],
        agent: [&b"curl/8.5.0"[..], b"-", b""][(number / 9 % 3) as usize],
        status: [200, 404, 500][(number / 27 % 3) as usize],
        referrer: [&b"-"[..], b"https://a.example/", b"https://www.google.com/?q=a"][(number / 81 % 3) as usize],
        vhost: [&b"-"[..], b"example.org"][(number % 2) as usize],
        bytes_sent: Some(number),
        ..GET
    };
    let records: Vec<_> = (0..400).map(|number| record(number * 7919 % 1000)).collect();
    let json = |tally: &Tally| serde_json::to_string(&tally.report(&Lines::default(), usize::MAX)).unwrap();
    let expected = json(&tally(&records));
    let parts = || records.chunks(67).map(tally).collect::<Vec<_>>();
    let mut forwards = Tally::default();
    parts().iter().for_each(|part| forwards.merge(part));
    assert_eq!(json(&forwards), expected);
    let mut backwards = Tally::default();
    parts().iter().rev().for_each(|part| backwards.merge(part));
    assert_eq!(json(&backwards), expected);
    let backwards = tally(&records.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(json(&backwards), expected);
}
