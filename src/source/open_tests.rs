use std::fs::{Permissions, set_permissions, write};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;

const MAPPED: OpenOptions = OpenOptions { mmap: true, stop: None };
const READ: OpenOptions = OpenOptions { mmap: false, stop: None };

fn opened(path: impl Into<PathBuf>) -> Result<Opened, SourceError> {
    open(&Named::Path(path.into()), &MAPPED)
}

/// Everything that an input gives, and which kind it is.
fn content(opened: Opened) -> (&'static str, Vec<u8>) {
    match opened {
        Opened::File(file) => {
            let mut all = vec![0; file.len() as usize];
            assert_eq!(file.read_at(&mut all, 0).unwrap(), all.len());
            let kind = match file.bytes() {
                Some(bytes) => {
                    assert_eq!(bytes, all);
                    "mapped"
                }
                None => "read",
            };
            assert!(file.fault().is_none());
            (kind, all)
        }
        Opened::Stream(mut stream) => {
            let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
            loop {
                match stream.read(&mut buffer).unwrap() {
                    0 => return ("stream", all),
                    count => all.extend_from_slice(&buffer[..count]),
                }
            }
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn regular_files_are_mapped_or_read_and_compressed_ones_streamed_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(at("plain.gz"), "a line\n").unwrap();
    write(at("compressed.log"), gzip(b"a line\n")).unwrap();
    write(at("one byte"), "x").unwrap();
    write(at("empty"), "").unwrap();
    symlink("plain.gz", at("link")).unwrap();
    let cases: [(&str, OpenOptions, &str, &[u8]); 7] = [
        ("plain.gz", MAPPED, "mapped", b"a line\n"),
        ("plain.gz", READ, "read", b"a line\n"),
        ("compressed.log", MAPPED, "stream", b"a line\n"),
        ("compressed.log", READ, "stream", b"a line\n"),
        ("one byte", MAPPED, "mapped", b"x"),
        ("empty", MAPPED, "stream", b""),
        ("link", MAPPED, "mapped", b"a line\n"),
    ];
    for (name, options, kind, expected) in cases {
        let opened = open(&Named::Path(at(name)), &options).unwrap();
        assert_eq!(content(opened), (kind, expected.to_vec()), "{name}, {options:?}");
    }
}

#[test]
fn a_compressed_file_knows_how_far_it_is() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes = gzip(&vec![b'\n'; 1 << 20]);
    file.write_all(&bytes).unwrap();
    let Ok(Opened::Stream(mut stream)) = opened(file.path()) else { panic!("not a stream") };
    assert_eq!((stream.raw_position(), stream.raw_len()), (0, Some(bytes.len() as u64)));
    while stream.read(&mut [0; 65536]).unwrap() > 0 {}
    assert_eq!(stream.raw_position(), bytes.len() as u64);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(at("private"), "x").unwrap();
    set_permissions(at("private"), Permissions::from_mode(0o000)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let cases = [
        (at("gone"), "vanished before it was opened; run again"),
        (folder.path().to_path_buf(), "is a directory; name it as an argument to read the files in it"),
        (at("socket"), "is a socket; name a file or a pipe"),
        (at("private"), "permission denied; run as a user who may read it"),
    ];
    for (path, expected) in cases {
        match opened(&path) {
            Err(error) => assert_eq!(error.to_string(), format!("{}: {expected}", path.display())),
            Ok(_) => assert!(path.ends_with("private"), "{path:?}"), // root may read it
        }
    }
}

#[test]
fn a_named_pipe_is_streamed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let writer = std::thread::spawn({
        let path = path.clone();
        move || write(path, gzip(b"a line\n")).unwrap()
    });
    assert_eq!(content(opened(&path).unwrap()), ("stream", b"a line\n".to_vec()));
    writer.join().unwrap();
}

#[test]
fn a_device_is_streamed() {
    assert_eq!(content(opened("/dev/null").unwrap()), ("stream", Vec::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_kernel_makes_up_is_streamed_whatever_length_it_shows() {
    let (kind, status) = content(opened("/proc/self/status").unwrap());
    assert_eq!(kind, "stream");
    assert!(status.starts_with(b"Name:"));
    let sysfs = std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled");
    if sysfs.exists() {
        assert_eq!(content(opened(sysfs).unwrap()).0, "stream");
    }
}

#[test]
fn a_file_behind_a_handle_is_read_from_where_the_handle_stands() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"taken already\nleft\n").unwrap();
    let cases: [(&str, u64, &[u8]); 4] = [
        ("from the start", 0, b"taken already\nleft\n"),
        ("from the middle", 14, b"left\n"),
        ("from the end", 19, b""),
        ("from behind the end", 100, b""),
    ];
    for (what, base, expected) in cases {
        for options in [MAPPED, READ] {
            let mut handle = file.try_clone().unwrap();
            handle.seek(io::SeekFrom::Start(base)).unwrap();
            let opened = open_handle("-".to_string(), handle, &options).unwrap();
            assert_eq!(content(opened).1, expected, "{what}, {options:?}");
        }
    }

    file.write_all(&gzip(b"a line\n")).unwrap();
    let mut handle = file.try_clone().unwrap();
    handle.seek(io::SeekFrom::Start(0)).unwrap();
    let text_first = content(open_handle("-".to_string(), handle, &MAPPED).unwrap());
    assert_eq!(text_first.0, "mapped", "what follows text is text");
}

#[test]
fn a_compressed_file_behind_a_handle_is_decompressed_from_where_the_handle_stands() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"#!/bin/sh\n").unwrap();
    file.write_all(&gzip(b"a line\n")).unwrap();
    file.seek(io::SeekFrom::Start(10)).unwrap();
    assert_eq!(content(open_handle("-".to_string(), file, &MAPPED).unwrap()), ("stream", b"a line\n".to_vec()));
}
