//! What a checkpoint costs: the thread that writes it, by what is in it.
//!
//! ```sh
//! cargo bench --bench store
//! ```
//!
//! A flush of the disk is in each figure. `VISOR_FOLDER` names the folder whose disk is meant, by default that of temporary
//! files, which may be memory.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use visor_fast::store::{Checkpoint, ClosedWindow, Options, SavedPosition, Store};
use visor_fast::window::pane::Counts;

const MINUTE: i64 = 60_000;

/// A checkpoint with a pane and a window.
fn small(number: i64) -> Checkpoint {
    let (start, counts) = (number * MINUTE, Counts { records: 100, status: vec![(200, 100)], ..Counts::default() });
    Checkpoint {
        watermark: Some(start),
        panes: vec![(start, MINUTE, counts.to_bytes())],
        panes_gone_before: vec![(MINUTE, start - MINUTE)],
        windows: vec![ClosedWindow { start, width: MINUTE, counts }],
        ..Checkpoint::default()
    }
}

fn with_tally(number: i64, bytes: usize) -> Checkpoint {
    Checkpoint { tally: vec![number as u8; bytes], ..small(number) }
}

fn with_positions(number: i64) -> Checkpoint {
    let position = |key: u32| SavedPosition {
        source: "file".into(),
        key: format!("2049:{key}"),
        state: format!("{{\"File\":{{\"device\":2049,\"inode\":{key},\"offset\":{number},\"mark\":1234567890123}}}}"),
        newest: Some(number),
    };
    Checkpoint { positions: (0..10_000).map(position).collect(), ..small(number) }
}

fn checkpoints(criterion: &mut Criterion) {
    let folder = match std::env::var_os("VISOR_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder for the store");
    let mut group = criterion.benchmark_group("checkpoint");
    group.sample_size(10);
    let cases: [(&str, fn(i64) -> Checkpoint); 4] = [
        ("a pane and a window", small),
        ("and a tally of 1 MiB", |number| with_tally(number, 1 << 20)),
        ("and a tally of 26 MiB", |number| with_tally(number, 26 << 20)),
        ("and 10,000 positions", with_positions),
    ];
    for (case, (name, checkpoint)) in cases.into_iter().enumerate() {
        let path = folder.path().join(format!("{case}.db"));
        let mut store = Store::open(&path, &Options::default()).expect("a store");
        let mut number = 0;
        group.bench_function(name, |bencher| {
            let next = || {
                number += 1;
                checkpoint(number)
            };
            bencher.iter_batched(
                next,
                |checkpoint| {
                    store.save(&checkpoint).expect("room on the disk");
                    // As the engine does, so that the file does not grow with the rounds.
                    let (whole, since) = store.tally_bytes().expect("a store");
                    if since > whole.max(1 << 20) {
                        store.replace_tallies(&checkpoint.tally).expect("room on the disk");
                    }
                    store.tidy().expect("a store");
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, checkpoints);
criterion_main!(benches);
