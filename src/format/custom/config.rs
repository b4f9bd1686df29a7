//! What was written: a format string alone, or a whole line of a server's configuration with one in it.
//!
//! ```text
//! %h %l %u %t "%r" %>s %b                                  alone; the first of % and $ tells whose it is
//! LogFormat "%h %l %u %t \"%r\" %>s %b" common             httpd.conf
//! log_format main escape=json '$remote_addr - ' '$status'; nginx.conf: pieces, which are put together
//! ```

use super::Style;
use crate::text_error::TextError;
use std::ops::Range;

/// Whose format string it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `%h`.
    Apache,
    /// `$remote_addr`.
    Nginx,
}

/// Where the format string stands in a text, and how it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose it is.
    pub server: Server,
    /// Its pieces, in bytes of the text.
    pub pieces: Vec<Range<usize>>,
    /// How the server writes values.
    pub style: Style,
}

const APACHE: Style = Style { has_escapes: true, may_be_empty: false };
/// How nginx writes values.
pub const NGINX: Style = Style { has_escapes: true, may_be_empty: true };

/// What a text is.
pub fn source(text: &str) -> Result<Source, TextError> {
    let (from, to) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let mut words = Words { text, at: from, end: to };
    let start = text.get(from..to).unwrap_or_default();
    if is_directive(start, "LogFormat") {
        words.word();
        let pieces = vec![words.argument()?];
        return Ok(Source { server: Server::Apache, pieces, style: APACHE });
    }
    if is_directive(start, "log_format") {
        words.word();
        words.word();
        return pieces(words);
    }
    if start.starts_with('\'') {
        return pieces(words);
    }
    let is_nginx = start.find(['%', '$']).is_some_and(|at| start[at..].starts_with('$'));
    let (server, style) = if is_nginx { (Server::Nginx, NGINX) } else { (Server::Apache, APACHE) };
    Ok(Source { server, pieces: std::iter::once(from..to).collect(), style })
}

fn is_directive(text: &str, name: &str) -> bool {
    let (start, rest) = (text.get(..name.len()), text.get(name.len()..).unwrap_or_default());
    start.is_some_and(|start| start.eq_ignore_ascii_case(name)) && rest.starts_with(char::is_whitespace)
}

/// The pieces of a `log_format` behind its name.
fn pieces(mut words: Words<'_>) -> Result<Source, TextError> {
    let (mut pieces, mut style) = (Vec::new(), NGINX);
    while let Some(next) = words.next() {
        match next {
            ';' => break,
            // A comment between two pieces.
            '#' => words.skip_line(),
            _ => {
                let piece = words.argument()?;
                match words.text.get(piece.clone()).and_then(|piece| piece.strip_prefix("escape=")) {
                    None => pieces.push(piece),
                    Some("none") => style.has_escapes = false,
                    Some("json" | "default") => {}
                    Some(_) => {
                        let help = "nginx knows escape=default, escape=json and escape=none";
                        return Err(TextError::new(words.text, piece, "this way to escape is not known", help));
                    }
                }
            }
        }
    }
    Ok(Source { server: Server::Nginx, pieces, style })
}

/// The words of a line of a configuration.
struct Words<'text> {
    text: &'text str,
    at: usize,
    end: usize,
}

impl Words<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// Skips white space; the character that follows.
    fn next(&mut self) -> Option<char> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// A word that ends at white space or a semicolon.
    fn word(&mut self) -> Range<usize> {
        self.next();
        let start = self.at;
        self.at += self.rest().find(|c: char| c.is_whitespace() || c == ';').unwrap_or(self.rest().len());
        start..self.at
    }

    /// A word, or what stands in quotes of either kind.
    fn argument(&mut self) -> Result<Range<usize>, TextError> {
        let Some(quote @ ('"' | '\'')) = self.next() else { return Ok(self.word()) };
        let (start, mut is_escaped) = (self.at + 1, false);
        for (at, c) in self.rest().char_indices().skip(1) {
            if c == quote && !is_escaped {
                let end = self.at + at;
                self.at = end + 1;
                return Ok(start..end);
            }
            is_escaped = c == '\\' && !is_escaped;
        }
        let help = "a quote inside it is written with a backslash before it";
        Err(TextError::new(self.text, self.at..self.at + 1, "this quote is not closed", help))
    }
}
