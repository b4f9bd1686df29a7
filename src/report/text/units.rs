//! Figures as a person reads them.

/// `1234567` as `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in binary units: `1.50 KiB`.
pub fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1023.5 {
        return format!("{bytes:.0} B");
    }
    let (mut value, mut unit) = (bytes / 1024.0, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Seconds in the unit that fits: `1.5 ms`, `12.0 s`, `1 h`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        0.0 => "0 s".to_string(),
        s if s < 0.001 => format!("{:.0} us", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.2} s"),
        _ if whole.is_multiple_of(86_400) => format!("{} d", whole / 86_400),
        _ if whole.is_multiple_of(3600) => format!("{} h", whole / 3600),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

/// ` (1.23 GB/s)`, or nothing where too little was read, or in too little time, to speak of a pace.
pub fn rate(bytes: u64, seconds: f64) -> String {
    let pace = bytes as f64 / seconds;
    if seconds < 0.001 || pace < 1e6 {
        return String::new();
    }
    if pace < 1e9 { format!(" ({:.0} MB/s)", pace / 1e6) } else { format!(" ({:.2} GB/s)", pace / 1e9) }
}

/// The share that `part` is of `whole`.
pub fn percent(part: u64, whole: u64) -> String {
    percent_of(if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

/// A share from 0 to 1: `12.3 %`.
pub fn percent_of(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0.0, 1023.0, 1024.0, 1536.0, 12_345.0, 1_048_576.0 * 512.0, 1e30];
        let texts = ["0 B", "1023 B", "1.00 KiB", "1.50 KiB", "12.1 KiB", "512 MiB", "867361737988 EiB"];
        assert_eq!(sizes.map(bytes), texts);
        let spans = [0.0, 0.000_25, 0.0125, 1.5, 60.0, 90.0, 3600.0, 86_400.0];
        assert_eq!(spans.map(seconds), ["0 s", "250 us", "12.5 ms", "1.50 s", "1 min 0 s", "1 min 30 s", "1 h", "1 d"]);
        assert_eq!((percent(1, 8), percent(0, 0)), ("12.5 %".to_string(), "0.0 %".to_string()));
        assert_eq!([rate(5_000_000, 1.0), rate(5, 0.0), rate(900_000, 1.0)], [" (5 MB/s)", "", ""]);
    }
}
