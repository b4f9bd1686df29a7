//! A `User-Agent` header to its family, its system, and whether a program rather than a person sent it.
//!
//! The woothee crate knows the browsers and systems; it is small, takes no data file, and is linear in the text. What it
//! does not know is added by a few short tables and three rules:
//!
//! 1. A text of `BOT_FAMILIES` makes a bot of that family, such as `Googlebot` or `Bytespider`.
//! 2. A text of `BOT_MARKS` (`bot`, `crawl`, `spider`, `+http`, ...) makes a bot. Its family is the word that holds the
//!    mark, without version (`GPTBot`, `SemrushBot`), or the first product where that word is part of an address or says
//!    no more than the mark does.
//! 3. What woothee calls a crawler is one, and so is what it does not know and writes `(compatible; Name`.
//!
//! The libraries and tools of `TOOLS` (curl, python-requests, ...) are no bots, whatever address they name: what they
//! fetch is a person's script or another server's call. They are a family of their own name. So is any agent that is
//! unknown otherwise and starts with `Name/version`.
//!
//! Families and systems have no version but that of Windows, whose versions are systems. Windows 11 writes itself as
//! 10, and an iPad writes itself as a Mac: both are told as written. A bot's system is `Unknown`, for what it writes
//! there is a disguise.

use std::borrow::Cow;
use woothee::parser::Parser;

/// The family and the system of an agent that nothing is known of.
pub const UNKNOWN: &str = "Unknown";

/// Bytes of an agent that are looked at; real ones are shorter.
const AGENT_BYTES_MAX: usize = 1024;

/// The longest name taken from an agent, in bytes.
const NAME_BYTES_MAX: usize = 40;

/// What a `User-Agent` header says of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The browser's, tool's or crawler's family, without version: `Chrome`, `Googlebot`, `curl`, `Unknown`.
    pub browser: Cow<'static, str>,
    /// The operating system: `Windows 10`, `macOS`, `iOS`, `Android`, `Linux`, `Unknown`.
    pub system: Cow<'static, str>,
    /// Whether it is a crawler, a feed fetcher, a monitor or a scanner.
    pub bot: bool,
}

/// Bots whose family is not the word that holds a mark: lower-case text in the agent, family.
///
/// The crawlers of AI companies are named by their own documentation; scanners by their default agents.
const BOT_FAMILIES: &[(&str, &str)] = &[
    ("adsbot-google", "AdsBot-Google"),
    ("googlebot", "Googlebot"),
    ("mediapartners-google", "Mediapartners-Google"),
    ("feedly/", "Feedly"),
    ("feedfetcher-google", "Feedfetcher-Google"),
    ("appengine-google", "AppEngine-Google"),
    ("googleother", "GoogleOther"),
    ("google-extended", "Google-Extended"),
    ("google-inspectiontool", "Google-InspectionTool"),
    ("google web preview", "Google Web Preview"),
    ("chatgpt-user", "ChatGPT-User"),
    ("claude-user", "Claude-User"),
    ("claude-web", "Claude-Web"),
    ("anthropic-ai", "anthropic-ai"),
    ("perplexity-user", "Perplexity-User"),
    ("cohere-ai", "cohere-ai"),
    ("bytespider", "Bytespider"),
    ("meta-externalagent", "meta-externalagent"),
    ("meta-externalfetcher", "meta-externalfetcher"),
    ("facebookexternalhit", "facebookexternalhit"),
    ("facebookcatalog", "facebookcatalog"),
    ("bingbot", "bingbot"),
    ("bingpreview", "BingPreview"),
    ("msnbot", "msnbot"),
    ("yahoo! slurp", "Yahoo! Slurp"),
    ("baiduspider", "Baiduspider"),
    ("sogou", "Sogou spider"),
    ("exabot", "Exabot"),
    ("ia_archiver", "ia_archiver"),
    ("feedburner", "FeedBurner"),
    ("tiny tiny rss", "Tiny Tiny RSS"),
    ("xenu link sleuth", "Xenu Link Sleuth"),
    ("whatsapp/", "WhatsApp"),
    ("headlesschrome", "HeadlessChrome"),
    ("phantomjs", "PhantomJS"),
    ("chrome-lighthouse", "Chrome-Lighthouse"),
    ("pingdom", "Pingdom"),
    ("nutch", "Nutch"),
    ("scrapy", "Scrapy"),
    ("zgrab", "zgrab"),
    ("masscan", "masscan"),
    ("nmap scripting engine", "Nmap"),
    ("nikto", "Nikto"),
    ("sqlmap", "sqlmap"),
    ("wpscan", "WPScan"),
    ("nuclei", "Nuclei"),
    ("censysinspect", "CensysInspect"),
    ("expanse, a palo alto", "Expanse"),
    ("embedly", "Embedly"),
    ("check_http", "check_http"),
    ("kube-probe", "kube-probe"),
    ("elb-healthchecker", "ELB-HealthChecker"),
    ("googlehc/", "GoogleHC"),
];

