use super::*;
use proptest::prelude::*;

const LIMIT: usize = 20;

/// What a framing makes of pieces: lines, bytes of long lines, bytes of garbage.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    text: Vec<u8>,
    long: Vec<u64>,
    garbage: u64,
    unfinished: bool,
}

fn framed(framing: Framing, limit: usize, pieces: &[&[u8]]) -> Heard {
    let mut buffer = Buffer::new(limit, 64);
    let mut framer = Framer::new(framing, limit);
    let mut heard = Heard::default();
    let mut hear = |framed: Framed<'_>| match framed {
        Framed::Lines(text) => {
            assert!(text.ends_with(b"\n"), "{text:?}");
            heard.text.extend_from_slice(text);
        }
        Framed::LongLine(bytes) => heard.long.push(bytes),
        Framed::Garbage(bytes) => heard.garbage += bytes,
    };
    for piece in pieces.iter().flat_map(|piece| piece.chunks(64)) {
        buffer.room()[..piece.len()].copy_from_slice(piece);
        framer.take(&mut buffer, piece.len(), &mut hear);
        if framer.is_broken() {
            break;
        }
    }
    let unfinished = framer.finish(&mut hear);
    heard.unfinished = unfinished;
    heard
}

fn heard(text: &str, long: &[u64], garbage: u64, unfinished: bool) -> Heard {
    Heard { text: text.as_bytes().to_vec(), long: long.to_vec(), garbage, unfinished }
}

