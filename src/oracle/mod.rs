//! The slow truth: naive splitter, parser and aggregator, too simple to be wrong.
