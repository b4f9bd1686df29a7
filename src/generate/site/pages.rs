//! The pages of a shop with a blog, and what each of them needs.

use super::super::alias::zipf;
use super::super::world::{AS_PAGE, Step, World};
use super::answers::{Answers, Weighted};
use super::words::{CATEGORIES, HELP, KINDS, QUERIES, THINGS, TOPICS};

/// Pages with their weights, first to last in the world.
#[derive(Debug, Default)]
pub struct Pages {
    /// The page that is first in the world.
    pub first: u32,
    /// The weight of each.
    pub weights: Vec<f64>,
}

/// What a page needs.
enum Need {
    /// These files and calls, beside what all pages need.
    Shop(Vec<Weighted>),
    /// Nothing: it is no page of the site's frame.
    Nothing,
}

/// The pages of one protocol, by Zipf's law; `count` of them at least.
pub fn people(world: &mut World, answers: &mut Answers<'_>, base: &str, count: usize, exponent: f64) -> Pages {
    let mut pages = Builder { base, first: world.pages.len() as u32, shared: Vec::new() };
    pages.share(world, answers);
    let targets = targets(answers, count);
    let mut weights = zipf(targets.len(), exponent);
    for target in &targets {
        let need = need(answers, target);
        let page = answers.page(target);
        pages.add(world, target, page, need);
    }
    // Beside the law: what is asked for in passing.
    let sum: f64 = weights.iter().sum();
    let login = vec![answers.call("POST", "/login", 302, &[(401, 0.12)]), answers.page("/account")];
    let order = vec![
        answers.call("POST", "/api/v1/orders", 201, &[(422, 0.05), (409, 0.01)]),
        answers.page("/checkout/thanks"),
    ];
    let login_page = answers.page("/login");
    pages.add(world, "/login", login_page, Need::Shop(login));
    let checkout = answers.page("/checkout");
    pages.add(world, "/checkout", checkout, Need::Shop(order));
    weights.extend([0.012 * sum, 0.006 * sum]);
    for (target, share) in [("/products", 0.003), ("/blog", 0.003), ("/index.html", 0.002), ("/shop/", 0.002)] {
        pages.add(world, target, answers.only("GET", target, 301), Need::Nothing);
        weights.push(share * sum);
    }
    for number in 0..12 {
        let target = format!("/products/{}-{}-{}", pick(&KINDS, number * 7), pick(&THINGS, number * 11), 90 + number);
        pages.add(world, &target, answers.only("GET", &target, 404), Need::Nothing);
        weights.push(0.010 * sum / 12.0);
    }
    let catalogue = answers.parts("/downloads/catalogue-2025.pdf", 8_412_377);
    pages.add(world, "/downloads/catalogue-2025.pdf", catalogue, Need::Nothing);
    weights.push(0.002 * sum);
    Pages { first: pages.first, weights }
}

/// The same targets for who asks for pages alone: crawlers.
pub fn crawled(world: &mut World, answers: &mut Answers<'_>, count: usize, exponent: f64) -> Pages {
    let first = world.pages.len() as u32;
    let targets = targets(answers, count);
    let mut weights = zipf(targets.len(), exponent * 0.5);
    for target in &targets {
        let page = answers.page(target);
        let resource = world.resource(page);
        world.single(resource, 0);
    }
    let sum: f64 = weights.iter().sum();
    for number in 0..40 {
        let (target, status) = match number % 4 {
            0 => (format!("/blog/2019/0{}/{}", 1 + number % 9, pick(&TOPICS, number)), 404),
            1 => (format!("/shop/item.php?id={}", 1000 + 37 * number), 301),
            2 => (
                format!("/products/{}-{}-{}?sort=price", pick(&KINDS, number), pick(&THINGS, number * 3), 100 + number),
                301,
            ),
            _ => (format!("/tag/{}/page/{}", pick(&CATEGORIES, number), 2 + number % 5), 404),
        };
        let resource = world.resource(answers.only("GET", &target, status));
        world.single(resource, 0);
        weights.push(0.11 * sum / 40.0);
    }
    Pages { first, weights }
}

fn pick<'a>(words: &[&'a str], at: usize) -> &'a str {
    words.get(at % words.len().max(1)).copied().unwrap_or("x")
}

