//! The key of a group: the values of the fields in `by`, as bytes.
//!
//! One field is its bytes; several are each behind their length (two bytes, little-endian); of no field there is one group,
//! whose key is empty. A value that is not there is `-`, as in the report. One longer than [`VALUE_BYTES_MAX`] is cut and
//! told apart by its hash, so that a megabyte of path is no megabyte of memory in each pane.

use super::rule::KeyField;
use crate::aggregate::{message, stable};
use crate::filter::record::Record;
use crate::filter::{Number, Text};
use crate::format::record::{Level, NONE};

/// The longest value that is kept whole, in bytes.
pub const VALUE_BYTES_MAX: usize = 256;
/// Bytes that are kept of a longer one, before `#` and its hash.
const CUT_BYTES: usize = VALUE_BYTES_MAX - 17;

/// Makes keys, in memory that is used again.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    key: Vec<u8>,
    message: Vec<u8>,
}

impl Keys {
    /// The key of a record.
    pub fn of(&mut self, by: &[KeyField], record: &impl Record) -> &[u8] {
        let Keys { key, message } = self;
        key.clear();
        for field in by {
            let start = key.len();
            if by.len() > 1 {
                key.extend([0; 2]);
            }
            let value = key.len();
            write(*field, record, message, key);
            let length = (key.len() - value) as u16;
            if by.len() > 1
                && let Some(place) = key.get_mut(start..value)
            {
                place.copy_from_slice(&length.to_le_bytes());
            }
        }
        key
    }

    /// The hash of a value, the same everywhere; `None` where the record has none.
    pub fn hash(&mut self, field: KeyField, record: &impl Record) -> Option<u64> {
        match field {
            KeyField::Text(Text::Message) | KeyField::Number(_) => {
                let key = self.of(&[field], record);
                (key != NONE).then(|| stable::hash(key))
            }
            KeyField::Text(field) => {
                let text = record.text(field);
                (text != NONE).then(|| stable::hash(text))
            }
            KeyField::Visitor => {
                let client = record.text(Text::Client);
                let day = record.wall_day().unwrap_or(0);
                let parts = [stable::hash(client), stable::hash(record.text(Text::Agent)), day as u64];
                let mut bytes = [0; 24];
                for (into, part) in bytes.chunks_exact_mut(8).zip(parts) {
                    into.copy_from_slice(&part.to_le_bytes());
                }
                (client != NONE).then(|| stable::hash(&bytes))
            }
        }
    }
}

fn write(field: KeyField, record: &impl Record, masked: &mut Vec<u8>, key: &mut Vec<u8>) {
    let text = match field {
        KeyField::Text(Text::Message) => match record.text(Text::Message) {
            NONE => NONE,
            text => {
                message::mask(text, masked);
                masked
            }
        },
        KeyField::Text(field) => record.text(field),
        KeyField::Number(field) => return write_number(field, record.number(field), key),
        KeyField::Visitor => NONE,
    };
    match text.get(..CUT_BYTES) {
        Some(cut) if text.len() > VALUE_BYTES_MAX => {
            key.extend(cut);
            key.push(b'#');
            let hash = stable::hash(text);
            key.extend((0..16).rev().map(|digit| b"0123456789abcdef"[(hash >> (4 * digit)) as usize & 15]));
        }
        _ => key.extend(text),
    }
}

/// As a filter would write it.
pub(super) fn write_number(field: Number, number: Option<i128>, key: &mut Vec<u8>) {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let number = match number.map(usize::try_from) {
        Some(Ok(number)) => number,
        _ => return key.extend(NONE),
    };
    match field {
        Number::Weekday => key.extend(number.checked_sub(1).and_then(|day| DAYS.get(day)).unwrap_or(&"-").as_bytes()),
        Number::Level => {
            let level = 7usize.checked_sub(number).and_then(|at| Level::ALL.get(at));
            key.extend(level.map_or("-", |level| level.name()).as_bytes());
        }
        _ => {
            // At most three digits: a status or an hour.
            let digits = [number / 100 % 10, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8);
            let skipped = if field == Number::Status || number > 99 { 0 } else { 2 - usize::from(number > 9) };
            key.extend(digits.get(skipped..).unwrap_or(&digits));
        }
    }
}

/// The values in a key, as text: bytes that are no UTF-8 become U+FFFD.
pub fn values(fields: usize, key: &[u8]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match fields {
        0 => Vec::new(),
        1 => vec![text(key)],
        _ => {
            let (mut values, mut rest) = (Vec::new(), key);
            while let Some((length, behind)) = rest.split_first_chunk::<2>() {
                let length = usize::from(u16::from_le_bytes(*length));
                let (value, behind) = behind.split_at_checked(length).unwrap_or((behind, &[]));
                values.push(text(value));
                rest = behind;
            }
            values
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::{Access, ErrorEntry, Time};

    #[test]
    fn a_key_holds_the_values_of_its_fields() {
        // 1970-01-01 03:00, a Thursday.
        let time = Time { wall_seconds: 3 * 3600, ..Time::default() };
        let access = Access { time, vhost: b"a.example", status: 7, ..Access::default() };
        let entry =
            ErrorEntry { time: None, level: Level::Warning, module: b"core", client: b"-", message: b"child 7 died" };
        let [vhost, client, message] = [Text::Vhost, Text::Client, Text::Message].map(KeyField::Text);
        let [status, hour, day, level] =
            [Number::Status, Number::Hour, Number::Weekday, Number::Level].map(KeyField::Number);
        let mut keys = Keys::default();
        let cases: [(&[KeyField], &[&str], &[&str]); 6] = [
            (&[], &[], &[]),
            (&[vhost], &["a.example"], &["-"]),
            (&[vhost, client], &["a.example", "-"], &["-", "-"]),
            (&[status, hour, day], &["007", "3", "thu"], &["-", "-", "-"]),
            (&[level, message], &["-", "-"], &["warn", "child <n> died"]),
            (&[level], &["-"], &["warn"]),
        ];
        for (by, of_access, of_entry) in cases {
            assert_eq!(values(by.len(), keys.of(by, &access)), of_access, "{by:?}");
            assert_eq!(values(by.len(), keys.of(by, &entry)), of_entry, "{by:?}");
        }
    }

    #[test]
    fn long_values_are_cut_and_told_apart() {
        let mut keys = Keys::default();
        let long = |last: u8| [vec![b'a'; 100_000], vec![last]].concat();
        let path = [KeyField::Text(Text::Path)];
        let of = |keys: &mut Keys, target: &[u8]| keys.of(&path, &Access { target, ..Access::default() }).to_vec();
        let (one, two) = (of(&mut keys, &long(b'1')), of(&mut keys, &long(b'2')));
        assert!(one != two && one.len() == VALUE_BYTES_MAX && two.len() == VALUE_BYTES_MAX);
        assert_eq!(of(&mut keys, &vec![b'a'; VALUE_BYTES_MAX]), vec![b'a'; VALUE_BYTES_MAX]);
    }
}
