use std::ffi::OsString;
use std::fs::{File, Permissions, create_dir, create_dir_all, hard_link, set_permissions};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

/// A folder with these files; a name may hold slashes.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in files {
        let path = folder.path().join(name);
        create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap();
    }
    folder
}

/// The expansion of `args` inside `folder`, with the folder's own path taken off again.
fn expanded(folder: &TempDir, args: &[&str]) -> (Vec<String>, Vec<String>) {
    let root = folder.path().to_str().unwrap();
    let args: Vec<String> =
        args.iter().map(|arg| if *arg == "-" { arg.to_string() } else { format!("{root}/{arg}") }).collect();
    let Expansion { inputs, errors } = expand_all(&args);
    let bare = |text: String| text.replace(&format!("{root}/"), "");
    (
        inputs.iter().map(|input| bare(input.to_string())).collect(),
        errors.iter().map(|error| bare(error.to_string())).collect(),
    )
}

fn inputs(folder: &TempDir, args: &[&str]) -> Vec<String> {
    let (inputs, errors) = expanded(folder, args);
    assert_eq!(errors, Vec::<String>::new(), "{args:?}");
    inputs
}

#[test]
fn arguments_stand_for_files() {
    let folder =
        folder(&["a.log", "b.log", "b.log.1.gz", ".hidden.log", "sub/c.log", "sub/deep/d.log", "sub/.git/e.log", "z"]);
    let cases: [(&str, &[&str], &[&str]); 16] = [
        ("files, in the order given", &["b.log", "a.log"], &["b.log", "a.log"]),
        ("stdin among files", &["a.log", "-", "b.log"], &["a.log", "-", "b.log"]),
        ("stdin once", &["-", "-"], &["-"]),
        ("a file named twice counts once", &["a.log", "a.log", "./a.log"], &["a.log"]),
        (
            "a folder, sorted by path, without hidden names",
            &["."],
            &["./a.log", "./b.log", "./b.log.1.gz", "./sub/c.log", "./sub/deep/d.log", "./z"],
        ),
        ("a folder and a file in it", &["sub/c.log", "sub"], &["sub/c.log", "sub/deep/d.log"]),
        ("a hidden file that is named", &[".hidden.log"], &[".hidden.log"]),
        ("a hidden folder that is named", &["sub/.git"], &["sub/.git/e.log"]),
        ("a star", &["*.log"], &["a.log", "b.log"]),
        ("a star in the middle", &["b*.gz"], &["b.log.1.gz"]),
        ("a question mark", &["?.log"], &["a.log", "b.log"]),
        ("a class", &["[a-c].log"], &["a.log", "b.log"]),
        ("a pattern with its dot", &[".*.log"], &[".hidden.log"]),
        ("a pattern that matches folders", &["s*"], &["sub/c.log", "sub/deep/d.log"]),
        ("a pattern in a folder's place", &["s*/*.log"], &["sub/c.log"]),
        ("two stars", &["**/*.log"], &["a.log", "b.log", "sub/c.log", "sub/deep/d.log"]),
    ];
    for (what, args, expected) in cases {
        assert_eq!(inputs(&folder, args), expected, "{what}");
    }
}

#[test]
fn what_is_missing_is_an_error_that_names_it() {
    let folder = folder(&["a.log"]);
    create_dir(folder.path().join("empty")).unwrap();
    symlink("nothing", folder.path().join("dangling")).unwrap();
    symlink("circle", folder.path().join("circle")).unwrap();
    let cases = [
        ("missing.log", "missing.log: no such file; check the name and the folder you are in"),
        ("*.gz", "*.gz: no file matches; check the pattern and the folder you are in"),
        ("no/*.log", "no/*.log: no file matches; check the pattern and the folder you are in"),
        ("a.log/*", "a.log/*: no file matches; check the pattern and the folder you are in"),
        ("a[.log", "a[.log: not a valid pattern: invalid range pattern (in \"a[.log\"); correct it, or name the files"),
        ("empty", "empty: no files to read in this directory; name one that has logs (hidden files are not read)"),
        ("dangling", "dangling: no such file; check the name and the folder you are in"),
        ("dang*", "dangling: no such file; check the name and the folder you are in"),
        ("circle", "circle: symbolic links lead in a circle; remove one, or name the file behind"),
        ("", ": no files to read in this directory"),
    ];
    for (arg, expected) in cases {
        if arg.is_empty() {
            let error = expand(&[arg]).unwrap_err().to_string();
            assert_eq!(error, "\"\": no such file; check the name and the folder you are in");
            continue;
        }
        assert_eq!(
            expanded(&folder, &[arg, "a.log"]),
            (vec!["a.log".to_string()], vec![expected.to_string()]),
            "{arg}"
        );
    }
    assert!(expand(&[folder.path().join("a.log"), folder.path().join("missing")]).is_err());
}

