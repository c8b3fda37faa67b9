//! The flags of the web page, under Locust's names.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args as ClapArgs, CommandFactory};

use super::{Args, RunArgs};

/// The flags of the web page.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct WebArgs {
    #[arg(long)]
    pub(in crate::cli) web: bool,
    #[arg(long, default_value = "127.0.0.1", value_parser = host)]
    pub(in crate::cli) web_host: IpAddr,
    #[arg(long, default_value_t = 8089)]
    pub(in crate::cli) web_port: u16,
    #[arg(long)]
    pub(in crate::cli) autostart: bool,
    #[arg(long)]
    pub(in crate::cli) autoquit: Option<u32>,
    #[arg(long, default_value = "", value_parser = base_path)]
    pub(in crate::cli) web_base_path: String,
    #[arg(long, requires = "tls_key")]
    pub(in crate::cli) tls_cert: Option<PathBuf>,
    #[arg(long, requires = "tls_cert")]
    pub(in crate::cli) tls_key: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) web_token_file: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) class_picker: bool,

    /// The shape class that the page picks, or none of them; without a choice the first of the locustfile.
    #[arg(skip)]
    pub(in crate::cli) shape: Option<Option<String>>,

    /// Flags on the command line that have no effect, because there is no page.
    #[arg(skip)]
    pub(in crate::cli) unused: Vec<&'static str>,
}

impl RunArgs {
    /// Decides whether there is a web page, and finds flags of the page that have no effect. A flag takes
    /// precedence over a variable, which may be set for other runs. As in Locust, a locustfile has a page
    /// unless there is `--headless`. Ends the process if flags on the command line contradict each other.
    pub(in crate::cli) fn choose_page(&mut self, matches: &ArgMatches, is_locustfile: bool) {
        let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        let refuse = |kind, message| Args::command().error(kind, message).exit();
        if self.headless && self.web.web {
            if typed("web") && typed("headless") {
                let message = "--web and --headless exclude each other: leave one out";
                refuse(ErrorKind::ArgumentConflict, message);
            }
            self.web.web = typed("web");
        }
        self.web.web |= is_locustfile && !self.headless;
        let WebArgs { web, autostart, .. } = self.web;
        // Locust takes both, and has no page.
        if typed("autostart") && !web && !is_locustfile {
            let message = "--autostart is of use with a page only: add --web, or leave it out";
            refuse(ErrorKind::MissingRequiredArgument, message);
        }
        if typed("autoquit") && !autostart {
            let message = "--autoquit ends what --autostart started: add that, or leave it out";
            refuse(ErrorKind::MissingRequiredArgument, message);
        }
        self.web.autoquit = self.web.autoquit.filter(|_| autostart);
        let of_page = [
            ("web_host", "--web-host"),
            ("web_port", "--web-port"),
            ("web_base_path", "--web-base-path"),
            ("tls_cert", "--tls-cert"),
            ("web_token_file", "--web-token-file"),
        ];
        let unused = of_page.into_iter().filter(|(id, _)| !web && typed(id));
        self.web.unused = unused.map(|(_, flag)| flag).collect();
    }
}

/// Parses an address of this host. As in Locust, `*` and an empty text are all addresses.
fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "" | "*" => Ok(Ipv4Addr::UNSPECIFIED.into()),
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text
            .parse()
            .map_err(|_| "expected an address of this host, such as 10.0.0.5, or *".into()),
    }
}

/// Parses a path. Returns it without a slash at its end; an empty one is none.
fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    let parts = path.split('/').skip(1);
    let is_path = path.is_empty()
        || path.starts_with('/')
            && path.chars().all(is_plain)
            && parts.into_iter().all(|part| !matches!(part, "" | "." | ".."));
    if is_path && (text.is_empty() || text.starts_with('/')) {
        return Ok(path.to_owned());
    }
    Err("expected a path that begins with /, of letters, digits and -._~, such as /load".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_all() {
        let all = Ok(IpAddr::from(Ipv4Addr::UNSPECIFIED));
        assert_eq!((host("*"), host("")), (all.clone(), all));
        assert_eq!(host("localhost"), host("127.0.0.1"));
        assert!(host("::1").is_ok() && host("example.org").is_err());
    }

    #[test]
    fn a_base_path_begins_with_a_slash() {
        for (text, path) in [("", ""), ("/", ""), ("/load", "/load"), ("/a/b/", "/a/b")] {
            assert_eq!(base_path(text).as_deref(), Ok(path));
        }
        for wrong in ["load", "/a b", "/a//b", "/../x", "/{x}", "/a?b", "/%2f", "/\"", "///evil"] {
            assert!(base_path(wrong).is_err(), "{wrong}");
        }
    }
}
