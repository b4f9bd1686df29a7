//! A rule file -> rules, or all that is wrong with it.

use super::error::{RuleError, Wrong};
use super::json::{Members, line_at, line_of, typed, without_place};
use super::keys::{KEYS, Keys, Sink, cure};
use super::template::{Names, Template};
use super::{KeyField, NoData, Rate, Rule, When, parse_when, slo, when};
use crate::filter::parse::clipped;
use crate::filter::{Field, Filter, nearest, units};
use crate::text_error::TextError;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Groups that are counted exactly where a rule does not say.
const MAX_GROUPS: usize = 10_000;
/// The most that a rule may ask for.
const MAX_GROUPS_MOST: u64 = 1_000_000;
/// The longest window, `for` and so on: a year.
const DURATION_MAX: i64 = 366 * 86_400_000;
/// The window of `new` where a rule does not say.
const NEW_WINDOW: i64 = 600_000;

/// The rules of a file; `file` is its name, for errors.
///
/// # Errors
/// All that is wrong with it, in the order of lines.
pub fn read(file: &str, text: &str) -> Result<Vec<Rule>, Vec<RuleError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut errors = Vec::new();
    let mut rules = Vec::new();
    for (number, value) in list(file, text)?.into_iter().enumerate() {
        let line = line_of(text, value);
        let mut sink = Sink { file, text, rule: format!("number {}", number + 1), line, errors: &mut errors };
        match typed::<Members<'_>>(value, "a rule is an object, {\"alert\": ..., \"when\": ...}") {
            Ok(members) => rules.extend(rule(members, &mut sink)),
            Err(wrong) => sink.error("", line, wrong),
        }
    }
    let mut seen = HashMap::new();
    for rule in &rules {
        if let Some(first) = seen.insert((rule.alert.clone(), rule.label_texts.clone()), rule.line) {
            let what = format!("the rule in line {first} has the same name and labels");
            errors.push(rule.error("alert", Wrong::value(what, "give one of them another name, or a label")));
        }
    }
    errors.sort_by_key(|error| error.line);
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

/// The rules of a file as values.
fn list<'text>(file: &str, text: &'text str) -> Result<Vec<&'text RawValue>, Vec<RuleError>> {
    let error = |line: usize, wrong: Wrong| {
        vec![RuleError { file: file.to_owned(), line, rule: String::new(), key: String::new(), wrong }]
    };
    let cure = "a rule file is a list of rules, [{\"alert\": ..., \"when\": ...}], or {\"rules\": [...]}";
    let whole: &RawValue = serde_json::from_str(text).map_err(|wrong| {
        let line = wrong.line().max(1).min(line_at(text, text.len()));
        error(line, Wrong::value(format!("this is no JSON: {}", without_place(&wrong)), cure))
    })?;
    let of_list = |value: &'text RawValue| typed(value, cure).map_err(|wrong| error(line_of(text, value), wrong));
    if !whole.get().starts_with('{') {
        return of_list(whole);
    }
    let Members(members) = typed(whole, cure).map_err(|wrong| error(1, wrong))?;
    if members.iter().any(|(key, _)| matches!(key.as_str(), "alert" | "when" | "slo")) {
        return Ok(vec![whole]);
    }
    match members.as_slice() {
        [(key, rules)] if key == "rules" => of_list(rules),
        members => {
            let (what, line) = match members.iter().find(|(key, _)| key != "rules") {
                Some((key, value)) => (format!("unknown key {:?}", clipped(key)), line_of(text, value)),
                None => ("\"rules\" is missing, or there twice".to_owned(), 1),
            };
            Err(error(line, Wrong::value(what, cure)))
        }
    }
}

/// Milliseconds of a duration: what is wrong and what would be right, if it is none.
pub(super) fn milliseconds(text: &str) -> Result<i64, (String, String)> {
    let duration = units::duration(text).map_err(|error| {
        let error = error.to_string();
        let (what, cure) = error.split_once("; ").unwrap_or((&error, ""));
        (what.to_owned(), cure.to_owned())
    })?;
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    if duration.subsec_nanos() % 1_000_000 != 0 || !(1..=DURATION_MAX).contains(&milliseconds) {
        let what = format!("{:?} is no time that can be looked at", clipped(text));
        return Err((what, "it lies between 1ms and 366d, in whole milliseconds".to_owned()));
    }
    Ok(milliseconds)
}

