//! Sentences for the operator, no more than can be read.
//!
//! A hostile or broken sender can make a sentence for each connection, thousands a second. What is over the limit is not
//! said but counted, and the count is said.

/// Sentences said in [`SPAN`] milliseconds, at most.
const MOST: u32 = 10;
/// Milliseconds.
const SPAN: i64 = 10_000;

/// Says sentences.
#[derive(Debug)]
pub struct Notes<S> {
    say: S,
    began: i64,
    said: u32,
    left_out: u64,
}

impl<S: FnMut(&str)> Notes<S> {
    /// Says through `say`; `now` is a monotonic clock's, in milliseconds.
    pub fn new(say: S, now: i64) -> Notes<S> {
        Notes { say, began: now, said: 0, left_out: 0 }
    }

    /// Says a sentence, unless there were too many of late.
    pub fn offer(&mut self, sentence: &str, now: i64) {
        self.look(now);
        if self.said < MOST {
            self.said += 1;
            (self.say)(sentence);
        } else {
            self.left_out += 1;
        }
    }

    /// Says a sentence that must be heard.
    pub fn say(&mut self, sentence: &str) {
        (self.say)(sentence);
    }

    /// Says how many were left out, once their time is over.
    pub fn look(&mut self, now: i64) {
        if now.saturating_sub(self.began) >= SPAN {
            self.tell_rest();
            (self.began, self.said) = (now, 0);
        }
    }

    /// Says how many were left out.
    pub fn tell_rest(&mut self) {
        match std::mem::take(&mut self.left_out) {
            0 => {}
            1 => (self.say)("1 more message was left out"),
            count => (self.say)(&format!("{count} more messages were left out")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_sentences_are_counted_and_the_count_is_said() {
        let mut said = Vec::new();
        let mut notes = Notes::new(|sentence: &str| said.push(sentence.to_string()), 0);
        (0..100).for_each(|number| notes.offer(&format!("number {number}"), number));
        notes.say("heard");
        notes.look(9_999);
        notes.offer("again", 10_000);
        notes.look(20_000);
        notes.tell_rest();
        assert_eq!(said.len(), 10 + 1 + 1 + 1, "{said:?}");
        assert_eq!(said[9..], ["number 9", "heard", "90 more messages were left out", "again"]);
    }
}
