use super::*;
use crate::alert::rule::read;
use crate::alert::state::Phase;
use crate::oracle::alerts::{self as oracle, Clock, Request};
use crate::scan::Kernel;
use crate::window::freeze::instant;
use proptest::prelude::*;

const PANE: i64 = 1_000;
const OUT_OF_ORDERNESS: i64 = 5_000;
/// 2025-10-10 13:00:00 UTC.
const START: i64 = 1_760_101_200_000;

const RULES: &str = r#"[
    {"alert": "many", "when": "count > 4", "by": ["client"], "window": "10s"},
    {"alert": "fails", "when": "ratio(status >= 500) > 0.3", "window": "20s", "min_records": 3, "for": "3s"},
    {"alert": "more", "when": "count > 2 * previous(30s)", "window": "15s", "keep_firing_for": "5s"},
    {"alert": "paths", "when": "distinct(path) >= 3", "where": "status = 404", "by": ["vhost"], "window": "30s"},
    {"alert": "quiet", "when": "absent", "window": "25s"}
]"#;

/// What is told of an alert: its rule's name and number, labels, phases, when.
type Told3 = (usize, Vec<String>, String, i64);

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Inactive => "inactive",
        Phase::Pending => "pending",
        Phase::Firing => "firing",
        Phase::Resolved => "resolved",
    }
}

/// A request as a line of the format `vhost_combined`.
fn line(request: &Request) -> String {
    let time = jiff::Timestamp::from_millisecond(request.at).unwrap();
    let time = jiff::ZonedDateTime::new(time, jiff::tz::TimeZone::UTC);
    format!(
        "{}:80 {} - - [{}] \"GET {} HTTP/1.1\" {} 7 \"-\" \"x\"\n",
        request.vhost,
        request.client,
        time.strftime("%d/%b/%Y:%H:%M:%S %z"),
        request.path,
        request.status
    )
}

/// What the rules tell of files with these requests.
fn replayed(files: &[&[Request]]) -> Vec<Told3> {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = Vec::new();
    for (number, requests) in files.iter().enumerate().filter(|(_, requests)| !requests.is_empty()) {
        let path = folder.path().join(format!("{number}.log"));
        std::fs::write(&path, requests.iter().map(line).collect::<String>()).unwrap();
        inputs.push(Named::Path(path));
    }
    let plan = Arc::new(Plan::new(read("r.json", RULES).unwrap(), PANE).unwrap());
    let settings = Settings::new(1, Kernel::choose(None).unwrap());
    let run = Replay {
        settings: &settings,
        plan: Arc::clone(&plan),
        alerts: alert::Settings::default(),
        max_out_of_orderness: OUT_OF_ORDERNESS,
        until: START + 3_600_000,
        progress: &Progress::default(),
    };
    let mut told = Vec::new();
    let end = replay(&inputs, &run, &mut |one| match one {
        Told::Transition(of) => {
            let group = plan.rules[of.rule].rule.by.iter().map(|field| of.labels[field.name()].clone()).collect();
            told.push((of.rule, group, format!("{} to {}", phase(of.from), phase(of.to)), of.at));
        }
        Told::Event(event) => panic!("nothing is told of records: {event:?}"),
    });
    assert_eq!(end.lines.records, files.iter().map(|requests| requests.len() as u64).sum::<u64>());
    assert_eq!(end.future, 0);
    assert!(end.troubles.is_empty(), "{:?}", end.troubles);
    told.sort();
    told
}

/// What the oracle tells, which looks at each request by itself.
fn expected(requests: &[Request]) -> Vec<Told3> {
    let clock = Clock { pane: PANE, lateness: 60_000, history: 3_600_000 };
    let mut naive = oracle::Alerts::new(read("r.json", RULES).unwrap(), clock, requests[0].at);
    let mut told = Vec::new();
    let mut newest = i64::MIN;
    for request in requests {
        naive.take(vec![request.clone()]);
        newest = newest.max(request.at);
        told.extend(naive.tick(newest - OUT_OF_ORDERNESS));
    }
    told.extend(naive.tick(newest - newest.rem_euclid(PANE) + PANE));
    let mut told: Vec<Told3> =
        told.into_iter().map(|of| (of.rule, of.group, format!("{} to {}", of.from, of.to), of.at)).collect();
    told.sort();
    told
}

