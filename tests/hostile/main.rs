//! Inputs that an attacker, a broken disk or a careless script makes, through the whole program.
//!
//! What must hold, whatever the input: the right count or a clear sentence and status 1; never a crash, a hang, memory
//! that grows with the input's size instead of with what is in it, or a line that no counter holds. The last is asked
//! of every report that passes through here ([`Ran::totals`]).
//!
//! `inputs` is about files, streams and archives, `lines` about what stands in a line, `bounded` about `--max-memory`. Inputs of gigabytes are in `big`
//! and run with `VISOR_BIG=1`; best in release: `VISOR_BIG=1 cargo test --release --test hostile -- --nocapture`.

mod big;
mod bounded;
mod inputs;
mod lines;

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A line of the combined format.
const LINE: &str = "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"\n";

/// A run longer than this is taken for a hang.
const PATIENCE: Duration = Duration::from_secs(600);

/// A run of the program, with what it may be watched by.
struct Run(Command);

/// What a run left.
struct Ran {
    what: String,
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
    /// The most anonymous memory seen, in bytes: what is not the pages of a file. Zero where /proc does not tell.
    peak: u64,
    seconds: f64,
}

impl Run {
    /// `visor-fast analyze`, in a folder.
    fn analyze<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
        command.arg("analyze").args(arguments).current_dir(folder).env_remove("VISOR_SCAN");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run(command)
    }

    /// The same, its report in JSON.
    fn json<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
        let mut run = Run::analyze(folder, arguments);
        run.0.args(["--output", "json"]);
        run
    }

    /// Runs it to its end.
    fn end(self) -> Ran {
        self.fed(|_| ())
    }

    /// Runs it to its end, with what `feed` writes on its standard input. A program that ends without reading it is
    /// not the writer's failure, so the writer may let errors pass.
    fn fed(mut self, feed: impl FnOnce(&mut dyn Write) + Send) -> Ran {
        let what = format!("{:?}", self.0.get_args().collect::<Vec<_>>());
        let mut child = self.0.stdin(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        let mut stdin = child.stdin.take().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        thread::scope(|scope| {
            scope.spawn(move || feed(&mut stdin));
            let stdout = scope.spawn(move || {
                let mut bytes = Vec::new();
                out.read_to_end(&mut bytes).unwrap();
                bytes
            });
            let stderr = scope.spawn(move || {
                let mut bytes = Vec::new();
                err.read_to_end(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            });
            let mut peak = 0;
            let status = loop {
                peak = peak.max(anonymous_bytes(child.id()));
                match child.try_wait().unwrap() {
                    Some(status) => break status,
                    None if start.elapsed() > PATIENCE => {
                        child.kill().unwrap();
                        panic!("{what}: a hang: no end after {PATIENCE:?}");
                    }
                    None => thread::sleep(Duration::from_millis(2)),
                }
            };
            let seconds = start.elapsed().as_secs_f64();
            let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
            Ran { what, status, stdout, stderr, peak, seconds }
        })
    }
}

/// Anonymous memory of a process, as Linux tells it.
fn anonymous_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    kib.and_then(|text| text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

impl Ran {
    /// Whether it ended with this status, and not by a signal or a panic.
    #[track_caller]
    fn exits(&self, code: i32) -> &Ran {
        assert_eq!(self.status.code(), Some(code), "{}: {:?}: {}", self.what, self.status, self.stderr);
        assert!(!self.stderr.contains("defect"), "{}: {}", self.what, self.stderr);
        self
    }

    /// Whether it said this on stderr, in one line.
    #[track_caller]
    fn says(&self, sentence: &str) -> &Ran {
        assert!(self.stderr.contains(sentence), "{}: {}", self.what, self.stderr);
        self
    }

    /// Whether it took no more anonymous memory than this.
    #[track_caller]
    fn within_mib(&self, most: u64) -> &Ran {
        assert!(self.peak <= most << 20, "{}: {} MiB of memory", self.what, self.peak >> 20);
        self
    }

    /// The report.
    #[track_caller]
    fn report(&self) -> serde_json::Value {
        let report: serde_json::Value = serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {:?}, {}", self.what, self.status, self.stderr));
        let total = |key: &str| report["totals"][key].as_u64().unwrap();
        let counted = ["blank", "records", "malformed", "heartbeats", "filtered"].map(total);
        assert_eq!(total("lines"), counted.iter().sum::<u64>(), "{}: each line is in one counter", self.what);
        assert_eq!(total("records"), total("windowed") + total("late") + total("future"), "{}", self.what);
        let lines = report["inputs"].as_array().unwrap().iter().map(|input| input["lines"].as_u64().unwrap());
        assert_eq!(total("lines"), lines.sum::<u64>(), "{}: each line is of an input", self.what);
        report
    }

    /// Lines, blank, records, malformed, of a report on that the sum was checked.
    #[track_caller]
    fn totals(&self) -> [u64; 4] {
        let report = self.report();
        ["lines", "blank", "records", "malformed"].map(|key| report["totals"][key].as_u64().unwrap())
    }
}
