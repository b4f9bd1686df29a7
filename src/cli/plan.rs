//! What would run: the settings of a monitor in words, for `check` and `-v`.

use super::monitor_flags::Flags;
use crate::window::panes::Tier;

/// What is said of each part, by its name.
pub fn of_monitor(flags: &Flags) -> Vec<(&'static str, String)> {
    let mut plan = vec![("sources", sources(flags)), ("lines", lines(flags))];
    if let Ok(windows) = flags.windows() {
        let panes: Vec<String> = windows.tiers().iter().map(panes).collect();
        let text = format!(
            "of {}, made of panes of {}; revised for {} by lines that come late",
            with_unit(&flags.window),
            panes.join(", then of "),
            with_unit(&flags.allowed_lateness)
        );
        plan.push(("windows", text));
    }
    if let Ok(budget) = flags.budget() {
        let mib = |bytes: usize| bytes >> 20;
        let text = format!(
            "{} at the most: {} MiB of it for counts, of which each thread that counts may hold {} MiB",
            flags.max_memory,
            mib(budget.counts_bytes),
            mib(budget.share_bytes)
        );
        plan.push(("memory", text));
    }
    if let Some(store) = &flags.store.store {
        let text = format!(
            "{}, written each {}; windows are kept for {}, in {} at the most",
            store.display(),
            with_unit(&flags.store.checkpoint),
            with_unit(&flags.store.keep_for),
            flags.store.keep_bytes
        );
        plan.push(("store", text));
    }
    if let Some(every) = &flags.summaries.summary {
        let files: Vec<String> = flags.summaries.summary_file.iter().map(|file| file.display().to_string()).collect();
        let to =
            if files.is_empty() { "standard output, unless that is a screen".to_owned() } else { files.join(", ") };
        plan.push(("summaries", format!("each {}, to {to}", with_unit(every))));
    }
    let reports: Vec<String> = flags.o.iter().map(|file| file.display().to_string()).collect();
    if !reports.is_empty() {
        plan.push(("report", format!("at the end, to {}", reports.join(", "))));
    }
    plan
}

fn sources(flags: &Flags) -> String {
    let follow = flags.follow.iter().map(|path| format!("follow {}", path.to_string_lossy()));
    let stdin = flags.stdin.then(|| "standard input".to_owned());
    let listen = flags.listen.iter().map(|address| format!("listen at {address}"));
    let connect = flags.connect.iter().map(|address| format!("connect to {address}"));
    let kafka = flags.kafka.iter().map(|topic| format!("Kafka {topic}, as one of the group {}", flags.kafka_group));
    let all: Vec<String> = follow.chain(stdin).chain(listen).chain(connect).chain(kafka).collect();
    match all.is_empty() {
        true => "none; name one on the command line".to_owned(),
        false => all.join(", "),
    }
}

fn lines(flags: &Flags) -> String {
    let counting = &flags.counting;
    let mut text = match counting.format.as_str() {
        "auto" => "their format is told from the first ones".to_owned(),
        format => format!("of the format {format}"),
    };
    if !counting.filters.is_empty() {
        text.push_str(&format!("; counted where {}", counting.filters.join(" and where ")));
    }
    text
}

/// `1s for 2m`
fn panes(tier: &Tier) -> String {
    format!("{} for {}", span(tier.width), span(tier.keep))
}

/// A time as it was said; a number alone is of seconds.
fn with_unit(text: &str) -> String {
    if text.ends_with(|last: char| last.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() }
}

/// Milliseconds as people write them.
fn span(milliseconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match UNITS.iter().find(|(unit, _)| milliseconds > 0 && milliseconds % unit == 0) {
        Some((unit, name)) => format!("{}{name}", milliseconds / unit),
        None => format!("{milliseconds}ms"),
    }
}
