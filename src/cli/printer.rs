//! Standard output of a program that must not wait for whoever reads it.
//!
//! A terminal on which Ctrl-S was pressed, a pipe that nobody empties: what is written there waits, and counting and ending
//! must not wait with it. So a thread of its own writes. A screen that comes too soon is left out, as the next one says it all
//! anew. What is to be had whole (a line for each window, summaries) is waited for as for any slow reader, until the program is
//! to end: then for a second.

use crossbeam::channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long the reader has, in all, once the program is to end.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is seen whether it is to.
const LOOK: Duration = Duration::from_millis(20);

/// Prints to standard output.
pub struct Printer {
    to: Sender<Vec<u8>>,
    /// How the thread ended.
    ended: Receiver<io::Result<()>>,
    /// Set once the program is to end.
    stop: Arc<AtomicBool>,
    /// What is left of the reader's time.
    patience: Duration,
    left_out: u64,
}

impl Printer {
    /// Starts the thread, for a program that is to end when `stop` is set.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(stop: Arc<AtomicBool>) -> io::Result<Printer> {
        Printer::onto(io::stdout(), stop)
    }

    fn onto(out: impl Write + Send + 'static, stop: Arc<AtomicBool>) -> io::Result<Printer> {
        let (to, texts) = bounded(1);
        let (tell, ended) = bounded(1);
        // It is never joined: it may stand in a write that does not end.
        std::thread::Builder::new().name("stdout".to_string()).spawn(move || {
            let _ = tell.send(write_all(out, &texts));
        })?;
        Ok(Printer { to, ended, stop, patience: PATIENCE, left_out: 0 })
    }

    /// Prints a text that the next one replaces: it is left out if the one before is still being written.
    ///
    /// # Errors
    /// If an earlier text could not be written.
    pub fn replace(&mut self, text: Vec<u8>) -> io::Result<()> {
        match self.to.try_send(text) {
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
            Err(TrySendError::Disconnected(_)) => self.why(),
        }
    }

    /// Prints a text that is to be had whole, and waits for the one before.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub fn print(&mut self, mut text: Vec<u8>) -> io::Result<()> {
        while !self.patience.is_zero() {
            match self.to.send_timeout(text, LOOK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Disconnected(_)) => return self.why(),
                Err(SendTimeoutError::Timeout(again)) => text = again,
            }
            if self.stop.load(Ordering::Relaxed) {
                self.patience = self.patience.saturating_sub(LOOK);
            }
        }
        self.left_out += 1;
        Ok(())
    }

    /// Waits until all is written, but not for ever: returns how many texts were not.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub fn finish(self) -> io::Result<u64> {
        drop(self.to);
        match self.ended.recv_timeout(self.patience.max(LOOK)) {
            Ok(ended) => ended.map(|()| self.left_out),
            // The one that is being written, and perhaps the one behind it.
            Err(_) => Ok(self.left_out + 1),
        }
    }

    fn why(&self) -> io::Result<()> {
        self.ended.try_recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

fn write_all(mut out: impl Write, texts: &Receiver<Vec<u8>>) -> io::Result<()> {
    for text in texts {
        out.write_all(&text)?;
        out.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn text(number: u8) -> Vec<u8> {
        vec![number; 1 << 20]
    }

    #[test]
    fn a_reader_that_stands_still_holds_nobody_up() {
        let (writer, reader) = UnixStream::pair().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut printer = Printer::onto(writer, Arc::clone(&stop)).unwrap();
        // One is being written and does not end, one waits behind it: the second is taken only then.
        (0..2).for_each(|number| printer.print(text(number)).unwrap());
        (0..100).for_each(|number| printer.replace(text(number)).unwrap());
        stop.store(true, Ordering::Relaxed);
        let begin = crate::clock::monotonic();
        (0..10_000).for_each(|_| printer.print(vec![0]).unwrap());
        assert!(begin.elapsed() < Duration::from_secs(30), "each waits anew");
        assert_eq!(printer.finish().unwrap(), 10_001);
        drop(reader);
    }

    #[test]
    fn a_slow_reader_gets_all_that_is_to_be_had_whole() {
        let (writer, mut reader) = UnixStream::pair().unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            io::Read::read_to_end(&mut reader, &mut read).map(|_| read)
        });
        let mut printer = Printer::onto(writer, Arc::default()).unwrap();
        (0..5).for_each(|number| printer.print(text(number)).unwrap());
        assert_eq!(printer.finish().unwrap(), 0);
        assert!(reading.join().unwrap().unwrap() == (0..5).flat_map(text).collect::<Vec<u8>>());
    }

    #[test]
    fn a_reader_that_leaves_is_told_once() {
        let (writer, reader) = UnixStream::pair().unwrap();
        drop(reader);
        let mut printer = Printer::onto(writer, Arc::default()).unwrap();
        let told = (0..10).filter_map(|number| printer.print(text(number)).err()).next().unwrap();
        assert_eq!(told.kind(), io::ErrorKind::BrokenPipe);
    }
}
