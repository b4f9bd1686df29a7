use std::io::{Cursor, Write};

use super::*;

fn text() -> Vec<u8> {
    (0..4000)
        .map(|n| format!("192.0.2.{} - - \"GET /{} HTTP/1.1\" 200 {n}\n", n % 251, n * 7))
        .collect::<String>()
        .into()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::new(9));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const CODECS: [(&str, Compress); 4] = [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

/// Gives at most `step` bytes a call, then what `end` says.
struct Drip {
    bytes: Cursor<Vec<u8>>,
    step: usize,
    end: Option<io::Error>,
}

impl Read for Drip {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let step = self.step.min(room.len());
        match self.bytes.read(&mut room[..step])? {
            0 => self.end.take().map_or(Ok(0), Err),
            count => Ok(count),
        }
    }
}

fn stream(bytes: &[u8], step: usize) -> StreamSource {
    StreamSource::new("a.log", Drip { bytes: Cursor::new(bytes.to_vec()), step, end: None }, Some(bytes.len() as u64))
}

/// Everything up to the end or the first error, read into buffers of `room` bytes.
fn read_all(stream: &mut StreamSource, room: usize) -> (Vec<u8>, Option<String>) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (all, None),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => {
                let again = stream.read(&mut buffer).expect_err("an error is repeated");
                assert_eq!(error.to_string(), again.to_string());
                return (all, Some(error.to_string()));
            }
        }
    }
}

fn decoded(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
    read_all(&mut stream(bytes, usize::MAX), 1 << 20)
}

#[test]
fn any_cut_of_input_and_output_gives_the_same_text() {
    let text = text();
    let plain: Compress = |text| text.to_vec();
    for (codec, compress) in CODECS.into_iter().chain([("plain", plain)]) {
        let bytes = compress(&text);
        for (step, room) in [(1, 1 << 20), (usize::MAX, 1), (7, 13), (4096, 1000), (usize::MAX, 1 << 20)] {
            let mut source = stream(&bytes, step);
            assert!(read_all(&mut source, room) == (text.clone(), None), "{codec}, {step} in, {room} out");
            assert_eq!(source.raw_position(), bytes.len() as u64, "{codec}");
            assert_eq!(source.raw_len(), Some(bytes.len() as u64));
            assert_eq!(source.progress().load(Ordering::Relaxed), bytes.len() as u64);
        }
    }
}

#[test]
fn members_follow_each_other_with_padding_and_in_any_mixture() {
    let text = text();
    let (first, second) = text.split_at(text.len() / 3);
    for (codec, compress) in CODECS {
        let (first, second, empty) = (compress(first), compress(second), compress(b""));
        let cases: [(&str, &[&[u8]]); 5] = [
            ("two members", &[&first, &second]),
            ("an empty member at the end, as bgzf has it", &[&first, &second, &empty]),
            ("an empty member at the start", &[&empty, &first, &second]),
            ("padding at the end", &[&first, &second, &[0; 1000]]),
            ("padding in the middle", &[&first, &[0; 8], &second]),
        ];
        for (what, pieces) in cases {
            let bytes = pieces.concat();
            assert!(decoded(&bytes) == (text.clone(), None), "{codec}: {what}");
            assert!(read_all(&mut stream(&bytes, 3), 100) == (text.clone(), None), "{codec}: {what}, in drips");
        }
    }
    let mixture: Vec<u8> = text.chunks(text.len() / 7).zip(CODECS.iter().cycle()).flat_map(|(t, c)| c.1(t)).collect();
    assert!(decoded(&mixture) == (text, None));
}

#[test]
fn a_skippable_zstd_frame_is_skipped() {
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"aside"].concat();
    let text = text();
    for bytes in [[&skippable[..], &zstd(&text)].concat(), [&zstd(&text)[..], &skippable].concat()] {
        assert!(decoded(&bytes) == (text.clone(), None));
    }
}

#[test]
fn a_cut_at_any_byte_is_an_error_after_all_the_text_before_it() {
    let text = text();
    let whole_members = text[..text.len() / 2].to_vec();
    for (codec, compress) in CODECS {
        let first = compress(&whole_members);
        let bytes = [&first[..], &compress(&text[text.len() / 2..])].concat();
        for cut in (first.len() + 10..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            let (read, error) = decoded(&bytes[..cut]);
            assert!(text.starts_with(&read) && read.len() >= whole_members.len(), "{codec} cut at {cut}");
            let expected = format!(
                "a.log: the {codec} data is cut short after byte {cut}; copy it again, or count what there is with \
                 --keep-going"
            );
            assert_eq!(error, Some(expected), "{codec} cut at {cut}");
        }
    }
}

