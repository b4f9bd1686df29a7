//! Regular JSON lines, walked by their marks.
//!
//! A line is regular where it is one object and nothing else (but a prefix of docker compose), says all that a request
//! must say, and has nothing in it that the walk by marks leaves out. What its values mean is for `Found`, as on the
//! careful path; the two differ only in how the values are found.

use super::fast::{ReadRegular, Regular};
use super::json::{Found, Json, opening};
use super::json_marks::walk;
use bumpalo::Bump;

impl ReadRegular for Json {
    #[inline(never)]
    fn regular<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
        scratch: &'line Bump,
    ) -> Option<Regular<'line>> {
        let before_marks = text.get(start..*marks.first()? as usize)?;
        let start = start + opening(before_marks)?;
        if text.get(start) != Some(&b'{') {
            return None;
        }
        let mut found = Found::new(self, scratch);
        let walked = walk(text, start, marks, self.paths(), &mut found)?;
        let newline = *marks.get(walked.marks)? as usize;
        let behind = text.get(walked.end..=newline)?;
        if !matches!(behind, b"\n" | b"\r\n") {
            return None;
        }
        Some(Regular { access: found.request()?, marks: walked.marks + 1, newline })
    }
}

#[cfg(test)]
#[path = "json_fast_tests.rs"]
mod tests;
