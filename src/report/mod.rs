//! snapshot -> terminal, JSON, CSV.
