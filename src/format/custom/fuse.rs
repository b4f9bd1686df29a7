//! Fields that stand side by side and are one value: a host with its port, a path with its query, a request line.

use super::part::{Field, Meaning, Part};

/// Puts together what belongs together.
pub fn fuse(parts: Vec<Part>) -> Vec<Part> {
    let mut fused = Vec::with_capacity(parts.len());
    for part in parts {
        fused.push(part);
        while let Some((count, meaning, rank)) = one_value(&fused) {
            let from = fused.len() - count;
            let taken: Vec<Part> = fused.drain(from..).collect();
            let mut places = taken.iter().filter_map(|part| match part {
                Part::Field(field) => Some(&field.at),
                Part::Literal(_) => None,
            });
            let (first, last) = (places.next().cloned().unwrap_or_default(), places.next_back());
            let at = first.start..last.map_or(first.end, |last| last.end);
            fused.push(Part::Field(Field { meaning, rank, at }));
        }
    }
    fused
}

/// Whether the last parts are one value: how many, what they say together, and its rank.
fn one_value(parts: &[Part]) -> Option<(usize, Meaning, u8)> {
    use Meaning::*;
    let meaning = |part: &Part| match part {
        Part::Field(field) => Some((field.meaning, field.rank)),
        Part::Literal(_) => None,
    };
    let is = |part: &Part, text: &[u8]| matches!(part, Part::Literal(literal) if literal == text);
    match parts {
        [.., method, space, target, other, protocol] if is(space, b" ") && is(other, b" ") => {
            let (target, _) = meaning(target)?;
            let is_request = meaning(method)?.0 == Method && matches!(target, Target | Path);
            (is_request && meaning(protocol)?.0 == Protocol).then_some((5, Request, 1))
        }
        _ => None,
    }
    .or_else(|| match parts {
        [.., host, colon, port] if is(colon, b":") && meaning(port)?.0 == Port => match meaning(host)? {
            (Client, rank) => Some((3, ClientPort, rank)),
            (Vhost, rank) => Some((3, VhostPort, rank)),
            _ => None,
        },
        _ => None,
    })
    .or_else(|| match parts {
        [.., first, second] => match (meaning(first)?, meaning(second)?) {
            ((Path, rank), (QueryMark, _)) => Some((2, Path, rank)),
            ((Path, rank), (Query, _)) => Some((2, Target, rank + 1)),
            ((QueryMark, _), (Query, rank)) => Some((2, Query, rank)),
            ((Unknown, _), (Unknown, _)) => Some((2, Unknown, 0)),
            _ => None,
        },
        _ => None,
    })
}
