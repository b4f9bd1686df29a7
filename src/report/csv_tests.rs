use super::*;
use crate::report::sample_snapshot::{access_log, error_log};
use std::collections::{BTreeSet, HashMap};

fn written(snapshot: &Snapshot) -> String {
    let mut out = Vec::new();
    write(snapshot, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The lines of one list, each as column -> cell, empty cells left out.
fn list(snapshot: &Snapshot, list: &str) -> Vec<HashMap<String, String>> {
    let text = written(snapshot);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let line = |record: csv::StringRecord| {
        let cells = header.iter().zip(&record).filter(|(column, cell)| !cell.is_empty() && *column != "list");
        cells.map(|(column, cell)| (column.to_string(), cell.to_string())).collect()
    };
    reader.records().map(Result::unwrap).filter(|record| &record[0] == list).map(line).collect()
}

fn cells(cells: &[(&str, &str)]) -> HashMap<String, String> {
    cells.iter().map(|(column, cell)| (column.to_string(), cell.to_string())).collect()
}

fn keyed(key: &str) -> Snapshot {
    Snapshot { paths: vec![Row { key: key.into(), hits: 1, share: 1.0, ..Row::default() }], ..Snapshot::default() }
}

#[test]
fn the_header_is_a_contract() {
    let header = "list,key,hits,bytes,share,visitors,errors,client_errors,hits_error,visitors_error,value,exact,error,lines,format,\
                  level,first,last,example,input,line,reason\n";
    assert!(written(&Snapshot::default()).starts_with(header));
}

#[test]
fn a_text_is_quoted_and_no_formula() {
    let cases = [
        ("plain", "/a", "paths,/a,1,"),
        ("a comma", "/a,b", "paths,\"/a,b\",1,"),
        ("a quote is doubled", "/\"a", "paths,\"/\"\"a\",1,"),
        ("empty", "", "paths,,1,"),
        ("a sum", "=1+1", "paths,'=1+1,1,"),
        ("a command", "=cmd|' /C calc'!A0", "paths,'=cmd|' /C calc'!A0,1,"),
        ("plus", "+1", "paths,'+1,1,"),
        ("minus", "-1", "paths,'-1,1,"),
        ("the value that is not there", "-", "paths,'-,1,"),
        ("at", "@SUM(A1)", "paths,'@SUM(A1),1,"),
        ("a tab", "\t=1", "paths,'\\x09=1,1,"),
        ("a carriage return", "\r=1", "paths,'\\x0d=1,1,"),
        ("a formula behind a quote", "\"=1", "paths,\"\"\"=1\",1,"),
        ("a sign inside is none", "a=1", "paths,a=1,1,"),
        ("a terminal's escape is written out", "/\u{1b}[2J\u{9b}m", "paths,/\\x1b[2J\\x9bm,1,"),
        ("a newline makes no second line", "/a\n/b", "paths,/a\\x0a/b,1,"),
        ("what reverses the text is written out", "/\u{202e}gpj.exe", "paths,/\\u{202e}gpj.exe,1,"),
        ("invalid UTF-8 was replaced", &String::from_utf8_lossy(b"/\xff"), "paths,/\u{fffd},1,"),
    ];
    for (what, key, expected) in cases {
        let text = written(&keyed(key));
        assert!(text.contains(&format!("\n{expected}")), "{what}: {text}");
    }
}

#[test]
fn a_row_has_its_figures_and_nothing_else() {
    let snapshot = access_log();
    let not_found = &list(&snapshot, "not_found")[0];
    let row = &snapshot.not_found[0];
    let expected = [
        ("key", row.key.as_str()),
        ("hits", &row.hits.to_string()),
        ("bytes", &row.bytes.unwrap().to_string()),
        ("share", &row.share.to_string()),
        ("visitors", &row.visitors.unwrap().to_string()),
    ];
    assert_eq!(*not_found, cells(&expected));
    let uncertain = Row { hits: 7, hits_error: Some(2), ..Row::default() };
    let uncertain = list(&Snapshot { clients: vec![uncertain], ..Snapshot::default() }, "clients");
    assert_eq!(uncertain, [cells(&[("hits", "7"), ("share", "0"), ("hits_error", "2")])]);
}

#[test]
fn small_shares_have_no_exponent() {
    let snapshot = Snapshot { paths: vec![Row { share: 0.000_000_25, ..Row::default() }], ..Snapshot::default() };
    assert_eq!(list(&snapshot, "paths"), [cells(&[("hits", "0"), ("share", "0.00000025")])]);
}

#[test]
fn single_figures_are_values() {
    let snapshot = Snapshot {
        schema: 1,
        version: "1.2.3".into(),
        elapsed_seconds: 0.25,
        bucket_seconds: 3600,
        bots: Bots { hits: 3, bytes: 4, visitors: 5, ..Bots::default() },
        sizes: Some(Quantiles { count: 2, mean: 1.5, ..Quantiles::default() }),
        ..Snapshot::default()
    };
    let value = |key, value| cells(&[("key", key), ("value", value)]);
    let report = [("schema", "1"), ("version", "1.2.3"), ("partial", "false"), ("elapsed_seconds", "0.25")];
    let report = report.iter().chain(&[("bucket_seconds", "3600")]).map(|(key, text)| value(key, text));
    assert_eq!(list(&snapshot, "report"), report.collect::<Vec<_>>());
    assert_eq!(list(&snapshot, "sizes")[..2], [value("count", "2"), value("mean", "1.5")]);
    assert_eq!(list(&snapshot, "latency"), []);
    assert_eq!(list(&snapshot, "period"), []);
    let bots = cells(&[("key", "bots"), ("hits", "3"), ("bytes", "4"), ("visitors", "5")]);
    assert_eq!(list(&snapshot, "bots"), [bots]);
    let inexact = Count { value: 9, exact: false, error: 0.016 };
    let inexact = Snapshot {
        distinct: crate::aggregate::snapshot::Distinct { clients: inexact, ..Default::default() },
        ..snapshot
    };
    let clients = cells(&[("key", "clients"), ("value", "9"), ("exact", "false"), ("error", "0.016")]);
    assert_eq!(list(&inexact, "distinct")[0], clients);
}

#[test]
fn inputs_messages_and_samples_have_columns_of_their_own() {
    let snapshot = error_log();
    let (input, message) = (&snapshot.inputs[0], &snapshot.messages[0]);
    let line = &list(&snapshot, "inputs")[0];
    assert_eq!([&line["key"], &line["format"]], [&input.name, &input.format]);
    assert_eq!([&line["lines"], &line["bytes"]], [&input.lines.to_string(), &input.bytes.to_string()]);
    let line = &list(&snapshot, "messages")[0];
    assert_eq!([&line["key"], &line["level"], &line["example"]], [&message.key, &message.level, &message.example]);
    assert_eq!([&line["first"], &line["last"]], [message.first.as_ref().unwrap(), message.last.as_ref().unwrap()]);

    let snapshot = access_log();
    let sample = &snapshot.malformed_samples[0];
    let line = &list(&snapshot, "malformed_samples")[0];
    assert_eq!([&line["input"], &line["reason"]], [&sample.input, &sample.reason]);
    assert_eq!(line["line"], sample.line.to_string());
    let failed = snapshot.inputs.iter().position(|input| input.error.is_some()).unwrap();
    assert_eq!(list(&snapshot, "inputs")[failed]["error"], *snapshot.inputs[failed].error.as_ref().unwrap());
}

/// Every member of the JSON report is in the table: a list that is forgotten here fails.
#[test]
fn nothing_of_the_snapshot_is_left_out() {
    let mut snapshot = access_log();
    let errors = error_log();
    (snapshot.levels, snapshot.modules, snapshot.messages) = (errors.levels, errors.modules, errors.messages);
    let serde_json::Value::Object(json) = serde_json::to_value(&snapshot).unwrap() else { panic!("no object") };
    for (name, value) in &json {
        let expected = match value {
            serde_json::Value::Array(rows) => rows.len(),
            serde_json::Value::Object(_) if name == "bots" => 1,
            serde_json::Value::Object(figures) => figures.len(),
            _ => {
                assert!(list(&snapshot, "report").iter().any(|line| line["key"] == *name), "{name}");
                continue;
            }
        };
        assert!(expected > 0, "the sample has no {name}");
        assert_eq!(list(&snapshot, name).len(), expected, "{name}");
    }
    let lists: BTreeSet<_> = csv::Reader::from_reader(written(&snapshot).as_bytes())
        .records()
        .map(|record| record.unwrap()[0].to_string())
        .filter(|list| list != "report")
        .collect();
    assert!(lists.iter().all(|list| json.contains_key(list)), "{lists:?}");
}
