//! Texts with places for a name: `{{value}} of {{vhost}}'s requests fail`.
//!
//! Names are known when the rules are read, so an unknown one is an error then and none at night. `{{ $value }}` and
//! `{{ $labels.vhost }}`, as Prometheus writes them, are the same. What is put in is put in as it is, and never read
//! again: braces in a log line are no template. Escaping is for whoever writes the text somewhere.
//!
//! Why not a template crate: those bring loops, calls and escaping for one kind of output. A name is all that is needed
//! here, and errors with a place.

use super::when::Unit;
use crate::text_error::TextError;
use std::ops::Range;

/// Longest template, in bytes.
pub const LENGTH_BYTES_MAX: usize = 16 << 10;

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Alert,
    Value,
    RawValue,
    Label(String),
}

/// What a template may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Labels, and fields of the record where there is one.
    pub labels: &'a [String],
    /// Whether there is a value. Labels have none: a value in a label would make another alert of each value.
    pub value: bool,
}

/// What is put in.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The alert's name.
    pub alert: &'a str,
    /// The value; `None` where there was no data.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// The text of a label.
    pub label: &'a dyn Fn(&str) -> Option<String>,
}

impl Template {
    /// The template of a text.
    ///
    /// # Errors
    /// Braces that are not closed and unknown names, with their place.
    pub fn parse(text: &str, names: Names<'_>) -> Result<Template, TextError> {
        if text.len() > LENGTH_BYTES_MAX {
            let what = format!("the text has {} bytes, {LENGTH_BYTES_MAX} are the most", text.len());
            return Err(TextError::new(text, 0..0, what, "shorten it"));
        }
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
            if open > at {
                parts.push(Part::Text(text.get(at..open).unwrap_or("").to_owned()));
            }
            let inner = open + 2;
            let Some(close) = text.get(inner..).and_then(|rest| rest.find("}}")).map(|found| inner + found) else {
                return Err(TextError::new(text, open..inner, "these braces are not closed", "write {{name}}"));
            };
            parts.push(name(text, inner..close, names)?);
            at = close + 2;
        }
        if at < text.len() {
            parts.push(Part::Text(text.get(at..).unwrap_or("").to_owned()));
        }
        Ok(Template(parts))
    }

    /// The text with everything put in.
    pub fn render(&self, facts: &Facts<'_>) -> String {
        let mut rendered = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => rendered.push_str(text),
                Part::Alert => rendered.push_str(facts.alert),
                Part::Value => match facts.value {
                    Some(value) => rendered.push_str(&shown(value, facts.unit)),
                    None => rendered.push_str("no data"),
                },
                Part::RawValue => rendered.push_str(&facts.value.unwrap_or(f64::NAN).to_string()),
                Part::Label(name) => rendered.push_str(&(facts.label)(name).unwrap_or_default()),
            }
        }
        rendered
    }

    /// The labels that it speaks of.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Label(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// The name that stands between braces.
fn name(text: &str, at: Range<usize>, names: Names<'_>) -> Result<Part, TextError> {
    let written = text.get(at.clone()).unwrap_or("");
    let start = at.start + (written.len() - written.trim_start().len());
    let word = written.trim();
    let place = start..start + word.len();
    let plain = word.strip_prefix('$').unwrap_or(word);
    let known = || {
        let values = names.value.then_some(["value", "value.raw"]).into_iter().flatten();
        let all: Vec<&str> =
            ["alert"].into_iter().chain(values).chain(names.labels.iter().map(String::as_str)).collect();
        format!("names: {}", all.join(", "))
    };
    let label = plain.strip_prefix("labels.").unwrap_or(plain);
    match plain {
        "alert" => Ok(Part::Alert),
        "value" if names.value => Ok(Part::Value),
        "value.raw" if names.value => Ok(Part::RawValue),
        "value" | "value.raw" => {
            let cure = "a label names an alert and must not change with its value; write it into an annotation";
            Err(TextError::new(text, place, "a label has no value", cure))
        }
        _ if names.labels.iter().any(|name| name == label) => Ok(Part::Label(label.to_owned())),
        "" => Err(TextError::new(text, at, "a name is expected between the braces", known())),
        _ if plain.contains(['|', '(', ' ']) => {
            let cure = "a name is all that may stand here; {{value}} is shown for people, {{value.raw}} as a number";
            Err(TextError::new(text, place, "there are no functions in templates", cure))
        }
        _ => {
            let word = crate::filter::parse::clipped(word);
            Err(TextError::new(text, place, format!("unknown name {word:?}"), known()))
        }
    }
}

