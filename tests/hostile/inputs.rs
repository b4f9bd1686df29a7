//! Files, streams and archives.

use super::{LINE, Ran, Run};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn mkfifo(folder: &Path, name: &str) {
    let status = Command::new("mkfifo").arg(folder.join(name)).status().unwrap();
    assert!(status.success());
}

/// Runs on `names` of which `gate`, a named pipe, is one; calls `meanwhile` once all inputs before it are open, and then
/// lets a line through.
fn gated(folder: &Path, names: &[&str], gate: &str, meanwhile: impl FnOnce() + Send) -> Ran {
    mkfifo(folder, gate);
    thread::scope(|scope| {
        scope.spawn(|| {
            // This waits until the program has opened the pipe.
            let mut pipe = OpenOptions::new().write(true).open(folder.join(gate)).unwrap();
            meanwhile();
            pipe.write_all(LINE.as_bytes()).unwrap();
        });
        Run::json(folder, names).end()
    })
}

#[test]
fn a_program_is_no_log_and_still_every_line_of_it_counts() {
    let program = fs::canonicalize("/bin/sh").unwrap();
    let bytes = fs::read(&program).unwrap();
    let newlines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let folder = folder();
    Run::json(folder.path(), [&program]).end().exits(1).says("no known format fits its first lines");
    for flags in [&[][..], &["--no-mmap"], &["-j", "1"]] {
        let mut run = Run::json(folder.path(), [&program]);
        run.0.args(["--format", "combined,json,apache-error"]).args(flags);
        let ran = run.end();
        let [lines, _, records, _] = ran.exits(0).totals();
        assert_eq!(lines, newlines + u64::from(bytes.last() != Some(&b'\n')), "{flags:?}");
        assert_eq!(records, 0, "{flags:?}");
    }
}

#[test]
fn what_the_kernel_makes_up_is_read() {
    let folder = folder();
    Run::json(folder.path(), ["/proc/self/maps"]).end().exits(1).says("no known format fits its first lines");
    let ran = Run::json(folder.path(), ["/proc/self/maps", "--format", "combined"]).end();
    let [lines, .., malformed] = ran.exits(0).totals();
    assert!(lines > 10 && lines == malformed);
    assert_eq!(Run::json(folder.path(), ["/dev/null"]).end().exits(0).totals(), [0, 0, 0, 0]);
}

#[test]
fn a_folder_whose_links_lead_in_a_circle_is_read_once_and_pipes_in_it_are_left_alone() {
    let folder = folder();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/a.log"), LINE.repeat(3)).unwrap();
    symlink("..", folder.path().join("deep/up")).unwrap();
    symlink("deep", folder.path().join("again")).unwrap();
    symlink("deep/a.log", folder.path().join("b.log")).unwrap();
    mkfifo(folder.path(), "deep/pipe");
    assert_eq!(Run::json(folder.path(), ["."]).end().exits(0).totals(), [3, 0, 3, 0]);
    symlink("self", folder.path().join("self")).unwrap();
    Run::json(folder.path(), ["self"]).end().exits(1).says("symbolic links lead in a circle");
}

#[test]
fn a_file_that_is_cut_while_it_is_mapped_is_an_error_that_names_it() {
    let folder = folder();
    let path = folder.path().join("a.log");
    fs::write(&path, LINE.repeat(100_000)).unwrap();
    let ran = gated(folder.path(), &["a.log", "gate"], "gate", || {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(5000).unwrap();
    });
    ran.exits(1).says("a.log: was truncated while being read");
    assert!(ran.stdout.is_empty());

    fs::remove_file(folder.path().join("gate")).unwrap();
    fs::write(&path, LINE.repeat(100_000)).unwrap();
    let ran = gated(folder.path(), &["--keep-going", "a.log", "gate"], "gate", || {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    });
    ran.exits(1).says("a.log: was truncated while being read");
    let report = ran.report();
    assert_eq!((&report["partial"], &report["inputs"][1]["lines"]), (&true.into(), &1.into()));
    assert_eq!(report["totals"]["malformed"], 0, "lost pages are no lines");
}

#[test]
fn a_file_that_is_removed_or_grows_while_it_is_read_is_read_as_it_was_opened() {
    for grows in [false, true] {
        let folder = folder();
        let path = folder.path().join("a.log");
        fs::write(&path, LINE.repeat(50_000)).unwrap();
        let ran = gated(folder.path(), &["a.log", "gate"], "gate", || match grows {
            true => OpenOptions::new().append(true).open(&path).unwrap().write_all(LINE.repeat(9).as_bytes()).unwrap(),
            false => fs::remove_file(&path).unwrap(),
        });
        assert_eq!(ran.exits(0).totals(), [50_001, 0, 50_001, 0], "grows: {grows}");
    }
}

