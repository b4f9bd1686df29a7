//! Where reports go: files, whose ending chooses the form, and stdout.

use super::replaced::Replaced;
use super::terminal::{Color, columns, speaks_unicode};
use super::{Exit, Failure};
use crate::aggregate::goaccess;
use crate::aggregate::snapshot::Snapshot;
use crate::engine::Outcome;
use crate::report::text::TextOptions;
use crate::report::{csv, goaccess_json, json, text};
use clap::ValueEnum;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Rows of a list in a report for people, where `--top` does not say.
pub const TOP_TEXT: usize = 10;
/// The same in a report for programs.
pub const TOP_DATA: usize = 1000;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Tables for a person
    Text,
    /// JSON, schema 1
    Json,
    /// One long table
    Csv,
    /// The counts themselves, for another run to take in as an input
    Tally,
    /// GoAccess's JSON, counted as GoAccess counts; alone in its run
    GoaccessJson,
}

impl Form {
    /// The form that the ending of a name asks for.
    pub fn of(path: &Path) -> Result<Form, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("txt") => Ok(Form::Text),
            Some("json") => Ok(Form::Json),
            Some("csv") => Ok(Form::Csv),
            Some("vtally") => Ok(Form::Tally),
            _ => Err(Failure::usage(format!(
                "-o {}: the ending chooses the form of the report; name it .json, .csv, .txt or .vtally",
                path.display()
            ))),
        }
    }

    fn top(self) -> usize {
        match self {
            Form::Text => TOP_TEXT,
            Form::Json | Form::Csv => TOP_DATA,
            // It holds all rows whatever the lists are cut to.
            Form::Tally => 1,
            // For comparing, all rows are needed.
            Form::GoaccessJson => usize::MAX,
        }
    }
}

/// Where the reports of a run go.
#[derive(Debug)]
pub struct Outputs {
    files: Vec<(PathBuf, Form, File)>,
    tallies: Vec<(PathBuf, Replaced)>,
    stdout: Option<Form>,
    top: Option<usize>,
    color: Color,
}

impl Outputs {
    /// Opens the files now, so that a wrong name is told before the work and not after it. Without any file or form the
    /// report is text on stdout.
    pub fn open(paths: &[PathBuf], form: Option<Form>, top: Option<usize>, color: Color) -> Result<Outputs, Failure> {
        let forms: Result<Vec<_>, Failure> = paths.iter().map(|path| Form::of(path)).collect();
        let stdout = form.or(paths.is_empty().then_some(Form::Text));
        if stdout == Some(Form::Tally) && io::stdout().is_terminal() {
            return Err(Failure::usage("--output tally: is not for people to read; pipe it on, or write it with -o"));
        }
        let (mut files, mut tallies) = (Vec::new(), Vec::new());
        for (path, form) in paths.iter().zip(forms?) {
            let wrong = |error| cannot_write(path, &error);
            if form == Form::Tally {
                tallies.push((path.clone(), Replaced::open(path).map_err(wrong)?));
                continue;
            }
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(wrong)?;
            files.push((path.clone(), form, file));
        }
        Ok(Outputs { files, tallies, stdout, top, color })
    }

    /// Opens files for a report and nothing else.
    pub fn files(paths: &[PathBuf], top: Option<usize>, color: Color) -> Result<Outputs, Failure> {
        let open = Outputs::open(paths, None, top, color)?;
        match open.tallies.first() {
            Some((path, _)) => Err(Failure::usage(format!("-o {}: only analyze writes tallies", path.display()))),
            None => Ok(Outputs { stdout: None, ..open }),
        }
    }

    /// Rows of a list that the longest of the reports shows.
    pub fn top(&self) -> usize {
        let forms = self.files.iter().map(|(_, form, _)| *form).chain(self.stdout);
        self.top.unwrap_or_else(|| forms.map(Form::top).max().unwrap_or(TOP_TEXT))
    }

    /// Writes the outcome and all reports of it; `goaccess` is the one in GoAccess's form, where that is asked for.
    pub fn write(
        &self,
        outcome: &mut Outcome,
        snapshot: &Snapshot,
        goaccess: Option<&goaccess::Report>,
    ) -> Result<(), Failure> {
        for (path, file) in &self.tallies {
            file.write(|file| outcome.write_tally(file)).map_err(|error| cannot_write(path, &error))?;
        }
        self.write_files(snapshot, goaccess)?;
        if self.stdout == Some(Form::Tally) {
            return told(outcome.write_tally(io::stdout().lock())).map(|_| ());
        }
        if let Some(form) = self.stdout {
            let options = TextOptions {
                columns: columns(),
                color: self.color.on_stdout(),
                top: self.rows(),
                unicode: speaks_unicode(),
            };
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            told(render(snapshot, goaccess, form, &options, &mut out).and_then(|()| out.flush()))?;
        }
        Ok(())
    }

    /// Writes the files.
    pub fn write_files(&self, snapshot: &Snapshot, goaccess: Option<&goaccess::Report>) -> Result<(), Failure> {
        for (path, form, file) in &self.files {
            let options =
                TextOptions { columns: 120, color: self.color == Color::Always, top: self.rows(), unicode: true };
            let write = || {
                if file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                let mut out = BufWriter::new(file);
                render(snapshot, goaccess, *form, &options, &mut out)?;
                out.flush()
            };
            write().map_err(|error| cannot_write(path, &error))?;
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.top.unwrap_or(TOP_TEXT)
    }
}

/// That a file of `-o` cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("-o {}: cannot be written: {error}", path.display()))
}

fn render(
    snapshot: &Snapshot,
    goaccess: Option<&goaccess::Report>,
    form: Form,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match form {
        // Not made of a report.
        Form::Tally => Ok(()),
        Form::GoaccessJson => goaccess.map_or(Ok(()), |report| goaccess_json::write(report, out)),
        Form::Text => text::write(snapshot, options, out),
        Form::Json => json::write(snapshot, out),
        Form::Csv => csv::write(snapshot, out),
    }
}

/// Writes to stdout. A reader who has seen enough (`| head`) is no error.
pub fn to_stdout(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    told(out.write_all(bytes).and_then(|()| out.flush()))
}

fn told(written: io::Result<()>) -> Result<Exit, Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("stdout: cannot be written: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}
