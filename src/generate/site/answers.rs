//! Requests with the answers that fit them.

use super::super::chance::{Chance, Purpose};
use super::super::world::{Exchange, Size};
use rand_distr::{Distribution, LogNormal};

/// How the server answers, from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The median of a page's size, in bytes, and the standard deviation of its logarithm.
    pub page_bytes: (f64, f64),
    /// Microseconds that a page takes in the middle.
    pub page_micros: f64,
    /// The share of requests for pages and calls that fail.
    pub failures: f64,
}

/// Makes the answers of one protocol.
#[derive(Debug)]
pub struct Answers<'a> {
    pub manner: Manner,
    pub protocol: &'static str,
    /// The run's seed.
    pub seed: u64,
    pub chance: &'a mut Chance,
}

/// Answers with their weights.
pub type Weighted = Vec<(Exchange, f64)>;

/// The size of nginx's own page for a status; what a server says itself is short and always the same.
fn error_bytes(status: u16) -> u32 {
    match status {
        301 | 302 | 308 => 169,
        401 => 179,
        403 => 153,
        404 => 153,
        405 => 157,
        414 => 177,
        429 => 169,
        500 => 177,
        502 => 157,
        503 => 197,
        504 => 167,
        _ => 157,
    }
}

impl Answers<'_> {
    /// One answer.
    pub fn one(&self, method: &str, target: &str, status: u16, size: Size, micros: f64) -> Exchange {
        Exchange {
            method: method.into(),
            target: target.into(),
            protocol: self.protocol.into(),
            status,
            size: if method == "HEAD" { Size::None } else { size },
            latency_micros: micros.max(1.0) as u32,
            ..Exchange::default()
        }
    }

    /// An answer of the server itself: a redirect, an error.
    pub fn short(&self, method: &str, target: &str, status: u16, micros: f64) -> Exchange {
        let size = if matches!(status, 204 | 304) { Size::None } else { Size::Fixed(error_bytes(status)) };
        self.one(method, target, status, size, micros)
    }

    /// A value of a target: the same whenever it is asked for, in whatever protocol.
    fn lognormal(&self, target: &str, median: f64, sigma: f64) -> f64 {
        // FNV-1a, to give each target a stream of its own.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let number = target.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        let mut chance = Chance::new(self.seed, Purpose::Sizes, number);
        LogNormal::new(median.max(1.0).ln(), sigma).map_or(median, |spread| spread.sample(chance.generator()))
    }

    /// What fails: 502 most often, as where an upstream is restarted.
    fn failing(&self, method: &str, target: &str, weight: f64) -> Weighted {
        let micros = self.manner.page_micros;
        [(503, 0.2, 0.4), (502, 0.5, 1.1), (500, 0.25, 0.9), (504, 0.05, 4000.0)]
            .map(|(status, share, times)| (self.short(method, target, status, micros * times), share * weight))
            .to_vec()
    }

    /// A page that is made anew for each request.
    pub fn page(&mut self, target: &str) -> Weighted {
        let (median, sigma) = self.manner.page_bytes;
        let bytes = self.lognormal(target, median, sigma);
        let micros = self.lognormal(target, self.manner.page_micros, 0.4);
        let ok = self.one("GET", target, 200, Size::Around(bytes as u32), micros);
        let mut answers = vec![(ok, 1.0), (self.short("GET", target, 304, micros * 0.3), 0.012)];
        answers.extend(self.failing("GET", target, self.manner.failures));
        answers
    }

    /// A file, of which `cached` is the share of requests that find it unchanged.
    pub fn file(&mut self, target: &str, median: f64, cached: f64) -> Weighted {
        let bytes = self.lognormal(target, median, 0.7) as u32 + 64;
        // Larger files take longer to be sent.
        let micros = 180.0 + f64::from(bytes) / 60.0;
        let mut answers = vec![
            (self.one("GET", target, 200, Size::Fixed(bytes), micros), 1.0 - cached),
            (self.short("GET", target, 304, 160.0), cached),
        ];
        answers.push((self.short("GET", target, 503, 500.0), self.manner.failures * 0.05));
        answers
    }

    /// A part of a large file, as players and download managers ask for it.
    pub fn parts(&mut self, target: &str, bytes: u32) -> Weighted {
        let mut answers = vec![(self.one("GET", target, 200, Size::Fixed(bytes), f64::from(bytes) / 20.0), 0.3)];
        for part in [bytes / 2, bytes / 5, 1 << 20, 65_536] {
            answers.push((self.one("GET", target, 206, Size::Fixed(part.max(1)), f64::from(part) / 20.0), 0.17));
        }
        answers.extend(self.failing("GET", target, self.manner.failures));
        answers
    }

    /// A call of the API: its good status, and how often each other one comes.
    pub fn call(&mut self, method: &str, target: &str, good: u16, others: &[(u16, f64)]) -> Weighted {
        let micros = self.lognormal(target, self.manner.page_micros * 0.6, 0.6);
        let size = match (good, method) {
            (204 | 304, _) => Size::None,
            (_, "GET") => Size::Around(self.lognormal(target, 1400.0, 0.9) as u32 + 2),
            _ => Size::Around(self.lognormal(target, 310.0, 0.3) as u32),
        };
        let mut answers = vec![(self.one(method, target, good, size, micros), 1.0)];
        for (status, weight) in others {
            let size = if *status == 304 { Size::None } else { Size::Fixed(96 + u32::from(*status) % 60) };
            answers.push((self.one(method, target, *status, size, micros * 0.4), *weight));
        }
        answers.extend(self.failing(method, target, self.manner.failures * 1.6));
        answers
    }

    /// What is only ever answered with this status.
    pub fn only(&self, method: &str, target: &str, status: u16) -> Weighted {
        let micros = 240.0;
        let mut answers = vec![(self.short(method, target, status, micros), 1.0)];
        answers.extend(self.failing(method, target, self.manner.failures * 0.1));
        answers
    }
}