#[test]
fn a_stream_becomes_these_lines_wherever_it_is_cut() {
    use Framing::{Auto, Newline, OctetCount};
    let cases = [
        ("lines", Auto, "one\ntwo\n", heard("one\ntwo\n", &[], 0, false)),
        ("CR LF is the parser's business", Auto, "one\r\ntwo\r\n", heard("one\r\ntwo\r\n", &[], 0, false)),
        ("blank lines", Newline, "\n\na\n\n", heard("\n\na\n\n", &[], 0, false)),
        ("the last line without its end", Auto, "one\ntw", heard("one\ntw\n", &[], 0, true)),
        ("nothing", Auto, "", heard("", &[], 0, false)),
        ("an address is no length", Auto, "192.0.2.7 - -\n", heard("192.0.2.7 - -\n", &[], 0, false)),
        ("a number is no length", Auto, "200 OK\n", heard("200 OK\n", &[], 0, false)),
        ("a priority alone is a line", Auto, "<34>hello\n", heard("<34>hello\n", &[], 0, false)),
        ("digits alone are a line", Auto, "12345678901\n", heard("12345678901\n", &[], 0, false)),
        ("digits, and then the end", Auto, "12 ", heard("12 \n", &[], 0, true)),
        ("counted messages", Auto, "5 <1>ab7 <2>cdef", heard("<1>ab\n<2>cdef\n", &[], 0, false)),
        ("a counted newline at the end", Auto, "6 <1>ab\n5 <2>cd", heard("<1>ab\n<2>cd\n", &[], 0, false)),
        ("a newline that was not counted", Auto, "5 <1>ab\r\n5 <2>cd\n", heard("<1>ab\n<2>cd\n", &[], 0, false)),
        ("newlines within are spaces", Auto, "9 <1>a\nb\n\n\n3 xyz", heard("<1>a b\nxyz\n", &[], 0, false)),
        ("counting can be switched off", Newline, "5 <1>ab\n", heard("5 <1>ab\n", &[], 0, false)),
        ("or on", OctetCount, "2 ab1 c", heard("ab\nc\n", &[], 0, false)),
        ("a message cut off", Auto, "5 <1>ab9 <2>c", heard("<1>ab\n<2>c\n", &[], 0, true)),
        ("a length cut off", Auto, "5 <1>ab12", heard("<1>ab\n", &[], 2, false)),
        (
            "a long line",
            Auto,
            "0123456789-123456789-12345xyz\nb\n",
            heard("0123456789-123456789-12\nb\n", &[6], 0, false),
        ),
        (
            "a long line at the end",
            Newline,
            "0123456789-123456789-12345xyz",
            heard("0123456789-123456789-12\n", &[6], 0, false),
        ),
        (
            "a long message",
            OctetCount,
            "31 0123456789-123456789-123456789a1 b",
            heard("0123456789-123456789-12\nb\n", &[8], 0, false),
        ),
    ];
    for (what, framing, text, expected) in cases {
        // A line over the limit that came in one piece with its end need not be cut.
        let may_be_whole = !expected.long.is_empty() && text.contains("xyz\n");
        for at in 0..=text.len() {
            let (left, right) = text.as_bytes().split_at(at);
            let got = framed(framing, LIMIT, &[left, right]);
            if !may_be_whole || at == text.len() - 3 {
                assert_eq!(got.text, expected.text, "{what}, cut at {at}");
                assert_eq!(got, expected, "{what}, cut at {at}");
            }
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(framed(framing, LIMIT, &bytes), expected, "{what}, byte by byte");
    }
}

#[test]
fn what_follows_no_framing_ends_the_stream() {
    for (what, text) in [
        ("a word", "5 <1>abGET / HTTP/1.1\r\n\r\n"),
        ("a zero", "5 <1>ab0 x"),
        ("no space", "5 <1>ab5x"),
        ("a length of eleven digits", "5 <1>ab12345678901 x"),
    ] {
        let got = framed(Framing::Auto, LIMIT, &[text.as_bytes()]);
        assert_eq!(got.text, b"<1>ab\n", "{what}");
        assert_eq!(got.garbage, text.len() as u64 - 7, "{what}");
    }
}

#[test]
fn ten_gigabytes_without_a_newline_take_no_memory() {
    let mut buffer = Buffer::new(1000, 1 << 20);
    buffer.room().fill(b'x');
    let mut framer = Framer::new(Framing::Auto, 1000);
    let (mut lines, mut dropped) = (0, 0);
    for _ in 0..10 * 1024 {
        framer.take(&mut buffer, 1 << 20, &mut |framed| match framed {
            Framed::Lines(text) => lines += text.len() as u64,
            other => panic!("{other:?}"),
        });
        assert!(framer.held() < 2000);
    }
    assert!(!framer.finish(&mut |framed| match framed {
        Framed::LongLine(bytes) => dropped += bytes,
        other => panic!("{other:?}"),
    }));
    assert_eq!((lines, lines - 1 + dropped), (1004, 10 << 30));
}

/// Cuts `text` where `cuts` say.
fn pieces<'t>(text: &'t [u8], cuts: &[usize]) -> Vec<&'t [u8]> {
    let mut rest = text;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, behind) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_the_cuts(
        text in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n'), 1 => Just(b'\r')], 0..300),
        cuts in proptest::collection::vec(0_usize..70, 0..20),
    ) {
        let mut expected = text.clone();
        let unfinished = !text.is_empty() && !text.ends_with(b"\n");
        if unfinished {
            expected.push(b'\n');
        }
        for framing in [Framing::Newline, Framing::Auto] {
            let got = framed(framing, 1000, &pieces(&text, &cuts));
            // Random bytes that happen to begin as a counted message does are another test's.
            prop_assume!(framing == Framing::Newline || told(&text) == Some(State::Line));
            prop_assert_eq!(&got, &Heard { text: expected.clone(), unfinished, ..Heard::default() });
        }
    }

    #[test]
    fn messages_do_not_depend_on_the_cuts(
        messages in proptest::collection::vec("<[0-9]{1,3}>[a-z0-9 \n]{0,80}", 1..10),
        cuts in proptest::collection::vec(0_usize..70, 0..20),
    ) {
        let (mut text, mut expected) = (String::new(), String::new());
        for message in &messages {
            text += &format!("{} {message}", message.len());
            expected += &(message.trim_end_matches('\n').replace('\n', " ") + "\n");
        }
        let got = framed(Framing::Auto, 1000, &pieces(text.as_bytes(), &cuts));
        prop_assert_eq!(got, Heard { text: expected.into_bytes(), ..Heard::default() });
    }

    #[test]
    fn no_byte_of_a_long_line_is_lost_or_kept(
        lengths in proptest::collection::vec(0_usize..100, 1..10),
        cuts in proptest::collection::vec(0_usize..70, 0..20),
    ) {
        let text: Vec<u8> = lengths.iter().flat_map(|length| [vec![b'x'; *length], vec![b'\n']].concat()).collect();
        let got = framed(Framing::Auto, LIMIT, &pieces(&text, &cuts));
        prop_assert_eq!(got.text.iter().filter(|byte| **byte == b'\n').count(), lengths.len());
        prop_assert_eq!(got.text.len() as u64 + got.long.iter().sum::<u64>(), text.len() as u64);
    }

    #[test]
    fn garbage_never_panics(
        text in proptest::collection::vec(any::<u8>(), 0..300),
        cuts in proptest::collection::vec(0_usize..70, 0..20),
    ) {
        for framing in [Framing::Auto, Framing::Newline, Framing::OctetCount] {
            framed(framing, LIMIT, &pieces(&text, &cuts));
        }
    }
}
