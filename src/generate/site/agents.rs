//! Agents that clients have, with their shares.
//!
//! Browsers are given by what differs between them, system and version, so that there are hundreds of agents, as in any log,
//! and few of them make most of the traffic. Versions are those of the turn of 2024 to 2025, the default event time.
//! Sources: the user-agent strings that browsers and crawlers document (MDN, "User-Agent"; Chromium, "User-Agent
//! Reduction"; the operators' pages about their crawlers).

const WINDOWS: &str = "Windows NT 10.0; Win64; x64";
const MAC: &str = "Macintosh; Intel Mac OS X 10_15_7";
const LINUX: &str = "X11; Linux x86_64";

/// Versions of Chromium with the weight of each: most people have the newest.
const CHROME: [(u32, f64); 12] = [
    (131, 46.0),
    (130, 14.0),
    (129, 7.0),
    (128, 5.0),
    (127, 3.0),
    (126, 3.0),
    (125, 2.0),
    (124, 2.0),
    (122, 1.5),
    (120, 1.5),
    (116, 1.2),
    (109, 2.5),
];
const FIREFOX: [(u32, f64); 8] =
    [(133, 50.0), (132, 18.0), (131, 8.0), (130, 4.0), (128, 9.0), (127, 3.0), (115, 6.0), (102, 1.0)];
const IOS: [(&str, &str, f64); 9] = [
    ("18_1_1", "18.1.1", 24.0),
    ("18_2", "18.2", 16.0),
    ("18_1", "18.1", 12.0),
    ("18_0_1", "18.0.1", 6.0),
    ("17_6_1", "17.6.1", 16.0),
    ("17_5_1", "17.5", 8.0),
    ("17_4_1", "17.4.1", 4.0),
    ("16_7_10", "16.6", 5.0),
    ("15_8_3", "15.6.6", 3.0),
];
const SAFARI: [(&str, f64); 7] =
    [("18.1.1", 30.0), ("18.2", 18.0), ("18.1", 12.0), ("17.6", 14.0), ("17.5", 8.0), ("17.4.1", 6.0), ("16.6", 7.0)];