#[test]
fn a_file_that_vanishes_between_its_finding_and_its_opening_is_an_error() {
    let folder = folder();
    let path = folder.path().join("b.log");
    fs::write(&path, LINE).unwrap();
    let ran = gated(folder.path(), &["gate", "b.log"], "gate", || fs::remove_file(&path).unwrap());
    ran.exits(1).says("b.log: vanished before it was opened; run again");
}

#[test]
fn what_may_not_be_read_is_named() {
    use std::os::unix::process::CommandExt;
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("a.log"), LINE).unwrap();
    fs::set_permissions(folder.path().join("a.log"), Permissions::from_mode(0o000)).unwrap();
    fs::create_dir(folder.path().join("closed")).unwrap();
    fs::set_permissions(folder.path().join("closed"), Permissions::from_mode(0o000)).unwrap();
    // Root may read everything, so the program runs as somebody else, if that one may run it.
    let as_other = |arguments: &[&str]| {
        let mut run = Run::json(folder.path(), arguments);
        if rustix::process::geteuid().is_root() {
            run.0.uid(65_534).gid(65_534);
        }
        run
    };
    let mut probe = as_other(&["/dev/null"]);
    if !probe.0.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: unreadable files, since root reads everything and nobody else may run the program");
        return;
    }
    as_other(&["a.log"]).end().exits(1).says("a.log: permission denied; run as a user who may read it");
    for name in ["closed", ".", "closed/b.log"] {
        as_other(&[name]).end().exits(1).says("permission denied; run as a user who may read it");
    }
    // So that the folder can be removed.
    fs::set_permissions(folder.path().join("closed"), Permissions::from_mode(0o755)).unwrap();
}

/// Compresses, member by member.
pub fn compressed(codec: &str, members: &[&[u8]]) -> Vec<u8> {
    let mut packed = Vec::new();
    for member in members {
        compress(codec, &mut packed, |out| out.write_all(member).unwrap());
    }
    packed
}

/// Compresses what `write` writes as one member.
pub fn compress(codec: &str, packed: &mut Vec<u8>, write: impl FnOnce(&mut dyn Write)) {
    match codec {
        "gz" => {
            let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
            write(&mut encoder);
            encoder.finish().unwrap();
        }
        "zst" => {
            let mut encoder = zstd::Encoder::new(packed, 1).unwrap();
            write(&mut encoder);
            encoder.finish().unwrap();
        }
        "bz2" => {
            let mut encoder = bzip2::write::BzEncoder::new(packed, bzip2::Compression::fast());
            write(&mut encoder);
            encoder.finish().unwrap();
        }
        "xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(packed, 0);
            write(&mut encoder);
            encoder.finish().unwrap();
        }
        other => panic!("no codec is called {other}"),
    }
}

