//! What is handed on.

use super::*;

#[test]
fn every_message_is_handed_on_once_as_whole_lines() {
    let cluster = cluster(1);
    let writer = Writer::new(&cluster);
    let long = "x".repeat(100_000);
    let messages: [(&str, Option<&str>); 9] = [
        ("one line", Some("a")),
        ("one line with its end", Some("b\n")),
        ("many lines", Some("c\nd\r\ne\n")),
        ("many lines, the last without an end", Some("f\ng")),
        ("a tombstone", None),
        ("an empty message", Some("")),
        ("a blank line", Some("\n")),
        ("a large one", Some(&long)),
        ("a last one", Some("h")),
    ];
    messages.iter().for_each(|(_, payload)| writer.put(0, payload.map(str::as_bytes)));
    writer.done();
    let mut reader = Reader::new(settings(&cluster));
    reader.until("all were read", |heard| heard.next.get(&0) == Some(&9));
    let expected = format!("a\nb\nc\nd\r\ne\nf\ng\n\n{long}\nh\n");
    assert_eq!(String::from_utf8_lossy(&reader.heard.text[&0]), expected);
    assert_eq!(reader.kafka.empty_messages(), 2);
    assert_eq!(reader.heard.notices, []);
    reader.until("there is nothing left", |heard| heard.lag.get(&0) == Some(&0));
}

#[test]
fn partitions_have_equal_turns_and_one_that_waits_stays_where_it_is() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    let mut reader = Reader::new(Settings { begin: Begin::End, ..settings(&cluster) });
    reader.until("both are ours", |heard| heard.ours.len() == 2);
    reader.kafka.pause(1);
    writer.put_numbers(2, 0..10_000);
    reader.until("one was read", |heard| heard.next.get(&0) == Some(&5000));
    reader.until("the lag of the other is known", |heard| heard.lag.get(&1) == Some(&5000));
    assert_eq!(reader.heard.next.get(&1), None);
    reader.kafka.resume(1);
    reader.until("the other was read", |heard| heard.next.get(&1) == Some(&5000));
    assert_once([reader.heard.counts()], 0..10_000);
    assert_eq!(reader.heard.notices, [], "who is to wait does not stand still");
}

#[test]
fn from_the_end_only_what_comes_is_read() {
    let cluster = cluster(3);
    let writer = Writer::new(&cluster);
    writer.put_numbers(3, 0..300);
    let mut reader = Reader::new(Settings { begin: Begin::End, ..settings(&cluster) });
    reader.until("all are ours", |heard| heard.ours.len() == 3);
    assert_eq!(reader.heard.ours.values().copied().collect::<Vec<_>>(), [100; 3]);
    writer.put_numbers(3, 300..600);
    reader.until("the new ones were read", |heard| heard.lines() == 300);
    assert_once([reader.heard.counts()], 300..600);
}
