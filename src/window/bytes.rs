//! The counts of a pane as bytes, to be kept over a restart, and back.
//!
//! ```text
//! bytes = version zstd(postcard(Form))
//! ```
//! What is read is taken for hostile: a file may be damaged, or made by somebody. No memory is reserved because a number
//! says so (postcard's lists grow with what is there, zstd's output is cut off), keys must differ, buckets ascend and
//! counts stay where sums of 65,536 of them cannot overflow. Bytes that say anything else are refused as a whole.
//!
//! Keys longer than [`KEY_BYTES_MAX`] are left out, as if the list had dropped them: its floor says how many hits such a
//! key may have had.

use super::keys::Keys;
use super::pane::{Counts, List};
use super::sparse::Sparse;
use super::top_list::Hits;
use crate::aggregate::distinct::Distinct;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Read;

/// The form that is written, and read. A change of [`Form`] is a new one.
const VERSION: u8 = 1;
/// Bytes of the longest key that is kept.
pub const KEY_BYTES_MAX: usize = 1 << 16;
/// The most that a count may be: sums of 65,536 fit.
const COUNT_MAX: u64 = 1 << 48;
/// The most that bytes may become when decompressed: full lists of the longest keys.
const RAW_BYTES_MAX: u64 = 128 << 20;
/// zstd's level: higher ones save a few percent.
const LEVEL: i32 = 1;
/// Binary logarithm of the memory that zstd may look back over: more than its level ever asks for.
const LOOK_BACK_BITS: u32 = 23;

/// [`Counts`], as they are written.
#[derive(Serialize, Deserialize)]
struct Form<'bytes> {
    records: u64,
    status: Vec<(u16, u64)>,
    levels: [u64; 8],
    bytes_sent: u64,
    bytes_read: u64,
    sizes: Values,
    latencies: Values,
    #[serde(borrow)]
    lists: Vec<Keyed<'bytes>>,
}

/// [`Sparse`].
#[derive(Serialize, Deserialize)]
struct Values {
    buckets: Vec<(u16, u64)>,
    sum: u128,
    least: u64,
    greatest: u64,
}

/// [`Keys`]: key, hits, error.
#[derive(Serialize, Deserialize)]
struct Keyed<'bytes> {
    floor: u64,
    #[serde(borrow)]
    keys: Vec<(&'bytes [u8], u64, u64)>,
    /// Registers of the sketch.
    #[serde(borrow)]
    sketch: Option<&'bytes [u8]>,
}

/// Why bytes are no counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// They are of a form that this version does not know.
    Version(u8),
    /// They are cut, or damaged.
    Damaged,
    /// They say what cannot be, about this.
    Nonsense(&'static str),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Version(version) => {
                write!(f, "a pane is in form {version}, and this version of visor-fast reads form {VERSION}")
            }
            Refused::Damaged => f.write_str("a pane is damaged"),
            Refused::Nonsense(what) => write!(f, "a pane contradicts itself ({what})"),
        }
    }
}

impl std::error::Error for Refused {}

