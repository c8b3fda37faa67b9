//! Locustfiles on the command line: which files a name stands for, and what is said where it stands for none.
//! `tests/real` runs them.

use crate::support::Run;

/// Runs these words beside `a.py` and `empty/_b.py`. Returns the error.
#[track_caller]
fn refused(words: &[&str], code: i32) -> String {
    let run = Run::new(words).file("a.py", "").file("empty/_b.py", "");
    run.go().code(code).stderr
}

/// The texts and the exit code of Locust 2.47.0.
#[test]
fn a_locustfile_that_is_not_there_is_told_as_locust_tells_it() {
    for (words, expected) in [
        (
            &["-f", "none.py"][..],
            "Could not find 'none.py'. Ensure your locustfile ends with '.py'",
        ),
        (&["none.py", "--headless"], "Could not find 'none.py'."),
        (&["-f", "a.py,none.py", "-l"], "Could not find 'none.py'."),
        (&["-f", "empty"], "Could not find any locustfiles in directory 'empty'"),
        (&["check", "none.py"], "Could not find 'none.py'."),
    ] {
        let error = refused(words, 1);
        assert!(error.starts_with(&format!("gregaria: error: {expected}")), "{words:?}: {error}");
    }
}

#[test]
fn the_url_of_a_file_of_python_is_not_loaded_with_requests() {
    let url = "http://127.0.0.1:9/a.py";
    for words in [&[url, "-u", "5", "-t", "1s"][..], &["-f", url]] {
        let error = refused(words, 2);
        assert!(error.contains("curl -fsSO 'http://127.0.0.1:9/a.py'"), "{words:?}: {error}");
    }
}

#[test]
fn help_is_there_though_a_locustfile_cannot_be_loaded() {
    let run = Run::new(["-f", "none.py", "--help"]).go().code(0);
    assert!(run.stdout.contains("--headless"), "{}", run.stdout);
    assert!(run.stderr.starts_with("gregaria: no arguments of none.py are listed: Could not find"));
}
