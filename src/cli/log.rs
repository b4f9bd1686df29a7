//! What the monitor says of itself on stderr: sentences for a person, or objects of JSON for whatever collects logs.
//!
//! Events are made where things happen, with `tracing`; here they become lines. Text of inputs may stand in them, so that
//! control characters are shown and not sent to a terminal.

use super::Failure;
use crate::aggregate::position::shown_within;
use crate::clock::{Clock, System};
use crate::window::freeze::instant;
use clap::ValueEnum;
use serde_json::{Map, Value};
use std::fmt;
use std::io;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Characters of a text, at most: it may name a long path, or what a library says.
const CHARS_MAX: usize = 2000;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Sentences
    Text,
    /// An object of JSON a line, with time and level
    Json,
}

/// From now on events are written to stderr: what is wrong; with `verbose` 1 also what comes and goes, with 2 each checkpoint.
pub fn start(form: Form, verbose: u8) -> Result<(), Failure> {
    let level = match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let lines = Lines { form, clock: System::default() };
    let written = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).event_format(lines).finish();
    tracing::subscriber::set_global_default(written)
        .map_err(|error| Failure::failed(format!("the log cannot be started: {error}")))
}

/// Writes events, a line each.
struct Lines {
    form: Form,
    clock: System,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        match self.form {
            Form::Text => writeln!(writer, "{}", said.sentence()),
            Form::Json => writeln!(writer, "{}", said.object(self.clock.wall(), *event.metadata().level())),
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn sentence(&self) -> String {
        let fields = self.fields.iter().map(|(name, value)| match value {
            Value::String(text) => format!("{name} {}", shown_within(text.as_bytes(), CHARS_MAX)),
            value => format!("{name} {value}"),
        });
        let mut parts = vec![format!("visor-fast: {}", shown_within(self.message.as_bytes(), CHARS_MAX))];
        parts.extend(fields);
        parts.join(", ")
    }

    fn object(self, wall: i64, level: Level) -> Value {
        let mut object = Map::new();
        object.insert("time".to_string(), instant(wall).into());
        object.insert("level".to_string(), level.as_str().to_ascii_lowercase().into());
        object.insert("message".to_string(), self.message.into());
        object.extend(self.fields);
        Value::Object(object)
    }

    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_string(), value);
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_string(),
            _ => self.put(field, value.into()),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// What is written of an event.
    fn written(form: Form, make: impl FnOnce()) -> String {
        let text = Arc::new(Mutex::new(Vec::new()));
        let lines = Lines { form, clock: System::default() };
        let writer = Arc::clone(&text);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::INFO)
            .with_writer(move || Shared(Arc::clone(&writer)))
            .event_format(lines)
            .finish();
        tracing::subscriber::with_default(subscriber, make);
        String::from_utf8(text.lock().unwrap().clone()).unwrap()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_a_sentence_or_an_object() {
        let make = || tracing::info!(input = "a\u{1b}[2J.log", lines = 3u64, "an input has begun");
        assert_eq!(written(Form::Text, make), "visor-fast: an input has begun, input a\\x1b[2J.log, lines 3\n");
        let object: Value = serde_json::from_str(&written(Form::Json, make)).unwrap();
        assert_eq!(
            (&object["level"], &object["message"], &object["input"], &object["lines"]),
            (&"info".into(), &"an input has begun".into(), &"a\u{1b}[2J.log".into(), &3.into())
        );
        assert!(object["time"].as_str().unwrap().ends_with('Z'), "{object}");
        let quiet = || tracing::debug!("nobody asked");
        assert_eq!(written(Form::Text, quiet), "");
        let note = || tracing::warn!("{}", "a.log: is gone\nfor good");
        assert_eq!(written(Form::Text, note), "visor-fast: a.log: is gone\\x0afor good\n");
        assert_eq!(written(Form::Json, note).lines().count(), 1);
    }
}
