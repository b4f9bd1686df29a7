//! A format string alone, or a whole line of a server's configuration with one in it.
//!
//! ```text
//! %h %l %u %t "%r" %>s %b
//! LogFormat "%h %l %u %t \"%r\" %>s %b" common
//! log_format main escape=json '$remote_addr - ' '$status';
//! ```

use super::{Layout, Log, Parts, Style, apache, heartbeat, nginx};
use crate::text_error::TextError;
use std::ops::Range;

/// The layout of a format string.
pub fn parse(text: &str) -> Result<Layout, TextError> {
    let trimmed = text.trim_start();
    let starts = |name: &str| {
        trimmed.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && trimmed[name.len()..].starts_with(char::is_whitespace)
    };
    let offset = text.len() - trimmed.len();
    let mut parts = Parts::default();
    let mut style = Style::Apache;
    if starts("LogFormat") {
        let piece = arguments(text, offset + "LogFormat".len()).into_iter().next().unwrap_or(text.len()..text.len());
        apache::parse(text, piece, &mut parts)?;
    } else if starts("log_format") {
        style = Style::Nginx;
        // The name, then pieces.
        for piece in arguments(text, offset + "log_format".len()).into_iter().skip(1) {
            match text.get(piece.clone()).and_then(|piece| piece.strip_prefix("escape=")) {
                None => nginx::parse(text, piece, &mut parts)?,
                Some("default") => style = Style::Nginx,
                Some("json") => style = Style::Json,
                Some("none") => style = Style::Plain,
                Some(_) => {
                    let help = "nginx knows escape=default, escape=json and escape=none";
                    return Err(TextError::new(text, piece, "this way to escape is not known", help));
                }
            }
        }
    } else {
        match text.find(['%', '$']).is_some_and(|at| text[at..].starts_with('$')) {
            true => {
                style = if trimmed.starts_with('{') { Style::Json } else { Style::Nginx };
                nginx::parse(text, 0..text.len(), &mut parts)?;
            }
            false => apache::parse(text, 0..text.len(), &mut parts)?,
        }
    }
    if parts.0.is_empty() {
        return Err(TextError::new(text, 0..text.len(), "there is nothing in this format", "write %h or $remote_addr"));
    }
    let heartbeat = heartbeat(&parts.0, style);
    Ok(Layout { name: text.to_owned(), log: Log::Access, parts: parts.0, heartbeat, style, is_known: false })
}

/// The arguments from `at` on, in quotes or not, up to a semicolon: where their text is.
fn arguments(text: &str, mut at: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        match bytes.get(at) {
            None | Some(b';') => return found,
            Some(quote @ (b'"' | b'\'')) => {
                let start = at + 1;
                at = start;
                while bytes.get(at).is_some_and(|byte| byte != quote) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                found.push(start..at.min(text.len()));
                at += 1;
            }
            Some(_) => {
                let start = at;
                while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b';') {
                    at += 1;
                }
                found.push(start..at);
            }
        }
    }
}

/// Reads a literal at the start of `text`, in which a backslash may stand before what it escapes: its bytes, and how long
/// it is in the text.
pub(super) fn literal(text: &str) -> (Vec<u8>, usize) {
    let escaped = match text.as_bytes() {
        [b'\\', quote @ (b'"' | b'\'' | b'\\'), ..] => Some(*quote),
        [b'\\', b't', ..] => Some(b'\t'),
        _ => None,
    };
    match escaped {
        Some(byte) => (vec![byte], 2),
        None => {
            let length = text.chars().next().map_or(1, char::len_utf8);
            // A line is one line, whatever its format says.
            let bytes = text.as_bytes().get(..length).unwrap_or_default();
            (bytes.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect(), length)
        }
    }
}
