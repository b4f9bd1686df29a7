//! Text of the input, made fit for a terminal: no control, no more columns than there are.

use crate::report::invisible::is_invisible;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text without anything that moves a cursor, changes the direction of writing or hides: such characters are written
/// out. Cut to `columns`, with a mark where it was.
pub fn cut(text: &str, columns: usize, unicode: bool) -> String {
    let mut kept = String::new();
    let mut taken = 0;
    // How much of `kept` leaves room for the mark.
    let mut safe = 0;
    for c in text.chars() {
        let (escaped, columns_of) = shown(c, unicode);
        if taken + columns_of > columns {
            kept.truncate(safe);
            if columns > 0 {
                kept.push_str(mark(unicode));
            }
            break;
        }
        kept.push_str(&escaped);
        taken += columns_of;
        if taken < columns {
            safe = kept.len();
        }
    }
    kept
}

/// As [`cut`], but out of the middle: the ends of paths, addresses and agents are what tells them apart. The end keeps
/// three fifths of the columns.
pub fn cut_middle(text: &str, columns: usize, unicode: bool) -> String {
    let whole = cut(text, usize::MAX, unicode);
    if width(&whole) <= columns || columns < 8 {
        return cut(text, columns, unicode);
    }
    let (mut tail, mut taken) = (Vec::new(), 0);
    for c in text.chars().rev() {
        let (escaped, columns_of) = shown(c, unicode);
        if taken + columns_of > (columns - 1) * 3 / 5 {
            break;
        }
        tail.push(escaped);
        taken += columns_of;
    }
    // The head ends with the mark.
    let head = cut(text, columns - taken, unicode);
    head + &tail.into_iter().rev().collect::<String>()
}

fn mark(unicode: bool) -> &'static str {
    if unicode { "…" } else { "~" }
}

/// A character as it is shown, and the columns that this takes.
fn shown(c: char, unicode: bool) -> (String, usize) {
    let escaped = match c {
        '\t' => "\\t".to_string(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        // Marks that combine with the letter before them have no width of their own and could be piled up.
        c if is_invisible(c) || c.width() == Some(0) || (!unicode && !c.is_ascii()) => {
            format!("\\u{{{:x}}}", u32::from(c))
        }
        c => return (c.to_string(), c.width().unwrap_or(0)),
    };
    let columns = escaped.len();
    (escaped, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_the_columns_end() {
        for (text, columns, expected) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("", 5, ""),
            ("x", 0, ""),
            ("xy", 1, "…"),
        ] {
            assert_eq!(cut(text, columns, true), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn a_key_is_cut_in_its_middle() {
        for (text, columns, expected) in [
            ("/short", 10, "/short"),
            ("/a/very/long/path/to/7.html", 16, "/a/ver…to/7.html"),
            ("/日本語/日本語/日本語", 12, "/日本…日本語"),
            ("/a\x1b\x1b\x1b\x1b\x1bb", 13, "/a\\x1b…\\x1bb"),
            ("longer than that", 7, "longer…"),
        ] {
            let cut = cut_middle(text, columns, true);
            assert_eq!(cut, expected, "{text} in {columns}");
            assert!(width(&cut) <= columns);
        }
    }

    #[test]
    fn nothing_moves_a_cursor_or_hides() {
        for (text, expected) in [
            ("a\x1b[2Jb", "a\\x1b[2Jb"),
            ("a\r\nb\t", "a\\x0d\\x0ab\\t"),
            ("\u{9b}31m", "\\x9b31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("\u{3164}\u{ad}", "\\u{3164}\\u{ad}"),
            ("e\u{301}", "e\\u{301}"),
            ("\u{fffd}", "\u{fffd}"),
        ] {
            assert_eq!(cut(text, 80, true), expected);
        }
        assert_eq!(cut("é", 80, false), "\\u{e9}");
    }
}
