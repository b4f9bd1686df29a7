use std::io::Write;

use super::*;

/// Writes `pieces` one after the other and reads after each; the texts that come, and bytes left out.
fn read(pieces: &[&[u8]], block: usize, limit: usize) -> (Vec<u8>, u64) {
    let mut file = tempfile::tempfile().unwrap();
    let mut reader = Reader::new(block, limit);
    let mut cursor = Cursor::at(Mark::start());
    let (mut text, mut left_out) = (Vec::new(), 0);
    for piece in pieces {
        file.write_all(piece).unwrap();
        loop {
            let look = reader.step(&file, &mut cursor).unwrap();
            match look.step {
                Step::Lines { text: range, skipped, .. } => {
                    text.extend_from_slice(reader.text(range));
                    left_out += skipped;
                }
                Step::Nuls(bytes) => left_out += bytes,
                Step::Nothing => {}
                Step::Changed => panic!("nobody changed it"),
            }
            if !look.more {
                break;
            }
        }
    }
    assert_eq!(text.len() as u64 + left_out, cursor.handed.at);
    (text, left_out)
}

#[test]
fn any_cut_into_writes_and_blocks_gives_each_line_once() {
    let text = b"first\nsecond line\n\n\nfifth, and a long one that spans blocks\r\nx\nno newline";
    let whole = text.len() - "no newline".len();
    for block in [1, 2, 7, 64, 1000] {
        for cut in 0..text.len() {
            let (got, left_out) = read(&[&text[..cut], &text[cut..]], block, 100);
            assert_eq!((got.as_slice(), left_out), (&text[..whole], 0), "blocks of {block}, cut at {cut}");
        }
    }
}

#[test]
fn what_changes_behind_the_last_line_is_nobodys_loss() {
    use std::os::unix::fs::FileExt;
    let file = tempfile::tempfile().unwrap();
    let (mut reader, mut cursor) = (Reader::new(64, 100), Cursor::at(Mark::start()));
    file.write_all_at(b"line\npart", 0).unwrap();
    for _ in 0..3 {
        reader.step(&file, &mut cursor).unwrap();
    }
    assert_eq!((cursor.handed.at, cursor.seen.at), (5, 9));
    file.write_all_at(b"other\n", 5).unwrap();
    let look = reader.step(&file, &mut cursor).unwrap();
    let Step::Lines { text, from: 5, skipped: 0 } = look.step else { panic!("{look:?}") };
    assert_eq!(reader.text(text), b"other\n");
}
