//! What a run tells while it runs and when it is over.

use super::book::Account;
use super::run::Reached;
use hdrhistogram::Histogram;
use std::fmt::Write;
use std::time::Duration;

/// One line on what happened between two looks: `12 s  1,000,000 lines/s  251 MB/s  0.4 ms behind  0 shed  0 errors`.
pub fn line(before: &Reached, now: &Reached, elapsed: Duration, between: Duration) -> String {
    let seconds = between.as_secs_f64().max(1e-9);
    let lines = (now.lines - before.lines) as f64 / seconds;
    let bytes = (now.bytes - before.bytes) as f64 / seconds;
    let mut text = format!("{:.0} s  {} lines/s  {}/s", elapsed.as_secs_f64(), grouped(lines as u64), size(bytes));
    let _ = write!(text, "  {} behind  {} shed", span(now.lag), grouped(now.shed));
    let _ = write!(text, "  {} {}", grouped(now.errors), if now.errors == 1 { "error" } else { "errors" });
    if now.receivers != 1 {
        let _ = write!(text, "  {} receivers", now.receivers);
    }
    text
}

/// The summary of one receiver, in a few lines.
pub fn summary(account: &Account, is_paced: bool) -> String {
    let seconds = account.elapsed.as_secs_f64().max(1e-9);
    let mut text = format!(
        "{}: {} lines, {} in {:.2} s: {} lines/s, {}/s",
        account.receiver.name,
        grouped(account.lines),
        size(account.bytes as f64),
        seconds,
        grouped((account.lines as f64 / seconds) as u64),
        size(account.bytes as f64 / seconds),
    );
    if is_paced {
        let _ = write!(text, "; {} lines shed", grouped(account.shed));
    }
    if account.errors > 0 {
        let _ = write!(text, "; {} errors", grouped(account.errors));
    }
    if !account.lateness.is_empty() {
        let what = if is_paced { "late after being due" } else { "to send a piece" };
        let _ = write!(text, "\n  {what}: {}", quantiles(&account.lateness));
    }
    if let Some(why) = &account.uncertain {
        let _ = write!(text, "\n  what arrived is not sure: {why}");
    }
    text
}

/// `p50 0.25 ms, p90 0.48 ms, p99 0.61 ms, p99.9 1.20 ms, max 3.10 ms`.
fn quantiles(nanos: &Histogram<u64>) -> String {
    let mut text = String::new();
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
        let _ = write!(text, "{name} {}, ", span(Duration::from_nanos(nanos.value_at_quantile(quantile))));
    }
    text + &format!("max {}", span(Duration::from_nanos(nanos.max())))
}

/// `12,345,678`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes, in powers of 1000.
fn size(bytes: f64) -> String {
    match bytes {
        ..1e3 => format!("{bytes:.0} B"),
        ..1e6 => format!("{:.1} kB", bytes / 1e3),
        ..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.2} GB", bytes / 1e9),
    }
}

/// A span of time as a person reads it.
fn span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    match seconds {
        ..1e-3 => format!("{:.2} ms", seconds * 1e3),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::book::Receiver;
    use super::*;

    #[test]
    fn a_line_says_what_happened_since_the_last() {
        let before = Reached { receivers: 1, lines: 1_000_000, bytes: 250_000_000, ..Reached::default() };
        let now = Reached { lines: 2_000_000, bytes: 500_000_000, lag: Duration::from_micros(400), ..before };
        let second = Duration::from_secs(1);
        let cases = [
            (now, "2 s  1,000,000 lines/s  250.0 MB/s  0.40 ms behind  0 shed  0 errors"),
            (
                Reached { receivers: 3, shed: 12_345, errors: 1, lag: Duration::from_secs(2), ..before },
                "2 s  0 lines/s  0 B/s  2.0 s behind  12,345 shed  1 error  3 receivers",
            ),
        ];
        for (now, text) in cases {
            assert_eq!(line(&before, &now, 2 * second, second), text);
        }
    }

    #[test]
    fn a_summary_names_receiver_speed_and_lateness() {
        let mut lateness = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        for micros in 1..=1000u64 {
            lateness.record(micros * 1000).unwrap();
        }
        let account = Account {
            receiver: Receiver { sink: 1, client: 1, name: "tcp://127.0.0.1:5555".to_string() },
            truth: None,
            uncertain: Some("the connection broke: connection reset by peer".to_string()),
            failure: None,
            lines: 10_000,
            bytes: 2_500_000,
            shed: 5,
            errors: 0,
            lateness,
            elapsed: Duration::from_secs(2),
        };
        assert_eq!(
            summary(&account, true),
            "tcp://127.0.0.1:5555: 10,000 lines, 2.5 MB in 2.00 s: 5,000 lines/s, 1.2 MB/s; 5 lines shed\n  \
             late after being due: p50 0.50 ms, p90 0.90 ms, p99 0.99 ms, p99.9 1.00 ms, max 1.0 ms\n  \
             what arrived is not sure: the connection broke: connection reset by peer"
        );
    }
}
