//! Where reports go: files, whose ending chooses the form, and stdout.

use super::terminal::{Color, columns, speaks_unicode};
use super::{Exit, Failure};
use crate::aggregate::goaccess;
use crate::aggregate::snapshot::Snapshot;
use crate::report::text::TextOptions;
use crate::report::{csv, goaccess_json, json, text};
use clap::ValueEnum;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
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
    /// GoAccess's JSON, counted as GoAccess counts; alone in its run
    GoaccessJson,
}

impl Form {
    fn of(path: &Path) -> Result<Form, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("txt") => Ok(Form::Text),
            Some("json") => Ok(Form::Json),
            Some("csv") => Ok(Form::Csv),
            _ => Err(Failure::usage(format!(
                "-o {}: the ending chooses the form of the report; name it .json, .csv or .txt",
                path.display()
            ))),
        }
    }

    fn top(self) -> usize {
        match self {
            Form::Text => TOP_TEXT,
            Form::Json | Form::Csv => TOP_DATA,
            // For comparing, all rows are needed.
            Form::GoaccessJson => usize::MAX,
        }
    }
}

/// Where the reports of a run go.
#[derive(Debug)]
pub struct Outputs {
    files: Vec<(PathBuf, Form, File)>,
    stdout: Option<Form>,
    top: Option<usize>,
    color: Color,
}

impl Outputs {
    /// Opens the files now, so that a wrong name is told before the work and not after it. Without any file or form the
    /// report is text on stdout.
    pub fn open(paths: &[PathBuf], form: Option<Form>, top: Option<usize>, color: Color) -> Result<Outputs, Failure> {
        let forms: Result<Vec<_>, Failure> = paths.iter().map(|path| Form::of(path)).collect();
        let open = |(path, form): (&PathBuf, Form)| {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
            file.map(|file| (path.clone(), form, file)).map_err(|error| cannot_write(path, &error))
        };
        let files: Result<Vec<_>, Failure> = paths.iter().zip(forms?).map(open).collect();
        let stdout = form.or(paths.is_empty().then_some(Form::Text));
        Ok(Outputs { files: files?, stdout, top, color })
    }

    /// Rows of a list that the longest of the reports shows.
    pub fn top(&self) -> usize {
        let forms = self.files.iter().map(|(_, form, _)| *form).chain(self.stdout);
        self.top.unwrap_or_else(|| forms.map(Form::top).max().unwrap_or(TOP_TEXT))
    }

    /// Writes all reports; `goaccess` is the one in GoAccess's form, where that is asked for.
    pub fn write(&self, snapshot: &Snapshot, goaccess: Option<&goaccess::Report>) -> Result<(), Failure> {
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
        if let Some(form) = self.stdout {
            let options = TextOptions {
                columns: columns(),
                color: self.color.on_stdout(),
                top: self.rows(),
                unicode: speaks_unicode(),
            };
            let mut bytes = Vec::new();
            render(snapshot, goaccess, form, &options, &mut bytes).map_err(Failure::failed)?;
            to_stdout(&bytes)?;
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        self.top.unwrap_or(TOP_TEXT)
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
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
        Form::GoaccessJson => goaccess.map_or(Ok(()), |report| goaccess_json::write(report, out)),
        Form::Text => text::write(snapshot, options, out),
        Form::Json => json::write(snapshot, out),
        Form::Csv => csv::write(snapshot, out),
    }
}

/// Writes to stdout. A reader who has seen enough (`| head`) is no error.
pub fn to_stdout(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("stdout: cannot be written: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}
