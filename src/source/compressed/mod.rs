//! Compressed inputs: which codec the first bytes name, and one interface to all decoders.
//!
//! A decoder takes a slice in and a slice out and says what it used of both, so that nothing is copied on the way and
//! the caller decides when to wait for bytes. It decodes one member and stops at its end to the byte.

mod bzip2;
mod gzip;
mod xz;
mod zstd;

/// Bytes that are always enough for [`recognise`].
pub(super) const LOOKAHEAD_BYTES: usize = 10;

/// A compression that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// RFC 1952; also bgzf and what pigz writes.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// As bzip2 1.0 writes it.
    Bzip2,
    /// The .xz file format 1.2.
    Xz,
}

impl Codec {
    /// Its name, which is also that of its tool.
    pub(super) fn name(self) -> &'static str {
        match self {
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
        }
    }
}

/// What first bytes say about an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recognised {
    /// Nothing known: taken for text.
    Plain,
    /// A member of this codec starts here.
    Compressed(Codec),
    /// A container that is not read, and the command that writes its content to stdout.
    Unsupported {
        /// What it is.
        kind: &'static str,
        /// The command.
        tool: &'static str,
    },
    /// It takes more bytes to tell.
    TooShort,
}

/// What the bytes at the start of an input, or after a member, are; `ended` says that none follow.
///
/// All magic numbers hold bytes that no log starts with. bzip2's alone is readable text (`BZh9`), so the first block's
/// magic has to follow it.
pub(super) fn recognise(start: &[u8], ended: bool) -> Recognised {
    const BZIP2_BLOCK: &[u8] = &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const BZIP2_END: &[u8] = &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let zip = Recognised::Unsupported { kind: "a zip archive", tool: "unzip -p" };
    let compress = Recognised::Unsupported { kind: "compress (.Z) data", tool: "uncompress -c" };
    let lz4 = Recognised::Unsupported { kind: "lz4 data", tool: "lz4 -dc" };
    let seven_zip = Recognised::Unsupported { kind: "a 7z archive", tool: "7z x -so" };

    // Each magic number in pieces: every piece lists the bytes it may be.
    let magics: [(&[&[&[u8]]], Recognised); 10] = [
        (&[&[&[0x1f, 0x8b]]], Recognised::Compressed(Codec::Gzip)),
        (&[&[&[0x28, 0xb5, 0x2f, 0xfd]]], Recognised::Compressed(Codec::Zstd)),
        (&[SKIPPABLE, &[&[0x2a, 0x4d, 0x18]]], Recognised::Compressed(Codec::Zstd)),
        (&[&[b"BZh"], LEVEL, &[BZIP2_BLOCK, BZIP2_END]], Recognised::Compressed(Codec::Bzip2)),
        (&[&[&[0xfd, b'7', b'z', b'X', b'Z', 0]]], Recognised::Compressed(Codec::Xz)),
        (&[&[b"PK\x03\x04", b"PK\x05\x06"]], zip),
        (&[&[&[0x1f, 0x9d]]], compress),
        (&[&[&[0x04, 0x22, 0x4d, 0x18]]], lz4),
        (&[&[&[0x02, 0x21, 0x4c, 0x18]]], lz4),
        (&[&[&[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c]]], seven_zip),
    ];
    let mut undecided = None;
    for (magic, meaning) in magics {
        match fits(start, magic) {
            Fit::Whole => return meaning,
            Fit::Part => undecided = Some(meaning),
            Fit::No => {}
        }
    }
    match undecided {
        Some(_) if !ended => Recognised::TooShort,
        // A compressed file cut inside its magic number, rather than a text of four to nine such bytes.
        Some(meaning @ Recognised::Compressed(_)) if start.len() >= 4 => meaning,
        _ => Recognised::Plain,
    }
}

/// The first byte of a skippable zstd frame (RFC 8878, 3.1.2: 0x184D2A50 to 0x184D2A5F, little-endian).
const SKIPPABLE: &[&[u8]] = &[
    b"\x50", b"\x51", b"\x52", b"\x53", b"\x54", b"\x55", b"\x56", b"\x57", b"\x58", b"\x59", b"\x5a", b"\x5b",
    b"\x5c", b"\x5d", b"\x5e", b"\x5f",
];
/// The block size of bzip2, in 100,000 bytes.
const LEVEL: &[&[u8]] = &[b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"];

enum Fit {
    Whole,
    /// As far as there are bytes.
    Part,
    No,
}

fn fits(mut start: &[u8], magic: &[&[&[u8]]]) -> Fit {
    for piece in magic {
        if start.is_empty() {
            return Fit::Part;
        }
        if let Some(rest) = piece.iter().find_map(|bytes| start.strip_prefix(*bytes)) {
            start = rest;
        } else if piece.iter().any(|bytes| bytes.starts_with(start)) {
            return Fit::Part;
        } else {
            return Fit::No;
        }
    }
    Fit::Whole
}

/// What one call of a decoder did.
#[derive(Debug)]
pub(super) struct Step {
    /// Compressed bytes used.
    pub(super) consumed: usize,
    /// Bytes written; they are right whatever the outcome.
    pub(super) produced: usize,
    /// How it stands.
    pub(super) outcome: Outcome,
}

/// How a member stands after a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// In the middle: it stopped for lack of input or of room.
    More,
    /// The member is complete.
    Ended,
    /// It cannot be decoded further.
    Broken(Damage),
}

