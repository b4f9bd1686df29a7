//! Eight bytes of text with digits at known places, checked and read as one word.
//!
//! Taken byte by byte, a time or a status is a comparison and a branch for each digit. A word of eight bytes, once the
//! bytes of its pattern are taken away, has the digits' values at their places and zeros elsewhere, and one addition shows
//! whether any of them is too great: it carries into the byte's highest bit, and from there nowhere.

/// What eight bytes must look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The bytes of which all digits are 0.
    zeros: u64,
    /// What takes the first value that is too great for its byte to 128.
    rooms: u64,
    /// The highest bit of each byte that is looked at.
    highs: u64,
}

impl Shape {
    /// The shape of `pattern`: where it has a digit there is a digit of at most that value, where it has `?` anything, and
    /// where it has anything else just that.
    pub const fn new(pattern: &[u8; 8]) -> Shape {
        let (mut zeros, mut rooms, mut highs) = ([0; 8], [0; 8], [0; 8]);
        let mut at = 0;
        while at < 8 {
            (zeros[at], rooms[at], highs[at]) = match pattern[at] {
                b'?' => (0, 0, 0),
                digit @ b'0'..=b'9' => (b'0', 127 - (digit - b'0'), 0x80),
                other => (other, 127, 0x80),
            };
            at += 1;
        }
        let [zeros, rooms, highs] = [u64::from_le_bytes(zeros), u64::from_le_bytes(rooms), u64::from_le_bytes(highs)];
        Shape { zeros, rooms, highs }
    }

    /// The values of the digits at their places, the first lowest, if the bytes have this shape. Where it has `?` the value
    /// is that of the byte.
    #[inline(always)]
    pub fn digits(&self, bytes: [u8; 8]) -> Option<u64> {
        let values = u64::from_le_bytes(bytes) ^ self.zeros;
        // A byte over 127 may carry into its neighbour, but is refused itself.
        let refused = (values.wrapping_add(self.rooms) | values) & self.highs;
        (refused == 0).then_some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_what_the_pattern_says() {
        let accepts = |pattern: u8, byte: u8| match pattern {
            b'?' => true,
            b'0'..=b'9' => (b'0'..=pattern).contains(&byte),
            _ => byte == pattern,
        };
        for pattern in [b"59:59 ??", b"HTTP/9.9", b"\" 999 ??", b"????????", b"00000000"] {
            let shape = Shape::new(pattern);
            let regular = pattern.map(|byte| if byte == b'?' { b'x' } else { byte });
            assert!(shape.digits(regular).is_some(), "{:?}", pattern.escape_ascii());
            for at in 0..8 {
                for (byte, neighbour) in (0..=255).flat_map(|byte| [0, b'0', b'9', 255].map(|other| (byte, other))) {
                    let mut bytes = regular;
                    bytes[at] = byte;
                    bytes[(at + 1) % 8] = neighbour;
                    let expected = pattern.iter().zip(bytes).all(|(pattern, byte)| accepts(*pattern, byte));
                    assert_eq!(shape.digits(bytes).is_some(), expected, "{:?}", bytes.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn digits_stand_where_they_stood() {
        let values = Shape::new(b"59:59 ??").digits(*b"12:34 ab").map(u64::to_le_bytes);
        assert_eq!(values, Some([1, 2, 0, 3, 4, 0, b'a', b'b']));
    }
}
