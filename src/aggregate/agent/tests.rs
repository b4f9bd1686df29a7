use super::*;
use proptest::prelude::*;

#[test]
fn agents_of_people_have_a_browser_and_a_system() {
    let cases = [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "Chrome",
            "Windows 10",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
            "Edge",
            "Windows 10",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 OPR/105.0.0.0",
            "Opera",
            "Windows 10",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox", "Linux"),
        ("Mozilla/5.0 (X11; NetBSD amd64; rv:24.0) Gecko/20131021 Firefox/24.0", "Firefox", "NetBSD"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
            "Safari",
            "macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
            "Safari",
            "iOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.0 Mobile/15E148 Safari/604.1",
            "Chrome",
            "iOS",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/120.0 Mobile/15E148 Safari/605.1.15",
            "Firefox",
            "iOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
        ),
        (
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.0.0 Mobile Safari/537.36",
            "Chrome",
            "Android",
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; A500) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30",
            "Android Browser",
            "Android",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
            "Chrome",
            "ChromeOS",
        ),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.2; SV1)", "Internet Explorer", "Windows XP"),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows 7"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/34.1; U; en) Presto/2.8.119 Version/11.10", "Opera Mini", "Unknown"),
        ("curl/8.4.0", "curl", "Unknown"),
        ("Wget/1.14 (linux-gnu)", "Wget", "Linux"),
        ("python-requests/2.31.0", "python-requests", "Unknown"),
        ("Go-http-client/1.1", "Go-http-client", "Unknown"),
        ("Chef Client/10.18 (ruby; x86_64-linux; +http://opscode.com)", "Chef Client", "Linux"),
        ("Safari/9537 CFNetwork/673.0 Darwin/13.0 (x86_64) (MacBookPro8%2C1)", "Safari", "macOS"),
        ("MyShop/3.1 (Android 14)", "MyShop", "Android"),
        ("Mozilla/5.0", "Unknown", "Unknown"),
        ("&as_qdr=all", "Unknown", "Unknown"),
        ("-", "Unknown", "Unknown"),
        ("", "Unknown", "Unknown"),
    ];
    for (agent, browser, system) in cases {
        let expected = Agent { browser: browser.into(), system: system.into(), bot: false };
        assert_eq!(classify(agent.as_bytes()), expected, "{agent}");
    }
}

#[test]
fn bots_have_a_family() {
    let cases = [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A5376e Safari/8536.25 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot",
        ),
        ("Googlebot-Image/1.0", "Googlebot"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot"),
        ("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", "Yahoo! Slurp"),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; +https://openai.com/gptbot)",
            "GPTBot",
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
            "ClaudeBot",
        ),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", "CCBot"),
        (
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
            "Bytespider",
        ),
        ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "SemrushBot"),
        ("Mozilla/5.0 (compatible; MJ12bot/v1.4.4; http://www.majestic12.co.uk/bot.php?+)", "MJ12bot"),
        (
            "Mozilla/5.0 (compatible; archive.org_bot +http://www.archive.org/details/archive.org_bot)",
            "archive.org_bot",
        ),
        ("Mozilla/5.0 (compatible; Linux x86_64; Mail.RU_Bot/2.0; +http://go.mail.ru/help/robots)", "Mail.RU_Bot"),
        ("Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "YandexImages"),
        ("Mozilla/5.0 (compatible; Ezooms/1.0; help@moz.com)", "Ezooms"),
        ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "Sogou spider"),
        ("UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/", "UniversalFeedParser"),
        ("SimplePie/1.3 (Feed Parser; http://simplepie.org)", "SimplePie"),
        ("LiveJournal.com (webmaster@example.com; for http://example.com/; 1 readers)", "LiveJournal.com"),
        ("Mozilla/5.0 (Windows; U; Windows NT 5.1; zh-CN; ) Firefox/1.5.0.11; 360Spider", "360Spider"),
        (
            "Mozilla/5.0 (Macintosh) Gecko/20100115 Firefox/3.6 (FlipboardProxy/1.1; +http://flipboard.com/browserproxy)",
            "FlipboardProxy",
        ),
        ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; http://www.example.com/bot.html )", "Unknown"),
        ("Feedbin - 1 subscribers", "Feedbin"),
        ("Linkspider/1.0", "Linkspider"),
        ("LumiBot 2.0", "LumiBot"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0 Safari/537.36",
            "HeadlessChrome",
        ),
        ("Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:Port Check)", "Nikto"),
        ("kube-probe/1.27", "kube-probe"),
    ];
    for (agent, family) in cases {
        let expected = Agent { browser: family.into(), system: UNKNOWN.into(), bot: true };
        assert_eq!(classify(agent.as_bytes()), expected, "{agent}");
    }
}

#[test]
fn what_stands_beyond_the_limit_is_not_looked_at() {
    let mut agent = vec![b'a'; AGENT_BYTES_MAX];
    agent.extend_from_slice(b" Googlebot");
    assert!(!classify(&agent).bot);
}

proptest! {
    #[test]
    fn any_bytes_have_a_class(agent in proptest::collection::vec(any::<u8>(), 0..1500)) {
        let class = classify(&agent);
        prop_assert!(!class.browser.is_empty() && class.browser.len() <= NAME_BYTES_MAX);
        prop_assert!(!class.system.is_empty());
    }

    #[test]
    fn pieces_of_agents_have_a_class(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "Mozilla/5.0", " (", ")", "compatible;", " MSIE 6.0;", "Windows NT 5.1", ";", "Googlebot", "bot", "/", " ",
        "+http://a.b/", "Safari/", "Chrome/1", "Opera", "Android", "iPhone;", "like Mac OS X", "KDDI-", "DoCoMo",
        "SoftBank/1/", "\u{e9}", "CFNetwork", "Version/", "1.0", "Xbox", "BB10", "PSP (PlayStation Portable)", "Windows Phone 8",
    ]), 0..30)) {
        let class = classify(pieces.concat().as_bytes());
        prop_assert!(!class.browser.is_empty() && class.browser.len() <= NAME_BYTES_MAX);
    }
}
