//! Which keys say what: the names that servers give their JSON, and the mapping that a user writes.
//!
//! Where several keys mean the same field, the earlier one in [`KNOWN`] wins, wherever it stands in the line. The
//! names of different servers do not get in each other's way, so that one list serves all of them.
//!
//! Sources: nginx `ngx_http_log_module` and `ngx_http_core_module` (variables); Caddy
//! `modules/caddyhttp/marshalers.go` and `server.go`; Traefik `pkg/middlewares/accesslog/logdata.go`.

/// What a value is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    /// When, in any shape of `moment`.
    Time,
    /// The client's address.
    Client,
    /// The user.
    User,
    /// The virtual host.
    Vhost,
    /// The whole request line.
    Request,
    /// The method.
    Method,
    /// Path and query.
    Target,
    /// The protocol.
    Protocol,
    /// The status.
    Status,
    /// Bytes to the client.
    BytesSent,
    /// Bytes from the client.
    BytesRead,
    /// The duration.
    Latency,
    /// The referrer.
    Referrer,
    /// The user agent.
    Agent,
    /// An entry's level.
    Level,
    /// An entry's module.
    Module,
    /// An entry's text.
    Message,
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Field::Message as usize + 1;
}

/// A key and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The path to it.
    pub path: &'a str,
    /// What its value is taken for.
    pub field: Field,
    /// A duration's unit: ten to this power is its number of microseconds. 0 elsewhere.
    pub power: i32,
}

const fn key(path: &'static str, field: Field) -> Key<'static> {
    Key { path, field, power: 0 }
}

const fn duration(path: &'static str, power: i32) -> Key<'static> {
    Key { path, field: Field::Latency, power }
}

/// The keys of Caddy (`request.uri`), Traefik (`RequestPath`), nginx with `escape=json` under the names of its
/// variables (`request_uri`), and what others commonly write.
///
/// The client is who connected; what a header says of it (`http_x_forwarded_for`) is taken only where no address is.
pub const KNOWN: &[Key<'static>] = &[
    key("StartUTC", Field::Time),
    key("StartLocal", Field::Time),
    key("time_iso8601", Field::Time),
    key("time_local", Field::Time),
    key("ts", Field::Time),
    key("time", Field::Time),
    key("@timestamp", Field::Time),
    key("timestamp", Field::Time),
    key("msec", Field::Time),
    key("request.client_ip", Field::Client),
    key("request.remote_ip", Field::Client),
    key("request.remote_addr", Field::Client),
    key("ClientHost", Field::Client),
    key("ClientAddr", Field::Client),
    key("remote_addr", Field::Client),
    key("client_ip", Field::Client),
    key("clientip", Field::Client),
    key("remote_ip", Field::Client),
    key("client", Field::Client),
    key("ip", Field::Client),
    key("http_x_forwarded_for", Field::Client),
    key("x_forwarded_for", Field::Client),
    key("ClientUsername", Field::User),
    key("remote_user", Field::User),
    key("user_id", Field::User),
    key("user", Field::User),
    key("request.host", Field::Vhost),
    key("RequestHost", Field::Vhost),
    key("RequestAddr", Field::Vhost),
    key("server_name", Field::Vhost),
    key("vhost", Field::Vhost),
    key("http_host", Field::Vhost),
    key("host", Field::Vhost),
    key("request", Field::Request),
    key("request.method", Field::Method),
    key("RequestMethod", Field::Method),
    key("request_method", Field::Method),
    key("method", Field::Method),
    key("request.uri", Field::Target),
    key("RequestPath", Field::Target),
    key("request_uri", Field::Target),
    key("uri", Field::Target),
    key("url", Field::Target),
    key("path", Field::Target),
    key("request.proto", Field::Protocol),
    key("RequestProtocol", Field::Protocol),
    key("server_protocol", Field::Protocol),
    key("protocol", Field::Protocol),
    key("DownstreamStatus", Field::Status),
    key("status", Field::Status),
    key("DownstreamContentSize", Field::BytesSent),
    key("body_bytes_sent", Field::BytesSent),
    key("bytes_sent", Field::BytesSent),
    key("size", Field::BytesSent),
    key("bytes", Field::BytesSent),
    key("RequestContentSize", Field::BytesRead),
    key("bytes_read", Field::BytesRead),
    key("request_length", Field::BytesRead),
    duration("Duration", -3),
    duration("request_time", 6),
    duration("duration", 6),
    duration("duration_ms", 3),
    duration("latency_ms", 3),
    key("request.headers.Referer[0]", Field::Referrer),
    key("request_Referer", Field::Referrer),
    key("http_referer", Field::Referrer),
    key("http_referrer", Field::Referrer),
    key("referer", Field::Referrer),
    key("referrer", Field::Referrer),
    key("request.headers.User-Agent[0]", Field::Agent),
    key("request_User-Agent", Field::Agent),
    key("http_user_agent", Field::Agent),
    key("user_agent", Field::Agent),
    key("agent", Field::Agent),
    key("level", Field::Level),
    key("severity", Field::Level),
    key("logger", Field::Module),
    key("module", Field::Module),
    key("msg", Field::Message),
    key("message", Field::Message),
];

/// The names that a mapping takes before its `=`, with what they mean and the unit of durations. They are the fields
/// that `--where` knows, and what those do not tell apart.
const NAMES: [(&str, Field, i32); 20] = [
    ("time", Field::Time, 0),
    ("client", Field::Client, 0),
    ("user", Field::User, 0),
    ("vhost", Field::Vhost, 0),
    ("request", Field::Request, 0),
    ("method", Field::Method, 0),
    ("path", Field::Target, 0),
    ("target", Field::Target, 0),
    ("protocol", Field::Protocol, 0),
    ("status", Field::Status, 0),
    ("bytes", Field::BytesSent, 0),
    ("bytes_read", Field::BytesRead, 0),
    ("latency", Field::Latency, 6),
    ("latency_ms", Field::Latency, 3),
    ("latency_us", Field::Latency, 0),
    ("referrer", Field::Referrer, 0),
    ("agent", Field::Agent, 0),
    ("level", Field::Level, 0),
    ("module", Field::Module, 0),
    ("message", Field::Message, 0),
];

/// One mapping of a user, `field=key.path`.
pub fn mapping(text: &str) -> Result<Key<'_>, String> {
    let Some((name, path)) = text.split_once('=') else {
        return Err(format!("{text:?} is no mapping; write it as FIELD=KEY, such as status=response.code"));
    };
    let known = NAMES.iter().find(|(known, ..)| *known == name.trim());
    let Some(&(_, field, power)) = known else {
        let names: Vec<&str> = NAMES.iter().map(|(name, ..)| *name).collect();
        return Err(format!("in {text:?} no field is called {:?}; the fields are {}", name.trim(), names.join(", ")));
    };
    Ok(Key { path: path.trim(), field, power })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_a_field_and_a_path() {
        let expected = Key { path: "took[0].ms", field: Field::Latency, power: 3 };
        assert_eq!(mapping("latency_ms=took[0].ms"), Ok(expected));
        assert_eq!(mapping(" latency_ms = took[0].ms "), Ok(expected));
        assert!(mapping("status").unwrap_err().contains("FIELD=KEY"));
        let error = mapping("size=x").unwrap_err();
        assert!(error.contains("\"size\"") && error.contains("bytes, bytes_read"), "{error}");
    }

    #[test]
    fn no_key_is_known_twice() {
        for (at, key) in KNOWN.iter().enumerate() {
            assert!(KNOWN.iter().skip(at + 1).all(|other| other.path != key.path), "{}", key.path);
        }
    }
}
