//! What the terminal can do and the user wants of it.

use clap::ValueEnum;
use std::io::{self, IsTerminal};

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that can, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether stdout gets colours (<https://no-color.org>: set and not empty means none).
    pub fn on_stdout(self) -> bool {
        let refused = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && !refused("NO_COLOR") && !dumb(),
        }
    }
}

/// Columns of the terminal behind stdout, or what `COLUMNS` says, or 80.
pub fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let asked = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    said.or_else(asked).filter(|columns| *columns > 0).unwrap_or(80)
}

/// Rows of the terminal behind stdout, or 24.
pub fn rows() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(24, |(_, height)| usize::from(height.0)).max(2)
}

/// Whether the locale says that text is UTF-8. Where it says nothing (a bare container) it most often is.
pub fn speaks_unicode() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let lower = locale.to_ascii_lowercase();
        lower.contains("utf-8") || lower.contains("utf8")
    })
}
