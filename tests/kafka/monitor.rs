//! The source of the monitor.

use crate::{ended, topic};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// The program at work, and what it prints.
pub struct Monitor {
    child: Child,
    moments: Receiver<Value>,
    /// Lines that it has counted.
    lines: u64,
    report: String,
}

impl Monitor {
    /// Reads a topic, and writes its report to a file of this name.
    pub fn start(folder: &TempDir, kafka: &str, flags: &str, report: &str) -> Monitor {
        let mut child = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
            .args(["monitor", "--output", "json", "--refresh", "100ms", "-o", report, "--kafka", kafka])
            .args(flags.split_whitespace())
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (to, moments) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = to.send(serde_json::from_str(&line).unwrap());
            }
        });
        Monitor { child, moments, lines: 0, report: report.to_string() }
    }

    /// Waits for a moment at which it is so.
    pub fn wait(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begin = std::time::Instant::now();
        loop {
            let moment = self.moments.recv_timeout(Duration::from_secs(120)).expect("a moment within two minutes");
            self.lines = moment["account"]["lines"].as_u64().unwrap();
            if is_so(&moment) {
                return moment;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(120),
                "{what}: not within two minutes: {}",
                moment["account"]
            );
        }
    }

    pub fn wait_for_lines(&mut self, lines: u64) {
        self.wait(&format!("{lines} lines"), |moment| moment["account"]["lines"].as_u64() >= Some(lines));
    }

    pub fn wait_for_partitions(&mut self, partitions: usize) {
        let what = format!("{partitions} partitions");
        self.wait(&what, |moment| moment["inputs"].as_array().is_some_and(|inputs| inputs.len() == partitions));
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end; its report and what it said.
    pub fn end(self, folder: &TempDir) -> (Value, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let (output, said) = ended(self.child);
        assert!(output.status.success(), "{said}");
        (serde_json::from_slice(&fs::read(folder.path().join(self.report)).unwrap()).unwrap(), said)
    }
}

/// Writes a log into a topic; its truth.
pub fn generate(folder: &TempDir, kafka: &str, flags: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["generate", "access", "--seed", "5", "-q", "--truth", "t.json", "--kafka", kafka])
        .args(flags.split_whitespace())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(folder.path().join("t.json")).unwrap()).unwrap()
}

/// That a report has what the truth has, and an account that balances.
pub fn assert_true(report: &Value, truth: &Value) {
    let without_visitors = |list: &Value| {
        let mut list = list.clone();
        for row in list.as_array_mut().into_iter().flatten() {
            row.as_object_mut().unwrap().remove("visitors");
        }
        list
    };
    for list in ["time", "status", "methods", "protocols", "sizes", "distinct"] {
        assert_eq!(without_visitors(&report[list]), without_visitors(&truth[list]), "{list}");
    }
    let totals = &report["totals"];
    assert_eq!(totals["lines"], truth["totals"]["lines"]);
    let sum = |names: &[&str]| names.iter().map(|name| totals[*name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&["windowed", "late", "future"]), sum(&["records"]));
}

fn mock(partitions: i32) -> (MockCluster<'static, DefaultProducerContext>, String) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("Logs", partitions, 1).unwrap();
    let kafka = format!("{}/Logs", cluster.bootstrap_servers());
    (cluster, kafka)
}

pub fn field(report: &Value, name: &str) -> u64 {
    report["totals"][name].as_u64().unwrap()
}

#[test]
fn what_the_generator_writes_is_what_the_monitor_reports() {
    // The mock cluster keeps 5 MiB of each partition.
    for (what, flags) in [("a line a message", ""), ("many lines a message", "--kafka-message-bytes 64k")] {
        let folder = tempfile::tempdir().unwrap();
        let (_cluster, kafka) = mock(4);
        let truth = generate(&folder, &kafka, &format!("--lines 40000 --kafka-compression lz4 {flags}"));
        let mut monitor = Monitor::start(&folder, &kafka, "--from-beginning", "r.json");
        monitor.wait_for_lines(40_000);
        let (report, said) = monitor.end(&folder);
        assert_true(&report, &truth);
        assert_eq!(said, "", "{what}");
        let names: Vec<&str> =
            report["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Logs/0", "Logs/1", "Logs/2", "Logs/3"]);
    }
}

