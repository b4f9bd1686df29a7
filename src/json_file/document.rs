//! A JSON text as a tree of places: what stands where, and the text without some of it.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// Objects and lists within each other whose members are told apart; what lies deeper is taken for one value.
const DEPTH_MAX: usize = 32;

/// The text and its tree.
pub struct Document<'text> {
    text: &'text str,
    root: Value,
}

struct Value {
    /// Its bytes in the text.
    at: Range<usize>,
    /// Those of an object or a list.
    members: Vec<Member>,
}

struct Member {
    /// `None` in a list.
    key: Option<String>,
    /// Behind the bracket, or the member before: where its comma, key and colon begin.
    from: usize,
    value: Value,
    is_out: bool,
}

/// The way from the root to a value: the number of the member, at each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way(Vec<usize>);

impl Way {
    /// Whether it has no step.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'text> Document<'text> {
    /// The tree of a text.
    pub fn new(text: &'text str) -> Result<Document<'text>, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(Document { text, root: Value::new(text, raw, 0) })
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.text_of(&self.root).starts_with('{')
    }

    /// The root's keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.root.members.iter().filter_map(|member| member.key.as_deref())
    }

    /// Goes one step further, to the member with this key; false if there is none.
    pub fn enter(&self, way: &mut Way, key: &str) -> bool {
        let mut members = self.value(way).members.iter().enumerate();
        let found = members.find(|(_, member)| !member.is_out && member.key.as_deref() == Some(key));
        way.0.extend(found.map(|(at, _)| at));
        found.is_some()
    }

    /// The way that serde tells, as far as there is one; and whether that is all of it.
    pub fn way(&self, path: &Path) -> (Way, bool) {
        let mut way = Way::default();
        for segment in path {
            let is_found = match segment {
                Segment::Map { key } => self.enter(&mut way, key),
                Segment::Enum { variant } => self.enter(&mut way, variant),
                Segment::Seq { index } => {
                    let members = self.value(&way).members.iter().enumerate();
                    let found = members.filter(|(_, member)| !member.is_out).nth(*index).map(|(at, _)| at);
                    way.0.extend(found);
                    found.is_some()
                }
                Segment::Unknown => false,
            };
            if !is_found {
                return (way, false);
            }
        }
        (way, true)
    }

    /// The line in which a value begins, from 1.
    pub fn line(&self, way: &Way) -> usize {
        let before = self.text.as_bytes().get(..self.value(way).at.start).unwrap_or(&[]);
        1 + memchr::memchr_iter(b'\n', before).count()
    }

    /// The key of a value with all above it: `paths[1].weight`.
    pub fn key(&self, way: &Way) -> String {
        let (mut value, mut text) = (&self.root, String::new());
        for &at in &way.0 {
            let Some(member) = value.members.get(at) else { break };
            match &member.key {
                Some(key) if text.is_empty() => text.push_str(key),
                Some(key) => text.extend([".", key]),
                None => text.push_str(&format!("[{at}]")),
            }
            value = &member.value;
        }
        text
    }

    /// Takes a member out.
    pub fn take_out(&mut self, way: &Way) {
        let Some((last, above)) = way.0.split_last() else { return };
        let mut value = &mut self.root;
        for &at in above {
            let Some(member) = value.members.get_mut(at) else { return };
            value = &mut member.value;
        }
        if let Some(member) = value.members.get_mut(*last) {
            member.is_out = true;
        }
    }

    /// Whether an error at a value may come of what was taken out below it; `missing` is the member that it lacks, if that
    /// is the error.
    pub fn follows_from_what_is_out(&self, way: &Way, missing: Option<&str>) -> bool {
        let value = self.value(way);
        match missing {
            Some(key) => value.members.iter().any(|member| member.is_out && member.key.as_deref() == Some(key)),
            None => value.lacks_some(),
        }
    }

    /// Members whose key an earlier one of the same object has; with the line of that.
    pub fn twice(&self) -> Vec<(Way, usize)> {
        let mut found = Vec::new();
        self.root.twice(&mut Way::default(), &mut found);
        found.into_iter().map(|(way, first)| (way, self.line(&first))).collect()
    }

    /// The text without what was taken out. Each line keeps its number.
    pub fn rest(&self) -> String {
        let mut rest = self.slice(0..self.root.at.start).to_owned();
        self.write(&self.root, &mut rest);
        rest
    }

    fn write(&self, value: &Value, out: &mut String) {
        let text = self.text_of(value);
        if value.members.is_empty() {
            return out.push_str(text);
        }
        out.push_str(text.get(..1).unwrap_or(""));
        let (mut behind, mut is_first) = (value.at.start, true);
        for member in &value.members {
            behind = member.value.at.end;
            if member.is_out {
                let lines = self.slice(member.from..behind).bytes().filter(|byte| *byte == b'\n').count();
                out.extend(std::iter::repeat_n('\n', lines));
                continue;
            }
            let lead = self.slice(member.from..member.value.at.start);
            let name = lead.trim_start();
            out.push_str(lead.get(..lead.len() - name.len()).unwrap_or(""));
            if !std::mem::replace(&mut is_first, false) {
                out.push(',');
            }
            out.push_str(name.strip_prefix(',').unwrap_or(name));
            self.write(&member.value, out);
        }
        out.push_str(self.slice(behind..value.at.end));
    }

    /// The value at the end of a way, or of what there is of it.
    fn value(&self, way: &Way) -> &Value {
        way.0.iter().try_fold(&self.root, |value, at| Some(&value.members.get(*at)?.value)).unwrap_or(&self.root)
    }

    fn text_of(&self, value: &Value) -> &'text str {
        self.slice(value.at.clone())
    }

    fn slice(&self, at: Range<usize>) -> &'text str {
        self.text.get(at).unwrap_or("")
    }
}

impl Value {
    fn new(text: &str, raw: &RawValue, depth: usize) -> Value {
        let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
        let mut value = Value { at: start..start + raw.get().len(), members: Vec::new() };
        if depth == DEPTH_MAX {
            return value;
        }
        let members: Vec<(Option<String>, &RawValue)> = match raw.get().as_bytes().first() {
            Some(b'{') => serde_json::from_str(raw.get()).map(|Members(members)| members).unwrap_or_default(),
            Some(b'[') => {
                let values: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
                values.into_iter().map(|value| (None, value)).collect()
            }
            _ => Vec::new(),
        };
        let mut from = start + 1;
        for (key, raw) in members {
            let member = Member { key, from, value: Value::new(text, raw, depth + 1), is_out: false };
            from = member.value.at.end;
            value.members.push(member);
        }
        value
    }

    fn lacks_some(&self) -> bool {
        self.members.iter().any(|member| member.is_out || member.value.lacks_some())
    }

    fn twice(&self, way: &mut Way, found: &mut Vec<(Way, Way)>) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let step = |way: &Way, at| Way(way.0.iter().copied().chain([at]).collect());
        for (at, member) in self.members.iter().enumerate() {
            if let Some(key) = &member.key {
                match seen.get(key.as_str()) {
                    Some(first) => found.push((step(way, at), step(way, *first))),
                    None => drop(seen.insert(key, at)),
                }
            }
            way.0.push(at);
            member.value.twice(way, found);
            way.0.pop();
        }
    }
}

/// The members of an object, in order.
struct Members<'text>(Vec<(Option<String>, &'text RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((Some(key), value));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(All)
    }
}
