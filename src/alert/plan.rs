//! Rules -> what is counted for them, where rules that ask for the same share it.
//!
//! - A condition (`where`, and what a ratio asks for) is there once, and is asked once of a record.
//! - Rules with the same `where`, `by` and `max_groups` share a table of groups; in it, figures that several of them want
//!   are there once.
//! - Windows of the same length that end at the same time are summed up once for a table.

use super::cells::Shape;
use super::rule::{Amount, Comparison, KeyField, Measure, Rule, RuleError, Than, When, Wrong};
use crate::aggregate::stable;
use crate::filter::Filter;

/// What is counted, and what is looked at.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Milliseconds of a pane.
    pub pane: i64,
    /// The rules, and where their figures are.
    pub rules: Vec<Planned>,
    /// Conditions, each once.
    pub conditions: Vec<Filter>,
    /// Tables of groups.
    pub tables: Vec<Table>,
    /// What each `absent` waits for: a record of this condition or, without one, a heartbeat.
    pub signs: Vec<Sign>,
    /// The rules that tell every record, and their conditions.
    pub each: Vec<(usize, Option<usize>)>,
    identity: u64,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A heartbeat.
    Heartbeat,
    /// A record of this condition.
    Record(usize),
    /// Any record or heartbeat.
    Any,
}

/// Groups and their figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Which records; all without one.
    pub condition: Option<usize>,
    /// The same as text: with the rest it names the table across restarts.
    pub condition_text: String,
    /// What makes a group.
    pub by: Vec<KeyField>,
    /// Groups that are counted exactly.
    pub max_groups: usize,
    /// Records without a value in `by` are left out.
    pub needs_value: bool,
    /// Conditions that are counted apart.
    pub ratios: Vec<usize>,
    /// The same as text.
    pub ratio_texts: Vec<String>,
    /// What is summed.
    pub sums: Vec<Amount>,
    /// What has quantiles.
    pub values: Vec<Amount>,
    /// What is told apart.
    pub sets: Vec<KeyField>,
    /// Windows.
    pub spans: Vec<Span>,
}

/// A window: so long, and ending so much before the look, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its length.
    pub length: i64,
    /// How much earlier it ends.
    pub ago: i64,
}

impl Span {
    /// Where it begins in a look at a tick, but for the edges of panes.
    pub fn start(&self, tick: i64) -> i64 {
        tick.saturating_sub(self.ago).saturating_sub(self.length)
    }
}

/// A rule and where its figures are.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The rule.
    pub rule: Rule,
    /// What it looks at.
    pub source: Source,
}

/// Where the figures of a rule are.
#[derive(Clone, Debug)]
pub enum Source {
    /// In a table.
    Compare(Compare),
    /// In a table by the field.
    New {
        /// The table.
        table: usize,
        /// The time for which a new value is told.
        span: usize,
    },
    /// The last sign of life.
    Absent(usize),
    /// Records as they come.
    Each(usize),
}

/// A comparison of figures in a table.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The table.
    pub table: usize,
    /// The figure.
    pub figure: Figure,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub than: Than,
    /// For each window its span, and that of the earlier window it is compared with.
    pub spans: Vec<(usize, Option<usize>)>,
    /// Whether more records can only make it true, so that a window may be looked at while it is open.
    pub may_be_early: bool,
}

/// A figure of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Records.
    Count,
    /// Records a second.
    Rate,
    /// The share of this count.
    Ratio(usize),
    /// This sum, divided by that.
    Sum(usize, f64),
    /// This quantile of these values, divided by that.
    Quantile(f64, usize, f64),
    /// The size of this set.
    Distinct(usize),
}

impl Plan {
    /// What is counted for some rules in panes of `pane` milliseconds.
    ///
    /// # Errors
    /// Windows that panes do not fill.
    pub fn new(rules: Vec<Rule>, pane: i64) -> Result<Plan, Vec<RuleError>> {
        let mut plan = Plan {
            pane: pane.max(1),
            rules: Vec::new(),
            conditions: Vec::new(),
            tables: Vec::new(),
            signs: Vec::new(),
            each: Vec::new(),
            identity: 0,
        };
        let errors: Vec<RuleError> = rules.iter().flat_map(|rule| plan.misfits(rule)).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        for rule in rules {
            let source = plan.source(&rule);
            plan.rules.push(Planned { rule, source });
        }
        let tables = plan.tables.iter().map(Table::identity);
        let rules = plan.rules.iter().map(|planned| planned.rule.identity());
        let bytes: Vec<u8> = tables.chain(rules).flat_map(u64::to_le_bytes).collect();
        plan.identity = stable::hash(&bytes);
        Ok(plan)
    }

