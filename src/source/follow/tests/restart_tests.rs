//! A follower that goes on where an earlier one stopped, whatever befell the files meanwhile.

use super::*;

/// What happens while nobody follows `app.log`, of which "1\n2\n" was read, and what is then read in all and told.
type Away = fn(&Trial);

#[test]
fn a_restart_goes_on_where_it_was() {
    let copytruncate: Away = |trial| {
        trial.append("app.log", "3\n");
        fs::copy(trial.path("app.log"), trial.path("app.log.1")).unwrap();
        trial.cut("app.log", 0);
        trial.append("app.log", "4\n");
    };
    let cases: [(&str, Away, &str, &[&str]); 11] = [
        ("nothing", |_| (), "1\n2\n", &["opened app.log at 4"]),
        ("it grew", |trial| trial.append("app.log", "3\n"), "1\n2\n3\n", &["opened app.log at 4"]),
        (
            "it was rotated: finished first, then the new one from its beginning",
            |trial| {
                trial.append("app.log", "3\n");
                trial.rename("app.log", "app.log.1");
                trial.append("app.log", "4\n");
            },
            "1\n2\n3\n4\n",
            &["opened app.log at 4", "opened app.log at 0", "rotated app.log", "gone app.log unread 0"],
        ),
        (
            "it was rotated to a name that sorts before it",
            |trial| {
                trial.append("app.log", "3\n");
                trial.rename("app.log", "0.old");
            },
            "1\n2\n3\n",
            &["opened app.log at 4", "@app.log: nothing there yet", "rotated app.log", "gone app.log unread 0"],
        ),
        (
            "it was cut",
            |trial| {
                trial.cut("app.log", 0);
                trial.append("app.log", "3\n");
            },
            "1\n2\n3\n",
            &["opened app.log at 0", "truncated app.log unread 0"],
        ),
        (
            "it was cut and grew further than before",
            |trial| {
                trial.cut("app.log", 0);
                trial.append("app.log", "3\n4\n5\n");
            },
            "1\n2\n3\n4\n5\n",
            &["opened app.log at 0", "truncated app.log unread 0"],
        ),
        (
            "it was copied and cut: what was unread is in the copy",
            copytruncate,
            "1\n2\n3\n4\n",
            &[
                "opened app.log at 4",
                "opened app.log at 0",
                "truncated app.log unread 0",
                "rotated app.log",
                "gone app.log unread 0",
            ],
        ),
        (
            "it was deleted, and another came",
            |trial| {
                trial.append("app.log", "3\n");
                // Its inode stays in use, so that the new one has another.
                std::mem::forget(writer(&trial.path("app.log")));
                trial.remove("app.log");
                trial.append("app.log", "4\n");
            },
            "1\n2\n4\n",
            &["@app.log: was deleted, moved away or compressed", "opened app.log at 0"],
        ),
        (
            "it was written anew with the same beginning, as editors save",
            |trial| {
                trial.append("copy", "1\n2\n3\n");
                trial.rename("copy", "app.log");
            },
            "1\n2\n3\n",
            &["opened app.log at 4"],
        ),
        (
            "it was deleted and is not there",
            |trial| trial.remove("app.log"),
            "1\n2\n",
            &["@app.log: was deleted", "@app.log: nothing there yet"],
        ),
        (
            "a file came that was not there",
            |trial| trial.append("new.log", "n\n"),
            "1\n2\n",
            &["opened app.log at 4", "opened new.log at 2"],
        ),
    ];
    for notices in [true, false] {
        for (what, away, text, told) in cases {
            let options = Options { notices, begin: Begin::End, ..quick() };
            let mut trial = Trial::new(&["app.log", "new.*"], options);
            trial.settle();
            trial.append("app.log", "1\n2\n");
            trial.settle();
            trial.told();
            trial.restart(away);
            trial.settle();
            trial.settle_for_good();
            let got = trial.told();
            let texts: Vec<_> = trial.got.values().map(|got| (&got.name, String::from_utf8_lossy(&got.text))).collect();
            assert_eq!(trial.text("app.log"), text, "{what}: {texts:?} {got:?}");
            let begins = |(told, got): (&&str, &String)| match told.strip_prefix('@') {
                Some(start) => got.starts_with(start),
                None => got == told,
            };
            assert!(got.len() == told.len() && told.iter().zip(&got).all(begins), "{what}: {got:?}");
        }
    }
}

#[test]
fn a_reused_inode_is_another_file() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "1\n2\n");
    trial.settle();
    let mut saved = trial.follower.positions();
    trial.append("b.log", "other content\n");
    // As if a.log's inode had been given to b.log.
    saved[0].inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(trial.path("b.log")).unwrap());
    trial.remove("a.log");
    let mut trial = Trial::at(trial.root.clone(), trial._folder.take(), &["*.log"], quick(), saved);
    trial.settle();
    trial.settle_for_good();
    assert_eq!(trial.text("b.log"), "other content\n");
    assert_eq!(trial.text("a.log"), "");
}

#[test]
fn a_changed_device_number_does_not_matter() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "1\n2\n");
    trial.settle();
    let mut saved = trial.follower.positions();
    saved[0].device += 1;
    trial.append("a.log", "3\n");
    let mut trial = Trial::at(trial.root.clone(), trial._folder.take(), &["*.log"], quick(), saved);
    trial.settle();
    assert_eq!(trial.text("a.log"), "3\n");
}

#[test]
fn positions_of_the_earlier_run_stand_until_the_first_poll() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "1\n");
    trial.settle();
    let saved = trial.follower.positions();
    trial.restart(|_| ());
    assert_eq!(trial.follower.positions(), saved);
}

#[test]
fn impossible_positions_begin_at_the_beginning() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "1\n");
    trial.settle();
    let saved = trial.follower.positions();
    for (offset, mark_bytes) in [(u64::MAX, 1024), (u64::MAX, u16::MAX), (2, u16::MAX), (2, 0), (1, 2), (0, 9)] {
        let saved = vec![Position { offset, mark_bytes, ..saved[0].clone() }];
        let mut again = Trial::at(trial.root.clone(), None, &["*.log"], quick(), saved);
        again.settle();
        assert_eq!(again.text("a.log"), "1\n", "{offset} {mark_bytes}");
    }
}

#[test]
fn what_is_followed_no_longer_is_not_finished() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "1\n");
    trial.settle();
    let saved = trial.follower.positions();
    trial.append("a.log", "2\n");
    let mut again = Trial::at(trial.root.clone(), None, &["*.txt"], quick(), saved);
    again.settle();
    assert!(again.got.is_empty() && again.told.is_empty());
}