#[test]
fn garbage_behind_the_last_member_is_an_error_that_says_where() {
    let text = text();
    for (codec, compress) in CODECS {
        let bytes = compress(&text);
        for (what, padding, garbage) in [
            ("text", 0, &b"192.0.2.1 - - [\n"[..]),
            ("text after padding", 8, b"x"),
            ("half a magic number", 0, b"\x1f"),
        ] {
            let (read, error) = decoded(&[&bytes[..], &vec![0; padding], garbage].concat());
            assert!(read == text, "{codec}: {what}");
            let expected = format!(
                "a.log: something that is not compressed follows the {codec} data at byte {}; cut it off, or count \
                 what is before it with --keep-going",
                bytes.len() + padding
            );
            assert_eq!(error, Some(expected), "{codec}: {what}");
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_and_never_other_text_at_the_end() {
    let text = text();
    for (codec, compress) in CODECS {
        let bytes = compress(&text);
        for at in (20..bytes.len()).step_by(61).chain(bytes.len() - 8..bytes.len()) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            let (read, error) = decoded(&bytes);
            assert!(error.is_some_and(|e| e.starts_with("a.log: ")), "{codec}, byte {at}: {} bytes read", read.len());
        }
    }
}

#[test]
fn every_optional_part_of_a_gzip_header_is_passed_over() {
    let plain = gzip(b"text\n");
    let body = &plain[10..];
    let header = |flags: u8, parts: &[&[u8]]| {
        let mut header = [&[0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3][..], &parts.concat()].concat();
        if flags & 2 != 0 {
            let crc = crc32fast::hash(&header) as u16;
            header.extend_from_slice(&crc.to_le_bytes());
        }
        [&header[..], body].concat()
    };
    let long_name = [&[b'n'; 300_000][..], b"\0"].concat();
    let cases: [(&str, Vec<u8>); 9] = [
        ("nothing", header(0, &[])),
        ("a name", header(8, &[b"a.log\0"])),
        ("an extra field", header(4, &[b"\x06\0BC\x02\0\x1b\0"])),
        ("an empty extra field", header(4, &[b"\0\0"])),
        ("a comment", header(16, &[b"words\0"])),
        ("a checksum", header(2, &[])),
        ("all of them", header(31, &[b"\x02\0xx", b"name\0", b"comment\0"])),
        ("name and checksum", header(10, &[b"name\0"])),
        ("a name longer than the window", header(8, &[&long_name])),
    ];
    for (what, bytes) in cases {
        assert_eq!(decoded(&bytes), (b"text\n".to_vec(), None), "{what}");
        assert_eq!(read_all(&mut stream(&bytes, 1), 3), (b"text\n".to_vec(), None), "{what}, byte by byte");
    }

    let damaged = [
        ("a reserved flag", header(0x20, &[]), "reserved flags are set"),
        ("another method", [b"\x1f\x8b\x07", &header(0, &[])[3..]].concat(), "unknown compression method"),
        ("a wrong header checksum", [&header(2, &[])[..10], &[0, 0], body].concat(), "header checksum does not match"),
        ("a wrong checksum", change(&plain, plain.len() - 5), "checksum does not match"),
        ("a wrong length", change(&plain, plain.len() - 1), "length does not match"),
        ("wrong data", [&plain[..10], &[0xff; 20]].concat(), "invalid deflate data"),
    ];
    for (what, bytes, detail) in damaged {
        let (_, error) = decoded(&bytes);
        assert!(error.as_ref().is_some_and(|e| e.contains(&format!("({detail})"))), "{what}: {error:?}");
    }
}

fn change(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

#[test]
fn a_frame_that_asks_for_too_much_memory_is_refused_by_name() {
    // A zstd frame header with a window of 2^31 bytes, then an empty last block.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    assert_eq!(
        decoded(&zstd).1.unwrap(),
        "a.log: the zstd data asks for more memory than a window of 128 MiB (2^27); pipe it in decompressed by zstd \
         itself"
    );

    // The encoder would take gigabytes for such a dictionary: a small one's header is changed, with its checksum.
    let mut xz = xz(b"text\n");
    let block = 12; // the first block's header follows the stream's
    let header_bytes = (usize::from(xz[block]) + 1) * 4;
    let filter = xz[block..].windows(2).position(|pair| pair == [0x21, 0x01]).unwrap();
    xz[block + filter + 2] = 36; // 2^30
    let crc = crc32fast::hash(&xz[block..block + header_bytes - 4]);
    xz[block + header_bytes - 4..block + header_bytes].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(
        decoded(&xz).1.unwrap(),
        "a.log: the xz data asks for more memory than 256 MiB; pipe it in decompressed by xz itself"
    );
}

#[test]
fn a_bomb_streams_through_a_small_buffer() {
    let zeros = vec![0; 64 << 20];
    for (codec, bytes) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        let mut source = stream(&bytes, usize::MAX);
        let (mut total, mut buffer) = (0, vec![1; 64 << 10]);
        loop {
            let count = source.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            assert!(buffer[..count].iter().all(|b| *b == 0));
            total += count;
        }
        assert_eq!(total, zeros.len(), "{codec}");
    }
}

#[test]
fn a_read_error_in_the_middle_comes_after_what_was_read() {
    let text = text();
    let expected = "a.log: read error; check the disk or network it is on, and copy it elsewhere";
    let mut plain = text.clone();
    plain.truncate(1000);
    let drip = |bytes: &[u8]| Drip {
        bytes: Cursor::new(bytes.to_vec()),
        step: 100,
        end: Some(io::Error::from_raw_os_error(libc::EIO)),
    };
    let (read, error) = read_all(&mut StreamSource::new("a.log", drip(&plain), None), 4096);
    assert_eq!((read, error.as_deref()), (plain, Some(expected)));

    let bytes = gzip(&text);
    let (read, error) = read_all(&mut StreamSource::new("a.log", drip(&bytes[..bytes.len() - 1]), None), 4096);
    assert!(read == text);
    assert_eq!(error.as_deref(), Some(expected));
}

#[test]
fn a_read_that_a_signal_interrupted_is_taken_up_again() {
    struct Interrupted(bool, Cursor<Vec<u8>>);
    impl Read for Interrupted {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0 = !self.0;
            if self.0 { Err(io::ErrorKind::Interrupted.into()) } else { self.1.read(room) }
        }
    }
    for bytes in [text(), gzip(&text())] {
        let mut source = StreamSource::new("a.log", Interrupted(false, Cursor::new(bytes)), None);
        assert!(read_all(&mut source, 4096) == (text(), None));
    }
}