    /// A number that decides what the numbers of tables and rules mean.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// A sign of life as text: with it, when it last came can be kept over a restart.
    pub fn sign_text(&self, sign: Sign) -> String {
        match sign {
            Sign::Heartbeat => "heartbeat".to_owned(),
            Sign::Any => String::new(),
            Sign::Record(condition) => self.conditions.get(condition).map(Filter::to_string).unwrap_or_default(),
        }
    }

    fn misfits(&self, rule: &Rule) -> Vec<RuleError> {
        let ago = match &rule.when {
            When::Compare { than: Than::Previous { ago, .. }, .. } => Some(*ago),
            _ => None,
        };
        // The silence that `absent` waits for is no sum of panes.
        let windows = if matches!(rule.when, When::Absent { .. }) { &[][..] } else { &rule.windows };
        let spans = windows.iter().map(|window| ("window", *window)).chain(ago.map(|ago| ("when", ago)));
        spans
            .filter(|(_, span)| span % self.pane != 0)
            .map(|(key, span)| {
                let what = format!("{span}ms is no multiple of a pane, which is {}ms", self.pane);
                rule.error(key, Wrong::value(what, "round it, or make panes shorter"))
            })
            .collect()
    }

    fn source(&mut self, rule: &Rule) -> Source {
        let number = self.rules.len();
        match &rule.when {
            When::Each => {
                let condition = self.condition(&rule.filter);
                self.each.push((number, condition));
                Source::Each(self.each.len() - 1)
            }
            When::Absent { heartbeat } => {
                let sign = match (heartbeat, self.condition(&rule.filter)) {
                    (true, _) => Sign::Heartbeat,
                    (false, Some(condition)) => Sign::Record(condition),
                    (false, None) => Sign::Any,
                };
                Source::Absent(place(&mut self.signs, sign))
            }
            When::New(field) => {
                let table = self.table(rule, vec![*field], true);
                let length = rule.windows.first().copied().unwrap_or(self.pane);
                let span = place(&mut self.tables[table].spans, Span { length, ago: 0 });
                Source::New { table, span }
            }
            When::Compare { measure, comparison, than } => {
                let number = self.table(rule, rule.by.clone(), false);
                let condition = match measure {
                    Measure::Ratio(filter) => self.condition(filter).map(|at| (at, filter.to_string())),
                    _ => None,
                };
                let table = &mut self.tables[number];
                let divisor = |amount: &Amount| if *amount == Amount::Latency { 1e6 } else { 1.0 };
                let figure = match measure {
                    Measure::Count => Figure::Count,
                    Measure::Rate => Figure::Rate,
                    Measure::Ratio(_) => match condition {
                        Some((condition, text)) => {
                            let at = place(&mut table.ratios, condition);
                            if at == table.ratio_texts.len() {
                                table.ratio_texts.push(text);
                            }
                            Figure::Ratio(at + 1)
                        }
                        // All records are all records.
                        None => Figure::Ratio(0),
                    },
                    Measure::Sum(amount) => Figure::Sum(place(&mut table.sums, *amount), divisor(amount)),
                    Measure::Quantile(q, amount) => {
                        Figure::Quantile(*q, place(&mut table.values, *amount), divisor(amount))
                    }
                    Measure::Distinct(field) => Figure::Distinct(place(&mut table.sets, *field)),
                };
                let mut span = |length: i64, ago: i64| place(&mut table.spans, Span { length, ago });
                let spans = rule.windows.iter().map(|length| match than {
                    Than::Previous { ago, .. } => (span(*length, 0), Some(span(*length, *ago))),
                    Than::Number(_) => (span(*length, 0), None),
                });
                let spans = spans.collect();
                let may_be_early =
                    measure.grows() && comparison.grows() && matches!(than, Than::Number(_)) && rule.hold == 0;
                Source::Compare(Compare {
                    table: number,
                    figure,
                    comparison: *comparison,
                    than: *than,
                    spans,
                    may_be_early,
                })
            }
        }
    }

    /// The number of a condition; `None` for one that is always true.
    fn condition(&mut self, filter: &Filter) -> Option<usize> {
        if filter.keeps_everything() {
            return None;
        }
        let known = self.conditions.iter().position(|known| known.expr() == filter.expr());
        Some(known.unwrap_or_else(|| {
            self.conditions.push(filter.clone());
            self.conditions.len() - 1
        }))
    }