/// The targets, most popular first: the home page, what stands in the menu, and the rest shuffled.
fn targets(answers: &mut Answers<'_>, count: usize) -> Vec<String> {
    let mut menu = vec!["/".to_owned()];
    menu.extend(CATEGORIES.iter().map(|category| format!("/products/{category}/")));
    let mut rest = vec!["/blog/".to_owned(), "/cart".to_owned()];
    rest.extend(HELP.iter().map(|topic| format!("/help/{topic}")));
    rest.extend(QUERIES.iter().map(|query| format!("/search?q={query}")));
    for category in CATEGORIES {
        rest.extend((2..5).map(|page| format!("/products/{category}/?page={page}")));
    }
    for (number, topic) in TOPICS.iter().enumerate() {
        rest.push(format!("/blog/{}/{:02}/{topic}", 2023 + number / 12, 1 + number % 12));
    }
    for source in ["newsletter", "instagram", "partner"] {
        rest.push(format!("/?utm_source={source}&utm_medium=social&utm_campaign=winter_sale"));
    }
    let mut number = 0;
    while menu.len() + rest.len() < count {
        let (kind, thing) = (pick(&KINDS, number / THINGS.len() + number * 7), pick(&THINGS, number));
        rest.push(format!("/products/{kind}-{thing}-{}", 1001 + number));
        number += 1;
    }
    // Fisher and Yates: each order is as likely.
    for at in (1..rest.len()).rev() {
        let other = answers.chance.below(at as u32 + 1) as usize;
        rest.swap(at, other);
    }
    menu.extend(rest);
    menu.truncate(count.max(1));
    menu
}

/// What a page of the shop's frame needs beside the frame.
fn need(answers: &mut Answers<'_>, target: &str) -> Need {
    let path = target.split('?').next().unwrap_or(target);
    let id = path.rsplit('-').next().and_then(|id| id.parse::<u32>().ok());
    let mut needs = Vec::new();
    let image = |answers: &mut Answers<'_>, id: u32, number: u32, width: u32| {
        let target = format!("/media/products/{id}/{number}-{width}.webp");
        answers.file(&target, f64::from(width) * 62.0, 0.22)
    };
    match id {
        Some(id) => {
            for number in 1..2 + id % 4 {
                needs.push(image(answers, id, number, 800));
            }
            let related = format!("/api/v1/recommendations?product={id}&limit=8");
            needs.push(answers.call("GET", &related, 200, &[(304, 0.02)]));
        }
        None if path.starts_with("/products/") => {
            let first = 1001 + answers.chance.below(300);
            for number in 0..6 {
                needs.push(image(answers, first + number * 7, 1, 320));
            }
        }
        None if path.starts_with("/blog/2") => {
            let name = path.rsplit('/').next().unwrap_or("post");
            needs.push(answers.file(&format!("/media/blog/{name}.jpg"), 148_000.0, 0.2));
        }
        None if path == "/" => {
            needs.push(answers.file("/media/home/hero-1600.webp", 182_000.0, 0.3));
            needs.push(answers.file("/media/home/sale-banner.png", 74_000.0, 0.3));
            needs.push(answers.call("GET", "/api/v1/recommendations?limit=12", 200, &[(304, 0.02)]));
        }
        None if path == "/cart" => {
            needs.push(answers.call("GET", "/api/v1/cart", 200, &[(401, 0.01)]));
            needs.push(answers.call("PUT", "/api/v1/cart/items/1", 200, &[(404, 0.02)]));
            needs.push(answers.call("DELETE", "/api/v1/cart/items/2", 204, &[(404, 0.02)]));
        }
        None => {}
    }
    // Every third page or so tells that it was seen.
    if target.len().is_multiple_of(3) {
        needs.push(answers.call("POST", "/api/v1/events", 204, &[(400, 0.004)]));
    }
    Need::Shop(needs)
}

/// Adds pages to the world.
struct Builder<'a> {
    base: &'a str,
    first: u32,
    /// What all pages of the shop need.
    shared: Vec<Step>,
}

impl Builder<'_> {
    fn share(&mut self, world: &mut World, answers: &mut Answers<'_>) {
        let css = "/static/css/main.4f3a9c1b.css";
        let from_css = world.referrer(&format!("{}{css}", self.base));
        let files = [
            (css, 31_000.0, 0.30, AS_PAGE),
            ("/static/js/vendor.b8e04a77.js", 148_000.0, 0.30, AS_PAGE),
            ("/static/js/app.8d2e71f0.js", 64_000.0, 0.25, AS_PAGE),
            ("/static/img/logo.svg", 3_400.0, 0.35, AS_PAGE),
            ("/static/fonts/inter-latin-var.woff2", 47_000.0, 0.35, from_css),
            ("/favicon.ico", 4_200.0, 0.2, AS_PAGE),
        ];
        for (target, bytes, cached, referrer) in files {
            let answers = answers.file(target, bytes, cached);
            self.shared.push(Step { resource: world.resource(answers), referrer });
        }
    }

    fn add(&mut self, world: &mut World, target: &str, page: Weighted, need: Need) {
        let url = world.referrer(&format!("{}{target}", self.base));
        let own = |resource| Step { resource, referrer: AS_PAGE };
        let mut again = vec![own(world.resource(page))];
        let mut first = again.clone();
        if let Need::Shop(needs) = need {
            first.extend(self.shared.iter().map(|step| match step.referrer {
                AS_PAGE => Step { referrer: url, ..*step },
                _ => *step,
            }));
            let needs: Vec<Step> =
                needs.into_iter().map(|need| Step { resource: world.resource(need), referrer: url }).collect();
            again.extend(&needs);
            first.extend(&needs);
        }
        world.page(url, &first, &again);
    }
}