#[test]
fn text_at_hand_is_given_out_before_more_is_waited_for() {
    /// Fails the test if it is read while text could be given out.
    struct Pipe(Vec<Vec<u8>>);
    impl Read for Pipe {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let Some(bytes) = self.0.pop() else { panic!("waits for more with text at hand") };
            room[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }
    let mut flushed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    flushed.write_all(b"a line\n").unwrap();
    flushed.flush().unwrap();
    let flushed = flushed.get_ref().clone();
    for (what, pieces) in [
        ("plain", vec![b"a line\n".to_vec()]),
        ("gzip, flushed in the middle", vec![flushed]),
        ("a whole member", vec![gzip(b"a line\n")]),
    ] {
        let mut buffer = [0; 100];
        let count = StreamSource::new("-", Pipe(pieces), None).read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"a line\n", "{what}");
    }
}

#[test]
fn short_inputs_are_what_they_are() {
    let cases: [(&str, &[u8]); 5] = [
        ("nothing", b""),
        ("one byte", b"x"),
        ("one byte of a magic number", b"\x1f"),
        ("a newline", b"\n"),
        ("zeros", b"\0\0\0"),
    ];
    for (what, bytes) in cases {
        assert_eq!(decoded(bytes), (bytes.to_vec(), None), "{what}");
    }
    assert_eq!(stream(b"text", 4).read(&mut []).unwrap(), 0, "an empty buffer");
    for (codec, compress) in CODECS {
        assert_eq!(decoded(&compress(b"")), (Vec::new(), None), "{codec} of nothing");
    }
}

#[test]
fn a_container_that_is_not_read_says_how_to_unpack_it() {
    let (read, error) = decoded(b"PK\x03\x04\x14\0\0\0\x08\0");
    assert!(read.is_empty());
    assert_eq!(
        error.unwrap(),
        "a.log: is a zip archive, which is not read; unpack it into a pipe with unzip -p, and read - instead"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// No bytes behind a magic number, and no change of good ones, makes a panic or a read without end.
    #[test]
    fn hostile_bytes_end(
        codec in 0..4usize,
        noise in proptest::collection::vec(0..=255u8, 0..300),
        keep in 0..200usize,
        room in 1..5000usize,
    ) {
        let good = CODECS[codec].1(&text()[..2000]);
        let bytes = [&good[..keep.min(good.len())], &noise].concat();
        read_all(&mut stream(&bytes, 64), room);
    }
}