/// Agents of people.
pub fn browsers() -> Vec<(String, f64)> {
    let mut agents = Vec::new();
    let chromium = |system: &str, version: u32, tail: &str| {
        format!(
            "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 {tail}Safari/537.36"
        )
    };
    for (version, weight) in CHROME {
        let share = weight / 88.7;
        agents.push((chromium(WINDOWS, version, ""), 24.0 * share));
        agents.push((chromium(MAC, version, ""), 8.0 * share));
        agents.push((chromium(LINUX, version, ""), 2.0 * share));
        agents.push((chromium("Linux; Android 10; K", version, "Mobile "), 22.0 * share));
        agents.push((chromium("Linux; Android 10; K", version, ""), 1.2 * share));
        if version >= 120 {
            let edge = format!("{} Edg/{version}.0.0.0", chromium(WINDOWS, version, ""));
            agents.push((edge, 6.0 * share));
        }
    }
    for (samsung, chrome, share) in [(27, 125, 1.6), (26, 122, 0.8), (25, 121, 0.5)] {
        agents.push((
            chromium("Linux; Android 10; K", chrome, "Mobile ")
                .replace("Chrome/", &format!("SamsungBrowser/{samsung}.0 Chrome/")),
            share,
        ));
    }
    agents.push((format!("{} OPR/115.0.0.0", chromium(WINDOWS, 130, "")), 1.1));
    for (version, weight) in FIREFOX {
        let share = weight / 99.0;
        let firefox =
            |system: &str| format!("Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0");
        agents.push((firefox(WINDOWS), 3.6 * share));
        agents.push((firefox("X11; Linux x86_64"), 0.8 * share));
        agents.push((firefox("X11; Ubuntu; Linux x86_64"), 0.5 * share));
        agents.push((firefox("Macintosh; Intel Mac OS X 10.15"), 0.8 * share));
        agents.push((
            format!("Mozilla/5.0 (Android 14; Mobile; rv:{version}.0) Gecko/{version}.0 Firefox/{version}.0"),
            0.5 * share,
        ));
    }
    for (system, version, weight) in IOS {
        let share = weight / 94.0;
        let phone = format!(
            "Mozilla/5.0 (iPhone; CPU iPhone OS {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        );
        agents.push((format!("{phone} Version/{version} Mobile/15E148 Safari/604.1"), 17.0 * share));
        agents.push((format!("{phone} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1"), 1.2 * share));
        agents.push((format!("{phone} GSA/344.0.695551749 Mobile/15E148 Safari/604.1"), 0.6 * share));
    }
    for (version, weight) in SAFARI {
        agents.push((
            format!("Mozilla/5.0 ({MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"),
            6.0 * weight / 95.0,
        ));
    }
    agents
}

/// Agents of applications that call the API.
pub const APPS: [(&str, f64); 9] = [
    ("okhttp/4.12.0", 34.0),
    ("Harbour/412 CFNetwork/1568.200.51 Darwin/24.1.0", 21.0),
    ("Harbour/409 CFNetwork/1494.0.7 Darwin/23.4.0", 9.0),
    ("Dart/3.5 (dart:io)", 8.0),
    ("axios/1.7.7", 8.0),
    ("python-requests/2.32.3", 8.0),
    ("Go-http-client/2.0", 6.0),
    ("curl/8.5.0", 3.0),
    ("node", 3.0),
];

/// A crawler: its agent, the block of its addresses, its share.
pub struct Crawler {
    pub agent: &'static str,
    pub block: &'static str,
    pub share: f64,
}

/// The crawlers.
pub const CRAWLERS: [Crawler; 15] = [
    Crawler {
        agent: "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) \
                Chrome/131.0.6778.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        block: "66.249.66.",
        share: 24.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        block: "66.249.73.",
        share: 8.0,
    },
    Crawler { agent: "Googlebot-Image/1.0", block: "66.249.79.", share: 2.0 },
    Crawler {
        agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
                +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        block: "40.77.167.",
        share: 13.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        block: "5.255.231.",
        share: 5.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        block: "54.36.148.",
        share: 11.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
        block: "85.208.96.",
        share: 9.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)",
        block: "216.244.66.",
        share: 3.0,
    },
    Crawler { agent: "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)", block: "144.76.72.", share: 3.0 },
    Crawler {
        agent: "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 \
                (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
        block: "114.119.",
        share: 5.0,
    },
    Crawler {
        agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        block: "20.171.206.",
        share: 6.0,
    },
    Crawler {
        agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        block: "18.97.9.",
        share: 4.0,
    },
    Crawler {
        agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 \
                Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
        block: "17.241.75.",
        share: 3.0,
    },
    Crawler {
        agent: "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        block: "173.252.83.",
        share: 3.0,
    },
    Crawler { agent: "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", block: "57.152.72.", share: 1.0 },
];

/// Readers of feeds.
pub const READERS: [(&str, f64); 7] = [
    ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 212 subscribers; )", 22.0),
    ("Feedbin feed-id:1873342 - 41 subscribers", 12.0),
    ("NewsBlur Feed Fetcher - 37 subscribers - https://www.newsblur.com/site/8112735/ (Mozilla/5.0)", 10.0),
    ("FreshRSS/1.24.3 (Linux; https://freshrss.org)", 20.0),
    ("Miniflux/2.2.3", 14.0),
    ("Tiny Tiny RSS/24.11-4c5e1f9 (https://tt-rss.org/)", 14.0),
    ("Mozilla/5.0 (compatible; inoreader.com; 28 subscribers)", 8.0),
];

/// Those who look whether the site is there.
pub const MONITORS: [(&str, &str, f64); 4] = [
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "216.144.248.", 40.0),
    ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "178.255.152.", 20.0),
    ("kube-probe/1.29", "10.42.3.", 30.0),
    ("Blackbox Exporter/0.25.0", "10.42.7.", 10.0),
];

/// Those who look for holes.
pub const SCANNERS: [(&str, f64); 10] = [
    ("-", 20.0),
    ("Mozilla/5.0 zgrab/0.x", 14.0),
    ("python-requests/2.31.0", 10.0),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36",
        16.0,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.129 Safari/537.36", 10.0),
    ("Go-http-client/1.1", 10.0),
    ("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", 8.0),
    (
        "Expanse, a Palo Alto Networks company, searches across the global IPv4 space multiple times per day to identify customers' presences on the Internet. If you would like to be excluded from our scans, please send IP addresses/domains to: scaninfo@paloaltonetworks.com",
        4.0,
    ),
    ("curl/7.81.0", 4.0),
    ("Hello World", 4.0),
];