fn span(text: &str) -> Result<i64, Wrong> {
    milliseconds(text).map_err(|(what, cure)| Wrong::value(what, cure))
}

/// As [`span`], or nothing at all.
fn span_or_none(text: &str) -> Result<i64, Wrong> {
    if units::duration_or_seconds(text).is_ok_and(|duration| duration.is_zero()) { Ok(0) } else { span(text) }
}

fn windows(value: &RawValue) -> Result<Vec<i64>, Wrong> {
    if !value.get().starts_with('[') {
        return Ok(vec![span(&typed::<String>(value, cure("window"))?)?]);
    }
    let texts = typed::<Vec<String>>(value, cure("window"))?;
    if texts.is_empty() {
        return Err(Wrong::value("no window is given", cure("window")));
    }
    texts.iter().map(|text| span(text)).collect()
}

fn fields(value: &RawValue) -> Result<Vec<KeyField>, Wrong> {
    let names = match value.get().starts_with('"') {
        true => vec![typed::<String>(value, cure("by"))?],
        false => typed::<Vec<String>>(value, cure("by"))?,
    };
    let mut fields = Vec::new();
    for name in &names {
        let field = KeyField::named(name, false).map_err(|(what, cure)| Wrong::value(what, cure))?;
        if fields.contains(&field) {
            return Err(Wrong::value(format!("{name:?} is there twice"), "remove one of the two"));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// `10/m`.
fn rate(text: &str) -> Result<Rate, Wrong> {
    let wrong = || Wrong::value(format!("{:?} is no rate", clipped(text)), cure("max_rate"));
    let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
    let count = count.trim().parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    let unit = unit.trim();
    let one = if unit.starts_with(|c: char| c.is_ascii_digit()) { unit.to_owned() } else { format!("1{unit}") };
    Ok(Rate { count, span: milliseconds(&one).map_err(|_| wrong())? })
}

/// The rules that an object describes: one, of an objective several. Without any, why was told.
fn rule(members: Members<'_>, sink: &mut Sink<'_>) -> Vec<Rule> {
    let errors = sink.errors.len();
    let mut keys = Keys { members: members.0, sink };
    let alert = keys.text("alert", |text| match text.trim() {
        "" => Err(Wrong::value("the name is empty", cure("alert"))),
        name if name.len() > 200 => Err(Wrong::value("the name has more than 200 bytes", "shorten it")),
        name => Ok(name.to_owned()),
    });
    if let Ok(Some(name)) = &alert {
        keys.sink.rule = format!("{name:?}");
    }
    let is_missing = matches!(alert, Ok(None));
    let file_filter = |text: &str| Filter::parse(text).map_err(Wrong::from);
    let filter = keys.text("where", file_filter);
    let by = keys.take("by", fields);
    let budget = keys.text("slo", slo::budget);
    let bad = keys.text("bad", file_filter);
    let has_objective = !matches!(budget, Ok(None));
    let when = keys.text("when", |text| parse_when::parse(text).map_err(Wrong::from));
    let window = keys.take("window", windows);
    let line = keys.sink.line;
    let miss = |keys: &mut Keys<'_, '_, '_>, key: &str| {
        keys.sink.error("", line, Wrong::value(format!("{key:?} is missing"), format!("it is {}", cure(key))));
    };
    if is_missing {
        miss(&mut keys, "alert");
    }
    if has_objective {
        let why = "an objective brings its own";
        for (key, is_there) in [("when", !matches!(when, Ok(None))), ("window", !matches!(window, Ok(None)))] {
            if is_there {
                keys.sink.error(key, line, Wrong::value(why, "remove it, or \"slo\""));
            }
        }
        if matches!(bad, Ok(None)) {
            miss(&mut keys, "bad");
        }
    } else {
        if matches!(when, Ok(None)) {
            miss(&mut keys, "when");
        }
        if !matches!(bad, Ok(None)) {
            keys.sink.error(
                "bad",
                line,
                Wrong::value("it goes with \"slo\" alone", "remove it, or write it into when"),
            );
        }
    }
    let known = when.as_ref().ok().and_then(Option::as_ref);
    if let Some(when) = known.filter(|_| !has_objective) {
        refuse_what_makes_no_sense(&mut keys, when, &by, &window, &filter);
    }
    let min_records = keys.number("min_records", 0..=u64::MAX).ok().flatten().unwrap_or(0);
    let hold = keys.text("for", span_or_none).ok().flatten().unwrap_or(0);
    let keep_firing = keys.text("keep_firing_for", span_or_none).ok().flatten().unwrap_or(0);
    let no_data =
        keys.take("no_data", |value| typed::<NoData>(value, cure("no_data"))).ok().flatten().unwrap_or_default();
    let max_groups = keys.number("max_groups", 1..=MAX_GROUPS_MOST).ok().flatten();
    let max_groups = max_groups.map_or(MAX_GROUPS, |number| number as usize);
    let max_rate = keys.text("max_rate", rate).ok().flatten().unwrap_or_default();
    let notify = keys.take("notify", |value| match value.get().starts_with('"') {
        true => Ok(vec![typed::<String>(value, cure("notify"))?]),
        false => typed::<Vec<String>>(value, cure("notify")),
    });
    let notify = notify.ok().flatten().unwrap_or_default();
    let by = by.ok().flatten().unwrap_or_default();
    let mut label_texts = keys.texts("labels").unwrap_or_default();
    let mut own_names: Vec<String> = by.iter().map(|field| field.name().to_owned()).collect();
    match known {
        Some(When::New(field)) => own_names.push(field.name().to_owned()),
        Some(When::Each) => own_names.extend(Field::ALL.map(|field| field.name().to_owned())),
        _ => {}
    }
    if has_objective {
        own_names.push("burn_rate".to_owned());
    }
    check_names(&mut keys, &label_texts, &by, has_objective);
    let labels = compiled(&mut keys, "labels", &label_texts, Names { labels: &own_names, value: false });
    let label_names = label_texts.iter().map(|(name, ..)| name.clone());
    let all_names: Vec<String> = own_names.iter().cloned().chain(label_names).collect();
    let annotation_texts = keys.texts("annotations").unwrap_or_default();
    let annotations = compiled(&mut keys, "annotations", &annotation_texts, Names { labels: &all_names, value: true });
    for (key, value) in std::mem::take(&mut keys.members) {
        let line = line_of(keys.sink.text, value);
        let meant = nearest::nearest(
            &key.to_ascii_lowercase(),
            KEYS.iter().map(|(name, _)| *name).filter(|name| *name != "rules"),
        );
        let meant = meant.map(|key| format!("did you mean {key:?}? ")).unwrap_or_default();
        let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).filter(|name| *name != "rules").collect();
        let cure = format!("{meant}keys: {}", names.join(", "));
        keys.sink.error(&clipped(&key), line, Wrong::value("unknown key", cure));
    }
    let windows = match (window, known) {
        (Ok(Some(windows)), _) => windows,
        (Ok(None), Some(When::New(_))) => vec![NEW_WINDOW],
        (Ok(None), Some(When::Compare { .. } | When::Absent { .. })) => {
            miss(&mut keys, "window");
            Vec::new()
        }
        _ => Vec::new(),
    };
    let Sink { file, line, errors: all, .. } = &*keys.sink;
    if all.len() > errors {
        return Vec::new();
    }
    let Ok(Some(alert)) = alert else { return Vec::new() };
    let filter = filter.ok().flatten().unwrap_or_else(|| Filter::all(Vec::new()));
    let plain = Rule {
        file: (*file).to_owned(),
        line: *line,
        alert,
        when: When::Each,
        filter,
        by,
        windows,
        min_records,
        hold,
        keep_firing,
        no_data,
        max_groups,
        max_rate,
        labels,
        label_texts: label_texts.drain(..).map(|(name, text, _)| (name, text)).collect(),
        annotations,
        notify,
    };
    match (budget, bad, when) {
        (Ok(Some(budget)), Ok(Some(bad)), _) => of_objective(&plain, budget, &bad),
        (_, _, Ok(Some(when))) => vec![Rule { when, ..plain }],
        _ => Vec::new(),
    }
}

/// The rules of an objective.
fn of_objective(plain: &Rule, budget: f64, bad: &Filter) -> Vec<Rule> {
    let rule = |burn: slo::Burn| {
        let mut rule = plain.clone();
        rule.when = When::Compare {
            measure: when::Measure::Ratio(bad.clone()),
            comparison: when::Comparison::Above,
            than: when::Than::Number(burn.threshold(budget)),
        };
        rule.windows = vec![burn.long, burn.short];
        let names = Names { labels: &[], value: false };
        for (name, text) in [("severity", burn.severity.to_owned()), ("burn_rate", burn.factor.to_string())] {
            let is_there = rule.label_texts.iter().any(|(known, _)| known == name);
            if let (false, Ok(template)) = (is_there, Template::parse(&text, names)) {
                rule.labels.push((name.to_owned(), template));
                rule.label_texts.push((name.to_owned(), text));
            }
        }
        rule.labels.sort_by(|left, right| left.0.cmp(&right.0));
        rule.label_texts.sort();
        rule
    };
    slo::BURNS.map(rule).into()
}

/// Keys that go with other measures.
fn refuse_what_makes_no_sense(
    keys: &mut Keys<'_, '_, '_>,
    when: &When,
    by: &Result<Option<Vec<KeyField>>, ()>,
    window: &Result<Option<Vec<i64>>, ()>,
    filter: &Result<Option<Filter>, ()>,
) {
    let line = keys.sink.line;
    let mut refuse = |key: &str, is_there: bool, why: &str| {
        if is_there {
            keys.sink.error(key, line, Wrong::value(why, "remove it"));
        }
    };
    let (has_by, has_window, has_filter) =
        (!matches!(by, Ok(None)), !matches!(window, Ok(None)), !matches!(filter, Ok(None)));
    let is_several = matches!(window, Ok(Some(windows)) if windows.len() > 1);
    let unused: &[&str] = match when {
        When::Each => {
            refuse("window", has_window, "each looks at every record by itself");
            &["min_records", "for", "keep_firing_for", "no_data", "max_groups"]
        }
        When::Absent { heartbeat } => {
            refuse("by", has_by, "absent has no groups: write a rule for each, chosen by where");
            refuse("where", *heartbeat && has_filter, "a heartbeat is no record");
            refuse("window", is_several, "absent looks at one window");
            &["min_records", "no_data", "max_groups", "max_rate"]
        }
        When::New(_) => {
            refuse("by", has_by, "new groups by the field that it names");
            refuse("window", is_several, "new looks at one window");
            &["min_records", "for", "no_data", "max_rate"]
        }
        When::Compare { .. } => &["max_rate"],
    };
    let name = match when {
        When::Each => "each",
        When::Absent { .. } => "absent",
        When::New(_) => "new",
        When::Compare { .. } => "a comparison",
    };
    // What is wrong was told.
    let _ = keys.refuse(unused, &format!("this says nothing to {name}"));
}

/// Labels must have names that others take too (Prometheus' data model: `[a-zA-Z_][a-zA-Z0-9_]*`).
fn check_names(keys: &mut Keys<'_, '_, '_>, labels: &[(String, String, usize)], by: &[KeyField], has_objective: bool) {
    for (name, _, line) in labels {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let path = format!("labels.{}", clipped(name));
        let wrong = match name.as_str() {
            _ if !is_name => Wrong::value("this is no name of a label", "a name is letters, digits and underscores"),
            "alertname" => Wrong::value("the alert's name is this label", "remove it; \"alert\" says it"),
            "burn_rate" if has_objective => Wrong::value("\"slo\" makes this label", "give this one another name"),
            name if by.iter().any(|field| field.name() == name) => {
                Wrong::value("\"by\" makes this label", "give this one another name")
            }
            _ => continue,
        };
        keys.sink.error(&path, *line, wrong);
    }
}

fn compiled(
    keys: &mut Keys<'_, '_, '_>,
    key: &str,
    texts: &[(String, String, usize)],
    names: Names<'_>,
) -> Vec<(String, Template)> {
    let mut templates = Vec::new();
    for (name, text, line) in texts {
        match Template::parse(text, names) {
            Ok(template) => templates.push((name.clone(), template)),
            Err(error) => keys.sink.error(&format!("{key}.{}", clipped(name)), *line, Wrong::from(error as TextError)),
        }
    }
    templates
}
