//! Decimal numbers and durations, read exactly: no float stands between a log's digits and a count.
//!
//! `0.001674508` seconds are 1674 microseconds because the digits say so. What is smaller than the unit asked for is
//! cut off, as a clock of that unit would not have counted it.

/// The most digits that a number may have before and after its point; a longer one is none that a server wrote.
const DIGITS_MAX: usize = 64;

/// The number `text` (RFC 8259, 6: sign, digits, fraction, exponent; leading zeros pass) times ten to the `power`, cut
/// to an integer. `None` where it is no number, below zero or beyond 64 bits.
///
/// Seconds become microseconds with `power` 6, nanoseconds with `power` -3.
pub fn scaled(text: &[u8], power: i32) -> Option<u64> {
    // The usual ones: digits, perhaps a point and more of them, within 64 bits.
    if let Some(Plain { whole, fraction }) = plain(text).filter(|_| power.unsigned_abs() <= 9) {
        let factor = |power: u32| TENS.get(power as usize).copied();
        if power <= 0 {
            return Some(whole / factor(power.unsigned_abs())?);
        }
        let power = power.unsigned_abs();
        let kept = fraction.get(..power as usize).unwrap_or(fraction);
        let behind = digits(kept)? * factor(power - kept.len() as u32)?;
        return whole.checked_mul(factor(power)?)?.checked_add(behind);
    }
    careful(text, power)
}

/// Powers of ten up to the largest that a unit is apart from another.
const TENS: [u64; 10] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

fn careful(text: &[u8], power: i32) -> Option<u64> {
    let (number, rest) = split_number(text)?;
    if !rest.is_empty() {
        return None;
    }
    number.times_ten_to(power)
}

/// A duration in microseconds, as Go prints it (`time.Duration.String`): `1.2ms`, `73.649µs`, `1m2.5s`, `0s`.
pub fn go_duration_micros(text: &[u8]) -> Option<u64> {
    const UNITS: [(&[u8], u64, i32); 7] = [
        // What the unit is called, how many of its base it is, and the power of ten from that base to microseconds.
        (b"ms", 1, 3),
        ("µs".as_bytes(), 1, 0),
        ("μs".as_bytes(), 1, 0),
        (b"us", 1, 0),
        (b"ns", 1, -3),
        (b"s", 1, 6),
        (b"h", 3600, 6),
    ];
    let mut rest = text;
    let mut nanos = 0u64;
    while !rest.is_empty() {
        let (number, tail) = split_number(rest)?;
        let unit = UNITS.iter().find(|(name, ..)| tail.starts_with(name));
        let (name, factor, power) = match unit {
            Some(&unit) => unit,
            None if tail.starts_with(b"m") => (b"m".as_slice(), 60, 6),
            None => return None,
        };
        // Summed in nanoseconds, so that the parts are cut once and not each.
        nanos = nanos.checked_add(number.times_ten_to(power + 3)?.checked_mul(factor)?)?;
        rest = tail.get(name.len()..)?;
    }
    (!text.is_empty()).then_some(nanos / 1000)
}

/// A number without sign and exponent.
struct Plain<'a> {
    whole: u64,
    fraction: &'a [u8],
}

/// The parts of a number of at most eighteen digits before its point and as many behind it.
#[inline(always)]
fn plain(text: &[u8]) -> Option<Plain<'_>> {
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (text.get(..point)?, text.get(point + 1..)?),
        None => (text, &b"0"[..]),
    };
    digits(fraction)?;
    Some(Plain { whole: digits(whole)?, fraction })
}

/// The value of one to eighteen digits: eight together as a word, the others one by one.
#[inline(always)]
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let (words, rest) = text.as_chunks::<8>();
    let start = words.iter().try_fold(0, |sum, word| Some(sum * 100_000_000 + eight_digits(word)?))?;
    rest.iter().try_fold(start, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + u64::from(digit))
    })
}

/// The value of eight digits. Pairs, fours and all eight: each step adds the lower neighbour to ten times (a hundred,
/// ten thousand times) the higher one, which stands first and so in the lower byte.
#[inline(always)]
fn eight_digits(text: &[u8; 8]) -> Option<u64> {
    let values = u64::from_le_bytes(*text) ^ 0x3030_3030_3030_3030;
    if (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// Digits only, at least one, within 64 bits.
pub fn integer(text: &[u8]) -> Option<u64> {
    if text.len() <= 18 {
        return digits(text);
    }
    text.iter().try_fold(0u64, |sum, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { sum.checked_mul(10)?.checked_add(u64::from(digit)) }
    })
}

/// A number taken apart.
struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i32,
}

