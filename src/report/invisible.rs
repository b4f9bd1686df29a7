//! Which characters do not show, or change how their neighbours do.
//!
//! Control characters drive a terminal; the bidirectional ones of "Trojan Source" (CVE-2021-42574) reorder what stands
//! around them; the others let two keys look the same. They are Unicode 16's control and format characters, line and
//! paragraph separators, and the code points of the property `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt),
//! without the few format characters that draw a sign (Arabic, Syriac and Kaithi number and end signs) and with the
//! noncharacters, which no text may hold.

/// Inclusive ranges, ascending, beyond the control characters.
const RANGES: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),   // soft hyphen
    (0x034F, 0x034F),   // combining grapheme joiner
    (0x061C, 0x061C),   // Arabic letter mark
    (0x115F, 0x1160),   // Hangul fillers
    (0x17B4, 0x17B5),   // Khmer inherent vowels
    (0x180B, 0x180F),   // Mongolian variation selectors, vowel separator
    (0x200B, 0x200F),   // zero-width space, joiners, direction marks
    (0x2028, 0x202E),   // separators, bidirectional embeddings and overrides
    (0x2060, 0x206F),   // word joiner, invisible operators, bidirectional isolates
    (0x3164, 0x3164),   // Hangul filler
    (0xFDD0, 0xFDEF),   // noncharacters
    (0xFE00, 0xFE0F),   // variation selectors
    (0xFEFF, 0xFEFF),   // byte-order mark
    (0xFFA0, 0xFFA0),   // halfwidth Hangul filler
    (0xFFF0, 0xFFFB),   // unassigned, interlinear annotation
    (0xFFFE, 0xFFFF),   // noncharacters
    (0x13430, 0x1345F), // Egyptian hieroglyph format controls
    (0x1BCA0, 0x1BCA3), // shorthand format controls
    (0x1D173, 0x1D17A), // musical format controls
    (0xE0000, 0xE0FFF), // tags, variation selectors supplement
];

/// Whether a character does not show by itself.
pub(in crate::report) fn is_invisible(character: char) -> bool {
    let code = u32::from(character);
    let is_noncharacter = code & 0xFFFE == 0xFFFE;
    character.is_control()
        || is_noncharacter
        || code >= 0xAD && RANGES.iter().any(|&(first, last)| (first..=last).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_known() {
        let invisible = [
            ("a terminal's escape", '\u{1b}'),
            ("a newline", '\n'),
            ("delete", '\u{7f}'),
            ("the C1 form of ESC [", '\u{9b}'),
            ("a soft hyphen", '\u{ad}'),
            ("a zero-width space", '\u{200b}'),
            ("a right-to-left override", '\u{202e}'),
            ("a right-to-left isolate", '\u{2067}'),
            ("a line separator", '\u{2028}'),
            ("a byte-order mark", '\u{feff}'),
            ("a variation selector", '\u{fe0f}'),
            ("a Hangul filler", '\u{3164}'),
            ("a tag", '\u{e0041}'),
            ("a noncharacter", '\u{1fffe}'),
        ];
        for (what, character) in invisible {
            assert!(is_invisible(character), "{what}");
        }
        for shown in ['a', ' ', 'é', '\u{301}', '漢', '\u{fffd}', '😀', '\u{600}'] {
            assert!(!is_invisible(shown), "{shown:?}");
        }
    }

    #[test]
    fn ranges_are_ascending_and_apart() {
        assert!(RANGES.windows(2).all(|pair| pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0));
    }
}
