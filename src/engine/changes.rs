//! Formats that change in the middle of an input: a directive line, such as `#Fields` of a W3C log, says what the lines
//! after it are.
//!
//! Workers begin anywhere, so the directives are looked for beforehand, in one pass by substring search; other formats
//! have none, and cost nothing here.

use super::settings::Settings;
use super::text::Text;
use crate::format::LineFormat;
use crate::source::SourceError;
use std::sync::Arc;

/// A run of lines, and the format of all of them.
pub type Run<'text> = (&'text [u8], Arc<dyn LineFormat>);

/// Cuts whole lines, of which the first has `format`, before each directive that changes it.
pub fn runs<'text>(text: &'text [u8], format: &Arc<dyn LineFormat>) -> Vec<Run<'text>> {
    let Some(mark) = format.directive_mark() else { return vec![(text, Arc::clone(format))] };
    let (mut runs, mut from, mut current) = (Vec::new(), 0, Arc::clone(format));
    for at in memchr::memmem::find_iter(text, mark) {
        if at > 0 && text[at - 1] != b'\n' {
            continue;
        }
        let line = text[at..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        if let Some(changed) = current.directive(line.strip_suffix(b"\r").unwrap_or(line)) {
            runs.push((&text[from..at], std::mem::replace(&mut current, changed)));
            from = at;
        }
    }
    runs.push((&text[from..], current));
    runs
}

/// The format after all directives of some lines.
pub fn after(text: &[u8], format: &Arc<dyn LineFormat>) -> Arc<dyn LineFormat> {
    runs(text, format).pop().map_or_else(|| Arc::clone(format), |(_, format)| format)
}

/// The format with which each piece of an input begins; empty where it is the same for all.
pub fn by_piece(
    text: &Text<'_>,
    format: &Arc<dyn LineFormat>,
    settings: &Settings,
) -> Result<Vec<Arc<dyn LineFormat>>, SourceError> {
    let (mut formats, mut current, mut buffer) = (Vec::new(), Arc::clone(format), Vec::new());
    if format.directive_mark().is_none() {
        return Ok(formats);
    }
    let mut start = 0;
    while start < text.len() {
        let end = (start + settings.piece_bytes.max(1) as u64).min(text.len());
        formats.push(Arc::clone(&current));
        let found = text.lines(start..end, settings.max_line_bytes, &mut buffer)?;
        current = after(found.lines, &current);
        current = after(found.last.unwrap_or_default(), &current);
        start = end;
    }
    Ok(formats)
}
