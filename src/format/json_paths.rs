//! Which keys of a document are wanted: paths such as `request.headers.User-Agent[0]`, compiled to a tree of nodes.
//!
//! A key is looked up by its length and its first and last eight bytes, which for keys up to sixteen bytes is the whole
//! key: no comparison of memory follows, and a key that is not wanted is known after one probe of a sparse table.
//!
//! A path with dots is entered twice, step by step and as one flat key, so that `http.status` finds both
//! `{"http":{"status":200}}` and `{"http.status":200}`.

/// A node of the tree: what is wanted below one value of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(u16);

impl Node {
    /// Nothing is wanted here or below.
    pub const NOTHING: Node = Node(0);
    /// The document itself.
    pub const ROOT: Node = Node(1);
}

/// Compiled paths.
#[derive(Clone, Debug)]
pub struct Paths {
    nodes: Vec<Wanted>,
}

/// What is wanted at one node.
#[derive(Clone, Debug, Default)]
struct Wanted {
    /// The leaf that takes the value itself.
    leaf: Option<u8>,
    /// The wanted keys of an object.
    keys: Keys,
    /// The wanted elements of an array: index and node.
    elements: Vec<(u32, Node)>,
}

impl Paths {
    /// Compiles paths; the position of a path is the leaf that its value is handed over with.
    ///
    /// The first of two equal paths wins. At most 255 paths can be told apart; later ones are not looked for.
    pub fn compile<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<Paths, String> {
        let mut tree = Paths { nodes: vec![Wanted::default(), Wanted::default()] };
        for (leaf, path) in (0..u8::MAX).zip(paths) {
            let steps = steps(path)?;
            let is_dotted = steps.len() > 1 && !path.contains('[');
            tree.enter(&steps, leaf);
            if is_dotted {
                tree.enter(&[Step::Key(path)], leaf);
            }
        }
        Ok(tree)
    }

    /// Enters one path.
    fn enter(&mut self, steps: &[Step], leaf: u8) {
        let mut at = Node::ROOT;
        for step in steps {
            let next = match step {
                Step::Key(key) => self.key(at, key.as_bytes()),
                Step::Element(index) => self.element(at, *index),
            };
            at = if next == Node::NOTHING { self.grow(at, step) } else { next };
        }
        if let Some(wanted) = self.nodes.get_mut(usize::from(at.0)) {
            wanted.leaf.get_or_insert(leaf);
        }
    }

    /// Adds a node below `at`.
    fn grow(&mut self, at: Node, step: &Step) -> Node {
        let node = Node(u16::try_from(self.nodes.len()).unwrap_or(0));
        self.nodes.push(Wanted::default());
        if let Some(wanted) = self.nodes.get_mut(usize::from(at.0)) {
            match step {
                Step::Key(key) => wanted.keys.insert(key.as_bytes(), node),
                Step::Element(index) => wanted.elements.push((*index, node)),
            }
        }
        node
    }

    /// The node of a key of the object at `node`.
    #[inline(always)]
    pub fn key(&self, node: Node, key: &[u8]) -> Node {
        if node == Node::NOTHING {
            return Node::NOTHING;
        }
        let Some(wanted) = self.nodes.get(usize::from(node.0)) else { return Node::NOTHING };
        wanted.keys.get(Mark::of(key), |other| other == key)
    }

    /// The same of the key `text[from..to]`; `None` where it stands so near to the end of `text` that it cannot be told.
    #[inline(always)]
    pub fn key_within(&self, node: Node, text: &[u8], from: usize, to: usize) -> Option<Node> {
        if node == Node::NOTHING {
            return Some(Node::NOTHING);
        }
        let mark = Mark::within(text, from, to)?;
        let Some(wanted) = self.nodes.get(usize::from(node.0)) else { return Some(Node::NOTHING) };
        Some(wanted.keys.get(mark, |other| text.get(from..to) == Some(other)))
    }

    /// The node of an element of the array at `node`.
    #[inline]
    pub fn element(&self, node: Node, index: u32) -> Node {
        if node == Node::NOTHING {
            return Node::NOTHING;
        }
        let wanted = self.nodes.get(usize::from(node.0));
        let found = wanted.and_then(|wanted| wanted.elements.iter().find(|(at, _)| *at == index));
        found.map_or(Node::NOTHING, |&(_, node)| node)
    }

    /// The leaf that takes the value at `node`.
    #[inline(always)]
    pub fn leaf(&self, node: Node) -> Option<u8> {
        if node == Node::NOTHING {
            return None;
        }
        self.nodes.get(usize::from(node.0)).and_then(|wanted| wanted.leaf)
    }
}

/// One step of a path.
enum Step<'a> {
    Key(&'a str),
    Element(u32),
}

/// The steps of a path as written.
fn steps(path: &str) -> Result<Vec<Step<'_>>, String> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
        if key.is_empty() {
            return Err(format!("the JSON path \"{path}\" has an empty key"));
        }
        steps.push(Step::Key(key));
        for index in indexes.split_inclusive(']') {
            let number = index.strip_prefix('[').and_then(|index| index.strip_suffix(']'));
            let number = number.and_then(|number| number.parse().ok());
            let Some(number) = number else {
                return Err(format!("the JSON path \"{path}\" has \"{index}\" where an element such as [0] stands"));
            };
            steps.push(Step::Element(number));
        }
    }
    Ok(steps)
}

/// The keys of one object: an open-addressed table of entry numbers, at most an eighth full, so that the first probe
/// nearly always tells.
#[derive(Clone, Debug, Default)]
struct Keys {
    /// One more than the number of the entry that is there; 0 for none.
    places: Vec<u16>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    mark: Mark,
    key: Box<[u8]>,
    node: Node,
}

