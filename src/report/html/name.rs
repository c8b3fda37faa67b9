//! Placeholders in the name of the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::report::view::Facts;

/// Replaces `{u}` by the number of users, `{r}` by the spawn rate and `{t}` by the run time in seconds,
/// all as whole numbers, as Locust does (main.py). A value that the run does not have is 0.
pub(crate) fn fill_placeholders(path: &Path, facts: &Facts) -> PathBuf {
    let Some(text) = path.to_str() else { return path.to_owned() };
    let rate = facts.spawn_rate.unwrap_or_default() as u64;
    let time = facts.run_time.map_or(0, |time: Duration| time.as_secs());
    let values = [("{u}", u64::from(facts.users)), ("{r}", rate), ("{t}", time)];
    let filled = values
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, &value.to_string()));
    PathBuf::from(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_whole_numbers() {
        let facts = Facts {
            users: 10,
            spawn_rate: Some(2.5),
            run_time: Some(Duration::from_millis(60_500)),
            ..Facts::default()
        };
        let filled = |path: &str| fill_placeholders(Path::new(path), &facts);
        assert_eq!(filled("out/{u}u_{r}r_{t}s.html"), Path::new("out/10u_2r_60s.html"));
        assert_eq!(filled("plain{x}.html"), Path::new("plain{x}.html"));
        let rate = Facts { users: 7, ..Facts::default() };
        assert_eq!(fill_placeholders(Path::new("{u}{r}{t}"), &rate), Path::new("700"));
    }
}
