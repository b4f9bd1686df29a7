//! Settings files, right and wrong.

use super::monitor::lacking;
use super::*;

/// Visor's, as its users have it.
const VISOR: &str = r#"{
    "master_url": "local[4]",
    "app_name": "Kafka Monitor",
    "batch_interval": 2.5,
    "kafka": {"addr": "localhost:9092", "topic": "Logs"},
    "email": {
        "report": {"on": true, "interval": 25, "subject": "Summary Report", "receiver": "operator@example.org"},
        "alert": {"on": true, "receiver": "operator@example.org", "subject": "Error Alert"}
    }
}"#;

fn written(text: &str) -> Written {
    read_monitor("m.json", text).unwrap_or_else(|problems| panic!("{text}: {problems}"))
}

fn arguments(written: &Written) -> Vec<String> {
    written.settings.iter().flat_map(Setting::arguments).collect()
}

#[test]
fn what_is_written_becomes_what_flags_would_say() {
    let cases: [(&str, &str, &[&str]); 11] = [
        ("nothing", "{}", &[]),
        ("one text for a list", r#"{"follow": "a.log"}"#, &["--follow=a.log"]),
        ("a list", r#"{"follow": ["a.log", "-b"]}"#, &["--follow=a.log", "--follow=-b"]),
        ("an empty list", r#"{"follow": [], "where": []}"#, &[]),
        ("a switch", r#"{"stdin": true, "exclude_bots": false}"#, &["--stdin"]),
        ("a level", r#"{"verbose": 2, "quiet": true}"#, &["--quiet", "--verbose", "--verbose"]),
        (
            "numbers",
            r#"{"window": 60, "pane": 0.5, "max_memory": 1048576}"#,
            &["--max-memory=1048576", "--window=60", "--pane=0.5"],
        ),
        ("a filter", r#"{"where": "status >= 500"}"#, &["--where=status >= 500"]),
        ("a report", r#"{"report": ["r.json", "r.txt"]}"#, &["--report=r.json", "--report=r.txt"]),
        (
            "sockets",
            r#"{"listen": ["tls://:6514"], "tls_certificate": "c", "tls_key": "k", "connect": "tcp://a:1"}"#,
            &["--listen=tls://:6514", "--connect=tcp://a:1", "--tls-certificate=c", "--tls-key=k"],
        ),
        (
            "Kafka",
            r#"{"kafka": {"brokers": ["a:1", "b:2"], "topic": ["x", "y"], "group": "g", "set": {"b": true, "n": 1, "s": "t"}}}"#,
            &[
                "--kafka=a:1,b:2/x",
                "--kafka=a:1,b:2/y",
                "--kafka-group=g",
                "--kafka-set=b=true",
                "--kafka-set=n=1",
                "--kafka-set=s=t",
            ],
        ),
    ];
    for (what, text, expected) in cases {
        assert_eq!(arguments(&written(text)), expected, "{what}");
    }
}

#[test]
fn visors_file_is_taken_as_it_is() {
    let file = written(VISOR);
    assert_eq!(arguments(&file), ["--kafka=localhost:9092/Logs", "--summary=25"]);
    assert_eq!(
        file.note.unwrap(),
        "m.json: is Visor's; master_url, app_name, batch_interval had a meaning for Spark alone; no mail is sent, since no \
         SMTP account is configured: email.report \"Summary Report\" to operator@example.org, email.alert \"Error Alert\" to \
         operator@example.org; summaries go to standard output where that is no screen, and to the files of --summary-file"
    );
    let off = written(&VISOR.replace("true", "false"));
    assert_eq!(arguments(&off), ["--kafka=localhost:9092/Logs"]);
    assert!(!off.note.unwrap().contains("mail"));
    let path =
        std::env::var_os("VISOR_CORPUS").map(|folder| std::path::Path::new(&folder).join("visor/kafka_monitor.json"));
    match path {
        Some(path) => assert_eq!(written(&std::fs::read_to_string(path).unwrap()).settings.len(), 2),
        None => eprintln!("skipped: Visor's own file, since VISOR_CORPUS names no folder of real files"),
    }
}

#[test]
fn the_kind_of_a_file_is_told_from_its_keys() {
    let generator = concat!(env!("CARGO_MANIFEST_DIR"), "/config/generator.json");
    let monitor = concat!(env!("CARGO_MANIFEST_DIR"), "/config/monitor.json");
    let text = |path: &str| std::fs::read_to_string(path).unwrap();
    let cases = [
        ("nothing", "{}".to_owned(), Kind::Monitor),
        ("our example", text(monitor), Kind::Monitor),
        ("a mistyped key", r#"{"folow": "a", "window": "1m"}"#.to_owned(), Kind::Monitor),
        ("our Kafka", r#"{"kafka": {"brokers": "a", "topic": "b"}}"#.to_owned(), Kind::Monitor),
        ("Visor's monitor", VISOR.to_owned(), Kind::VisorsMonitor),
        ("Visor's monitor, the least of it", r#"{"kafka": {}, "email": {}}"#.to_owned(), Kind::VisorsMonitor),
        ("the generator's example", text(generator), Kind::Generator),
        ("a heartbeat that is made", r#"{"heartbeat": {}, "pages": {}}"#.to_owned(), Kind::Generator),
        ("Visor's generator", r#"{"heartbeat": {}, "error": {}}"#.to_owned(), Kind::VisorsGenerator),
    ];
    for (what, text, expected) in cases {
        assert_eq!(Kind::of(&JsonFile::new("f.json", &text).unwrap()), expected, "{what}");
    }
}

#[test]
fn each_wrong_value_is_told_with_its_place_and_what_would_be_right() {
    let cases = [
        ("a mistyped key", "{\n\"windw\": \"1m\"}", "m.json:2: windw: unknown field `windw`, did you mean `window`?"),
        (
            "an unknown key",
            "{\"colour\": 1, \"rainbow\": 1}",
            "rainbow: unknown field `rainbow`, expected one of `kafka`, `follow`, ",
        ),
        ("a flag's own spelling", "{\"max-lag\": 1}", ", did you mean `max_lag`?"),
        (
            "no time",
            "{\"window\":\n\"1 month\"}",
            "m.json:2: window: \"1 month\" is not a duration: \"month\" is no unit; a duration is",
        ),
        ("no time at all", "{\"pane\": true}", "pane: invalid type: boolean `true`, expected a time, such as \"10s\","),
        ("a window of nothing", "{\"window\": 0}", "window: nothing is no interval; give it a second or more"),
        ("a negative time", "{\"history\": -5}", "history: \"-5\" is not a duration"),
        ("no size", "{\"max_memory\": \"lots\"}", "max_memory: \"lots\" is not a size; a size is written 4096,"),
        (
            "no filter",
            "{\"where\": [\"status = 1\",\n\"statuss = 2\"]}",
            "m.json:2: where[1]: unknown field \"statuss\"",
        ),
        ("no format", "{\"format\": \"combind\"}", "m.json:1: format: "),
        ("no zone", "{\"timezone\": \"Berlin\"}", "timezone: no time zone is called \"Berlin\"; say log, utc, local"),
        ("no address", "{\"listen\": [\"tcp:1\"]}", "listen[0]: "),
        (
            "no server",
            "{\"connect\": \"udp://a:1\"}",
            "connect: \"udp://a:1\" is no server to connect to; write tcp://HOST:PORT",
        ),
        ("no form", "{\"output\": \"xml\"}", "output: \"xml\" is none of text, json"),
        ("no report", "{\"report\": \"r.html\"}", "report: \"r.html\": the ending chooses the form"),
        ("no rows", "{\"top\": 0}", "top: \"0\" is not a number of rows, 1 or more"),
        ("no level", "{\"verbose\": 3}", "verbose: invalid value: integer `3`, expected true, false, 0, 1 or 2"),
        ("no switch", "{\"stdin\": \"yes\"}", "stdin: invalid type: string \"yes\", expected a boolean"),
        ("no path", "{\"follow\": [\"\"]}", "follow[0]: the text is empty; give one, or leave the key out"),
        (
            "a number for a path",
            "{\"follow\": 5}",
            "follow: invalid type: integer `5`, expected a text, or a list of such",
        ),
        ("for one run", "{\"reset\": true}", "reset: unknown field `reset`"),
        ("Kafka without a topic", "{\"kafka\": {\"brokers\": \"a\"}}", "kafka: missing field `topic`"),
        (
            "Kafka's mistyped key",
            "{\"kafka\": {\"brokers\": \"a\", \"topic\": \"b\", \"grup\": \"c\"}}",
            "kafka.grup: unknown field `grup`",
        ),
        (
            "two beginnings",
            "{\"from_end\": true,\n\"from_beginning\": true}",
            "m.json:1: from_end: files cannot begin there and as \"from_beginning\" says; keep one of the two",
        ),
        ("another's settings", "{\"pages\": {}}", "m.json:1: these are settings of the generator; give them to"),
        (
            "Visor's: no interval",
            "{\"kafka\": {\"addr\": \"a\", \"topic\": \"b\"}, \"email\": {\"report\": {\"on\": true, \"interval\": 0}}}",
            "email.report.interval: nothing is no interval",
        ),
        ("Visor's: no topic", "{\"kafka\": {\"addr\": \"a\"}, \"app_name\": \"x\"}", "kafka: missing field `topic`"),
        (
            "Visor's: a mistyped key",
            "{\"kafka\": {\"addr\": \"a\", \"topic\": \"b\"}, \"app_nam\": 1, \"email\": {}}",
            "app_nam: unknown field `app_nam`",
        ),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(what, text, expected)| (what, read_monitor("m.json", text).expect_err(what).to_string(), expected))
        .filter(|(_, error, expected)| !(error.contains(*expected) && error.starts_with("m.json:")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "{\n\"windw\": 1,\n\"pane\": \"x\",\n\"where\": [\"a\",\n\"status = 1\",\n\"b\"],\n\"kafka\": {\"set\": {\"a\": []}, \"topic\": \"t\"}\n}";
    let Err(Problems(problems)) = read_monitor("m.json", text) else { panic!("it is wrong") };
    let places: Vec<(usize, &str)> = problems.iter().map(|problem| (problem.line, problem.key.as_str())).collect();
    assert_eq!(places, [(2, "windw"), (3, "pane"), (4, "where[0]"), (6, "where[2]"), (7, "kafka.set.a"), (7, "kafka")]);
}

#[test]
fn what_means_nothing_alone_is_told() {
    let file = written("{\"checkpoint\": \"5s\",\n\"tls_key\": \"k\", \"summary_file\": []}");
    let settings: Vec<&Setting> = file.settings.iter().collect();
    let told = |given: &str| lacking("m.json", &settings, |flag| flag == given);
    let told: Vec<Vec<String>> = ["", "store"].map(|given| told(given).iter().map(Problem::to_string).collect()).into();
    let key = "m.json:2: tls_key: means nothing without `tls_certificate`; add it, or leave this out";
    assert_eq!(told[0], [key, "m.json:1: checkpoint: means nothing without `store`; add it, or leave this out"]);
    assert_eq!(told[1], [key]);
}
