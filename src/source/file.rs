//! A plain regular file of known length, readable at any offset by any number of workers.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::error::{Operation, Problem, SourceError};
use super::mmap::Map;

/// A plain regular file, with the length it had when it was opened.
///
/// Workers share it: every method takes `&self`. Where [`FileSource::bytes`] gives the bytes themselves, ask
/// [`FileSource::fault`] after each piece; otherwise copy pieces out with [`FileSource::read_at`], which finds out by
/// itself.
#[derive(Debug)]
pub struct FileSource {
    name: String,
    file: File,
    /// Where the input begins in the file: not at 0 for a stdin that was read from before.
    base: u64,
    len: u64,
    map: Option<Map>,
}

impl FileSource {
    /// The `len` bytes of `file` from `base`, mapped if `map` says so and it is possible.
    pub(super) fn new(name: String, file: File, base: u64, len: u64, map: bool) -> Self {
        let map = if map { Map::new(&file, base, len) } else { None };
        FileSource { name, file, base, len, map }
    }

    /// The name as given, `-` for stdin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All bytes, if the file is mapped.
    ///
    /// They are the file's own: if another process writes to it they change, and where it is cut they become zeros.
    /// What was read counts only after a [`FileSource::fault`] that is `None`.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.map.as_ref().map(Map::bytes)
    }

    /// Fills `buffer` with the bytes at `offset`; returns how many, which is less than its length only at the end of
    /// the input as it was when it was opened.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, SourceError> {
        let left = self.len.saturating_sub(offset);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..wanted).filter(|rest| !rest.is_empty()) {
            let at = self.base.saturating_add(offset).saturating_add(filled as u64);
            match self.file.read_at(rest, at) {
                Ok(0) => return Err(self.truncated()),
                Ok(count) => filled += count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(SourceError::io(self.name.as_str(), Operation::Read, cause)),
            }
        }
        Ok(filled)
    }

    /// What happened to the mapped bytes, if anything did: a page was lost, or the file is shorter than it was.
    ///
    /// Ask after reading a piece and before counting it: `None` says that all bytes read before were the file's. (Pages
    /// before the cut are whole, and in the page of the cut zeros appear without a signal, hence the look at the
    /// length. A file that was cut and has grown again to its old length since the last question is not recognised
    /// unless a page was touched in between.) One system call; `None` at once where the file is not mapped.
    pub fn fault(&self) -> Option<SourceError> {
        let map = self.map.as_ref()?;
        match self.file.metadata() {
            Ok(now) if now.len() < self.base.saturating_add(self.len) => Some(self.truncated()),
            Err(cause) => Some(SourceError::io(self.name.as_str(), Operation::Read, cause)),
            Ok(_) if map.tripped() => Some(SourceError::new(self.name.as_str(), Problem::Unreadable)),
            Ok(_) => None,
        }
    }

    /// Whether a mapped page was found lost. Costs one load, where [`FileSource::fault`] is a system call; what it does
    /// not tell is a cut inside a page.
    pub fn is_torn(&self) -> bool {
        self.map.as_ref().is_some_and(Map::tripped)
    }

    fn truncated(&self) -> SourceError {
        SourceError::new(self.name.as_str(), Problem::Truncated { opened: self.base.saturating_add(self.len) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn source(bytes: &[u8], base: u64, map: bool) -> (File, FileSource) {
        let file = file_of(bytes);
        let source = FileSource::new("a.log".into(), file.try_clone().unwrap(), base, bytes.len() as u64 - base, map);
        (file, source)
    }

    #[test]
    fn reading_at_an_offset_gives_what_is_there_and_nothing_beyond_the_opened_length() {
        let (mut file, source) = source(b"0123456789", 2, false);
        file.write_all(b"appended later").unwrap();
        let cases: [(&str, u64, usize, &[u8]); 6] = [
            ("the start, behind the base", 0, 3, b"234"),
            ("the middle", 3, 2, b"56"),
            ("up to the end", 5, 100, b"789"),
            ("at the end", 8, 100, b""),
            ("behind the end", 9, 100, b""),
            ("far behind", u64::MAX, 100, b""),
        ];
        for (what, offset, room, expected) in cases {
            let mut buffer = vec![0; room];
            let count = source.read_at(&mut buffer, offset).unwrap();
            assert_eq!(&buffer[..count], expected, "{what}");
        }
        assert!(source.bytes().is_none());
        assert!(source.fault().is_none());
    }

    #[test]
    fn mapped_bytes_are_the_same_from_any_base() {
        let text: Vec<u8> = (0..20_000u32).map(|n| n as u8).collect();
        for base in [0, 1, 4095, 4096, 4097, 19_999] {
            let (_file, source) = source(&text, base, true);
            assert_eq!(source.bytes().unwrap(), &text[base as usize..], "{base}");
            assert_eq!(source.len(), 20_000 - base);
            assert!(source.fault().is_none());
        }
    }

    #[test]
    fn an_empty_file_needs_no_map_and_one_byte_is_mapped() {
        let (_file, empty) = source(b"", 0, true);
        assert!(empty.bytes().is_none() && empty.is_empty());
        assert_eq!(empty.read_at(&mut [0; 8], 0).unwrap(), 0);
        let (_file, one) = source(b"x", 0, true);
        assert_eq!(one.bytes(), Some(&b"x"[..]));
    }

    #[test]
    fn a_file_cut_while_it_is_read_is_an_error_that_names_it() {
        const SENTENCE: &str = "a.log: was truncated while being read (it had 20000 bytes when it was opened); run again \
                                on a copy, or once nothing rewrites it";
        let text = vec![b'x'; 20_000];
        for (what, cut_to) in [("inside the last page", 19_999), ("to some pages", 9_000), ("to nothing", 0)] {
            let (file, read) = source(&text, 0, false);
            file.set_len(cut_to).unwrap();
            assert_eq!(read.read_at(&mut [0; 20_000], 0).unwrap_err().to_string(), SENTENCE, "{what}, read");

            let (file, mapped) = source(&text, 0, true);
            file.set_len(cut_to).unwrap();
            let left = mapped.bytes().unwrap().iter().filter(|b| **b == b'x').count();
            assert_eq!(left as u64, cut_to, "{what}");
            assert_eq!(mapped.fault().unwrap().to_string(), SENTENCE, "{what}, mapped");
        }
    }

    #[test]
    fn a_page_lost_from_a_file_that_kept_its_length_is_a_read_error() {
        let text = vec![b'x'; 20_000];
        let (file, mapped) = source(&text, 0, true);
        file.set_len(0).unwrap();
        assert_eq!(mapped.bytes().unwrap()[0], 0);
        file.set_len(20_000).unwrap();
        assert!(matches!(mapped.fault().unwrap().problem, Problem::Unreadable));
    }

    #[test]
    fn pieces_before_a_cut_are_still_read() {
        let (file, source) = source(&[b'x'; 20_000], 0, false);
        file.set_len(10_000).unwrap();
        assert_eq!(source.read_at(&mut [0; 10_000], 0).unwrap(), 10_000);
        assert!(source.read_at(&mut [0; 1], 10_000).is_err());
    }

    #[test]
    fn reading_a_directory_is_an_error_and_no_end_of_file() {
        let folder = tempfile::tempdir().unwrap();
        let source = FileSource::new("logs".into(), File::open(folder.path()).unwrap(), 0, 4096, false);
        let error = source.read_at(&mut [0; 16], 0).unwrap_err();
        assert_eq!(error.to_string(), "logs: is a directory; name it as an argument to read the files in it");
    }

    #[test]
    fn a_huge_sparse_file_is_read_at_its_far_end() {
        let mut file = tempfile::tempfile().unwrap();
        let len = 10u64 << 30;
        file.set_len(len).unwrap();
        file.write_all(b"start").unwrap();
        file.write_all_at(b"end", len - 3).unwrap();
        for map in [false, true] {
            let source = FileSource::new("sparse".into(), file.try_clone().unwrap(), 0, len, map);
            let mut buffer = [1; 8];
            assert_eq!(source.read_at(&mut buffer, len - 8).unwrap(), 8);
            assert_eq!(&buffer, b"\0\0\0\0\0end");
            if let Some(bytes) = source.bytes() {
                assert_eq!(&bytes[..6], b"start\0");
                assert_eq!(&bytes[bytes.len() - 3..], b"end");
            }
        }
    }
}
