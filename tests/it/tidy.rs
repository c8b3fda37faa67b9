//! Rules for the sources that a text search can check.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

const LINES_MAX: usize = 450;

/// A Rust file: its path from the repository's root, its text, and the text without its tests.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
}

pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let root = repository("");
    let mut files = Vec::new();
    walk(&root.join(folder), &mut files);
    files.sort();
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "rs"));
    let mut sources: Vec<Source> = rust.map(|file| source(&root, &file)).collect();
    let of_tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        if of_tests.iter().any(|module| source.path.starts_with(module)) {
            source.code.clear();
        }
    }
    sources
}

/// Returns the paths of modules that a file declares for tests only: `src/stats/tests.rs`, `src/stats/tests/`.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.strip_suffix("mod.rs") {
        Some(folder) => folder.to_owned(),
        None => source.path.strip_suffix(".rs").unwrap().to_owned() + "/",
    };
    let names = source.text.split("#[cfg(test)]\nmod ").skip(1);
    let names = names.filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
    names.flat_map(|name| [format!("{folder}{name}.rs"), format!("{folder}{name}/")]).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        // Cargo marks its target directories. `src/target/` is the built-in server.
        let built = path.join("CACHEDIR.TAG").exists() || path.ends_with("corpus");
        if path.is_dir() && !built {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn source(root: &Path, file: &Path) -> Source {
    let path = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(file).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let code = text[..end].lines().map(uncommented).fold(String::new(), |a, b| a + b + "\n");
    Source { path, text, code }
}

fn uncommented(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

/// Checks that none of these texts is in the code of a folder, except in the allowed places.
#[track_caller]
fn check_absent(folder: &str, needles: &[&str], allowed: &[&str]) {
    let sources = sources(folder);
    assert!(!sources.is_empty(), "{folder} has no sources");
    let may = |path: &str| allowed.iter().any(|place| path.starts_with(place));
    let found: Vec<_> = sources
        .iter()
        .filter(|source| !may(&source.path))
        .flat_map(|source| {
            let lines = source.code.lines().enumerate();
            let hits = lines.filter(|(_, line)| needles.iter().any(|needle| line.contains(needle)));
            hits.map(|(n, line)| format!("{}:{}: {}", source.path, n + 1, line.trim()))
        })
        .collect();
    assert!(found.is_empty(), "{needles:?} in\n{}", found.join("\n"));
}

#[test]
fn unsafe_code_is_in_the_reactor_and_python_alone() {
    let unsafe_code = ["unsafe {", "unsafe fn", "unsafe impl", "allow(unsafe_code)"];
    check_absent("src", &unsafe_code, &["src/reactor/", "src/python/"]);
    let exempt = ["tests/allocations.rs", "tests/it/tidy.rs", "tests/fuzz/"];
    check_absent("tests", &unsafe_code, &exempt);
}

#[test]
fn what_polls_tasks_is_named_in_the_executor_alone() {
    check_absent("src", &["glommio::", "async_task::"], &["src/executor/"]);
}

/// glommio's reactor is never polled, so a task that waited there would wait for ever.
#[test]
fn nothing_waits_in_glommios_own_reactor() {
    let waits =
        ["timer", "net", "io", "channels", "sync"].map(|module| format!("glommio::{module}"));
    let waits: Vec<&str> = waits.iter().map(String::as_str).collect();
    check_absent("src", &waits, &[]);
    check_absent("src", &["spawn_blocking"], &[]);
}

#[test]
fn only_those_who_act_ask_what_time_it_is() {
    let actors = [
        "src/executor/",
        "src/session/",
        "src/reactor/",
        "src/collector.rs",
        "src/run.rs",
        "src/log.rs",
        "src/files.rs",
        "src/cli/",
        // Its processes agree on instants, and are killed when they are late.
        "src/locustfile/",
        // A thread beside the core that looks how long its turn has taken.
        "src/python/watch.rs",
        "src/target/",
    ];
    check_absent("src", &["Instant::now", "SystemTime::now"], &actors);
}

#[test]
fn randomness_comes_from_the_seed_alone() {
    // The plan draws the seed if none is given.
    let global = ["fastrand::u", "fastrand::i", "fastrand::f", "Rng::new()", "RandomState"];
    check_absent("src", &global, &["src/plan.rs"]);
}

#[test]
fn the_libraries_of_the_page_are_named_in_web_alone() {
    check_absent("src", &["axum::", "hyper::", "tokio::"], &["src/web/"]);
}

/// A module that a build may be without has a replacement with the same items, so its users are the
/// same in all builds.
#[test]
fn cargo_features_are_named_where_modules_are_replaced() {
    let boundaries = [
        "src/lib.rs",
        "src/cli/mod.rs",
        "src/transport/mod.rs",
        "src/transport/tls_options.rs",
        "src/web/mod.rs",
    ];
    check_absent("src", &["feature = \""], &boundaries);
    let of_tls = ["rustls::", "rustls_native_certs::", "webpki::"];
    check_absent("src", &of_tls, &["src/transport/tls/", "src/web/tls.rs"]);
}

/// A path may lead to a device without an end, or to a pipe without a writer.
#[test]
fn files_are_opened_where_reading_has_bounds() {
    let opens = ["fs::read(", "read_to_string(", "File::open(", "File::options(", "OpenOptions"];
    let allowed = [
        "src/files.rs",
        // They write.
        "src/report/file.rs",
        "src/report/destination.rs",
        // They read files of the kernel, in /proc and /sys.
        "src/reactor/preflight.rs",
        "src/collector/accept_queue.rs",
        "src/executor/meter.rs",
        "src/cli/job_control.rs",
    ];
    check_absent("src", &opens, &allowed);
    for place in &allowed {
        assert!(repository(place).exists(), "{place} is gone: take it off the list");
    }
}

/// The layout of unit tests: `mod tests { … }` at the end of the file; `tests.rs` in the module's folder
/// where the file would get too long; `tests/mod.rs` and files beside it where that would. `samples.rs`
/// has values that the tests of several modules share.
#[test]
fn unit_tests_have_one_layout() {
    let sources = sources("src");
    let has = |path: &str| sources.iter().any(|source| source.path == path);
    for Source { path, text, .. } in &sources {
        assert!(!text.contains("#[path"), "{path}: a module is where its name says");
        assert!(!path.ends_with("_tests.rs"), "{path}: unit tests are in `tests.rs`");
        if let Some(folder) = path.strip_suffix("/tests.rs") {
            assert!(!has(&format!("{folder}/tests/mod.rs")), "{path}: there is a folder as well");
        }
        for rest in text.split("#[cfg(test)]\n").skip(1) {
            let line = rest.lines().next().unwrap_or_default();
            let Some((_, declared)) = line.split_once("mod ") else { continue };
            let name = declared.trim_end_matches([';', '{', ' ']);
            let allowed = ["tests", "samples"].contains(&name);
            assert!(allowed, "{path}: `{name}` is for tests and not in `tests`");
            let after = rest.split_once("\n}\n").map_or("", |(_, after)| after);
            assert!(!declared.ends_with('{') || after.is_empty(), "{path}: code behind its tests");
        }
    }
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    check_absent("src", &[".unwrap()", ".unwrap_err()"], &[]);
}

#[test]
fn every_folder_is_on_the_map() {
    let map = fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(repository("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!path.is_dir() || map.contains(&format!("`{name}/`")), "{name} is not on the map");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let map = fs::read_to_string(repository("ARCHITECTURE.md")).unwrap();
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        let reason = map.lines().any(|line| line.starts_with('|') && line.contains(name.as_str()));
        assert!(reason, "{name} has no reason");
    }
}

/// Failure texts are in the README's table, up to the part that depends on the request.
#[test]
fn every_failure_is_in_the_table() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let table = readme.split("## Failures").nth(1).unwrap().split("\n## ").next().unwrap();
    let places = [
        "src/session/failure.rs",
        "src/session/failure/redirect.rs",
        "src/session/body/decoding.rs",
        "src/http1/error.rs",
        "src/transport/tls/error.rs",
    ];
    let mut sources = sources("src");
    sources.retain(|source| places.contains(&&*source.path));
    assert_eq!(sources.len(), places.len(), "one of them has moved");
    let mut texts = 0;
    for Source { path, code, .. } in &sources {
        for rest in code.split("#[error(\"").chain(code.split("f.write_str(\"")).skip(1) {
            // Errors of requests, which only the built-in server reads.
            let text = rest.split(['"', '{', '(']).next().unwrap().trim_end();
            let is_servers = ["bad request line", "bad transfer-encoding"].contains(&text);
            if rest.starts_with(|c: char| c.is_ascii_lowercase()) && !is_servers {
                assert!(table.contains(text), "{path}: '{text}' is not in the README's table");
                texts += 1;
            }
        }
    }
    assert!(texts > 25, "{texts} texts are too few to be all");
}

#[test]
fn files_are_short() {
    for folder in ["src", "tests", "benches"] {
        for Source { path, text, .. } in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{path} has {lines} lines");
        }
    }
}
