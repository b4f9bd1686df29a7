//! The world of an error log: what Apache and nginx complain about.
//!
//! Sources: the messages of Apache HTTP Server 2.4 (`AH` numbers) and nginx, as their sources and logs have them.

use super::alias::{Alias, zipf};
use super::chance::{Chance, Purpose};
use super::settings::{MessageSettings, World as Wanted};
use super::site::Addresses;
use super::world::{Actor, Exchange, World};

/// Level, module, text, weight. `{path}` is a path of the site, `{n}` a number; a text that begins with `!` has no client.
type Message = (&'static str, &'static str, &'static str, f64);

const APACHE: [Message; 19] = [
    ("error", "authz_core", "AH01630: client denied by server configuration: /var/www/html{path}", 14.0),
    ("error", "core", "AH00037: Symbolic link not allowed or link target not accessible: /var/www/html{path}", 2.0),
    (
        "error",
        "core",
        "(36)File name too long: AH00036: access to {path} failed (filesystem path '/var/www/html{path}')",
        1.0,
    ),
    ("error", "core", "AH00126: Invalid URI in request GET /../../../../etc/passwd HTTP/1.1", 2.0),
    ("error", "core", "AH00135: Invalid method in request \\x16\\x03\\x01", 3.0),
    (
        "error",
        "autoindex",
        "AH01276: Cannot serve directory /var/www/html/media/: No matching DirectoryIndex (index.html,index.php) found, and server-generated directory index forbidden by Options directive",
        6.0,
    ),
    ("error", "php", "PHP Warning:  Undefined array key \"sort\" in /var/www/html/app/list.php on line {n}", 9.0),
    (
        "error",
        "php",
        "PHP Fatal error:  Uncaught TypeError: count(): Argument #1 ($value) must be of type Countable|array, null given in /var/www/html/app/cart.php:{n}",
        3.0,
    ),
    ("error", "proxy_fcgi", "AH01071: Got error 'Primary script unknown'", 9.0),
    ("error", "proxy_http", "AH01114: HTTP: failed to make connection to backend: 127.0.0.1", 4.0),
    (
        "error",
        "proxy",
        "!(111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:8080 (localhost:8080) failed",
        4.0,
    ),
    ("error", "auth_basic", "AH01617: user admin: authentication failure for \"/admin/\": Password Mismatch", 5.0),
    ("error", "auth_basic", "AH01618: user root not found: /admin/", 4.0),
    ("error", "cgid", "AH01264: stderr from /usr/lib{path}: script not found or unable to stat", 5.0),
    ("warn", "proxy_fcgi", "AH01068: Got bogus version {n}", 1.0),
    (
        "warn",
        "ssl",
        "!AH01909: www.example.com:443:0 server certificate does NOT include an ID which matches the server name",
        0.4,
    ),
    ("warn", "mpm_event", "!AH00045: child process {n} still did not exit, sending a SIGTERM", 0.6),
    (
        "notice",
        "mpm_event",
        "!AH00489: Apache/2.4.58 (Ubuntu) OpenSSL/3.0.13 configured -- resuming normal operations",
        0.4,
    ),
    ("notice", "core", "!AH00094: Command line: '/usr/sbin/apache2'", 0.4),
];

const NGINX: [Message; 13] = [
    ("error", "-", "open() \"/usr/share/nginx/html{path}\" failed (2: No such file or directory)", 34.0),
    ("error", "-", "access forbidden by rule", 9.0),
    ("error", "-", "directory index of \"/usr/share/nginx/html/media/\" is forbidden", 5.0),
    ("error", "-", "connect() failed (111: Connection refused) while connecting to upstream", 7.0),
    ("error", "-", "upstream timed out (110: Connection timed out) while reading response header from upstream", 6.0),
    ("error", "-", "recv() failed (104: Connection reset by peer) while reading response header from upstream", 2.0),
    ("error", "-", "limiting requests, excess: 20.{n} by zone \"perip\"", 9.0),
    ("error", "-", "user \"admin\": password mismatch", 4.0),
    ("error", "-", "client intended to send too large body: {n}4857 bytes", 1.5),
    (
        "warn",
        "-",
        "an upstream response is buffered to a temporary file /var/cache/nginx/proxy_temp/{n}/00/0000000{n} while reading upstream",
        8.0,
    ),
    ("warn", "-", "upstream server temporarily disabled while connecting to upstream", 1.0),
    (
        "crit",
        "-",
        "SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking",
        3.0,
    ),
    ("notice", "-", "!signal process started", 0.5),
];

const PATHS: [&str; 24] = [
    "/.git/config",
    "/.env",
    "/wp-login.php",
    "/xmlrpc.php",
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/robots.txt",
    "/cgi-bin/luci",
    "/admin/config.php",
    "/phpmyadmin/index.php",
    "/server-status",
    "/backup.zip",
    "/.well-known/security.txt",
    "/media/products/1043/1-800.webp",
    "/media/products/1120/2-800.webp",
    "/static/js/app.77b1c0de.js",
    "/old/index.html",
    "/ads.txt",
    "/browserconfig.xml",
    "/sitemap.xml",
    "/.aws/credentials",
    "/wp-content/uploads/2021/05/header.jpg",
    "/blog/2019/07/knots-worth-knowing",
    "/app-ads.txt",
];

/// The world of the error log of a format.
pub(super) fn build(wanted: &Wanted, format: &str, seed: u64) -> World {
    let mut world = World::new(&wanted.host);
    let mut chance = Chance::new(seed, Purpose::Messages, 0);
    let mut addresses = Addresses::default();
    let first_client = world.clients.len() as u32;
    let count = (wanted.clients / 10).max(1);
    for _ in 0..count {
        let address = match chance.happens(0.3) {
            true => addresses.cloud(&mut chance),
            false => addresses.home(&mut chance, wanted.ipv6),
        };
        world.client(address, None, 0);
    }
    let is_nginx = format == "nginx-error";
    let (mut weights, first_page) = (Vec::new(), world.pages.len() as u32);
    let mut add = |exchange: Exchange, weight: f64| {
        let level = level_of(&exchange.level, format);
        let resource = world.resource(vec![(Exchange { level, ..exchange }, 1.0)]);
        world.single(resource, 0);
        weights.push(weight);
    };
    match &wanted.messages {
        Some(messages) => messages.iter().for_each(|message| add(configured(message), message.weight)),
        None => {
            let messages: &[Message] = if is_nginx { &NGINX } else { &APACHE };
            for message in messages {
                let kinds = if message.2.contains("{path}") { PATHS.len() } else { 3 };
                for (number, weight) in zipf(kinds, 0.8).into_iter().enumerate() {
                    let share = weight / zipf(kinds, 0.8).iter().sum::<f64>();
                    let exchange = made_up(message, number, is_nginx, &wanted.host, &mut chance);
                    // Visor's format has a client in each line.
                    if !(exchange.is_alone && format == "visor-error") {
                        add(exchange, message.3 * share);
                    }
                }
            }
        }
    }
    world.actors.push(Actor {
        share: 1.0,
        first_client,
        clients: Alias::new(&zipf(count, 0.8)),
        first_page,
        pages: Alias::new(&weights),
        entries: vec![0],
        entry: Alias::new(&[1.0]),
        // Who looks for holes does so again and again.
        goes_on: 0.5,
        is_hasty: true,
        ..Actor::default()
    });
    world
}

/// A level as a format writes it.
fn level_of(level: &str, format: &str) -> String {
    match (format, level) {
        ("visor-error", "warn") => "WARNING".to_owned(),
        ("visor-error", "notice") => "INFO".to_owned(),
        ("visor-error", "crit") => "CRITICAL".to_owned(),
        ("visor-error", level) => level.to_ascii_uppercase(),
        (_, level) => level.to_ascii_lowercase(),
    }
}

/// The exchange of a configured message.
pub(super) fn configured(message: &MessageSettings) -> Exchange {
    Exchange {
        level: message.level.clone(),
        module: message.module.clone(),
        message: message.message.clone().into_bytes(),
        ..Exchange::default()
    }
}

fn made_up(message: &Message, number: usize, is_nginx: bool, host: &str, chance: &mut Chance) -> Exchange {
    let (level, module, text, _) = *message;
    let path = PATHS.get(number % PATHS.len()).copied().unwrap_or("/");
    let digits = (10 + chance.below(480)).to_string();
    let is_alone = text.starts_with('!');
    let mut text = text.trim_start_matches('!').replace("{path}", path).replace("{n}", &digits);
    let mut tail = String::new();
    if is_nginx && !is_alone {
        let is_handshake = text.contains("SSL");
        tail = match is_handshake {
            true => ", server: 0.0.0.0:443".to_owned(),
            false => format!(", server: {host}, request: \"GET {path} HTTP/1.1\""),
        };
        if text.contains("upstream") {
            tail.push_str(&format!(", upstream: \"http://10.0.0.21:8080{path}\""));
        }
        if !is_handshake {
            tail.push_str(&format!(", host: \"{host}\""));
        }
    } else if !is_nginx && !is_alone && number % 3 == 1 {
        text.push_str(&format!(", referer: https://{host}/"));
    }
    Exchange {
        level: level.to_owned(),
        module: module.to_owned(),
        message: text.into_bytes(),
        tail: tail.into_bytes(),
        is_alone,
        ..Exchange::default()
    }
}
