//! Where a scenario comes from. A file is read again for each run of the page; anything else is read once.

use std::path::Path;

use super::Error;
use super::locustfile::is_python;
use super::scenario_template::ScenarioTemplate;
use crate::files;
use crate::scenario::file::{self, Document};
use crate::scenario::{Scenario, Step, User};
use crate::session::{Auth, BaseUrl, UrlError};

/// Where a scenario comes from.
#[derive(Debug, Clone)]
pub(super) enum ScenarioSource {
    /// The path of a file or a pipe, or a URL, as it was given.
    Typed(String),
    /// The path of a regular file, which may have changed since it was last read.
    File(String),
    /// A scenario that cannot be read again, or one that the page's runs use again: a locustfile.
    Loaded(ScenarioTemplate),
}

/// Endings of the files in which other tools have what users do.
const SCRIPTS: [(&str, &str); 4] =
    [(".js", "JavaScript"), (".ts", "TypeScript"), (".lua", "Lua"), (".jmx", "a plan of JMeter")];

impl ScenarioSource {
    /// Reads the scenario as it is now. For a URL, makes one user class that GETs it.
    pub(super) fn read(&self) -> Result<ScenarioTemplate, Error> {
        let source = match self {
            ScenarioSource::Loaded(template) => return Ok(template.clone()),
            ScenarioSource::File(path) => {
                return Ok(ScenarioTemplate::of_file(path, Document::read_regular(path)?));
            }
            ScenarioSource::Typed(source) => source,
        };
        if is_url(source) && is_python(source) {
            return Err(format!(
                "{source} is a file of Python: fetch it, with curl -fsSO '{source}', look at it, and run \
                 that file; the URL itself is loaded with a question mark at its end"
            )
            .into());
        }
        if is_url(source) {
            return Ok(ScenarioTemplate::of_scenario(source, of_url(source)?));
        }
        // For a file of another tool, a TOML error about a missing equals sign would not help.
        let lower = source.to_ascii_lowercase();
        if let Some((_, what)) = SCRIPTS.iter().find(|(ending, _)| lower.ends_with(ending)) {
            return Err(format!(
                "{source} is {what}; gregaria reads TOML, where User classes and tasks keep their \
                 names: README.md shows how"
            )
            .into());
        }
        let document = Document::read(source).map_err(|error| with_url_hint(source, error))?;
        Ok(ScenarioTemplate::of_file(source, document))
    }

    /// Returns the source for the next run. A pipe cannot be read twice, so its text is kept.
    pub(super) fn for_next_run(&self, template: &ScenarioTemplate) -> ScenarioSource {
        match self {
            ScenarioSource::Typed(path) if template.text().is_some() && files::is_regular(path) => {
                ScenarioSource::File(path.clone())
            }
            _ => ScenarioSource::Loaded(template.clone()),
        }
    }
}

fn of_url(url: &str) -> Result<Scenario, UrlError> {
    let (base, path) = BaseUrl::split(url)?;
    let mut user = User::new("User").task(Step::get(path));
    user.auth = base.basic_auth.map(|(user, password)| Auth::Basic { user, password });
    let scheme = if base.secure { "https" } else { "http" };
    Ok(Scenario::new(format!("{scheme}://{}", base.authority)).user(user))
}

fn is_url(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Adds a hint where `localhost:5000` was given, which is meant as a server and not as a file.
fn with_url_hint(source: &str, error: file::Error) -> Error {
    let port = source.split('/').next().and_then(|authority| authority.rsplit_once(':'));
    match port {
        Some((_, port)) if port.parse::<u16>().is_ok() && !Path::new(source).exists() => {
            UrlError::NoScheme(source.to_owned()).into()
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scenario::file::Values;

    /// A file whose host is a parameter, and whose body is in another file.
    fn text(body: &str) -> String {
        format!(
            "host = \"http://${{host}}\"\n[parameter.host]\nrequired = true\n[[user]]\n\
             name = \"u\"\n[[user.task]]\npost = \"/\"\nbody_file = \"{body}\"\n"
        )
    }

    #[test]
    fn a_draft_is_of_the_file_as_it_was_and_the_next_one_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.toml");
        let source = ScenarioSource::Typed(path.display().to_string());
        fs::write(dir.path().join("body"), "x").unwrap();
        fs::write(&path, text("body")).unwrap();
        let template = source.read().unwrap();
        fs::write(&path, "hots = 1").unwrap();

        let values = Values::from_iter([("host", "a")]);
        assert_eq!(template.text().as_deref(), Some(&*text("body")));
        assert_eq!(template.parameters().unwrap()[0].name, "host");
        assert_eq!(template.scenario(&values).unwrap().host.as_deref(), Some("http://a"));
        assert_eq!(template.scenario_or_parameters(&values).unwrap().users.len(), 1);
        let outline = template.scenario_or_parameters(&Values::default()).unwrap();
        assert_eq!((outline.users.len(), &*outline.parameters[0].name), (0, "host"));

        let source = source.for_next_run(&template);
        let edited = source.read().unwrap();
        assert_eq!(edited.text().as_deref(), Some("hots = 1"));
        assert!(
            edited
                .scenario_or_parameters(&values)
                .unwrap_err()
                .to_string()
                .contains("unknown key 'hots'")
        );
        fs::remove_file(&path).unwrap();
        assert!(source.read().unwrap_err().to_string().starts_with("cannot read "));
        fs::create_dir(&path).unwrap();
        let error = source.read().unwrap_err().to_string();
        assert!(error.ends_with(": it is not a regular file"), "{error}");
    }

    #[test]
    fn what_is_no_file_is_kept() {
        for typed in ["http://127.0.0.1:9/", "/dev/null"] {
            let source = ScenarioSource::Typed(typed.into());
            let template = source.read().unwrap();
            let again = source.for_next_run(&template);
            assert!(matches!(again, ScenarioSource::Loaded(_)), "{typed}");
            assert_eq!((again.read().unwrap().name(), template.text()), (typed, template.text()));
        }
    }

    #[test]
    fn what_is_no_file_has_neither_a_text_nor_parameters() {
        let template = ScenarioSource::Typed("http://u:p@127.0.0.1:9/a?b".into()).read().unwrap();
        let scenario = template.scenario(&Values::default()).unwrap();
        assert_eq!(scenario.host.as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!((template.text(), template.parameters().unwrap()), (None, Vec::new()));
        let error = template.scenario_or_parameters(&Values::from_iter([("a", "b")])).unwrap_err();
        assert!(error.to_string().starts_with("there is no parameter 'a'"), "{error}");
    }

    #[test]
    fn what_is_neither_a_file_nor_a_url_says_what_it_may_be() {
        let error =
            |typed: &str| ScenarioSource::Typed(typed.into()).read().unwrap_err().to_string();
        assert!(error("http://h/locustfile.py").contains("curl -fsSO 'http://h/locustfile.py'"));
        assert!(error("k6.JS").starts_with("k6.JS is JavaScript; gregaria reads TOML"));
        assert_eq!(
            error("localhost:5000"),
            UrlError::NoScheme("localhost:5000".into()).to_string()
        );
        assert_eq!(error("none.toml"), "cannot read none.toml: No such file or directory");
    }
}
