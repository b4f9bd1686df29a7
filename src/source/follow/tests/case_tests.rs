//! What befalls a followed file, each case with notices and with polling.

use std::os::unix::fs::{FileExt, symlink};

use super::*;

/// Runs a case in both ways.
fn both(options: Options, patterns: &[&str], case: impl Fn(&mut Trial)) {
    for notices in [true, false] {
        let mut trial = Trial::new(patterns, Options { notices, ..options.clone() });
        case(&mut trial);
    }
}

#[test]
fn files_are_begun_as_asked_and_later_ones_at_their_beginning() {
    let cases = [
        ("at its end", Begin::End, "old\n", 4, ""),
        ("at its beginning", Begin::Beginning, "old\n", 0, "old\n"),
        ("nothing saved is as at its end", Begin::Resume, "old\n", 4, ""),
        ("a last line that is not whole counts once it is", Begin::End, "old\nhal", 4, "half\n"),
        ("an empty file", Begin::End, "", 0, "f\n"),
    ];
    for (what, begin, old, from, first) in cases {
        both(Options { begin, ..quick() }, &["*.log"], |trial| {
            trial.append("a.log", old);
            trial.settle();
            assert_eq!(trial.told(), [format!("opened a.log at {from}")], "{what}");
            trial.append("a.log", "f\nnew\n");
            trial.append("b.log", "later\n");
            trial.settle();
            let first = if first.is_empty() || first == "old\n" { format!("{first}f\n") } else { first.to_string() };
            assert_eq!(trial.text("a.log"), format!("{first}new\n"), "{what}");
            assert_eq!(trial.text("b.log"), "later\n", "{what}");
        });
    }
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_one_that_has_its_name_now() {
    both(quick(), &["app.log"], |trial| {
        trial.append("app.log", "1\n");
        trial.settle();
        let mut held = writer(&trial.path("app.log"));
        trial.rename("app.log", "app.log.1");
        trial.append("app.log", "5\n");
        held.write_all(b"2\n").unwrap();
        trial.settle();
        // Its writer was told to open its log anew and is not done yet.
        held.write_all(b"3\n4").unwrap();
        trial.clock.forward(Duration::from_secs(1));
        trial.settle();
        assert_eq!(trial.text("app.log"), "1\n2\n3\n5\n");
        drop(held);
        trial.settle_for_good();
        assert_eq!(trial.text("app.log"), "1\n2\n3\n45\n", "a last line without newline counts once its file is done");
        assert_eq!(
            trial.told(),
            ["opened app.log at 0", "rotated app.log", "opened app.log at 0", "gone app.log unread 0"]
        );
    });
}

#[test]
fn a_renamed_file_that_the_pattern_covers_is_not_begun_again() {
    both(quick(), &["app.log*"], |trial| {
        trial.append("app.log.1", "older\n");
        trial.append("app.log", "1\n");
        trial.settle();
        trial.append("app.log", "2\nlast");
        trial.rename("app.log.1", "app.log.2");
        trial.rename("app.log", "app.log.1");
        trial.append("app.log", "3\n");
        trial.settle();
        trial.settle_for_good();
        trial.append("app.log", "4\n");
        trial.settle();
        assert_eq!(trial.text("app.log"), "1\n2\nlast3\n4\n");
        assert_eq!(trial.text("app.log.1"), "older\n");
        // Later it is removed as the oldest.
        trial.remove("app.log.2");
        trial.settle();
        trial.settle_for_good();
        assert_eq!(trial.told().last().unwrap(), "gone app.log.1 unread 0");
        assert_eq!(trial.follower.files().count(), 2);
    });
}

#[test]
fn a_deleted_file_is_read_through_its_handle_while_its_writer_holds_it() {
    both(quick(), &["app.log"], |trial| {
        trial.append("app.log", "1\n");
        trial.settle();
        let mut held = writer(&trial.path("app.log"));
        held.write_all(b"2\n").unwrap();
        trial.remove("app.log");
        trial.settle();
        held.write_all(b"3\n").unwrap();
        trial.clock.forward(Duration::from_secs(2));
        trial.settle();
        trial.append("app.log", "again\n");
        trial.settle();
        assert_eq!(trial.text("app.log"), "1\n2\n3\nagain\n");
        trial.settle_for_good();
        assert_eq!(trial.told().last().unwrap(), "gone app.log unread 0");
        assert_eq!(trial.follower.files().count(), 1);
    });
}

#[test]
fn files_that_came_and_were_renamed_between_two_looks_are_found() {
    let mut trial = Trial::new(&["app.log"], quick());
    trial.append("app.log", "a\n");
    trial.settle();
    // Numbers go up, as logrotate has them: each rotation renames every file.
    for generation in ["b\n", "c\n", "d\n", "e\n"] {
        for number in (1..5).rev().filter(|number| trial.path(&format!("app.log.{number}")).exists()) {
            trial.rename(&format!("app.log.{number}"), &format!("app.log.{}", number + 1));
        }
        trial.rename("app.log", "app.log.1");
        trial.append("app.log", generation);
    }
    trial.settle();
    let mut lines: Vec<_> = trial.text("app.log").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_file_that_is_cut_is_begun_anew_and_what_was_unread_is_told() {
    // What it had, how many bytes of that are read, what it has after it was cut, and what is told to be lost.
    let long = "x".repeat(80) + "\n";
    let cases = [
        ("shorter than the offset", "1\n2\n", "3\n", 0),
        ("of the same length", "1\n2\n", "3\n4\n", 0),
        ("longer than the offset", "1\n2\n", "3\n4\n5\n6\n", 0),
        ("empty", "1\n2\n", "", 0),
        ("with an unread part of a line", "1\n2", "3\n", 1),
        ("longer than the bytes that are compared", &long.repeat(30), &long.replace('x', "y").repeat(31), 0),
    ];
    for (what, before, after, unread) in cases {
        both(quick(), &["app.log"], |trial| {
            trial.append("app.log", before);
            trial.settle();
            trial.told();
            trial.cut("app.log", 0);
            trial.append("app.log", after);
            trial.settle();
            assert_eq!(trial.told(), [format!("truncated app.log unread {unread}")], "{what}");
            let whole = before.rfind('\n').map_or("", |end| &before[..=end]);
            assert_eq!(trial.text("app.log"), format!("{whole}{after}"), "{what}");
        });
    }
}

#[test]
fn unread_lines_of_a_cut_file_are_told() {
    both(quick(), &["app.log"], |trial| {
        trial.append("app.log", "line of sixteen\n".repeat(100));
        // One turn, of the 64 bytes of a block.
        trial.poll(Duration::ZERO);
        trial.cut("app.log", 0);
        trial.append("app.log", "new\n");
        trial.settle();
        assert_eq!(trial.text("app.log"), "line of sixteen\n".repeat(4) + "new\n");
        assert_eq!(trial.told()[1..], ["truncated app.log unread 1536"]);
    });
}

#[test]
fn what_is_missing_is_followed_once_it_appears() {
    both(quick(), &["new/deep/app.log", "logs/*/x-*.log"], |trial| {
        trial.settle();
        let told = trial.told();
        assert_eq!(
            told,
            [
                "new/deep/app.log: nothing there yet; it is followed once it appears (check the name if it should be there)"
            ]
        );
        fs::create_dir_all(trial.path("new/deep")).unwrap();
        trial.append("new/deep/app.log", "1\n");
        trial.settle();
        fs::create_dir_all(trial.path("logs/web")).unwrap();
        trial.settle();
        trial.append("logs/web/x-1.log", "2\n");
        trial.append("logs/web/y-1.log", "not followed\n");
        trial.settle();
        assert_eq!((trial.text("new/deep/app.log").as_str(), trial.text("logs/web/x-1.log").as_str()), ("1\n", "2\n"));
        // The whole folder goes, and another one comes.
        fs::rename(trial.path("new"), trial.path("old")).unwrap();
        append(&trial.path("old/deep/app.log"), b"1b\n");
        fs::create_dir_all(trial.path("new/deep")).unwrap();
        trial.append("new/deep/app.log", "3\n");
        // A folder further up that was renamed is noticed by the sweep at the latest.
        trial.clock.forward(trial.options.sweep);
        trial.settle();
        assert_eq!(trial.text("new/deep/app.log"), "1\n1b\n3\n");
        assert_eq!(trial.follower.files().count(), 3);
    });
}

#[test]
fn a_switched_link_leads_to_the_next_file() {
    both(quick(), &["current.log", "now/app.log"], |trial| {
        fs::create_dir_all(trial.path("a")).unwrap();
        fs::create_dir_all(trial.path("b")).unwrap();
        for name in ["a/app.log", "b/app.log", "a/1.log", "b/2.log"] {
            trial.append(name, format!("{name}\n"));
        }
        let switch = |trial: &Trial, to: &str, name: &str| {
            symlink(trial.path(to), trial.path("link")).unwrap();
            trial.rename("link", name);
        };
        switch(trial, "a/1.log", "current.log");
        switch(trial, "a", "now");
        trial.settle();
        // Written through where the link leads.
        trial.append("a/1.log", "more\n");
        trial.settle();
        assert_eq!(trial.text("current.log"), "a/1.log\nmore\n");
        switch(trial, "b/2.log", "current.log");
        switch(trial, "b", "now");
        trial.settle();
        trial.append("b/2.log", "and\n");
        trial.append("b/app.log", "on\n");
        trial.settle();
        assert_eq!(trial.text("current.log"), "a/1.log\nmore\nb/2.log\nand\n");
        assert_eq!(trial.text("now/app.log"), "a/app.log\nb/app.log\non\n");
    });
}

#[test]
fn what_is_no_file_is_told_once_and_others_go_on() {
    both(quick(), &["app.log", "other.log"], |trial| {
        trial.append("app.log", "1\n");
        trial.append("other.log", "x\n");
        trial.settle();
        trial.told();
        trial.remove("app.log");
        fs::create_dir(trial.path("app.log")).unwrap();
        trial.append("other.log", "y\n");
        trial.settle();
        trial.clock.forward(Duration::from_secs(10));
        trial.settle();
        let cure = "which cannot be followed; name a file, or a pattern of files in quotes";
        assert_eq!(trial.told(), ["rotated app.log".into(), format!("app.log: is a directory, {cure}")]);
        fs::remove_dir(trial.path("app.log")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, trial.path("app.log"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        trial.append("other.log", "z\n");
        trial.settle();
        assert_eq!(trial.told()[0], format!("app.log: is a named pipe, {cure}"));
        trial.remove("app.log");
        trial.append("app.log", "2\n");
        trial.settle();
        assert_eq!((trial.text("app.log").as_str(), trial.text("other.log").as_str()), ("1\n2\n", "x\ny\nz\n"));
    });
}

#[test]
fn a_file_without_permission_is_told_once_and_followed_when_it_has_it() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    both(quick(), &["*.log"], |trial| {
        trial.append("app.log", "1\n");
        mode(&trial.path("app.log"), 0);
        if File::open(trial.path("app.log")).is_ok() {
            eprintln!("skipped: this user may read everything");
            return;
        }
        trial.append("b.log", "b\n");
        trial.settle();
        trial.clock.forward(Duration::from_secs(10));
        trial.settle();
        let told = trial.told();
        assert_eq!(told.iter().filter(|told| told.contains("permission denied; run as a user")).count(), 1, "{told:?}");
        assert_eq!(trial.text("b.log"), "b\n");
        mode(&trial.path("app.log"), 0o600);
        trial.settle();
        assert_eq!(trial.text("app.log"), "1\n");
    });
}

#[test]
fn a_file_with_two_names_is_followed_once() {
    both(quick(), &["*.log", "a.*", "dir/x"], |trial| {
        fs::create_dir(trial.path("dir")).unwrap();
        trial.append("a.log", "1\n");
        fs::hard_link(trial.path("a.log"), trial.path("b.log")).unwrap();
        fs::hard_link(trial.path("a.log"), trial.path("dir/x")).unwrap();
        symlink(trial.path("a.log"), trial.path("c.log")).unwrap();
        trial.settle();
        trial.append("b.log", "2\n");
        trial.settle();
        trial.append("dir/x", "3\n");
        trial.settle();
        assert_eq!(trial.text("a.log"), "1\n2\n3\n");
        assert_eq!(trial.told(), ["opened a.log at 0"]);
        // It lives as long as one of them does.
        trial.remove("a.log");
        trial.remove("b.log");
        trial.append("dir/x", "4\n");
        trial.settle();
        trial.settle_for_good();
        trial.append("dir/x", "5\n");
        trial.settle();
        assert_eq!(trial.text("a.log"), "1\n2\n3\n4\n5\n");
    });
}

#[test]
fn compressed_files_are_not_followed() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, b'\n'];
    both(quick(), &["app.log*", "named.gz"], |trial| {
        trial.append("app.log", "1\n");
        trial.append("app.log.2.gz", gzip);
        trial.append("app.log.copy", gzip);
        trial.append("named.gz", gzip);
        trial.settle();
        let mut told = trial.told();
        told.sort();
        assert_eq!(
            told,
            [
                "app.log.copy: is gzip data, which does not grow by lines; count it with visor-fast analyze",
                "named.gz: is gzip data, which does not grow by lines; count it with visor-fast analyze",
                "opened app.log at 0",
            ]
        );
        // One that was empty when it was found.
        trial.append("app.log.3", "");
        trial.settle();
        trial.append("app.log.3", gzip);
        trial.settle();
        assert_eq!(trial.text("app.log.3"), "");
        assert_eq!(trial.follower.files().count(), 1);
    });
}

#[test]
fn of_a_line_over_the_limit_the_beginning_is_handed_over() {
    let options = Options { line_bytes_max: 100, block_bytes: 64, ..quick() };
    both(options, &["app.log"], |trial| {
        let long = "x".repeat(5000);
        let cases: [(&str, &[&str], &str, &str); 4] = [
            ("at one go", &["a\n", &long, "\nb\n"], "a\n<>\nb\n", "discarded 4897 LongLine"),
            ("bit by bit", &["a\n", "x", &long, &long, "x", "y\nb\n"], "a\n<>\nb\n", "discarded 9900 LongLine"),
            ("just at the limit it is whole", &["a\n", &"x".repeat(100), "\r\n"], "a\n100\r\n", ""),
            ("at the end of a file", &["a\n", &long], "a\n<>", "discarded 4897 LongLine"),
        ];
        for (what, writes, text, discarded) in cases {
            for write in writes {
                trial.append("app.log", write);
                trial.settle();
            }
            trial.remove("app.log");
            trial.settle();
            trial.settle_for_good();
            let got = trial.got.values().last().unwrap().text.clone();
            let got = String::from_utf8(got).unwrap().replace(&"x".repeat(103), "<>").replace(&"x".repeat(100), "100");
            assert_eq!(got, text, "{what}");
            let told = trial.told();
            let lost: Vec<_> = told.iter().filter(|told| told.starts_with("discarded")).collect();
            assert_eq!(lost, if discarded.is_empty() { vec![] } else { vec![discarded] }, "{what}");
        }
        assert!(trial.follower.reader.room() < 8000, "{}", trial.follower.reader.room());
    });
}

#[test]
fn a_hole_of_nuls_costs_no_memory_and_the_line_behind_it_is_whole() {
    both(quick(), &["app.log"], |trial| {
        let mut file = File::create(trial.path("app.log")).unwrap();
        file.write_all(b"1\n2\n").unwrap();
        trial.settle();
        // A writer that does not append goes on at its old offset.
        trial.cut("app.log", 0);
        trial.settle();
        file.write_all_at(b"3\n", 5_000_000).unwrap();
        trial.settle();
        file.write_all_at(b"4\n", 5_000_002).unwrap();
        trial.settle();
        assert_eq!(trial.text("app.log").replace('\0', ""), "1\n2\n3\n4\n");
        assert!(trial.text("app.log").len() < 100);
        assert!(trial.follower.reader.room() < 8000);
    });
}

#[test]
fn turns_are_fair() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("big.log", "line of sixteen\n".repeat(1000));
    trial.append("small.log", "1\n");
    trial.poll(Duration::ZERO);
    assert_eq!(trial.text("small.log"), "1\n");
    assert_eq!(trial.text("big.log").len(), 64);
    for n in 2..10 {
        trial.append("small.log", format!("{n}\n"));
        trial.poll(Duration::ZERO);
        assert_eq!(trial.text("small.log").lines().count(), n);
        assert_eq!(trial.text("big.log").len(), 64 * n);
    }
}