    /// The number of the table of a rule.
    fn table(&mut self, rule: &Rule, by: Vec<KeyField>, needs_value: bool) -> usize {
        let condition = self.condition(&rule.filter);
        let known = self.tables.iter().position(|table| {
            (table.condition, &table.by, table.max_groups, table.needs_value)
                == (condition, &by, rule.max_groups, needs_value)
        });
        known.unwrap_or_else(|| {
            self.tables.push(Table {
                condition,
                condition_text: rule.filter.to_string(),
                by,
                max_groups: rule.max_groups,
                needs_value,
                ratios: Vec::new(),
                ratio_texts: Vec::new(),
                sums: Vec::new(),
                values: Vec::new(),
                sets: Vec::new(),
                spans: Vec::new(),
            });
            self.tables.len() - 1
        })
    }
}

impl Table {
    /// Figures of a row.
    pub fn shape(&self) -> Shape {
        Shape { counts: 1 + self.ratios.len(), sums: self.sums.len(), values: self.values.len(), sets: self.sets.len() }
    }

    /// How far back it is looked, in milliseconds.
    pub fn reach(&self) -> i64 {
        self.spans.iter().map(|span| span.length.saturating_add(span.ago)).max().unwrap_or(0)
    }

    /// A number of all that decides what its rows mean: rows that another table with this identity counted can be taken
    /// over.
    pub fn identity(&self) -> u64 {
        let names = |fields: &[KeyField]| fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(",");
        let amounts = |amounts: &[Amount]| amounts.iter().map(|amount| amount.name()).collect::<Vec<_>>().join(",");
        let text = format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n{}",
            self.condition_text,
            names(&self.by),
            self.needs_value,
            self.ratio_texts.join("\n"),
            amounts(&self.sums),
            amounts(&self.values),
            names(&self.sets)
        );
        stable::hash(text.as_bytes())
    }
}

/// The place of an item in a list, in which it is put if it is not there.
fn place<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::rule::read;

    fn plan(text: &str) -> Plan {
        Plan::new(read("a.json", text).unwrap(), 1_000).unwrap()
    }

    #[test]
    fn rules_that_ask_for_the_same_share_it() {
        let plan = plan(
            r#"[{"alert": "A", "when": "ratio(status>=500) > 5%", "by": "vhost", "window": "1m"},
                {"alert": "B", "when": "ratio(status >= 500) > 10%", "by": "vhost", "window": ["5m", "1m"]},
                {"alert": "C", "when": "count > 3 * previous(5m)", "by": "vhost", "window": "1m"},
                {"alert": "D", "when": "ratio(bot) > 5%", "by": "vhost", "window": "1m", "where": "status >= 500"},
                {"alert": "E", "when": "count > 5", "by": "client", "window": "1m"},
                {"alert": "F", "when": "quantile(0.5, latency) > 5", "window": "1m"},
                {"alert": "G", "when": "quantile(0.9, latency) > 5", "window": "1m"}]"#,
        );
        assert_eq!((plan.conditions.len(), plan.tables.len()), (2, 4), "{plan:#?}");
        let spans = |table: usize| {
            plan.tables[table].spans.iter().map(|span| (span.length / 1000, span.ago / 1000)).collect::<Vec<_>>()
        };
        assert_eq!(spans(0), [(60, 0), (300, 0), (60, 300)]);
        assert_eq!((plan.tables[0].ratios.len(), plan.tables[0].reach(), plan.tables[3].values.len()), (1, 360_000, 1));
    }

    #[test]
    fn only_what_more_records_can_but_make_true_is_looked_at_early() {
        let early = |when: &str, hold: &str| {
            let text = format!(r#"{{"alert": "A", "when": "{when}", "window": "1m", "for": "{hold}"}}"#);
            match &plan(&text).rules[0].source {
                Source::Compare(compare) => compare.may_be_early,
                _ => false,
            }
        };
        for (when, hold, expected) in [
            ("count > 5", "0s", true),
            ("rate >= 5", "0s", true),
            ("sum(bytes) > 5", "0s", true),
            ("distinct(client) > 5", "0s", true),
            ("count > 5", "1s", false),
            ("count < 5", "0s", false),
            ("count > 2 * previous(1m)", "0s", false),
            ("ratio(bot) > 0.5", "0s", false),
            ("quantile(0.5, bytes) > 5", "0s", false),
        ] {
            assert_eq!(early(when, hold), expected, "{when}, for {hold}");
        }
    }

    #[test]
    fn a_window_that_panes_do_not_fill_is_refused() {
        let rules =
            read("a.json", "{\"alert\": \"A\",\n\"when\": \"count > previous(1500ms)\", \"window\": \"2500ms\"}")
                .unwrap();
        let errors: Vec<String> = Plan::new(rules, 1_000).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "a.json:1: rule \"A\": window: 2500ms is no multiple of a pane, which is 1000ms; round it, or make panes shorter",
                "a.json:1: rule \"A\": when: 1500ms is no multiple of a pane, which is 1000ms; round it, or make panes shorter"
            ]
        );
    }
}