#[test]
fn archives_whole_cut_joined_and_followed_by_rubbish() {
    // Lines that do not compress to nothing, so that a cut leaves some.
    let lines: Vec<String> =
        (0..20_000u64).map(|n| LINE.replace("/a", &format!("/{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))).collect();
    let text = lines.concat();
    for codec in ["gz", "zst", "bz2", "xz"] {
        let whole = compressed(codec, &[text.as_bytes()]);
        let folder = folder();
        let read = |bytes: &[u8]| {
            fs::write(folder.path().join("a"), bytes).unwrap();
            Run::json(folder.path(), ["--keep-going", "--format", "combined", "a"]).end()
        };
        assert_eq!(read(&whole).exits(0).totals(), [20_000, 0, 20_000, 0], "{codec}");
        let two = compressed(codec, &[&text.as_bytes()[..1234], b"", &text.as_bytes()[1234..]]);
        assert_eq!(read(&two).exits(0).totals(), [20_000, 0, 20_000, 0], "{codec}: members cut a line");
        assert_eq!(read(&compressed(codec, &[b""])).exits(0).totals(), [0; 4], "{codec}: of nothing");

        let cut = read(&whole[..whole.len() / 2]);
        let [lines, _, records, malformed] = cut.exits(1).says("is cut short after byte").totals();
        assert!(lines < 20_000 && records == lines && malformed == 0, "{codec}, cut: {lines} lines");
        assert!(codec != "gz" || lines > 5_000, "{codec}, cut: {lines} lines");

        let followed = [&whole[..], b"and then some text\n"].concat();
        let ran = read(&followed);
        ran.exits(1).says("something that is not compressed follows");
        assert_eq!(ran.totals(), [20_000, 0, 20_000, 0], "{codec}, followed by rubbish");

        // One level is taken off, no more: what is inside is no log.
        let nested = compressed("gz", &[&whole]);
        let [_, _, records, malformed] = read(&nested).exits(0).totals();
        assert!(records == 0 && malformed > 0, "{codec} in gz");
        fs::write(folder.path().join("nested.gz"), nested).unwrap();
        Run::json(folder.path(), ["nested.gz"]).end().exits(1).says("no known format");
    }
}

/// A text of zeros, of newlines, or of one line over and over, that a few kilobytes unpack to.
pub fn bomb(codec: &str, fuse: &[u8], bytes: u64) -> Vec<u8> {
    let block = fuse.repeat((1 << 20) / fuse.len());
    let mut packed = Vec::new();
    compress(codec, &mut packed, |out| {
        for _ in 0..bytes.div_ceil(block.len() as u64) {
            out.write_all(&block).unwrap();
        }
    });
    packed
}

/// Unpacks bombs of each codec and fuse, on one thread and on two, and holds them to their memory.
pub fn bombs(bytes: u64) {
    let folder = folder();
    for (what, fuse) in [("zeros", &b"\0"[..]), ("newlines", b"\n"), ("one byte", b"x"), ("a line", LINE.as_bytes())] {
        for codec in ["gz", "zst", "bz2", "xz"] {
            let packed = bomb(codec, fuse, bytes);
            fs::write(folder.path().join("bomb"), &packed).unwrap();
            for threads in ["1", "2"] {
                let ran = Run::json(folder.path(), ["-j", threads, "--format", "combined", "bomb"]).end();
                let [lines, blank, records, malformed] = ran.exits(0).within_mib(96).totals();
                let block = (1 << 20) / fuse.len() as u64;
                let copies = bytes.div_ceil(block * fuse.len() as u64) * block;
                let (kind, expected) = match what {
                    "zeros" => (blank, 1),
                    "newlines" => (blank, copies),
                    "one byte" => (malformed, 1),
                    _ => (records, copies),
                };
                assert_eq!((kind, lines), (expected, expected), "{what} in {codec}");
                eprintln!(
                    "{what} in {codec}, {} KB to {} MB, {threads} threads: {:.2} s, {} MiB",
                    packed.len() / 1000,
                    bytes / 1_000_000,
                    ran.seconds,
                    ran.peak >> 20
                );
            }
        }
    }
}

#[test]
fn a_bomb_of_32_megabytes_takes_little_memory() {
    bombs(32 << 20);
}

#[test]
fn a_device_that_never_ends_is_interrupted() {
    let folder = folder();
    let out = File::create(folder.path().join("out")).unwrap();
    for device in ["/dev/zero", "/dev/urandom"] {
        let mut run = Run::json(folder.path(), ["--format", "combined", device]);
        let mut child = run.0.stdout(out.try_clone().unwrap()).spawn().unwrap();
        thread::sleep(std::time::Duration::from_millis(400));
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let start = std::time::Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{device}");
        assert!(start.elapsed().as_secs() < 5, "{device}: {:?}", start.elapsed());
    }
}

#[test]
fn several_formats_in_one_input_and_several_inputs_of_different_formats() {
    let folder = folder();
    let error = "[Fri Oct 10 13:55:36 2025] [error] [client 192.0.2.1] File does not exist: /x\n";
    let json = "{\"time\":\"2025-10-10T13:55:36Z\",\"remote_addr\":\"192.0.2.1\",\"request\":\"GET /j HTTP/1.1\",\"status\":200}\n";
    fs::write(folder.path().join("mixed"), [LINE, error, json, "none of them\n"].concat().repeat(50)).unwrap();
    let ran = Run::json(folder.path(), ["--format", "combined,apache-error,json", "mixed"]).end();
    assert_eq!(ran.exits(0).totals(), [200, 0, 150, 50]);
    for (name, text) in [("a", LINE), ("b", error), ("c", json)] {
        fs::write(folder.path().join(name), text.repeat(10)).unwrap();
    }
    let ran = Run::json(folder.path(), ["a", "b", "c"]).end();
    assert_eq!(ran.exits(0).totals(), [30, 0, 30, 0]);
    let report = ran.report();
    let formats: Vec<_> = report["inputs"].as_array().unwrap().iter().map(|input| &input["format"]).collect();
    assert_eq!(formats, ["combined", "apache-error", "json"]);
}
