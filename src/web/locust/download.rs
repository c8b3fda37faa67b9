//! The file names of downloads, in Locust's pattern, which scripts look for.

use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The run of a download.
#[derive(Debug, Clone, Copy)]
pub struct Download<'d> {
    /// The start of the run, or of the process before the first one.
    pub started_at: SystemTime,
    /// The path of the scenario's file. Only its name is shown.
    pub scenario: &'d str,
    /// The host that the requests go to, if there is only one.
    pub host: Option<&'d str>,
}

impl Download<'_> {
    /// Returns the `Content-Disposition` of a table of this kind: `requests`, `failures`, `exceptions` or
    /// `requests_full_history`. The time is local.
    ///
    /// `attachment;filename=Locust_2026-09-21-14h13_first.toml_http://127.0.0.1:5000_requests.csv`
    pub fn table(&self, kind: &str) -> String {
        self.disposition(&TimeZone::system(), &format!("_{kind}.csv"))
    }

    /// Returns the `Content-Disposition` of the HTML report, which has `.html` in place of the kind.
    pub fn report(&self) -> String {
        self.disposition(&TimeZone::system(), ".html")
    }

    fn disposition(&self, zone: &TimeZone, end: &str) -> String {
        let started = Timestamp::try_from(self.started_at).unwrap_or_default();
        let started = started.to_zoned(zone.clone()).strftime("%Y-%m-%d-%Hh%M").to_string();
        let scenario = Path::new(self.scenario).file_name().unwrap_or_default().to_string_lossy();
        let host = self.host.map(|host| format!("_{host}")).unwrap_or_default();
        let name = format!("Locust_{started}_{scenario}{host}{end}");
        format!("attachment;filename={}", name.replace(breaks_a_header, "_"))
    }
}

/// Returns whether a character would end the name or the header. Locust does not quote the name.
fn breaks_a_header(c: char) -> bool {
    !c.is_ascii_graphic() || matches!(c, ';' | '"' | '\\')
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn disposition(scenario: &str, host: Option<&str>, end: &str) -> String {
        let started_at = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        Download { started_at, scenario, host }.disposition(&TimeZone::UTC, end)
    }

    #[test]
    fn names_have_locusts_pattern() {
        assert_eq!(
            disposition("scenarios/first.toml", Some("http://127.0.0.1:5000"), "_requests.csv"),
            "attachment;filename=Locust_2026-09-21-14h13_first.toml_http://127.0.0.1:5000_requests.csv"
        );
        assert_eq!(
            disposition("first.toml", None, ".html"),
            "attachment;filename=Locust_2026-09-21-14h13_first.toml.html"
        );
    }

    #[test]
    fn nothing_in_a_name_can_end_it() {
        assert_eq!(
            disposition("a b;\r\nSet-Cookie: \"x\".toml", Some("http://é"), ""),
            "attachment;filename=Locust_2026-09-21-14h13_a_b___Set-Cookie:__x_.toml_http://_"
        );
    }
}
