//! Every file is read within limits: a device without an end and a pipe without a writer are refused, in every
//! flag, variable and key of scenarios that names a file.
//!
//! Some files may be pipes, such as `<(…)`. `src/files.rs` tests how long they are waited for.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Run, get_root};

const ENDLESS: &str = "it is larger than";
const NOT_REGULAR: &str = "it is not a regular file";

/// Flags that name a file to read, with the flags that they need; `@` is the path. Some may name pipes.
const FLAGS: [(&str, bool); 8] = [
    ("--file @", true),
    ("--config @", false),
    ("--ca @", false),
    ("--cert @ --key own.pem", false),
    ("--cert own.pem --key @", false),
    ("--web -P 0 --web-token-file @", true),
    ("--web -P 0 --tls-cert @ --tls-key own.pem", true),
    ("--web -P 0 --tls-cert own.pem --tls-key @", true),
];

/// Flags that name a file to write.
const WRITTEN: [&str; 3] = ["--html", "--json-file", "--logfile"];

/// Keys of scenarios that name a file, as parts of a scenario of HTTPS; `@` is the path.
const KEYS: [&str; 8] = [
    "tls = { ca = \"@\" }",
    "tls = { cert = \"@\", key = \"own.pem\" }",
    "tls = { cert = \"own.pem\", key = \"@\" }",
    "[[user.task]]\npost = \"/\"\nbody_file = \"@\"",
    "[[user.task]]\npost = \"/\"\nmultipart = [{ name = \"a\", file = \"@\" }]",
    "on_start = { post = \"/\", body_file = \"@\" }",
    "on_stop = { post = \"/\", body_file = \"@\" }",
    "[[user.task]]\nsteps = [{ parallel = [{ post = \"/\", body_file = \"@\" }] }]",
];

/// A folder with a link to `/dev/zero` and a pipe.
struct Traps(TempDir);

impl Traps {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["zero", "zero.json"] {
            symlink("/dev/zero", dir.path().join(name)).unwrap();
        }
        for name in ["pipe", "pipe.json"] {
            make_pipe(&dir.path().join(name));
        }
        Traps(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Checks that the run is refused with this reason and the name of the file.
#[track_caller]
fn check_refused(run: Run, file: &str, expected: &str) {
    let output = run.go().code(2);
    let error = output.stderr.lines().find(|line| line.contains("error: ")).unwrap_or_default();
    assert!(error.contains(expected) && error.contains(file), "{file}: {}", output.stderr);
}

/// Makes a run of HTTPS, which reads all files that HTTPS needs, against a port without a server.
fn run(args: &[String]) -> Run {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certificate.cert.pem() + &certificate.signing_key.serialize_pem();
    let run = Run::new(args).args(["-t", "1", "-H", "https://127.0.0.1:9"]);
    run.file("s.toml", &get_root("1s")).file("own.pem", &pem)
}

#[test]
fn flags_that_name_a_file_are_all_known_here() {
    let help = Run::new(["--help"]).go().code(0).stdout;
    let lines = help.lines().filter(|line| line.trim_end().ends_with("<FILE>"));
    let mut flags: Vec<&str> = lines
        .filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")))
        .collect();
    let read =
        FLAGS.map(|(flag, _)| flag.split(" @").next().unwrap().split(' ').next_back().unwrap());
    let mut known = [&read[..], &WRITTEN].concat();
    flags.sort_unstable();
    known.sort_unstable();
    assert_eq!(flags, known);
}

#[test]
fn files_of_flags_have_bounds() {
    let traps = Traps::new();
    for (flag, may_be_pipe) in FLAGS {
        let args = |path: &str| {
            let words = flag.split(' ').map(|word| word.replace('@', path));
            let scenario = (!flag.contains("--file")).then(|| "s.toml".to_owned());
            words.chain(scenario).collect::<Vec<_>>()
        };
        let (zero, pipe) = (traps.path("zero"), traps.path("pipe"));
        check_refused(run(&args(&zero)), &zero, if may_be_pipe { ENDLESS } else { NOT_REGULAR });
        if !may_be_pipe {
            check_refused(run(&args(&pipe)), &pipe, NOT_REGULAR);
        }
    }
    let zero = traps.path("zero");
    check_refused(Run::new([&zero]), &zero, ENDLESS);
    check_refused(Run::new(["check", &zero]), &zero, ENDLESS);
    for name in ["zero.json", "pipe.json"] {
        let path = traps.path(name);
        let args = ["--config-users", &path, "s.toml"].map(str::to_owned);
        check_refused(run(&args), &path, NOT_REGULAR);
    }
    let pipe = traps.path("pipe");
    let log = ["--logfile", &pipe, "s.toml"].map(str::to_owned);
    check_refused(run(&log), &pipe, "No such device or address");
}

#[test]
fn files_of_flags_in_the_working_directory_have_bounds() {
    for name in ["gregaria.toml", "pyproject.toml", "locust.conf"] {
        for make in ["ln -s /dev/zero", "mkfifo"] {
            let script = format!("{make} {name} && exec \"$0\" \"$@\"");
            check_refused(Run::in_shell(&script, &get_root("1s")), name, NOT_REGULAR);
        }
    }
}

#[test]
fn files_of_a_scenario_have_bounds() {
    let traps = Traps::new();
    for key in KEYS {
        for name in ["zero", "pipe"] {
            let path = traps.path(name);
            let own = if key.contains("[[user.task]]") { "" } else { "[[user.task]]\nget = \"/\"" };
            let key = key.replace('@', &path);
            let text = format!("[[user]]\nname = \"u\"\n{key}\n{own}\n");
            let args = ["s.toml".to_owned()];
            check_refused(run(&args).file("s.toml", &text), &path, NOT_REGULAR);
        }
    }
}
