//! Access logs of servers, in one format.

use std::fs;
use std::path::Path;

/// One request: `METHOD PATH STATUS NUMBER`. The last two may be missing.
pub(crate) struct Line {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// A number whose meaning depends on the server's configuration.
    pub(crate) number: u64,
}

impl Line {
    fn parse(line: &str) -> Line {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| {
            words.get(at).map_or(0, |word| word.parse().unwrap_or_else(|_| panic!("{line}")))
        };
        Line {
            method: words[0].to_owned(),
            path: words[1].to_owned(),
            status: number(2) as u16,
            number: number(3),
        }
    }
}

/// Returns the complete lines of a log.
pub(crate) fn lines(log: &Path) -> Vec<Line> {
    let text = fs::read_to_string(log).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    // HAProxy logs its start and stop there as well.
    whole.lines().filter(|line| !line.starts_with("Proxy ")).map(Line::parse).collect()
}

/// Returns the number of lines with this status.
pub(crate) fn with_status(log: &[Line], status: u16) -> u64 {
    log.iter().filter(|line| line.status == status).count() as u64
}