/// Requests that come one after the other, some of them late.
fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (0i64..4, prop_oneof![8 => Just(0i64), 2 => 0i64..8, 1 => 0i64..90], 0u8..3, 0u8..4, 0u8..4, 0u8..6);
    prop::collection::vec(request, 1..120).prop_map(|all| {
        let mut now = START;
        let one = |(pass, late, vhost, client, path, status): (i64, i64, u8, u8, u8, u8)| {
            now += pass * 1000;
            Request {
                at: now - late * 1000,
                vhost: ["a", "b", "c"][usize::from(vhost)].to_string(),
                client: format!("192.0.2.{client}"),
                path: format!("/{path}"),
                status: [200, 200, 404, 404, 500, 503][usize::from(status)],
                bytes: Some(7),
                latency: None,
            }
        };
        all.into_iter().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_looked_at_line_by_line(requests in requests()) {
        prop_assert_eq!(replayed(&[&requests]), expected(&requests));
    }

    #[test]
    fn files_side_by_side_are_as_one(requests in requests(), of in prop::collection::vec(0usize..3, 120)) {
        // Whoever reads several files cannot know what would have come late between them.
        let mut requests = requests;
        requests.sort_by_key(|request| request.at);
        let mut files = [Vec::new(), Vec::new(), Vec::new()];
        requests.iter().zip(&of).for_each(|(request, of)| files[*of].push(request.clone()));
        prop_assert_eq!(replayed(&[&files[0], &files[1], &files[2]]), replayed(&[&requests]));
    }
}

#[test]
fn something_is_told() {
    let request = |second: i64| Request {
        at: START + second * 1000,
        vhost: "a".to_string(),
        client: "192.0.2.1".to_string(),
        path: "/".to_string(),
        status: 200,
        bytes: None,
        latency: None,
    };
    let requests: Vec<Request> = (0..5).chain([100]).map(request).collect();
    let told = replayed(&[&requests]);
    assert_eq!(told, expected(&requests));
    let first = told.iter().min_by_key(|(.., at)| *at).unwrap();
    assert_eq!((first.0, instant(first.3).as_str()), (0, "2025-10-10T13:00:05Z"), "{told:?}");
    assert!(told.iter().any(|(rule, _, what, _)| *rule == 4 && what == "inactive to firing"), "{told:?}");
}

#[test]
fn a_line_of_the_future_makes_no_other_one_late_and_what_is_left_out_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let request = |second: i64| Request {
        at: START + second * 1000,
        vhost: "a".to_string(),
        client: "192.0.2.1".to_string(),
        path: "/".to_string(),
        status: 200,
        bytes: None,
        latency: None,
    };
    // The second is a century ahead, the last is ten minutes behind all others.
    let requests = [0, 3_155_760_000, 1, 2, 3, 4, 600, 1].map(request);
    std::fs::write(&path, requests.iter().map(line).collect::<String>()).unwrap();
    let plan = Arc::new(Plan::new(read("r.json", RULES).unwrap(), PANE).unwrap());
    let settings = Settings::new(1, Kernel::choose(None).unwrap());
    let run = Replay {
        settings: &settings,
        plan,
        alerts: alert::Settings::default(),
        max_out_of_orderness: OUT_OF_ORDERNESS,
        until: START + 3_600_000,
        progress: &Progress::default(),
    };
    let mut fired = Vec::new();
    let end = replay(&[Named::Path(path)], &run, &mut |told| {
        if let Told::Transition(of) = told {
            fired.push(of.alert);
        }
    });
    assert_eq!((end.late, end.future, end.lines.records), (1, 1, 8));
    assert!(fired.iter().any(|alert| alert == "many"), "{fired:?}");
}
