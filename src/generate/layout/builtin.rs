//! The formats that have a name.
//!
//! They bear the names that `visor-fast formats` prints. A template's names in angle brackets are fields; all else is written as it
//! stands.
//!
//! Sources: Apache's `httpd.conf`, `mod_log_config` and `core` (`ErrorLogFormat`); nginx `ngx_http_log_module`, `src/core/ngx_log.c`,
//! `ngx_http_log_error`; Caddy, "log (directive)" and lines that it wrote; Visor's own log files.

use super::{FRACTION, Field, Layout, Log, Part, Parts, Style, Unit, heartbeat};

/// A format by its name.
struct Named {
    name: &'static str,
    log: Log,
    style: Style,
    template: &'static str,
    /// A sign of life, where it does not follow from the template.
    heartbeat: Option<&'static str>,
}

const COMMON: &str = "<address> - <user> [<time>] \"<request>\" <status> <bytes>";
const NAMED: [Named; 10] = [
    Named {
        name: "combined",
        log: Log::Access,
        style: Style::Apache,
        template: "<common> \"<referrer>\" \"<agent>\"",
        heartbeat: None,
    },
    Named { name: "common", log: Log::Access, style: Style::Apache, template: "<common>", heartbeat: None },
    Named {
        name: "vhost_combined",
        log: Log::Access,
        style: Style::Apache,
        template: "<host>:<port> <common> \"<referrer>\" \"<agent>\"",
        heartbeat: None,
    },
    Named {
        name: "vhost_common",
        log: Log::Access,
        style: Style::Apache,
        template: "<host>:<port> <common>",
        heartbeat: None,
    },
    Named {
        name: "combined_time",
        log: Log::Access,
        style: Style::Nginx,
        template: "<address> - <user> [<time>] \"<request>\" <status> <length> \"<referrer>\" \"<agent>\" <seconds>",
        heartbeat: None,
    },
    Named {
        name: "caddy",
        log: Log::Access,
        style: Style::Json,
        template: concat!(
            r#"{"level":"info","ts":<epoch>,"logger":"http.log.access.log0","msg":"handled request","request":{"#,
            r#""remote_ip":"<address>","remote_port":"<client-port>","client_ip":"<address>","proto":"<protocol>","#,
            r#""method":"<method>","host":"<host>","uri":"<target>","headers":{"Accept-Encoding":["gzip, deflate, br"],"#,
            r#""User-Agent":["<agent>"]<referrer-member>},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"#,
            r#""proto":"h2","server_name":"<host>"}},"bytes_read":0,"user_id":"<user>","duration":<seconds-micros>,"#,
            r#""size":<length>,"status":<status>,"resp_headers":{"Server":["Caddy"],"Alt-Svc":["h3=\":443\"; ma=2592000"]}}"#
        ),
        heartbeat: Some(r#"{"level":"info","ts":<epoch>,"msg":"<message>"}"#),
    },
    Named {
        name: "nginx-json",
        log: Log::Access,
        style: Style::Json,
        template: concat!(
            r#"{"time":"<iso>","remote_addr":"<address>","remote_user":"<user>","request":"<request>","status":<status>,"#,
            r#""body_bytes_sent":<length>,"request_time":<seconds>,"http_referrer":"<referrer>","#,
            r#""http_user_agent":"<agent>"}"#
        ),
        heartbeat: Some(r#"{"time":"<iso>","request":"<message>"}"#),
    },
    Named {
        name: "visor-error",
        log: Log::Error,
        style: Style::Plain,
        template: "[<ctime>] [<level>] [pid <digits-5>:tid <digits-10>] [client <address>] <message>",
        heartbeat: Some("[<ctime>] [INFO] [-] [-] <message>"),
    },
    Named {
        name: "apache-error",
        log: Log::Error,
        style: Style::Plain,
        template: "[<ctime-micros>] [<module>:<level>] [pid <process>:tid <thread>] <client-brackets><message>",
        heartbeat: None,
    },
    Named {
        name: "nginx-error",
        log: Log::Error,
        style: Style::Plain,
        template: "<slashes> [<level>] <process>#<process>: <star><message><client-nginx><message-tail>",
        heartbeat: None,
    },
];

/// The names of the formats of a log.
pub fn names(log: Log) -> String {
    let names: Vec<_> = NAMED.iter().filter(|named| named.log == log).map(|named| named.name).collect();
    names.join(", ")
}

/// The format of a name.
pub fn named(name: &str) -> Option<Layout> {
    // What most often is meant by JSON lines.
    let name = if name == "json" { "caddy" } else { name };
    let named = NAMED.iter().find(|named| named.name == name)?;
    let parts = template(named.template);
    let heartbeat = named.heartbeat.map(template).or_else(|| heartbeat(&parts, named.style));
    Some(Layout { name: name.to_owned(), log: named.log, parts, heartbeat, style: named.style, is_known: true })
}

fn template(text: &str) -> Vec<Part> {
    let mut parts = Parts::default();
    let text = text.replace("<common>", COMMON);
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('<') {
        parts.text(before.as_bytes());
        let Some((name, behind)) = behind.split_once('>') else { break };
        parts.field(field(name));
        rest = behind;
    }
    parts.text(rest.as_bytes());
    parts.0
}

fn field(name: &str) -> Field {
    match name {
        "address" => Field::Address,
        "user" => Field::User,
        "agent" => Field::Agent,
        "referrer" => Field::Referrer,
        "referrer-member" => Field::ReferrerMember,
        "request" => Field::Request,
        "method" => Field::Method,
        "target" => Field::Target,
        "protocol" => Field::Protocol,
        "status" => Field::Status,
        "bytes" => Field::Bytes { has_dash: true },
        "length" => Field::Bytes { has_dash: false },
        "host" => Field::Host,
        "port" => Field::ServerPort,
        "client-port" => Field::Port,
        "seconds" => Field::Latency(Unit::SecondsMillis),
        "seconds-micros" => Field::Latency(Unit::SecondsMicros),
        "level" => Field::Level,
        "module" => Field::Module,
        "message" => Field::Message,
        "message-tail" => Field::MessageTail,
        "client-brackets" => Field::ClientBrackets,
        "digits-5" => Field::Digits(5),
        "digits-10" => Field::Digits(10),
        "client-nginx" => Field::ClientNginx,
        "process" => Field::Process,
        "thread" => Field::Thread,
        "star" => Field::ConnectionStar,
        "iso" => Field::Time("%Y-%m-%dT%H:%M:%S%:z".to_owned()),
        "epoch" => Field::Time(format!("%s.{FRACTION}7")),
        "ctime" => Field::Time("%a %b %d %H:%M:%S %Y".to_owned()),
        "ctime-micros" => Field::Time(format!("%a %b %d %H:%M:%S.{FRACTION}6 %Y")),
        "slashes" => Field::Time("%Y/%m/%d %H:%M:%S".to_owned()),
        "time" => Field::Time("%d/%b/%Y:%H:%M:%S %z".to_owned()),
        // A test holds the templates to these names.
        _ => Field::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_a_template_is_a_field() {
        for format in NAMED {
            assert_eq!(named(format.name).unwrap().log, format.log);
            assert!(!template(format.template).contains(&Part::Field(Field::Absent)), "{}", format.name);
        }
    }
}
