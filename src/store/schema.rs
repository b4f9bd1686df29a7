//! The tables, and how those of earlier versions become them.
//!
//! `user_version` counts the steps that were made. A step is never changed once it was published: a change of the tables
//! is a step more, and a test makes them all from each version on. The comments are part of the tables, so that
//! `sqlite3 FILE .schema` says what is in them; `docs/STORE.md` does so at more length.

use super::error::Problem;
use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours, for `file` and for us: "VSFT".
pub const APPLICATION_ID: i64 = 0x5653_4654;

/// What leads from each version to the next one, from an empty file on.
pub const STEPS: [&str; 2] = [
    "
CREATE TABLE checkpoint (         -- the last one; what is in the other tables belongs to it
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    number       INTEGER NOT NULL, -- how many there were
    wall_ms      INTEGER NOT NULL, -- the time of day, milliseconds since 1970-01-01 UTC
    watermark_ms INTEGER,          -- event time up to which panes are closed
    windowed     INTEGER NOT NULL, -- records counted in a window
    late         INTEGER NOT NULL, -- records that came too late for theirs
    future       INTEGER NOT NULL  -- records too far in the future
) STRICT;
CREATE TABLE tallies (            -- all that was counted is their sum; the format is in VTALLY.md
    last_checkpoint  INTEGER PRIMARY KEY,
    first_checkpoint INTEGER NOT NULL,
    bytes            BLOB NOT NULL
) STRICT;
CREATE TABLE positions (          -- how far each input was counted
    source     TEXT NOT NULL,     -- file, kafka
    key        TEXT NOT NULL,     -- which of the source's inputs
    state      TEXT NOT NULL,     -- where the next run goes on, JSON
    newest_ms  INTEGER,           -- the newest event time seen there
    checkpoint INTEGER NOT NULL,  -- when it last changed
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE panes (              -- event time that may still change, or that windows still look at
    width_ms INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    counts   BLOB NOT NULL,
    PRIMARY KEY (width_ms, start_ms)
) STRICT;
CREATE TABLE windows (            -- closed windows
    start_ms      INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
    width_ms      INTEGER NOT NULL,
    records       INTEGER NOT NULL,
    errors        INTEGER NOT NULL, -- answers 5xx, entries of level error or worse
    client_errors INTEGER NOT NULL, -- answers 4xx
    bytes_sent    INTEGER NOT NULL,
    bytes_read    INTEGER NOT NULL,
    clients       INTEGER NOT NULL, -- different ones
    clients_exact INTEGER NOT NULL, -- 0 where a sketch estimated them
    paths         INTEGER NOT NULL,
    paths_exact   INTEGER NOT NULL,
    latency_p50   REAL,             -- seconds
    latency_p90   REAL,
    latency_p99   REAL,
    latency_max   REAL,
    status        TEXT NOT NULL,    -- JSON: {\"200\": hits, ...}
    top           TEXT NOT NULL,    -- JSON: {\"clients\": [{\"key\": ..., \"hits\": ..., \"error\": ...}, ...], ...}
    revision      INTEGER NOT NULL, -- how often late lines changed it
    checkpoint    INTEGER NOT NULL, -- when it last changed
    counts        BLOB NOT NULL,    -- all of it, for visor-fast history
    PRIMARY KEY (start_ms, width_ms)
) STRICT;
",
    "
CREATE TABLE ranges (             -- what was counted of partitions: a part in two rows, here or in two stores, counted twice
    source           TEXT NOT NULL, -- kafka
    key              TEXT NOT NULL,
    from_offset      INTEGER NOT NULL,
    to_offset        INTEGER NOT NULL, -- not included
    first_checkpoint INTEGER NOT NULL,
    last_checkpoint  INTEGER NOT NULL
) STRICT;
CREATE INDEX ranges_by_end ON ranges (source, key, to_offset);
",
];

/// The version of tables that this program writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A database without anything in it, or an empty file.
    Empty,
    /// A store with tables of this version, which this program knows.
    Store(i64),
}

/// Tells a store from other databases.
pub fn kind_of(connection: &Connection) -> Result<Kind, Problem> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(Kind::Empty),
        (APPLICATION_ID, 1..=VERSION, _) => Ok(Kind::Store(version)),
        // Made, but killed before the first step.
        (APPLICATION_ID, 0, 0) => Ok(Kind::Empty),
        (APPLICATION_ID, found, _) if found > VERSION => Err(Problem::Newer { found, known: VERSION }),
        _ => Err(Problem::Foreign),
    }
}

/// Makes the steps that are missing, all or none of them.
pub fn migrate(connection: &mut Connection) -> Result<(), Problem> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = match kind_of(&transaction)? {
        Kind::Empty => 0,
        Kind::Store(version) => version,
    };
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if version < VERSION {
        transaction
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database with the tables of a version.
    fn of_version(version: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        STEPS.iter().take(version).for_each(|step| connection.execute_batch(step).unwrap());
        if version > 0 {
            let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};");
            connection.execute_batch(&marks).unwrap();
        }
        connection
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let mut query = connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_version_becomes_the_last_one() {
        let last = tables(&of_version(STEPS.len()));
        for version in 0..=STEPS.len() {
            let mut connection = of_version(version);
            migrate(&mut connection).unwrap_or_else(|problem| panic!("from {version}: {problem}"));
            assert_eq!(tables(&connection), last, "from {version}");
            assert_eq!(kind_of(&connection), Ok(Kind::Store(VERSION)), "from {version}");
            migrate(&mut connection).unwrap();
            assert_eq!(tables(&connection), last, "and again");
        }
    }

    #[test]
    fn other_databases_are_told_apart() {
        let with = |sql: &str| {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            kind_of(&connection)
        };
        let ours = |version: i64| {
            format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; CREATE TABLE t (a);")
        };
        assert_eq!(with(""), Ok(Kind::Empty));
        assert_eq!(with(&ours(1)), Ok(Kind::Store(1)));
        assert_eq!(with(&ours(VERSION + 1)), Err(Problem::Newer { found: VERSION + 1, known: VERSION }));
        for (what, sql) in [
            ("tables of somebody", "CREATE TABLE t (a)".to_string()),
            ("a version of somebody", "PRAGMA user_version = 1".to_string()),
            ("somebody's application", "PRAGMA application_id = 7".to_string()),
            ("ours, without a step, and yet with tables", ours(0)),
            ("ours, of a version before the first", ours(-1)),
        ] {
            assert_eq!(with(&sql), Err(Problem::Foreign), "{what}");
        }
    }
}