#[test]
fn tombstones_empty_messages_and_large_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, kafka) = mock(1);
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    let line = r#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "x""#;
    let long = format!("{line}{}", "y".repeat(100_000));
    for payload in [Some(line), None, Some(""), Some(&long), Some(&format!("{line}\n{line}\n")), Some(line)] {
        let mut record = BaseRecord::<str, str>::to("Logs").partition(0);
        record.payload = payload;
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
    let mut monitor = Monitor::start(&folder, &kafka, "--from-beginning --max-line-bytes 10k", "r.json");
    monitor.wait_for_lines(5);
    let (report, said) = monitor.end(&folder);
    assert_eq!((field(&report, "records"), field(&report, "malformed")), (4, 1), "the long line is over the limit");
    assert!(said.contains("2 messages had no line: tombstones, or empty ones"), "{said}");
}

#[test]
fn a_topic_that_is_not_there_and_a_broker_that_is_away_leave_the_others_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (_cluster, kafka) = mock(1);
    let (brokers, _) = kafka.split_once('/').unwrap();
    let truth = generate(&folder, &kafka, "--lines 1000");
    let flags = format!("--from-beginning --kafka {brokers}/None --kafka 127.0.0.1:1/Logs");
    let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
    monitor.wait_for_lines(1000);
    std::thread::sleep(Duration::from_secs(3));
    let (report, said) = monitor.end(&folder);
    assert_true(&report, &truth);
    for part in [
        format!("kafka://{brokers}/None: there is no such topic; create it"),
        "kafka://127.0.0.1:1/Logs: no broker answers: ".to_string(),
    ] {
        assert_eq!(said.matches(&part).count(), 1, "{said}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_cure() {
    let cases = [
        ("--kafka /Logs", "is not BROKERS/TOPIC"),
        ("--kafka a:1/^Logs", "is not the name of a topic"),
        ("--kafka a:1/T --kafka-set linger", "NAME=VALUE"),
        ("--kafka a:1/T --kafka-set no.such.thing=1", "--kafka-set: no.such.thing: No such configuration property"),
        ("--kafka a:1/T --kafka-set enable.auto.commit=true", "enable.auto.commit cannot be set; leave it out"),
        ("--kafka a:1/T --kafka-set group.id=x", "name the group with --kafka-group"),
        ("--stdin --kafka-group x", "--kafka <BROKERS/TOPIC>"),
    ];
    for (flags, part) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
            .arg("monitor")
            .args(flags.split_whitespace())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags}: {said}");
        assert!(said.contains(part), "{flags}: {said}");
    }
}

#[test]
fn a_group_goes_on_where_it_ended() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    // So many that none of the runs comes to the end before it is asked to end.
    generate(&folder, &kafka, "--lines 2000000 --kafka-partitions 4");
    let flags = format!("--from-beginning --kafka-group {topic}");
    let mut counted = 0;
    // Ended in the middle, again and again; what was fetched and not counted is left to the next.
    for _ in 0..3 {
        let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
        monitor.wait_for_lines(20_000);
        let (report, said) = monitor.end(&folder);
        assert_eq!(said, "");
        counted += field(&report, "lines");
    }
    let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
    monitor.wait_for_partitions(4);
    generate(&folder, &kafka, "--lines 1000");
    assert!(counted < 2_000_000, "the last run has something to read");
    monitor.wait_for_lines(2_001_000 - counted);
    // Were there more, they would come.
    std::thread::sleep(Duration::from_secs(2));
    let (report, said) = monitor.end(&folder);
    assert_eq!((said.as_str(), counted + field(&report, "lines")), ("", 2_001_000));
}

