//! Threads, pieces, progress, interrupt: the only place that names a source and a report together.
