use std::fs;

use http::HeaderValue;
use tempfile::TempDir;

use super::*;
use crate::scenario::{Step, TaskAction};
use crate::session::{Body, Part, Upload};

/// A directory with a scenario of this one step, and a file of three bytes beside it.
fn beside(step: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("files")).unwrap();
    fs::write(dir.path().join("files/a.bin"), b"abc").unwrap();
    let path = dir.path().join("s.toml");
    fs::write(&path, task_with(step)).unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

fn step_of(step: &str) -> Step {
    let (_dir, path) = beside(step);
    let mut scenario = load(path).unwrap();
    match scenario.users.remove(0).tasks.remove(0).action {
        TaskAction::Steps(parts) => parts[0].steps()[0].clone(),
        TaskAction::Run(_) => panic!("a file has only steps"),
    }
}

#[test]
fn a_body_may_be_a_file_beside_the_scenario() {
    let expected = Step::put("/").upload(Upload::from(b"abc".to_vec()));
    assert_eq!(step_of("put = \"/\"\nbody_file = \"files/a.bin\""), expected);
    let waits = step_of("put = \"/\"\nbody_file = \"files/a.bin\"\nexpect_continue = true");
    assert_eq!(waits, expected.expect_continue());
}

#[test]
fn a_form_may_have_files() {
    let step = step_of(
        "post = \"/\"\nmultipart = [ { name = \"n\", value = 1 }, \
         { name = \"j\", value = \"{}\", content_type = \"application/json\" }, \
         { name = \"f\", file = \"files/a.bin\" }, \
         { name = \"g\", file = \"files/a.bin\", filename = \"b.png\", content_type = \"image/png\" } ]",
    );
    let file = Upload::from(b"abc".to_vec());
    let parts = [
        Part::value("n", "1"),
        Part::value("j", "{}").content_type(HeaderValue::from_static("application/json")),
        Part::file("f", "a.bin", file.clone()),
        Part::file("g", "b.png", file).content_type(HeaderValue::from_static("image/png")),
    ];
    assert_eq!(step.request.body, Body::Upload(Upload::multipart(&parts)));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_at_its_name() {
    let (dir, path) = beside("put = \"/\"\nbody_file = \"none\"");
    let error = load(path).unwrap_err().to_string().replace(dir.path().to_str().unwrap(), "DIR");
    let expected = "DIR/s.toml:5:13: cannot read 'DIR/none': No such file or directory\n  \
                    5 | body_file = \"none\"\n    |             ^^^^^^";
    assert_eq!(error, expected);
    let with = |rest: &str| format!("put = \"/\"\n{rest}");
    let message = |rest: &str| {
        let (dir, path) = beside(&with(rest));
        let error = load(path).unwrap_err().to_string();
        let error = error.replace(dir.path().to_str().unwrap(), "DIR");
        error.lines().next().unwrap().strip_prefix("DIR/s.toml:5:").unwrap().to_owned()
    };
    for (rest, expected) in [
        ("body_file = \"files\"", "13: cannot read 'DIR/files': it is not a regular file"),
        ("body_file = \"/dev/zero\"", "13: cannot read '/dev/zero': it is not a regular file"),
        ("body_file = 1", "13: expected a string, found a number"),
        ("multipart = []", "13: a form needs a part, such as { name = \"…\", value = \"…\" }"),
        ("multipart = [{ value = 1 }]", "14: missing key 'name'; add name = \"…\""),
        ("multipart = [{ name = \"a\" }]", "14: a part needs a 'value' or a 'file'"),
        (
            "multipart = [{ name = \"a\", value = 1, filename = \"b\" }]",
            "39: 'filename' goes with 'file'",
        ),
        (
            "multipart = [{ name = \"a\", file = \"none\" }]",
            "35: cannot read 'DIR/none': No such file or directory",
        ),
        (
            "multipart = [{ name = \"a\", value = 1, file = \"b\" }]",
            "39: 'value' and 'file' exclude each other; keep one",
        ),
        (
            "multipart = [{ name = \"a\", fil = \"b\" }]",
            "28: unknown key 'fil', did you mean 'file'?",
        ),
        (
            "multipart = [{ name = \"a\", value = 1, content_type = \"a\\n\" }]",
            "54: a header's value must not contain control characters",
        ),
        ("expect_continue = 1", "19: expected true or false, found a number"),
    ] {
        assert_eq!(message(rest), expected, "{rest}");
    }
}

#[test]
fn a_request_has_one_body() {
    let two = task_with("put = \"/\"\nbody = \"x\"\nbody_file = \"a\"");
    assert_eq!(message(&two), "6:1: 'body' and 'body_file' exclude each other; keep one");
}