impl Counts {
    /// The counts as bytes: equal ones are equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.written(usize::MAX, KEY_BYTES_MAX)
    }

    /// As [`to_bytes`](Self::to_bytes), of each list only the first `top` keys of at most `key_bytes` bytes, and no
    /// sketches: an archive is looked at more seldom than it is written. What is left is told with its error, but for
    /// distinct counts.
    pub fn to_slim_bytes(&self, top: usize, key_bytes: usize) -> Vec<u8> {
        self.written(top, key_bytes.min(KEY_BYTES_MAX))
    }

    fn written(&self, top: usize, key_bytes: usize) -> Vec<u8> {
        let is_whole = top == usize::MAX;
        let form = Form {
            records: self.records,
            status: self.status.clone(),
            levels: self.levels,
            bytes_sent: self.bytes_sent,
            bytes_read: self.bytes_read,
            sizes: Values::of(&self.sizes),
            latencies: Values::of(&self.latencies),
            lists: self.lists.iter().map(|keys| Keyed::of(keys, top, key_bytes, is_whole)).collect(),
        };
        // Neither of the two can fail: there is nothing in it that has no form, and memory is all that they need.
        let raw = postcard::to_stdvec(&form).unwrap_or_default();
        let mut bytes = vec![VERSION];
        bytes.extend(zstd::bulk::compress(&raw, LEVEL).unwrap_or_default());
        bytes
    }

    /// The counts that were written.
    ///
    /// # Errors
    /// Bytes that are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Counts, Refused> {
        let (version, stored) = bytes.split_first().ok_or(Refused::Damaged)?;
        if *version != VERSION {
            return Err(Refused::Version(*version));
        }
        let mut raw = Vec::new();
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(|_| Refused::Damaged)?;
        decoder.window_log_max(LOOK_BACK_BITS).map_err(|_| Refused::Damaged)?;
        decoder.take(RAW_BYTES_MAX).read_to_end(&mut raw).map_err(|_| Refused::Damaged)?;
        match postcard::take_from_bytes::<Form<'_>>(&raw) {
            Ok((form, [])) => form.counts(),
            _ => Err(Refused::Damaged),
        }
    }
}

impl Form<'_> {
    fn counts(self) -> Result<Counts, Refused> {
        let is_count = |count: u64| count <= COUNT_MAX;
        let is_ascending = self.status.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !is_ascending || !self.status.iter().all(|(status, hits)| *status < 1000 && is_count(*hits)) {
            return Err(Refused::Nonsense("status"));
        }
        if !is_count(self.records) || !self.levels.iter().all(|hits| is_count(*hits)) {
            return Err(Refused::Nonsense("records"));
        }
        let lists: Result<Vec<Keys>, Refused> = self.lists.into_iter().map(Keyed::keys).collect();
        Ok(Counts {
            records: self.records,
            status: self.status,
            levels: self.levels,
            bytes_sent: self.bytes_sent,
            bytes_read: self.bytes_read,
            sizes: self.sizes.sparse().ok_or(Refused::Nonsense("sizes"))?,
            latencies: self.latencies.sparse().ok_or(Refused::Nonsense("latencies"))?,
            lists: <[Keys; List::ALL.len()]>::try_from(lists?).map_err(|_| Refused::Nonsense("lists"))?,
        })
    }
}

impl Values {
    fn of(sparse: &Sparse) -> Values {
        let (least, greatest) = sparse.range().unwrap_or((u64::MAX, 0));
        Values { buckets: sparse.buckets().to_vec(), sum: sparse.sum(), least, greatest }
    }

    fn sparse(self) -> Option<Sparse> {
        let is_count = self.buckets.iter().try_fold(0u64, |sum, (_, count)| sum.checked_add(*count));
        let is_sound = is_count.is_some_and(|count| count <= COUNT_MAX);
        if is_sound { Sparse::from_parts(self.buckets, self.sum, self.least, self.greatest) } else { None }
    }
}