/// Why a member cannot be decoded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Damage {
    /// It contradicts itself: how.
    Data(&'static str),
    /// It asks for more memory than this limit, in words.
    Memory(&'static str),
}

/// A decoder of one codec, for one member after another.
pub(super) enum Decoder {
    Gzip(gzip::Gzip),
    Zstd(zstd::Zstd),
    Bzip2(bzip2::Bzip2),
    Xz(xz::Xz),
}

impl Decoder {
    /// A decoder at the start of a member.
    pub(super) fn new(codec: Codec) -> Result<Self, Damage> {
        Ok(match codec {
            Codec::Gzip => Decoder::Gzip(gzip::Gzip::new()),
            Codec::Zstd => Decoder::Zstd(zstd::Zstd::new()?),
            Codec::Bzip2 => Decoder::Bzip2(bzip2::Bzip2::new()),
            Codec::Xz => Decoder::Xz(xz::Xz::new()?),
        })
    }

    /// Which codec it decodes.
    pub(super) fn codec(&self) -> Codec {
        match self {
            Decoder::Gzip(_) => Codec::Gzip,
            Decoder::Zstd(_) => Codec::Zstd,
            Decoder::Bzip2(_) => Codec::Bzip2,
            Decoder::Xz(_) => Codec::Xz,
        }
    }

    /// Back to the start of a member, with the memory it has where its library allows that.
    pub(super) fn restart(&mut self) -> Result<(), Damage> {
        match self {
            Decoder::Gzip(decoder) => decoder.reset(),
            Decoder::Zstd(_) => {} // it is there by itself
            Decoder::Bzip2(decoder) => *decoder = bzip2::Bzip2::new(),
            Decoder::Xz(decoder) => *decoder = xz::Xz::new()?,
        }
        Ok(())
    }

    /// Decodes from `input` into `output` until one of them, or the member, ends.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self {
            Decoder::Gzip(decoder) => decoder.decode(input, output),
            Decoder::Zstd(decoder) => decoder.decode(input, output),
            Decoder::Bzip2(decoder) => decoder.decode(input, output),
            Decoder::Xz(decoder) => decoder.decode(input, output),
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Decoder").field(&self.codec()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_codec() {
        use Codec::*;
        use Recognised::*;
        let zip = Unsupported { kind: "a zip archive", tool: "unzip -p" };
        let cases: [(&str, &[u8], Recognised, Recognised); 15] = [
            // what, the bytes, while more may follow, at the end of the input
            ("nothing yet", b"", TooShort, Plain),
            ("a log", b"192.0.2.7 - - [", Plain, Plain),
            ("a log of one byte", b"1", Plain, Plain),
            ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Compressed(Gzip), Compressed(Gzip)),
            ("a byte of gzip", b"\x1f", TooShort, Plain),
            ("zstd", b"\x28\xb5\x2f\xfd\x24", Compressed(Zstd), Compressed(Zstd)),
            ("three bytes of zstd", b"\x28\xb5\x2f", TooShort, Plain),
            ("a skippable frame of zstd", b"\x5e\x2a\x4d\x18", Compressed(Zstd), Compressed(Zstd)),
            ("text like a skippable frame", b"POST /", Plain, Plain),
            ("bzip2", b"BZh91AY&SY", Compressed(Bzip2), Compressed(Bzip2)),
            ("bzip2 of nothing", b"BZh9\x17\x72\x45\x38\x50\x90", Compressed(Bzip2), Compressed(Bzip2)),
            ("bzip2 cut in its magic number", b"BZh91AY", TooShort, Compressed(Bzip2)),
            ("text like bzip2", b"BZh9 is a name", Plain, Plain),
            ("xz", b"\xfd7zXZ\0\0\x04", Compressed(Xz), Compressed(Xz)),
            ("zip", b"PK\x03\x04\x14", zip, zip),
        ];
        for (what, bytes, open, ended) in cases {
            assert_eq!(recognise(bytes, false), open, "{what}");
            assert_eq!(recognise(bytes, true), ended, "{what}, ended");
        }
    }

    #[test]
    fn ten_bytes_are_always_enough() {
        let magic: [&[u8]; 4] = [b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c"];
        for start in magic {
            let mut bytes = start.to_vec();
            bytes.resize(LOOKAHEAD_BYTES, b'x');
            assert_ne!(recognise(&bytes, false), Recognised::TooShort, "{start:?}");
        }
    }
}