/// A value as people read it: `7.1%`, `1.5GiB`, `250ms`, `12.3/s`.
pub fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Number => digits(value),
        Unit::PerSecond => format!("{}/s", digits(value)),
        Unit::Share => format!("{}%", digits(value * 100.0)),
        Unit::Bytes => {
            let steps = ["B", "KiB", "MiB", "GiB", "TiB"];
            let step = steps.iter().rposition(|_| true).unwrap_or(0);
            let step = (0..step).find(|step| value < 1024f64.powi(*step as i32 + 1)).unwrap_or(step);
            format!("{}{}", digits(value / 1024f64.powi(step as i32)), steps.get(step).unwrap_or(&"B"))
        }
        Unit::Seconds if value == 0.0 => "0s".to_owned(),
        Unit::Seconds if value < 0.001 => format!("{}us", digits(value * 1e6)),
        Unit::Seconds if value < 1.0 => format!("{}ms", digits(value * 1e3)),
        Unit::Seconds => format!("{}s", digits(value)),
    }
}

/// Whole numbers as they are, others with three digits.
fn digits(value: f64) -> String {
    if value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 12);
    let text = format!("{value:.*}", decimals as usize);
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["vhost", "severity"].map(str::to_owned).to_vec()
    }

    #[test]
    fn names_are_put_in_and_never_read_again() {
        let labels = labels();
        let label = |name: &str| (name == "vhost").then(|| "{{value}} a.example".to_owned());
        let facts = Facts { alert: "High", value: Some(0.0712), unit: Unit::Share, label: &label };
        let cases = [
            ("", ""),
            ("no names } here { }}", "no names } here { }}"),
            ("{{value}} of {{vhost}} fail", "7.12% of {{value}} a.example fail"),
            ("{{ $value }} {{ $labels.vhost }}", "7.12% {{value}} a.example"),
            ("{{labels.severity}}{{value.raw}}{{alert}}!", "0.0712High!"),
        ];
        for (text, expected) in cases {
            let template = Template::parse(text, Names { labels: &labels, value: true }).unwrap();
            assert_eq!(template.render(&facts), expected, "{text}");
        }
        let template = Template::parse("{{value}}", Names { labels: &labels, value: true }).unwrap();
        assert_eq!(template.render(&Facts { value: None, ..facts }), "no data");
    }

    #[test]
    fn an_unknown_name_is_an_error_with_its_place() {
        let cases = [
            ("a {{ client }}", true, "client", "unknown name \"client\""),
            ("{{value", true, "{{", "these braces are not closed"),
            ("{{ }}", true, " ", "a name is expected between the braces"),
            ("{{ $value | humanize }}", true, "$value | humanize", "there are no functions in templates"),
            ("{{value}}", false, "value", "a label has no value"),
        ];
        for (text, value, place, message) in cases {
            let labels = labels();
            let error = Template::parse(text, Names { labels: &labels, value }).unwrap_err();
            assert_eq!((&text[error.at()], error.message()), (place, message), "{text}");
        }
    }

    #[test]
    fn values_are_shown_in_their_unit() {
        let cases = [
            (0.0, Unit::Number, "0"),
            (12345.0, Unit::Number, "12345"),
            (0.0712, Unit::Share, "7.12%"),
            (1.0, Unit::Share, "100%"),
            (0.00001, Unit::Share, "0.001%"),
            (12.345, Unit::PerSecond, "12.3/s"),
            (512.0, Unit::Bytes, "512B"),
            (1536.0, Unit::Bytes, "1.5KiB"),
            (5e15, Unit::Bytes, "4547TiB"),
            (2.0, Unit::Seconds, "2s"),
            (0.25, Unit::Seconds, "250ms"),
            (0.0000305, Unit::Seconds, "30.5us"),
            (1234.5, Unit::Seconds, "1234s"),
        ];
        for (value, unit, expected) in cases {
            assert_eq!(shown(value, unit), expected, "{value}");
        }
    }
}
