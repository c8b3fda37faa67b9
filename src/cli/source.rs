//! Where a scenario comes from: read anew for every run.

use std::fs;
use std::path::Path;

use super::Error;
use crate::scenario::file::{self, Values};
use crate::scenario::{Parameter, Scenario, Step, User};
use crate::session::{Auth, BaseUrl, UrlError};

/// What was given in the place of a scenario.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file's path, or a URL, as typed.
    Typed(String),
    /// One that was made already.
    Made {
        /// What to call it.
        name: String,
        /// The scenario.
        scenario: Box<Scenario>,
    },
}

impl Source {
    /// The scenario: of a file, with these values of its parameters, or of one user class that GETs
    /// a URL.
    pub(super) fn read(&self, values: &Values) -> Result<Scenario, Error> {
        let scenario = self.scenario(values)?;
        // A file has refused them already; what is no file has none.
        values.unknown(&scenario.parameters).map_or(Ok(scenario), |unknown| Err(unknown.into()))
    }

    /// The same; or nothing but its parameters, where one of them needs another value, so that
    /// somebody can be asked for it.
    pub(super) fn outline(&self, values: &Values) -> Result<Scenario, Error> {
        self.read(values).or_else(|error| {
            let fault = error.downcast_ref::<file::Error>().and_then(file::Error::parameter);
            match self {
                Source::Typed(path) if fault.is_some() => {
                    Ok(Scenario { parameters: file::parameters(path)?, ..Scenario::default() })
                }
                _ => Err(error),
            }
        })
    }

    /// The parameters that it has, where that can be read.
    pub(super) fn parameters(&self) -> Option<Vec<Parameter>> {
        match self {
            Source::Made { scenario, .. } => Some(scenario.parameters.clone()),
            Source::Typed(source) if is_url(source) => Some(Vec::new()),
            Source::Typed(path) => file::parameters(path).ok(),
        }
    }

    fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let source = match self {
            Source::Made { scenario, .. } => return Ok((**scenario).clone()),
            Source::Typed(source) => source,
        };
        if !is_url(source) {
            // A Locust user's first try; as TOML it would only be a riddle about an equals sign.
            if source.to_ascii_lowercase().ends_with(".py") {
                return Err(format!(
                    "{source} is Python; gregaria reads TOML, where User classes and tasks keep \
                     their names: README.md shows how"
                )
                .into());
            }
            return file::load_with(source, values).map_err(|error| with_url_hint(source, error));
        }
        let (base, path) = BaseUrl::split(source)?;
        let auth = base.basic_auth;
        let mut user = User::new("User").task(Step::get(path));
        user.auth = auth.map(|(user, password)| Auth::Basic { user, password });
        let scheme = if base.secure { "https" } else { "http" };
        Ok(Scenario::new(format!("{scheme}://{}", base.authority)).user(user))
    }

    /// What to call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Source::Typed(name) | Source::Made { name, .. } => name,
        }
    }

    /// The text of the file, where it is one and still there.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Source::Typed(source) if !is_url(source) => fs::read_to_string(source).ok(),
            Source::Typed(_) | Source::Made { .. } => None,
        }
    }
}

fn is_url(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Whoever writes `localhost:5000` means a server and not a file.
fn with_url_hint(source: &str, error: file::Error) -> Error {
    let port = source.split('/').next().and_then(|authority| authority.rsplit_once(':'));
    match port {
        Some((_, port)) if port.parse::<u16>().is_ok() && !Path::new(source).exists() => {
            UrlError::NoScheme(source.to_owned()).into()
        }
        _ => error.into(),
    }
}
