use super::*;

#[test]
fn a_name_is_wanted_as_a_look_would_find_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for path in ["a/x.log", "a/.x.log", "a/b/x.log", "a/b/c/x.log", "a/x.log.gz", "a/x.log.1", "d/y[1].log"] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), "").unwrap();
    }
    let cases: [(&str, &[&str]); 9] = [
        ("a/*.log", &["a/x.log"]),
        ("a/.*.log", &["a/.x.log"]),
        ("a/x.log*", &["a/x.log", "a/x.log.1"]),
        ("a/*.gz", &["a/x.log.gz"]),
        ("a/**/x.log", &["a/b/c/x.log", "a/b/x.log", "a/x.log"]),
        ("*/*/x.log", &["a/b/x.log"]),
        ("a/x.log", &["a/x.log"]),
        ("d/y[1].log", &["d/y[1].log"]),
        ("a/?.lo[g]", &["a/x.log"]),
    ];
    let all = ["a/x.log", "a/.x.log", "a/b/x.log", "a/b/c/x.log", "a/x.log.gz", "a/x.log.1", "d/y[1].log", "z/x.log"];
    for (pattern, expected) in cases {
        let patterns = Patterns::new(&[root.join(pattern)]).unwrap();
        let found: Vec<_> = patterns.paths().0;
        let expected: Vec<_> = expected.iter().map(|path| root.join(path)).collect();
        assert_eq!(found, expected, "{pattern}");
        for path in all.map(|path| root.join(path)) {
            assert_eq!(
                patterns.wants(&path) == Wanted::File,
                expected.contains(&path),
                "{pattern}: {}",
                path.display()
            );
        }
        // Each file lies in a folder that is watched for files.
        let folders = patterns.folders();
        assert!(
            expected.iter().all(|path| folders.get(path.parent().unwrap()) == Some(&true)),
            "{pattern}: {folders:?}"
        );
    }
}

#[test]
fn of_a_missing_path_the_nearest_folder_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let patterns = Patterns::new(&[root.join("a/b/x.log")]).unwrap();
    assert_eq!(patterns.folders(), BTreeMap::from([(root.to_path_buf(), false)]));
    assert_eq!(patterns.wants(&root.join("a")), Wanted::Folder);
    assert_eq!(patterns.wants(&root.join("b")), Wanted::No);
    fs::create_dir_all(root.join("a/b")).unwrap();
    assert_eq!(patterns.folders(), BTreeMap::from([(root.join("a/b"), true)]));
}
