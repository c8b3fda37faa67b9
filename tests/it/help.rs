//! Help: the short usage, the short and the long help, completions, the manual page.

use clap::CommandFactory;
use gregaria::cli::Args;

use crate::support::{Run, Signal, get_root};

/// Returns the long names of all flags of a run.
fn flags() -> Vec<String> {
    let mut command = Args::command();
    command.build();
    command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

fn stdout(args: &[&str]) -> String {
    let output = Run::new(args).go().code(0);
    assert_eq!(output.stderr, "", "{args:?}");
    output.stdout
}

#[test]
fn every_flag_is_under_a_heading_in_short_and_in_long() {
    for arg in ["-h", "--help"] {
        let text = stdout(&[arg]);
        let mut heading = "";
        let mut seen = Vec::new();
        for line in text.lines() {
            let trimmed = line.trim_start();
            if !line.starts_with(' ') && !line.is_empty() {
                heading = line;
            }
            if line.starts_with("  -") || line.starts_with("      --") {
                let flag = trimmed.split_once("--").unwrap().1;
                let end = flag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                seen.push(flag[..end.unwrap_or(flag.len())].to_owned());
                assert!(
                    !heading.is_empty() && heading != "Options:",
                    "{arg}: {line} under '{heading}'"
                );
            }
        }
        for flag in flags() {
            assert!(seen.contains(&flag), "{arg} has no --{flag}");
        }
        assert!(text.contains("Examples:\n  gregaria scenario.toml --web\n"));
    }
}

#[test]
fn help_in_short_is_short_and_in_long_has_variables_and_files() {
    let (short, long) = (stdout(&["-h"]), stdout(&["--help"]));
    assert!(!short.contains("GREGARIA_") && long.contains("[env: GREGARIA_USERS]"));
    assert!(long.contains("gregaria.toml, [tool.locust] of pyproject.toml, and locust.conf"));
    assert!(short.lines().count() * 2 < long.lines().count(), "{}", short.lines().count());
    for name in ["serve", "overhead", "check", "completions", "man"] {
        for arg in ["-h", "--help"] {
            let text = stdout(&[name, arg]);
            assert!(text.contains(&format!("Usage: gregaria {name}")), "{text}");
            assert!(arg == "--help" || !text.contains("GREGARIA_"), "{text}");
        }
        assert_eq!(stdout(&["help", name]), stdout(&[name, "--help"]));
    }
    let demo = stdout(&["demo", "-h"]);
    assert!(demo.contains("\nReports:\n") && !demo.contains("GREGARIA_"), "{demo}");
}

#[test]
fn completions_and_the_manual_have_every_flag() {
    let manual = stdout(&["man"]);
    assert!(manual.contains(".TH gregaria 1"), "{manual}");
    let shells = ["bash", "zsh", "fish", "elvish", "powershell"];
    let completions = shells.map(|shell| (shell, stdout(&["completions", shell])));
    for flag in flags() {
        assert!(manual.contains(&format!("\\-\\-{}", flag.replace('-', "\\-"))), "man: {flag}");
        for (shell, text) in &completions {
            let word = if *shell == "fish" { format!("-l {flag}") } else { format!("--{flag}") };
            assert!(text.contains(&word), "{shell} has no {word}");
        }
    }
    Run::new(["completions", "tcsh"]).go().code(2);
}

#[test]
fn alone_it_greets_in_ten_lines() {
    let output = Run::new([""; 0]).go().code(2);
    assert_eq!(
        (output.stdout.as_str(), output.stderr.lines().count()),
        ("", 10),
        "{}",
        output.stderr
    );
    for line in output.stderr.lines() {
        assert!(line.len() <= 100, "{line}");
    }
}

#[test]
fn alone_beside_a_scenario_it_opens_the_page_and_asks_for_no_load() {
    let scenario = get_root("1s").replace("[load]", "host = \"http://127.0.0.1:9\"\n[load]");
    for flags in ["web_port = 0", "web_port = 0\nheadless = true"] {
        let run = Run::new([""; 0]).file("scenario.toml", &scenario).file("gregaria.toml", flags);
        let mut running = run.start();
        running.stderr_line("Starting web interface at http://127.0.0.1:");
        running.signal(Signal::INT);
        let output = running.wait().code(0);
        assert!(!output.stderr.contains("Ramping"), "{}", output.stderr);
    }
    // The same with --web.
    let run = Run::new(["--web", "-P", "0"]).file("scenario.toml", &scenario);
    let mut running = run.start();
    running.stderr_line("Starting web interface at");
    running.signal(Signal::INT);
    running.wait().code(0);
    let run = Run::new(["-u", "5"]).file("scenario.toml", &scenario).go().code(2);
    assert!(run.stderr.contains("there is no scenario: name a file or a URL"), "{}", run.stderr);
}
