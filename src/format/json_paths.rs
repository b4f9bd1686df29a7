//! Which keys of a document are wanted: paths such as `request.headers.User-Agent[0]`, compiled to a tree of nodes.
//!
//! A key is looked up by its length and its first and last eight bytes, which for keys up to sixteen bytes is the whole
//! key: no comparison of memory follows, and a key that is not wanted is known after one probe of a small table.
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
        self.nodes.get(usize::from(node.0)).map_or(Node::NOTHING, |wanted| wanted.keys.get(key))
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

/// The keys of one object: an open-addressed table, never more than half full.
#[derive(Clone, Debug, Default)]
struct Keys {
    slots: Vec<Option<Entry>>,
    count: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    mark: Mark,
    key: Box<[u8]>,
    node: Node,
}

impl Keys {
    fn insert(&mut self, key: &[u8], node: Node) {
        if (self.count + 1) * 2 > self.slots.len() {
            let room = (self.slots.len() * 2).max(8);
            let old = std::mem::replace(&mut self.slots, vec![None; room]);
            old.into_iter().flatten().for_each(|entry| self.place(entry));
        }
        self.count += 1;
        self.place(Entry { mark: Mark::of(key), key: key.into(), node });
    }

    fn place(&mut self, entry: Entry) {
        let mut at = entry.mark.hash();
        let mask = self.slots.len() - 1;
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if slot.is_none() {
                *slot = Some(entry);
                return;
            }
            at += 1;
        }
    }

    #[inline(always)]
    fn get(&self, key: &[u8]) -> Node {
        if self.slots.is_empty() {
            return Node::NOTHING;
        }
        let mark = Mark::of(key);
        let mut at = mark.hash();
        let mask = self.slots.len() - 1;
        while let Some(Some(entry)) = self.slots.get(at & mask) {
            if entry.mark == mark && (key.len() <= 16 || *entry.key == *key) {
                return entry.node;
            }
            at += 1;
        }
        Node::NOTHING
    }
}

/// The length and the ends of a key; all of it up to sixteen bytes.
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
        let (first, last) = if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            (key.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0)
        };
        Mark { first, last, length }
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

    /// The node that a chain of keys leads to.
    fn follow(paths: &Paths, keys: &[&str]) -> Option<u8> {
        paths.leaf(keys.iter().fold(Node::ROOT, |node, key| match key.parse() {
            Ok(index) => paths.element(node, index),
            Err(_) => paths.key(node, key.as_bytes()),
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