#[test]
fn a_name_that_looks_like_a_pattern_wins_over_the_pattern() {
    let folder = folder(&["a*.log", "ab.log", "[x].log", "x.log"]);
    assert_eq!(inputs(&folder, &["a*.log"]), ["a*.log"]);
    assert_eq!(inputs(&folder, &["[x].log"]), ["[x].log"]);
    assert_eq!(inputs(&folder, &["a?.log"]), ["a*.log", "ab.log"]);
}

#[test]
fn a_link_to_nothing_below_a_folder_is_an_error_since_a_log_may_be_missing() {
    let folder = folder(&["logs/a.log", "logs/z.log"]);
    symlink("/nothing/at/all", folder.path().join("logs/current")).unwrap();
    let (found, errors) = expanded(&folder, &["logs"]);
    assert_eq!(found, ["logs/a.log", "logs/z.log"]);
    assert_eq!(errors, ["logs/current: no such file; check the name and the folder you are in"]);
}

#[test]
fn links_lead_to_each_file_once() {
    let folder = folder(&["logs/a.log", "logs/b.log", "outside/c.log"]);
    let at = |name: &str| folder.path().join(name);
    symlink("a.log", at("logs/link-to-a")).unwrap();
    hard_link(at("logs/b.log"), at("logs/other-name-of-b")).unwrap();
    symlink("..", at("logs/loop")).unwrap();
    symlink("../logs", at("outside/back")).unwrap();
    assert_eq!(inputs(&folder, &["logs"]), ["logs/a.log", "logs/b.log", "logs/loop/outside/c.log"]);
    assert_eq!(inputs(&folder, &["logs/**/*.log"]), ["logs/a.log", "logs/b.log"]);
}

#[test]
fn what_is_no_file_is_left_out_below_a_folder_and_read_where_it_is_named() {
    let folder = folder(&["a.log"]);
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert_eq!(inputs(&folder, &["."]), ["./a.log"]);
    assert_eq!(inputs(&folder, &["pipe"]), ["pipe"]);
}

#[test]
fn a_name_that_is_not_utf_8_is_found_by_folder_and_by_pattern() {
    let folder = folder(&[]);
    let name = OsString::from_vec(b"caf\xe9.log".to_vec());
    File::create(folder.path().join(&name)).unwrap();
    let expected = [Named::Path(folder.path().join(&name))];
    assert_eq!(expand(&[folder.path()]).unwrap(), expected);
    assert_eq!(expand(&[folder.path().join("*.log")]).unwrap(), expected);
    assert_eq!(expand(&[folder.path().join("caf?.log")]).unwrap(), expected);
    assert_eq!(expand(&[folder.path().join(&name)]).unwrap(), expected);
}

#[test]
fn a_folder_that_may_not_be_listed_is_an_error_and_the_others_are_kept() {
    let folder = folder(&["a.log", "private/b.log", "z.log"]);
    let private = folder.path().join("private");
    set_permissions(&private, Permissions::from_mode(0o000)).unwrap();
    let listable = fs::read_dir(&private).is_ok(); // root may do anything
    let (found, errors) = expanded(&folder, &["."]);
    let (matched, pattern_errors) = expanded(&folder, &["**/*.log"]);
    set_permissions(&private, Permissions::from_mode(0o700)).unwrap();
    if listable {
        return;
    }
    assert_eq!(found, ["./a.log", "./z.log"]);
    assert_eq!(errors, ["./private: permission denied; run as a user who may read it"]);
    assert_eq!(matched, ["a.log", "z.log"]);
    assert_eq!(pattern_errors, ["private: permission denied; run as a user who may read it"]);
}

#[test]
fn a_deep_tree_takes_no_stack() {
    let folder = folder(&[]);
    let deep: PathBuf = std::iter::repeat_n("d", 1500).collect();
    create_dir_all(folder.path().join(&deep)).unwrap();
    File::create(folder.path().join(&deep).join("a.log")).unwrap();
    assert_eq!(inputs(&folder, &["."]).len(), 1);
}