#[test]
fn a_paused_file_waits_and_so_does_the_one_after_it() {
    both(quick(), &["*.log"], |trial| {
        trial.append("a.log", "1\n");
        trial.append("b.log", "1\n");
        trial.settle();
        let a = *trial.got.iter().find(|(_, got)| got.name == "a.log").unwrap().0;
        trial.follower.pause(a);
        trial.append("a.log", "2\n");
        trial.append("b.log", "2\n");
        trial.settle();
        trial.rename("a.log", "a.old");
        trial.append("a.log", "3\n");
        trial.settle();
        trial.settle_for_good();
        assert_eq!((trial.text("a.log").as_str(), trial.text("b.log").as_str()), ("1\n", "1\n2\n"));
        trial.follower.resume(a);
        trial.settle();
        assert_eq!(trial.text("a.log"), "1\n2\n3\n");
    });
}

#[test]
fn more_files_than_handles() {
    both(Options { handles_max: 3, ..quick() }, &["*.log"], |trial| {
        let names: Vec<_> = (0..20).map(|n| format!("{n}.log")).collect();
        for round in 0..4 {
            for name in &names {
                trial.append(name, format!("{name} {round}\n"));
            }
            trial.settle();
        }
        // One is renamed out of sight, one deleted, one cut, one replaced, while they are closed or not.
        trial.rename("0.log", "0.old");
        trial.append("0.old", "last\n");
        trial.remove("1.log");
        trial.cut("2.log", 0);
        trial.append("2.log", "cut\n");
        trial.remove("3.log");
        trial.append("3.log", "replaced, and longer than what was there before it\n");
        trial.settle();
        for name in &names {
            let extra = match name.as_str() {
                "0.log" => "last\n",
                "2.log" => "cut\n",
                "3.log" => "replaced, and longer than what was there before it\n",
                _ => "",
            };
            let rounds: String = (0..4).map(|round| format!("{name} {round}\n")).collect();
            assert_eq!(trial.text(name), rounds + extra, "{name}");
        }
        let open = trial.follower.files.values().filter(|tracked| tracked.handle.is_some()).count();
        assert!(open <= 4, "{open} open");
    });
}