/// Lower-case texts that only programs write.
const BOT_MARKS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "scraper",
    "scanner",
    "fetcher",
    "archiver",
    "validator",
    "feed",
    " subscribers",
    " readers",
    "+http",
];

/// Texts in which a mark says nothing, lower-case: Cubot makes telephones.
const NO_BOTS: &[&str] = &["cubot"];

/// Libraries and tools that people drive: lower-case first word of the agent, family.
const TOOLS: &[(&str, &str)] = &[
    ("curl", "curl"),
    ("wget", "Wget"),
    ("libfetch", "libfetch"),
    ("fetch libfetch", "libfetch"),
    ("httpie", "HTTPie"),
    ("python-requests", "python-requests"),
    ("python-urllib", "Python-urllib"),
    ("python-httpx", "python-httpx"),
    ("aiohttp", "aiohttp"),
    ("python", "Python"),
    ("go-http-client", "Go-http-client"),
    ("java", "Java"),
    ("apache-httpclient", "Apache-HttpClient"),
    ("okhttp", "okhttp"),
    ("axios", "axios"),
    ("node-fetch", "node-fetch"),
    ("undici", "undici"),
    ("guzzlehttp", "GuzzleHttp"),
    ("http_request2", "HTTP_Request2"),
    ("php", "PHP"),
    ("libwww-perl", "libwww-perl"),
    ("lwp::simple", "LWP::Simple"),
    ("ruby", "Ruby"),
    ("faraday", "Faraday"),
    ("postmanruntime", "PostmanRuntime"),
    ("insomnia", "Insomnia"),
    ("powershell", "PowerShell"),
    ("chef client", "Chef Client"),
    ("lynx", "Lynx"),
    ("links", "Links"),
    ("elinks", "ELinks"),
    ("w3m", "w3m"),
];

/// Browsers that woothee takes for another one: text in the agent, family. The first that fits counts.
const BROWSERS: &[(&str, &str)] = &[
    ("Opera Mini/", "Opera Mini"),
    ("Opera Mobi", "Opera Mobile"),
    ("OPT/", "Opera Touch"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("UCBrowser/", "UC Browser"),
    ("UCWEB", "UC Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("MiuiBrowser/", "Miui Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("Silk/", "Silk"),
    ("Whale/", "Whale"),
    ("SeaMonkey/", "SeaMonkey"),
    ("PaleMoon/", "Pale Moon"),
    ("Iceweasel/", "Firefox"),
    ("Konqueror/", "Konqueror"),
    ("Epiphany/", "Epiphany"),
    ("Midori/", "Midori"),
    ("Electron/", "Electron"),
    ("Thunderbird/", "Thunderbird"),
    ("Opera ", "Opera"),
    ("MSIE ", "Internet Explorer"),
];

/// Systems that woothee takes for another one: text in the agent, system. The first that fits counts.
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows NT 5.2", "Windows XP"),
    ("Windows Phone", "Windows Phone"),
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("KAIOS/", "KaiOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),
    ("MacBook", "macOS"),
    ("Macmini", "macOS"),
    ("iMac", "macOS"),
    ("PlayStation 5", "PlayStation 5"),
    ("Nintendo Switch", "Nintendo Switch"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("NetBSD", "NetBSD"),
    ("SunOS", "Solaris"),
];

/// Systems by a text that alone says little, where nothing better is known.
const SYSTEMS_AT_LAST: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Darwin", "macOS"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
    ("linux", "Linux"),
    ("Ubuntu", "Linux"),
    ("X11", "Unix"),
];

/// What the `User-Agent` header `agent` says. Any bytes will do; those beyond the first 1024 are not looked at.
pub fn classify(agent: &[u8]) -> Agent {
    let agent = agent.get(..AGENT_BYTES_MAX).unwrap_or(agent);
    let text = String::from_utf8_lossy(agent);
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let tool = first(TOOLS, |start| {
        lower.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
    });
    if tool.is_none()
        && let Some(browser) = marked_bot(text, &lower)
    {
        return Agent { browser, system: UNKNOWN.into(), bot: true };
    }
    let known = Parser::new().parse(text).unwrap_or_default();
    let system = system(text, known.os);
    if let Some(tool) = tool {
        return Agent { browser: tool.into(), system, bot: false };
    }
    let browser = browser(text, known.name);
    let bot = known.category == "crawler" || (browser == UNKNOWN && compatible(text).is_some());
    if bot {
        let known = if known.name == "misc crawler" { UNKNOWN } else { known.name };
        let browser = product(text).unwrap_or(known).to_owned().into();
        return Agent { browser, system: UNKNOWN.into(), bot };
    }
    Agent { browser, system, bot }
}

/// The name beside the first text that fits.
fn first(table: &[(&'static str, &'static str)], fits: impl Fn(&str) -> bool) -> Option<&'static str> {
    table.iter().find(|(part, _)| fits(part)).map(|&(_, name)| name)
}

/// The family of a bot that our tables know.
fn marked_bot(text: &str, lower: &str) -> Option<Cow<'static, str>> {
    if let Some(name) = first(BOT_FAMILIES, |part| lower.contains(part)) {
        return Some(name.into());
    }
    if NO_BOTS.iter().any(|part| lower.contains(part)) || !BOT_MARKS.iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    let marked = words(text).filter(|word| !is_address(word)).filter_map(product_name).find(|name| is_distinct(name));
    Some(marked.or_else(|| product(text)).or_else(|| before_address(text)).unwrap_or(UNKNOWN).to_owned().into())
}