#[test]
fn members_come_and_go_and_each_line_is_counted_once() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    let flags = format!("--from-beginning --kafka-group {topic}");
    generate(&folder, &kafka, "--lines 1000 --kafka-partitions 4");
    let mut first = Monitor::start(&folder, &kafka, &flags, "first.json");
    first.wait_for_lines(1000);
    let counted = std::thread::scope(|scope| {
        let writer = scope.spawn(|| generate(&folder, &kafka, "--rate 10000 --lines 200000"));
        let mut counted = 0;
        for round in 0..2 {
            let mut second = Monitor::start(&folder, &kafka, &flags, &format!("second{round}.json"));
            second.wait_for_partitions(2);
            second.wait_for_lines(5000);
            let (report, said) = second.end(&folder);
            assert_eq!(said, "");
            counted += field(&report, "lines");
        }
        let truth = writer.join().unwrap();
        assert_eq!(truth["totals"]["lines"], 200_000);
        first.wait_for_lines(201_000 - counted);
        std::thread::sleep(Duration::from_secs(2));
        counted
    });
    let (report, said) = first.end(&folder);
    assert_eq!((said.as_str(), counted + field(&report, "lines")), ("", 201_000));
}

#[test]
fn from_the_end_only_what_comes_is_counted_and_nothing_of_it_is_missed() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    generate(&folder, &kafka, "--lines 1000 --kafka-partitions 2");
    let flags = format!("--kafka-group {topic}");
    let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
    monitor.wait_for_partitions(2);
    let (report, _) = monitor.end(&folder);
    assert_eq!(field(&report, "lines"), 0);
    // While nobody looks.
    generate(&folder, &kafka, "--lines 500");
    let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
    monitor.wait_for_lines(500);
    let (report, _) = monitor.end(&folder);
    assert_eq!(field(&report, "lines"), 500);
}

#[test]
fn a_broker_that_starts_again_costs_no_line() {
    let Some((_, topic)) = topic() else { return };
    let broker = Broker::start();
    let kafka = format!("{}/{topic}", broker.bootstrap);
    let folder = tempfile::tempdir().unwrap();
    generate(&folder, &kafka, "--lines 50000 --kafka-partitions 3");
    let mut monitor = Monitor::start(&folder, &kafka, "--from-beginning", "r.json");
    monitor.wait_for_lines(50_000);
    broker.restart();
    generate(&folder, &kafka, "--lines 50000");
    monitor.wait_for_lines(100_000);
    std::thread::sleep(Duration::from_secs(3));
    let (report, said) = monitor.end(&folder);
    assert_eq!(field(&report, "lines"), 100_000);
    assert!(said.contains(" is away: ") && said.contains(" is back"), "{said}");
}

/// A broker that no other test uses, so that it may be stopped.
pub struct Broker {
    /// `with_broker`, which stops it when it ends.
    script: Child,
    pub bootstrap: String,
}

impl Broker {
    fn start() -> Broker {
        Broker::start_with("")
    }

    /// With settings of its own.
    pub fn start_with(properties: &str) -> Broker {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/with_broker"))
            .args(["sh", "-c", "echo $KAFKA_BOOTSTRAP; exec sleep 600"])
            .env("KAFKA_DOWN_SECONDS", "5")
            .env("KAFKA_PROPERTIES", properties)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut bootstrap = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut bootstrap).unwrap();
        Broker { script, bootstrap: bootstrap.trim().to_string() }
    }

    /// Stops it, and starts it again some seconds later.
    fn restart(&self) {
        kill_process(Pid::from_child(&self.script), Signal::HUP).unwrap();
        self.wait(false);
        self.wait(true);
    }

    /// Waits until it listens, or does not.
    fn wait(&self, listens: bool) {
        for _ in 0..1200 {
            if std::net::TcpStream::connect(&self.bootstrap).is_ok() == listens {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("not within a minute: the broker listens: {listens}");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.script), Signal::TERM);
        let _ = self.script.wait();
    }
}
