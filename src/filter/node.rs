//! A compiled filter: tests on a record, the cheap ones first.

use super::client::Clients;
use super::field::{Number, Text};
use super::ranges::Ranges;
use super::record::Record;
use crate::format::record::NONE;
use regex::bytes::Regex;

/// A test, or tests joined. `denied` turns the answer of a test round, also where the field is absent.
#[derive(Clone, Debug)]
pub enum Node {
    /// The field is a number of these; `absent`: or is absent.
    Number { field: Number, ranges: Ranges<i128>, absent: bool, denied: bool },
    /// The field is one of these texts, which are sorted; `-` asks for an absent one.
    Text { field: Text, texts: Box<[Box<[u8]>]>, denied: bool },
    /// The client is one of these.
    Client { clients: Clients, denied: bool },
    /// The field is there and the pattern is found in it.
    Pattern { field: Text, regex: Regex, denied: bool },
    /// The agent is there and is a crawler's.
    Bot,
    /// The contrary.
    Not(Box<Node>),
    /// All of these; true without any.
    All(Box<[Node]>),
    /// One of these; false without any.
    Any(Box<[Node]>),
}

impl Node {
    /// All of some nodes.
    pub fn all(nodes: Vec<Node>) -> Node {
        Node::All(cheap_first(nodes))
    }

    /// One of some nodes.
    pub fn any(nodes: Vec<Node>) -> Node {
        Node::Any(cheap_first(nodes))
    }

    /// Whether it is true without asking.
    pub fn is_always(&self) -> bool {
        matches!(self, Node::All(nodes) if nodes.is_empty())
    }

    /// Whether it is true of a record.
    pub fn holds(&self, record: &impl Record, is_bot: &mut impl FnMut(&[u8]) -> bool) -> bool {
        match self {
            Node::Number { field, ranges, absent, denied } => {
                record.number(*field).map_or(*absent, |number| ranges.contain(number)) != *denied
            }
            Node::Text { field, texts, denied } => {
                let text = record.text(*field);
                texts.binary_search_by(|other| other.as_ref().cmp(text)).is_ok() != *denied
            }
            Node::Client { clients, denied } => clients.contain(record.text(Text::Client)) != *denied,
            Node::Pattern { field, regex, denied } => {
                let text = record.text(*field);
                (text != NONE && regex.is_match(text)) != *denied
            }
            Node::Bot => {
                let agent = record.text(Text::Agent);
                agent != NONE && is_bot(agent)
            }
            Node::Not(inner) => !inner.holds(record, is_bot),
            Node::All(nodes) => nodes.iter().all(|node| node.holds(record, is_bot)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(record, is_bot)),
        }
    }

    /// What the answer costs, roughly in nanoseconds.
    fn cost(&self) -> usize {
        match self {
            Node::Number { .. } => 2,
            Node::Text { .. } => 5,
            Node::Client { .. } => 20,
            Node::Bot => 30,
            Node::Pattern { .. } => 50,
            Node::Not(inner) => inner.cost(),
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(Node::cost).sum(),
        }
    }
}

/// The order of joined tests changes no answer, only the time to it.
fn cheap_first(mut nodes: Vec<Node>) -> Box<[Node]> {
    nodes.sort_by_cached_key(Node::cost);
    nodes.into()
}