/// The pieces between white space and the punctuation of comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|byte: char| byte.is_whitespace() || "();,\"'".contains(byte)).filter(|word| !word.is_empty())
}

/// Whether a word is an address of the web or of mail.
fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@') || word.starts_with("www.")
}

/// Whether a name holds a mark and tells one bot from another.
fn is_distinct(name: &str) -> bool {
    const COMMON: &[&str] =
        &["bot", "bots", "robot", "robots", "crawler", "spider", "slurp", "fetcher", "feed", "feeds", "validator"];
    let lower = name.to_ascii_lowercase();
    BOT_MARKS.iter().any(|mark| lower.contains(mark)) && !COMMON.contains(&&*lower)
}

/// The product that gives its address: `Name/1.0; +http://...`.
fn before_address(text: &str) -> Option<&str> {
    let (named, _) = words(text).zip(words(text).skip(1)).find(|(_, address)| address.contains("://"))?;
    if named.contains('/') { product_name(named) } else { None }
}

/// The name in `Name/1.0`, or the whole word.
fn product_name(word: &str) -> Option<&str> {
    name(word.split('/').next()?)
}

/// A text that can be a name: a letter or digit first, a letter somewhere, no strange punctuation, not too long.
fn name(text: &str) -> Option<&str> {
    let text = text.trim_matches(['+', '-', ':', '!']);
    let is_name = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.len() <= NAME_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!:".contains(&byte));
    is_name.then_some(text)
}

/// The first product: `Name/version`, `Name version` or `Name (...)` at the start, the whole text if it is one word, or,
/// of a program that poses as Mozilla, the name behind `compatible`.
fn product(text: &str) -> Option<&str> {
    if text.starts_with("Mozilla/") {
        return compatible(text);
    }
    let end = text.find(|byte: char| byte == '/' || byte.is_whitespace()).unwrap_or(text.len());
    let (candidate, behind) = text.split_at_checked(end)?;
    let has_version = behind.starts_with('/')
        || behind.trim_start().starts_with(|first: char| first == '(' || first.is_ascii_digit());
    if has_version || behind.is_empty() { name(candidate) } else { None }
}

/// The name in `(compatible; Name/1.0; ...)`.
fn compatible(text: &str) -> Option<&str> {
    let (_, comment) = text.split_once("(compatible;")?;
    let end = comment.find([';', ')', '(', ',']).unwrap_or(comment.len());
    let first = comment.get(..end)?.trim();
    name(first.split(['/', ' ']).next()?).filter(|&name| name != "MSIE")
}

/// The family of an agent that is no bot; `known` is woothee's word for it.
fn browser(text: &str, known: &str) -> Cow<'static, str> {
    if let Some(name) = first(BROWSERS, |part| text.contains(part)) {
        return name.into();
    }
    match known {
        // The browser of Android 4 and before writes itself as Safari.
        "Safari" if text.contains("Android") => "Android Browser".into(),
        "SamsungBrowser" => "Samsung Internet".into(),
        "Webview" => "WebView".into(),
        "" | "UNKNOWN" | "HTTP Library" if text.starts_with("Mozilla/") => UNKNOWN.into(),
        "" | "UNKNOWN" | "HTTP Library" => product(text).unwrap_or(UNKNOWN).to_owned().into(),
        name => name.to_owned().into(),
    }
}

/// The system of an agent; `known` is woothee's word for it, some of them renamed.
fn system(text: &str, known: &str) -> Cow<'static, str> {
    if let Some(name) = first(SYSTEMS, |part| text.contains(part)) {
        return name.into();
    }
    match known {
        "Mac OSX" => "macOS".into(),
        "iPhone" | "iPad" | "iPod" => "iOS".into(),
        "Windows UNKNOWN Ver" => "Windows".into(),
        "" | "UNKNOWN" => first(SYSTEMS_AT_LAST, |part| text.contains(part)).unwrap_or(UNKNOWN).into(),
        name => name.to_owned().into(),
    }
}

#[cfg(test)]
mod tests;
