//! The fields that a filter can ask for, and their names.

/// What a filter asks of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A value with an order.
    Number(Number),
    /// A text.
    Text(Text),
    /// Whether the agent is a crawler's.
    Bot,
}

/// Fields with an order. Each is compared as a whole number, in the unit given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// The three-digit status.
    Status,
    /// Bytes sent to the client.
    Bytes,
    /// Bytes read from the client.
    BytesRead,
    /// Time to serve the request, in nanoseconds, so that no unit of a filter is rounded.
    Latency,
    /// Hour of the record's wall clock, 0 to 23.
    Hour,
    /// Day of the week on the record's wall clock, Monday 1 to Sunday 7 (ISO 8601).
    Weekday,
    /// The instant, in nanoseconds since the Unix epoch.
    Time,
    /// How grave an error entry is, debug 0 to emerg 7.
    Level,
}

/// Fields that are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Text {
    /// The request method.
    Method,
    /// The target without its query.
    Path,
    /// What follows the `?` of the target.
    Query,
    /// Path and query as written.
    Target,
    /// `HTTP/1.1` and the like.
    Protocol,
    /// The client's address or name.
    Client,
    /// The authenticated user.
    User,
    /// The virtual host.
    Vhost,
    /// The `Referer` header.
    Referrer,
    /// The `User-Agent` header.
    Agent,
    /// The module that wrote an error entry.
    Module,
    /// The text of an error entry.
    Message,
}

/// Other names of fields: taken as they are.
const ALIASES: &[(&str, &str)] = &[("bytes_sent", "bytes"), ("referer", "referrer")];

/// What people call a field elsewhere: offered where the name is unknown.
const FOREIGN: &[(&str, &str)] = &[
    ("code", "status"),
    ("response", "status"),
    ("uri", "path"),
    ("url", "target"),
    ("request", "target"),
    ("verb", "method"),
    ("ip", "client"),
    ("addr", "client"),
    ("address", "client"),
    ("remote_addr", "client"),
    ("remote_user", "user"),
    ("host", "vhost"),
    ("site", "vhost"),
    ("ua", "agent"),
    ("user_agent", "agent"),
    ("http_user_agent", "agent"),
    ("http_referer", "referrer"),
    ("size", "bytes"),
    ("body_bytes_sent", "bytes"),
    ("duration", "latency"),
    ("request_time", "latency"),
    ("day", "weekday"),
    ("date", "time"),
    ("timestamp", "time"),
    ("crawler", "bot"),
    ("severity", "level"),
    ("msg", "message"),
];

impl Field {
    /// Every field.
    pub const ALL: [Field; 21] = [
        Field::Number(Number::Status),
        Field::Text(Text::Method),
        Field::Text(Text::Path),
        Field::Text(Text::Query),
        Field::Text(Text::Target),
        Field::Text(Text::Protocol),
        Field::Text(Text::Client),
        Field::Text(Text::User),
        Field::Text(Text::Vhost),
        Field::Text(Text::Referrer),
        Field::Text(Text::Agent),
        Field::Number(Number::Bytes),
        Field::Number(Number::BytesRead),
        Field::Number(Number::Latency),
        Field::Number(Number::Hour),
        Field::Number(Number::Weekday),
        Field::Number(Number::Time),
        Field::Bot,
        Field::Number(Number::Level),
        Field::Text(Text::Module),
        Field::Text(Text::Message),
    ];

    /// The field's name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Field::Number(number) => number.name(),
            Field::Text(text) => text.name(),
            Field::Bot => "bot",
        }
    }

    /// The field of this name or alias.
    pub fn named(name: &str) -> Option<Field> {
        let name = renamed(ALIASES, name).unwrap_or(name);
        Field::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The field that is most likely meant by a name that is none.
    pub fn meant_by(name: &str) -> Option<&'static str> {
        let lower = name.to_ascii_lowercase();
        let exact = Field::named(&lower).map(Field::name);
        exact
            .or_else(|| renamed(FOREIGN, &lower))
            .or_else(|| super::nearest::nearest(&lower, Field::ALL.into_iter().map(Field::name)))
    }
}

impl Number {
    /// The field's name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Number::Status => "status",
            Number::Bytes => "bytes",
            Number::BytesRead => "bytes_read",
            Number::Latency => "latency",
            Number::Hour => "hour",
            Number::Weekday => "weekday",
            Number::Time => "time",
            Number::Level => "level",
        }
    }
}

impl Text {
    /// The field's name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Text::Method => "method",
            Text::Path => "path",
            Text::Query => "query",
            Text::Target => "target",
            Text::Protocol => "protocol",
            Text::Client => "client",
            Text::User => "user",
            Text::Vhost => "vhost",
            Text::Referrer => "referrer",
            Text::Agent => "agent",
            Text::Module => "module",
            Text::Message => "message",
        }
    }
}

fn renamed(names: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    names.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_field_and_every_other_name_finds_one() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(field));
        }
        for (other, name) in ALIASES {
            assert_eq!(Field::named(other).map(Field::name), Some(*name));
        }
        for (foreign, name) in FOREIGN {
            assert_eq!(Field::named(foreign), None, "{foreign}");
            assert!(Field::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_likened_to_one() {
        let cases = [
            ("statuss", Some("status")),
            ("Status", Some("status")),
            ("mehtod", Some("method")),
            ("referers", Some("referrer")),
            ("user_agent", Some("agent")),
            ("x", None),
            ("colour", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Field::meant_by(name), expected, "{name}");
        }
    }
}
