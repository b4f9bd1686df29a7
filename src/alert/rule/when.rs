//! `when`: what a rule measures, and what it compares it with.
//!
//! ```text
//! when     = measure operator than | "absent" [ "(" "heartbeat" ")" ] | "each" | "new" "(" field ")"
//! measure  = "count" | "rate" | "ratio" "(" condition ")" | "sum" "(" amount ")"
//!          | "quantile" "(" number "," amount ")" | "distinct" "(" field ")"
//! amount   = "bytes" | "bytes_read" | "latency"
//! operator = ">" | ">=" | "<" | "<=" | "=" | "!="
//! than     = number | [ number "*" ] "previous" "(" duration ")"
//! ```
//!
//! A condition is a filter, as in `where`, and is read by its parser. A number is in the measure's unit: ratios take
//! `0.05` or `5%`, bytes `10MiB`, latencies `250ms` (a bare number is in seconds), a rate is records a second.

use super::field::KeyField;
use crate::filter::Filter;

/// What a rule looks for.
#[derive(Clone, Debug)]
pub enum When {
    /// A measure of the window compared with something.
    Compare {
        /// What is measured.
        measure: Measure,
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        than: Than,
    },
    /// Nothing came for as long as the window.
    Absent {
        /// Only heartbeats count as a sign of life.
        heartbeat: bool,
    },
    /// Every record.
    Each,
    /// A value that was not seen within the kept history.
    New(KeyField),
}

/// A figure of the records in a window.
#[derive(Clone, Debug)]
pub enum Measure {
    /// Records.
    Count,
    /// Records a second.
    Rate,
    /// The share of records that a filter keeps.
    Ratio(Filter),
    /// A sum, in the amount's unit.
    Sum(Amount),
    /// The value that this share of the values does not exceed.
    Quantile(f64, Amount),
    /// Different values.
    Distinct(KeyField),
}

/// What can be summed, or has quantiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// Bytes sent.
    Bytes,
    /// Bytes read.
    BytesRead,
    /// Seconds to serve a request.
    Latency,
}

impl Amount {
    pub(super) const NAMES: [(&'static str, Amount); 5] = [
        ("bytes", Amount::Bytes),
        ("bytes_sent", Amount::Bytes),
        ("size", Amount::Bytes),
        ("bytes_read", Amount::BytesRead),
        ("latency", Amount::Latency),
    ];

    /// Its name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Amount::Bytes => "bytes",
            Amount::BytesRead => "bytes_read",
            Amount::Latency => "latency",
        }
    }
}

/// How a figure is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`, also written `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    /// Whether it is true of a figure and what that is compared with.
    pub fn holds(self, figure: f64, than: f64) -> bool {
        match self {
            Comparison::Above => figure > than,
            Comparison::AtLeast => figure >= than,
            Comparison::Below => figure < than,
            Comparison::AtMost => figure <= than,
            Comparison::Equal => figure == than,
            Comparison::Unequal => figure != than,
        }
    }

    /// Whether a greater figure can only make it true.
    pub fn grows(self) -> bool {
        matches!(self, Comparison::Above | Comparison::AtLeast)
    }

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Equal => "=",
            Comparison::Unequal => "!=",
        }
    }
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Than {
    /// A number in the measure's unit.
    Number(f64),
    /// The same figure of a window of the same length that ended earlier, times a number.
    Previous {
        /// The factor.
        times: f64,
        /// How much earlier, in milliseconds.
        ago: i64,
    },
}

/// How the numbers of a measure are written, and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Number,
    /// Records a second.
    PerSecond,
    /// A share, 1 is all.
    Share,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

impl Measure {
    /// The unit of its figures.
    pub fn unit(&self) -> Unit {
        match self {
            Measure::Count | Measure::Distinct(_) => Unit::Number,
            Measure::Rate => Unit::PerSecond,
            Measure::Ratio(_) => Unit::Share,
            Measure::Sum(Amount::Latency) | Measure::Quantile(_, Amount::Latency) => Unit::Seconds,
            Measure::Sum(_) | Measure::Quantile(..) => Unit::Bytes,
        }
    }

    /// Whether more records can only make it greater.
    pub fn grows(&self) -> bool {
        matches!(self, Measure::Count | Measure::Rate | Measure::Sum(_) | Measure::Distinct(_))
    }

    /// As it is written, in one way.
    pub fn text(&self) -> String {
        match self {
            Measure::Count => "count".to_owned(),
            Measure::Rate => "rate".to_owned(),
            Measure::Ratio(filter) => format!("ratio({filter})"),
            Measure::Sum(amount) => format!("sum({})", amount.name()),
            Measure::Quantile(q, amount) => format!("quantile({q}, {})", amount.name()),
            Measure::Distinct(field) => format!("distinct({})", field.name()),
        }
    }
}

impl When {
    /// The same in one way of writing it: equal texts mean the same.
    pub fn text(&self) -> String {
        match self {
            When::Compare { measure, comparison, than } => {
                let than = match than {
                    Than::Number(number) => number.to_string(),
                    Than::Previous { times, ago } => format!("{times} * previous({ago}ms)"),
                };
                format!("{} {} {than}", measure.text(), comparison.text())
            }
            When::Absent { heartbeat } => if *heartbeat { "absent(heartbeat)" } else { "absent" }.to_owned(),
            When::Each => "each".to_owned(),
            When::New(field) => format!("new({})", field.name()),
        }
    }

    /// The unit of its value.
    pub fn unit(&self) -> Unit {
        match self {
            When::Compare { measure, .. } => measure.unit(),
            When::Absent { .. } => Unit::Seconds,
            When::Each | When::New(_) => Unit::Number,
        }
    }
}