impl Number<'_> {
    /// The number times ten to the `power`, cut to an integer.
    fn times_ten_to(&self, power: i32) -> Option<u64> {
        let shift = self.exponent.checked_add(power)?;
        let digits = self.whole.iter().chain(self.fraction).map(|byte| u64::from(byte - b'0'));
        // So many digits stand before the point once it is shifted; missing ones are zeros.
        let kept = i32::try_from(self.whole.len()).ok()?.checked_add(shift)?;
        let kept = usize::try_from(kept).unwrap_or(0);
        let mut value = 0u64;
        for digit in digits.clone().take(kept) {
            value = value.checked_mul(10)?.checked_add(digit)?;
        }
        let missing = kept.saturating_sub(self.whole.len() + self.fraction.len());
        if value != 0 {
            value = value.checked_mul(10u64.checked_pow(u32::try_from(missing).ok()?)?)?;
        }
        let is_zero = digits.clone().all(|digit| digit == 0);
        (!self.negative || is_zero).then_some(value)
    }
}

/// The number at the start of `text`, and what follows it.
fn split_number(text: &[u8]) -> Option<(Number<'_>, &[u8])> {
    let (negative, rest) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = split_digits(rest)?;
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => split_digits(rest)?,
        None => (&[][..], rest),
    };
    let (exponent, rest) = match rest.split_first() {
        Some((b'e' | b'E', rest)) => {
            let (negative, rest) = match rest.split_first() {
                Some((b'-', rest)) => (true, rest),
                Some((b'+', rest)) => (false, rest),
                _ => (false, rest),
            };
            let (digits, rest) = split_digits(rest)?;
            let exponent = i32::try_from(integer(digits)?).ok().filter(|&size| size < 1000)?;
            (if negative { -exponent } else { exponent }, rest)
        }
        _ => (0, rest),
    };
    Some((Number { negative, whole, fraction, exponent }, rest))
}

/// One to [`DIGITS_MAX`] digits, and what follows them.
fn split_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if (1..=DIGITS_MAX).contains(&end) { text.split_at_checked(end) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_scaled_by_their_digits() {
        let cases = [
            ("seconds to microseconds", "0.001674508", 6, Some(1674)),
            ("a float would say 0.28999", "0.00029", 6, Some(290)),
            ("an integer", "12", 6, Some(12_000_000)),
            ("nanoseconds to microseconds", "1234567", -3, Some(1234)),
            ("less than one is cut to none", "999", -3, Some(0)),
            ("an exponent", "1.5e-3", 6, Some(1500)),
            ("an exponent with plus", "1.5E+3", 0, Some(1500)),
            ("leading zeros", "000", 0, Some(0)),
            ("zero below zero", "-0.0", 6, Some(0)),
            ("a huge power of nothing", "0e300", 6, Some(0)),
            ("below zero", "-1", 6, None),
            ("beyond 64 bits", "18446744073709551616", 0, None),
            ("the most", "18446744073709551615", 0, Some(u64::MAX)),
            ("a huge exponent", "1e99", 0, None),
            ("an exponent beyond sense", "1e99999999999", 0, None),
            ("no digits", "", 6, None),
            ("no digits after the point", "1.", 6, None),
            ("no digits before the point", ".5", 6, None),
            ("text behind", "1s", 6, None),
        ];
        for (what, text, power, expected) in cases {
            assert_eq!(scaled(text.as_bytes(), power), expected, "{what}: {text}");
        }
    }

    #[test]
    fn durations_are_read_as_go_prints_them() {
        let cases = [
            ("milliseconds", "1.2ms", Some(1200)),
            ("microseconds", "73.649µs", Some(73)),
            ("microseconds with the Greek letter", "73.649μs", Some(73)),
            ("nanoseconds", "1999ns", Some(1)),
            ("seconds", "1.5s", Some(1_500_000)),
            ("minutes and seconds", "1m2.5s", Some(62_500_000)),
            ("hours", "2h0m0.5s", Some(7_200_500_000)),
            ("nothing", "0s", Some(0)),
            ("no unit", "5", None),
            ("no text", "", None),
            ("another unit", "5d", None),
            ("below zero", "-1s", None),
        ];
        for (what, text, expected) in cases {
            assert_eq!(go_duration_micros(text.as_bytes()), expected, "{what}: {text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_usual_numbers_are_read_as_any_number_is(
            text in "[0-9]{0,20}(\\.[0-9]{0,20})?|-?[0-9.eE+x]{0,12}",
            power in -10i32..=10,
        ) {
            prop_assert_eq!(scaled(text.as_bytes(), power), careful(text.as_bytes(), power));
        }

        #[test]
        fn integers_are_read_as_the_standard_library_reads_them(text in "[0-9]{0,24}|[0-9/:]{0,20}") {
            prop_assert_eq!(integer(text.as_bytes()), text.parse().ok());
        }
    }
}
