//! Real logs, which nobody here wrote: counts known from other tools.

use std::path::PathBuf;
use visor_fast::aggregate::snapshot::Snapshot;
use visor_fast::engine::{Settings, analyze_bytes};
use visor_fast::scan::Kernel;

fn report_on(name: &str) -> Option<Snapshot> {
    let Some(folder) = std::env::var_os("VISOR_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: {name} is not read, since VISOR_CORPUS names no folder of real logs");
        return None;
    };
    let path = folder.join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let settings = Settings::new(2, Kernel::choose(None).unwrap());
    Some(analyze_bytes(&[(name, &bytes)], &settings, 1000))
}

#[test]
fn real_logs_are_understood_and_no_line_is_lost() {
    for (name, format, lines, records, malformed, heartbeats) in [
        ("apache_combined_elastic.log", "combined", 10_000, 9_999, 1, 0),
        ("apache_error_2.0_loghub.log", "apache-error", 2_000, 2_000, 0, 0),
        ("lnav_logfile_access_log.0", "combined", 3, 3, 0, 0),
        ("lnav_logfile_bad_access_log.0", "combined", 3, 2, 1, 0),
        ("visor/access.log", "common", 110, 100, 0, 10),
        ("visor/error.log", "visor-error", 119, 106, 0, 13),
    ] {
        let Some(report) = report_on(name) else { return };
        let totals = &report.totals;
        assert_eq!(report.inputs[0].format, format, "{name}");
        assert_eq!((totals.lines, totals.records), (lines, records), "{name}");
        assert_eq!((totals.malformed, totals.heartbeats), (malformed, heartbeats), "{name}");
    }
}
