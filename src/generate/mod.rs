//! Realistic logs with a known truth.
//!
//! A [`plan::Plan`] is everything that is decided before the first line; a [`maker::Maker`] makes any range of its lines, as
//! text and as facts; a [`truth::Truth`] counts the facts of what was delivered and writes the report that an exact
//! analysis of it must print.
//!
//! **Invariant:** nothing here imports a parser, a table or a report of the rest of the program, so that a shared mistake
//! cannot hide; a test reads the folder's files and holds them to it.

mod alias; // drawing from a discrete distribution
pub mod block; // some whole lines, and what is true of each
pub mod book; // what one receiver was given
mod carried; // what a format carries of it
mod chance; // seeded chance
pub mod config; // JSON -> the world that is asked for
mod event; // what time a line bears
pub mod feedback; // what a run tells while it runs and at its end
mod layout; // what stands in a line: format strings, named formats
pub mod maker; // line numbers -> text and facts
pub mod makers; // threads that make blocks in order
mod messages; // the world of an error log
pub mod odd; // lines that are not regular
pub mod pace; // lines are handed on when they are due
mod pieces; // texts that are copied whole
pub mod plan; // all that is decided before the first line
mod printer; // numbers -> the text of a line
pub mod queue; // lines that wait for one receiver
pub mod run; // makers, pace, receivers
pub mod scenario; // what happens at set times
pub mod schedule; // when lines are due
pub mod settings; // what is asked for, checked
pub mod sink; // where lines go: files, sockets, Kafka
mod site; // the world of an access log
mod spread; // a distribution, to three digits
mod stamp; // the time on a line
pub mod stop; // when to stop, and how long to wait for a receiver
pub mod streams; // Visor's schedule
pub mod truth; // facts of what was delivered, counted
mod truth_report;
pub mod visor; // the world of Visor's configuration
mod walk; // who asks for what next
mod world; // who and what there is, in tables // the truth as a report

#[cfg(test)]
mod chi_square; // a test of goodness of fit
#[cfg(test)]
mod tests_support; // small blocks for tests

pub use layout::Log;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// What the generator may use of the rest of the program.
    const ALLOWED: [&str; 5] = ["generate", "clock", "text_error", "parallel", "json_file"];

    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn nothing_of_the_parsers_is_imported() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generate"), &mut found);
        assert!(found.len() > 20);
        for (name, text) in found {
            for (at, _) in text.match_indices("crate::") {
                let module = text[at + 7..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                assert!(module.is_empty() || ALLOWED.contains(&module), "{name} uses crate::{module}");
            }
        }
    }
}
