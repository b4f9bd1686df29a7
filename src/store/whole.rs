//! Keeping the tallies few: now and then the whole takes the place of its parts.
//!
//! Each checkpoint adds the tally of what came since the one before. To rewrite the whole each time would cost what all has
//! cost so far; to keep all parts would cost as much at the next start. Whoever has the whole in memory writes it once the
//! parts beside it are larger than it was: so a byte is written about twice, and no more is read back than twice the whole.

use super::error::{Error, Problem, at};
use super::open::Store;
use rusqlite::{TransactionBehavior, params};

impl Store {
    /// Bytes of the whole that was written last, and of the tallies that came since; in a file of at most 2^63 bytes.
    ///
    /// # Errors
    /// A damaged file.
    pub fn tally_bytes(&self) -> Result<(u64, u64), Error> {
        // The length of a blob stands before it: none is read.
        let sql = "SELECT coalesce(sum(length(bytes)) FILTER (WHERE first_checkpoint < last_checkpoint), 0),
                          coalesce(sum(length(bytes)) FILTER (WHERE first_checkpoint = last_checkpoint), 0) FROM tallies";
        let bytes = self.connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        let (whole, since) = bytes.map_err(|error| at::<Problem>(&self.path)(error.into()))?;
        Ok((whole.unsigned_abs(), since.unsigned_abs()))
    }

    /// Puts `whole` in the place of all tallies, whose sum it is.
    ///
    /// # Errors
    /// Those of the disk; the tallies are then as they were.
    pub fn replace_tallies(&mut self, whole: &[u8]) -> Result<(), Error> {
        let wrong = at::<Problem>(&self.path);
        let mut replace = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let last: i64 = transaction.query_row("SELECT number FROM checkpoint", [], |row| row.get(0))?;
            transaction.execute("DELETE FROM tallies", [])?;
            // Number 0 is before all: a whole is told from a part though there was one checkpoint.
            let sql = "INSERT INTO tallies (last_checkpoint, first_checkpoint, bytes) VALUES (?, 0, ?)";
            transaction.execute(sql, params![last, whole])?;
            transaction.commit()
        };
        replace().map_err(|error| wrong(error.into()))
    }
}
