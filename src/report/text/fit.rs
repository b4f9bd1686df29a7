//! Text of the input, made fit for a terminal: no control, no more columns than there are.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text without anything that moves a cursor, changes the direction of writing or hides: such characters are written
/// out. Cut to `columns`, with a mark where it was.
pub fn cut(text: &str, columns: usize, unicode: bool) -> String {
    let mark = if unicode { "…" } else { "~" };
    let mut kept = String::new();
    let mut taken = 0;
    // How much of `kept` leaves room for the mark.
    let mut safe = 0;
    for c in text.chars() {
        let escaped = match c {
            '\t' => "\\t".to_string(),
            c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
            c if is_hidden(c) || (!unicode && !c.is_ascii()) => format!("\\u{{{:x}}}", u32::from(c)),
            c => c.to_string(),
        };
        let columns_of = match escaped.len() {
            1 => 1,
            _ if escaped.starts_with('\\') => escaped.len(),
            _ => c.width().unwrap_or(0),
        };
        if taken + columns_of > columns {
            kept.truncate(safe);
            if columns > 0 {
                kept.push_str(mark);
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

/// Characters without width and those that change the direction of what follows (Unicode TR 36, 2.10 and UAX 9).
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || (c.width() == Some(0))
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
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
    fn nothing_moves_a_cursor_or_hides() {
        for (text, expected) in [
            ("a\x1b[2Jb", "a\\x1b[2Jb"),
            ("a\r\nb\t", "a\\x0d\\x0ab\\t"),
            ("\u{9b}31m", "\\x9b31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("e\u{301}", "e\\u{301}"),
            ("\u{fffd}", "\u{fffd}"),
        ] {
            assert_eq!(cut(text, 80, true), expected);
        }
        assert_eq!(cut("é", 80, false), "\\u{e9}");
    }
}