impl Keys {
    fn insert(&mut self, key: &[u8], node: Node) {
        self.entries.push(Entry { mark: Mark::of(key), key: key.into(), node });
        let room = (self.entries.len() * 8).next_power_of_two().max(self.places.len());
        self.places.clear();
        self.places.resize(room, 0);
        for (number, entry) in (1..).zip(&self.entries) {
            let mut at = entry.mark.hash();
            while let Some(place) = self.places.get_mut(at & (room - 1)) {
                if *place == 0 {
                    *place = number;
                    break;
                }
                at += 1;
            }
        }
    }

    /// The node of the key with this mark; `is_equal` compares a key of more than sixteen bytes.
    #[inline(always)]
    fn get(&self, mark: Mark, is_equal: impl Fn(&[u8]) -> bool) -> Node {
        let mut at = mark.hash();
        while let Some(number) = self.places.get(at & self.places.len().wrapping_sub(1))
            && let Some(entry) = self.entries.get(usize::from(number.wrapping_sub(1)))
        {
            if entry.mark == mark && (mark.length <= 16 || is_equal(&entry.key)) {
                return entry.node;
            }
            at += 1;
        }
        Node::NOTHING
    }
}

/// The length of a key, its first eight bytes and, behind them, its last eight; all of it up to sixteen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    first: u64,
    last: u64,
    length: usize,
}

impl Mark {
    #[inline(always)]
    fn of(key: &[u8]) -> Mark {
        let length = key.len();
        match (key.first_chunk(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                let last = if length > 8 { u64::from_le_bytes(*last) } else { 0 };
                Mark { first: u64::from_le_bytes(*first), last, length }
            }
            _ => {
                let first = key.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
                Mark { first, last: 0, length }
            }
        }
    }

    /// The mark of `text[from..to]`, without a branch that depends on the length; `None` within eight bytes of the end.
    #[inline(always)]
    fn within(text: &[u8], from: usize, to: usize) -> Option<Mark> {
        let word = |at: usize| Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?));
        let length = to.checked_sub(from)?;
        let (first, is_long) = (word(from)?, length > 8);
        let last = word(if is_long { to - 8 } else { from })?;
        let kept = u64::MAX >> (64 - 8 * length.clamp(1, 8));
        // The only key of length 0 is told from others by its length.
        Some(Mark { first: first & if length > 0 { kept } else { 0 }, last: if is_long { last } else { 0 }, length })
    }

    #[inline(always)]
    fn hash(self) -> usize {
        // Any odd constant with well-mixed bits does; this is 2^64 divided by the golden ratio.
        let mixed = (self.first ^ self.last.rotate_left(23) ^ self.length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The node that a chain of keys leads to, looked up both ways.
    fn follow(paths: &Paths, keys: &[&str]) -> Option<u8> {
        paths.leaf(keys.iter().fold(Node::ROOT, |node, key| match key.parse() {
            Ok(index) => paths.element(node, index),
            Err(_) => {
                let found = paths.key(node, key.as_bytes());
                let text = format!("before\"{key}\" and behind");
                assert_eq!(paths.key_within(node, text.as_bytes(), 7, 7 + key.len()), Some(found), "{key}");
                found
            }
        }))
    }

    #[test]
    fn paths_lead_to_their_leaf() {
        let written = [
            "status",
            "request.method",
            "request.headers.User-Agent[0]",
            "status",
            "list[1][2].x",
            "a_long_key_with_like_ends_A",
            "a_long_key_like_with_ends_A",
        ];
        let paths = Paths::compile(written).unwrap();
        let cases: [(&str, &[&str], Option<u8>); 12] = [
            ("a key of the document", &["status"], Some(0)),
            ("a nested key", &["request", "method"], Some(1)),
            ("the same, flat", &["request.method"], Some(1)),
            ("an element", &["request", "headers", "User-Agent", "0"], Some(2)),
            ("another element", &["request", "headers", "User-Agent", "1"], None),
            ("elements of elements", &["list", "1", "2", "x"], Some(4)),
            ("a key on the way", &["request"], None),
            ("a longer key", &["statuses"], None),
            ("a shorter key", &["statu"], None),
            ("an empty key", &[""], None),
            ("long keys with equal ends", &["a_long_key_with_like_ends_A"], Some(5)),
            ("long keys with equal ends, the other", &["a_long_key_like_with_ends_A"], Some(6)),
        ];
        for (what, keys, expected) in cases {
            assert_eq!(follow(&paths, keys), expected, "{what}: {keys:?}");
        }
    }

    #[test]
    fn keys_of_every_length_are_told_apart() {
        let keys: Vec<String> = (1..40).flat_map(|n| ["a", "b"].map(|letter| letter.repeat(n))).collect();
        let paths = Paths::compile(keys.iter().map(String::as_str)).unwrap();
        for (leaf, key) in (0..).zip(&keys) {
            assert_eq!(follow(&paths, &[key]), Some(leaf), "{key}");
            assert_eq!(follow(&paths, &[&key.replacen(['a', 'b'], "c", 1)]), None, "{key}");
        }
    }

    #[test]
    fn a_wrong_path_says_where() {
        for (path, part) in
            [("", "empty key"), ("a..b", "empty key"), ("a[x]", "\"[x]\""), ("a[0", "\"[0\""), ("a[0]b", "\"b\"")]
        {
            let error = Paths::compile([path]).unwrap_err();
            assert!(error.contains(part), "{path}: {error}");
        }
    }
}