impl<'keys> Keyed<'keys> {
    /// The first `top` keys; of those left out none has more hits than the floor.
    fn of(keys: &'keys Keys, top: usize, key_bytes: usize, has_sketch: bool) -> Keyed<'keys> {
        let mut floor = keys.top().floor();
        let mut kept = Vec::new();
        for (at, (key, hits)) in keys.top().top(usize::MAX).into_iter().enumerate() {
            if at < top && key.len() <= key_bytes {
                kept.push((key, hits.hits, hits.error));
            } else {
                floor = floor.max(hits.most());
            }
        }
        Keyed { floor, keys: kept, sketch: keys.sketch().filter(|_| has_sketch).map(Distinct::registers) }
    }

    fn keys(self) -> Result<Keys, Refused> {
        let sketch = match self.sketch {
            None => None,
            Some(registers) => Some(Distinct::from_registers(registers.to_vec()).ok_or(Refused::Nonsense("sketch"))?),
        };
        let is_sound = |(_, hits, error): &(&[u8], u64, u64)| *hits <= COUNT_MAX && *error <= COUNT_MAX;
        if self.floor > COUNT_MAX || !self.keys.iter().all(is_sound) {
            return Err(Refused::Nonsense("hits"));
        }
        let keys = self.keys.into_iter().map(|(key, hits, error)| (key, Hits { hits, error }));
        Keys::from_parts(self.floor, keys, sketch).ok_or(Refused::Nonsense("keys"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::panes::Pane;
    use crate::window::sparse::bucket_of;
    use proptest::prelude::*;

    /// What tells two counts apart.
    fn facts(counts: &Counts) -> impl PartialEq + std::fmt::Debug {
        let list = |keys: &Keys| {
            let rows: Vec<(Vec<u8>, Hits)> =
                keys.top().top(usize::MAX).into_iter().map(|(key, hits)| (key.to_vec(), hits)).collect();
            (rows, keys.top().floor(), keys.distinct())
        };
        (
            (counts.records, counts.status.clone(), counts.levels, counts.bytes_sent, counts.bytes_read),
            (counts.sizes.clone(), counts.latencies.clone()),
            counts.lists.iter().map(list).collect::<Vec<_>>(),
        )
    }

    fn sparse(values: &[u64]) -> Sparse {
        let mut buckets = std::collections::BTreeMap::new();
        values.iter().for_each(|value| *buckets.entry(bucket_of(*value)).or_default() += 1);
        let (least, greatest) = (values.iter().min(), values.iter().max());
        let sum = values.iter().map(|value| u128::from(*value)).sum();
        Sparse::new(
            buckets.into_iter().collect(),
            sum,
            least.copied().unwrap_or(u64::MAX),
            greatest.copied().unwrap_or(0),
        )
    }

    fn counts(records: u64, values: &[u64], keys: u32) -> Counts {
        let names: Vec<Vec<u8>> = (0..keys).map(|key| format!("/{key}").into_bytes()).collect();
        let mut counts = Counts {
            records,
            status: vec![(0, 1), (200, records)],
            bytes_sent: u64::MAX,
            sizes: sparse(values),
            latencies: sparse(&values[values.len() / 2..]),
            ..Counts::default()
        };
        counts.levels[3] = 7;
        for (list, by) in List::ALL.into_iter().zip(1..) {
            let hits: Vec<_> = (0..keys).step_by(by).map(|key| (key, u64::from(key % 13 + 1))).collect();
            counts.lists[list as usize] = Keys::of(hits, |key| &names[key as usize]);
        }
        counts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_read_is_what_was_written(
            records in 0u64..1 << 40,
            values in prop::collection::vec(any::<u64>(), 0..60),
            keys in 0u32..400,
            others in 0u32..400,
        ) {
            let mut written = counts(records, &values, keys);
            written.merge(&counts(1, &[5], others));
            let bytes = written.to_bytes();
            let read = Counts::from_bytes(&bytes).unwrap();
            prop_assert_eq!(facts(&read), facts(&written));
            prop_assert_eq!(read.to_bytes(), bytes, "equal counts are equal bytes");
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Counts::from_bytes(&bytes);
            let mut stored = vec![VERSION];
            stored.extend(zstd::bulk::compress(&bytes, 1).unwrap());
            if let Ok(mut counts) = Counts::from_bytes(&stored) {
                counts.merge(&counts.clone());
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_leaves_counts_that_can_be_merged(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let written = counts(9, &[1, 2, 3000], 40);
            let raw = zstd::bulk::decompress(&written.to_bytes()[1..], 1 << 20).unwrap();
            let mut changed = raw.clone();
            changed[at.index(raw.len())] = to;
            let mut stored = vec![VERSION];
            stored.extend(zstd::bulk::compress(&changed, 1).unwrap());
            if let Ok(mut counts) = Counts::from_bytes(&stored) {
                counts.merge(&written);
                let _ = (counts.sizes.quantile(0.99), counts.list(List::Paths).distinct(), counts.errors());
            }
        }
    }

    #[test]
    fn a_list_that_is_cut_says_how_much_may_be_missing() {
        let mut written = counts(100, &[1], 40);
        written.lists[List::Clients as usize] =
            Keys::of(vec![(0, 9), (1, 30), (2, 8)], |key| [&b"a"[..], &[b'l'; 2000], b"c"][key as usize]);
        let read = Counts::from_bytes(&written.to_slim_bytes(1, 1024)).unwrap();
        let clients = read.list(List::Clients).top();
        // The longest key came first, and is too long.
        assert_eq!((clients.len(), clients.floor()), (0, 30));
        let read = Counts::from_bytes(&written.to_slim_bytes(2, 1024)).unwrap();
        let clients = read.list(List::Clients);
        assert_eq!((clients.top().top(9)[0].0, clients.top().floor()), (&b"a"[..], 30));
        assert!(!clients.distinct().1, "nobody takes it for the whole");
        assert_eq!((read.records, read.sizes.count()), (100, 1));
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let sound = counts(1, &[3, 4], 3).to_bytes();
        let raw = |form: &Form<'_>| {
            let mut bytes = vec![VERSION];
            bytes.extend(zstd::bulk::compress(&postcard::to_stdvec(form).unwrap(), 1).unwrap());
            bytes
        };
        let bomb = {
            let mut bytes = vec![VERSION];
            bytes.extend(zstd::bulk::compress(&vec![0; 1 << 24], 19).unwrap());
            bytes
        };
        let form = || {
            let empty = || Values { buckets: vec![], sum: 0, least: u64::MAX, greatest: 0 };
            let lists = List::ALL.map(|_| Keyed { floor: 0, keys: vec![], sketch: None });
            let (sizes, latencies) = (empty(), empty());
            let (status, levels) = (vec![(200, 1)], [0; 8]);
            Form { records: 1, status, levels, bytes_sent: 0, bytes_read: 0, sizes, latencies, lists: lists.into() }
        };
        assert!(Counts::from_bytes(&raw(&form())).is_ok());
        let of = |change: fn(&mut Form<'_>)| {
            let mut form = form();
            change(&mut form);
            raw(&form)
        };
        let twice: fn(&mut Form<'_>) = |form| form.lists[2].keys = vec![(b"a", 1, 0), (b"a", 2, 0)];
        let cases = [
            ("nothing", vec![], Refused::Damaged),
            ("another version", vec![VERSION + 1, 0], Refused::Version(VERSION + 1)),
            ("cut", sound[..sound.len() - 1].to_vec(), Refused::Damaged),
            ("zeros without end", bomb, Refused::Damaged),
            ("a status twice", of(|form| form.status = vec![(200, 1), (200, 1)]), Refused::Nonsense("status")),
            ("a status of four digits", of(|form| form.status = vec![(1000, 1)]), Refused::Nonsense("status")),
            ("records beyond counting", of(|form| form.records = u64::MAX), Refused::Nonsense("records")),
            ("a list too few", of(|form| drop(form.lists.pop())), Refused::Nonsense("lists")),
            ("a key twice", of(twice), Refused::Nonsense("keys")),
            ("hits beyond counting", of(|form| form.lists[0].floor = u64::MAX), Refused::Nonsense("hits")),
            ("a sketch cut short", of(|form| form.lists[0].sketch = Some(&[1, 2])), Refused::Nonsense("sketch")),
            (
                "a bucket that there is not",
                of(|form| form.sizes.buckets = vec![(u16::MAX, 1)]),
                Refused::Nonsense("sizes"),
            ),
            ("buckets in disorder", of(|form| form.sizes.buckets = vec![(9, 1), (8, 1)]), Refused::Nonsense("sizes")),
            ("a sum that cannot be", of(|form| form.latencies.sum = 7), Refused::Nonsense("latencies")),
        ];
        for (what, bytes, expected) in cases {
            assert_eq!(Counts::from_bytes(&bytes).map(|counts| counts.records), Err(expected), "{what}");
        }
    }
}