#[test]
fn a_receiver_may_end_a_poll() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "line of sixteen\n".repeat(20));
    trial.append("b.log", "1\n");
    let mut texts = Vec::new();
    for _ in 0..12 {
        trial.follower.poll(Duration::ZERO, &mut |event| match event {
            Event::Lines { text, .. } => {
                texts.push(text.len());
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
    }
    assert_eq!(texts, [64, 2, 64, 64, 64, 64]);
}

#[test]
fn a_waker_ends_the_wait() {
    let mut trial = Trial::new(&["*.log"], quick());
    trial.settle();
    let waker = trial.follower.waker();
    let ringer = std::thread::spawn(move || waker.wake());
    // Without the bell it would take its ten minutes.
    trial.options.sweep = Duration::from_secs(600);
    trial.poll(Duration::from_secs(600));
    ringer.join().unwrap();
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    let error = Follower::new(&["/tmp/[.log"], quick(), Vec::new(), ManualClock::new().boxed()).unwrap_err();
    assert!(error.to_string().starts_with("/tmp/[.log: not a valid pattern"), "{error}");
}

#[test]
fn troubles_name_what_where_and_the_cure() {
    let cases = [
        (
            Trouble::Lost { name: "a\u{1b}[2J.log".into(), offset: 7 },
            "a\\x1b[2J.log: was deleted, moved away or compressed while it was not followed; what it got after byte 7 is \
             not counted (count it with visor-fast analyze if it still exists)",
        ),
        (
            Trouble::Polled { folder: "/nfs".into(), why: Unnoticed::Network },
            "/nfs: is polled, a line may be seen up to seconds late: it is on a network file system, which does not tell \
             of writes",
        ),
        (
            Trouble::Polled { folder: "/logs".into(), why: Unnoticed::Watches },
            "/logs: is polled, a line may be seen up to seconds late: no inotify watch is left; raise sysctl \
             fs.inotify.max_user_watches",
        ),
    ];
    for (trouble, expected) in cases {
        assert_eq!(trouble.to_string(), expected);
    }
}
