//! Tells the scenario from user classes and tags among the words of the command line.

use std::path::Path;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, Error};

use super::value::class;
use super::{Args, RunArgs};

/// The default scenario of a directory.
pub(in crate::cli) const DEFAULT_SCENARIO: &str = "scenario.toml";

/// The default of a directory without that: Locust's.
pub(super) const DEFAULT_LOCUSTFILE: &str = "locustfile.py";

impl Args {
    /// Takes the scenario out of the words: a file or a URL. As in Locust, names of classes may follow it.
    /// Several tags may follow `-T`, so the scenario may be among them. `locustfile` is what runs where
    /// none of the words names anything.
    pub(in crate::cli) fn take_scenario(
        &mut self,
        typed: &ArgMatches,
        locustfile: Option<&str>,
    ) -> Result<String, Error> {
        let is_typed = |id| typed.value_source(id) == Some(ValueSource::CommandLine);
        let named = self.scenario.take();
        self.file = self.file.take().or_else(|| locustfile.map(str::to_owned));
        if let Some(file) = self.file.take() {
            // A scenario overrides the variable, but two on one command line are an error.
            return match named {
                Some(word) if is_scenario(&word) && is_typed("file") => {
                    let message = "there are two scenarios, one of them with --file: leave one out";
                    Err(Args::command().error(ErrorKind::ArgumentConflict, message))
                }
                Some(word) if is_scenario(&word) => Ok(word),
                Some(word) => {
                    self.run.classes.insert(0, class(&word).map_err(of_class)?);
                    Ok(file)
                }
                None => Ok(self.among_tags(typed)?.unwrap_or(file)),
            };
        }
        let found = match named {
            None => self.among_tags(typed)?,
            named => named,
        };
        // A page starts no run by itself, so it can do with the default.
        let usual = || {
            (self.run.web.web && Path::new(DEFAULT_SCENARIO).is_file())
                .then(|| DEFAULT_SCENARIO.to_owned())
        };
        found.or_else(usual).ok_or_else(|| {
            let message =
                "there is no scenario: name a file or a URL, such as gregaria scenario.toml";
            Args::command().error(ErrorKind::MissingRequiredArgument, message)
        })
    }

    /// Takes the scenario that follows the tags of a flag, and the classes that follow it.
    fn among_tags(&mut self, typed: &ArgMatches) -> Result<Option<String>, Error> {
        for id in ["tags", "exclude_tags"] {
            if typed.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let Some(occurrences) = typed.get_occurrences::<String>(id) else { continue };
            let mut occurrences: Vec<Vec<String>> =
                occurrences.map(|o| o.cloned().collect()).collect();
            let found = occurrences.iter_mut().find_map(|words| {
                let at = words.iter().skip(1).position(|word| is_scenario(word))? + 1;
                Some(words.split_off(at))
            });
            if let Some(mut words) = found {
                let scenario = words.remove(0);
                let classes = words.iter().map(|word| class(word).map_err(of_class));
                self.run.classes.extend(classes.collect::<Result<Vec<_>, _>>()?);
                let tags =
                    if id == "tags" { &mut self.run.tags } else { &mut self.run.exclude_tags };
                *tags = occurrences.concat();
                return Ok(Some(scenario));
            }
        }
        Ok(None)
    }
}

impl RunArgs {
    /// Picks the classes that are named after the scenario. They add to those of the flag, and override
    /// those of its variable or of a file.
    pub(in crate::cli) fn pick_classes(&mut self, typed: &ArgMatches) {
        let classes = std::mem::take(&mut self.classes);
        if classes.is_empty() {
            return;
        }
        if typed.value_source("user_classes") != Some(ValueSource::CommandLine) {
            self.user_classes.clear();
        }
        self.user_classes.extend(classes);
    }
}

/// Returns whether a word names a scenario, and not a class or a tag.
pub(super) fn is_scenario(word: &str) -> bool {
    let ending = Path::new(word).extension().and_then(|ending| ending.to_str());
    word.contains(['/', ':'])
        || ending.is_some_and(|ending| ["toml", "py", "js", "ts", "lua", "jmx"].contains(&ending))
        || Path::new(word).exists()
}

fn of_class(message: String) -> Error {
    Args::command().error(ErrorKind::ValueValidation, message)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The scenario, the classes and the tags of a command line.
    fn read(line: &str) -> Result<(String, String, String), String> {
        let words = ["gregaria"].into_iter().chain(line.split_whitespace());
        let typed =
            Args::command().try_get_matches_from(words.clone()).map_err(|e| e.to_string())?;
        let mut args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
        let scenario = args.take_scenario(&typed, None).map_err(|error| error.to_string())?;
        args.run.pick_classes(&typed);
        let classes: Vec<String> = args.run.user_classes.iter().map(ToString::to_string).collect();
        Ok((scenario, classes.join(" "), args.run.tags.join(" ")))
    }

    #[test]
    fn words_are_a_scenario_then_classes_and_tags_behind_their_flag() {
        for (line, scenario, classes, tags) in [
            ("s.toml", "s.toml", "", ""),
            ("s.toml A B=3", "s.toml", "A B=3", ""),
            ("http://h/ -u 5", "http://h/", "", ""),
            ("-f s.toml A B", "s.toml", "A B", ""),
            ("A -f s.toml B", "s.toml", "A B", ""),
            ("s.toml --user-classes A B", "s.toml", "A B", ""),
            ("s.toml -T a b -u 5", "s.toml", "", "a b"),
            ("s.toml -T a b -u 5 A", "s.toml", "A", "a b"),
            ("-T a s.toml", "s.toml", "", "a"),
            ("-T a b s.toml A B -u 5", "s.toml", "A B", "a b"),
            ("-f s.toml -T a b", "s.toml", "", "a b"),
            ("-T a -T b s.toml", "s.toml", "", "a b"),
            ("-T=a s.toml A", "s.toml", "A", "a"),
            ("--tags=a,b s.toml", "s.toml", "", "a,b"),
        ] {
            let expected = (scenario.to_owned(), classes.to_owned(), tags.to_owned());
            assert_eq!(read(line), Ok(expected), "{line}");
        }
        for (line, expected) in [
            ("-u 5", "there is no scenario: name a file or a URL"),
            ("-T a b", "there is no scenario"),
            ("s.toml -f t.toml", "there are two scenarios"),
            ("-f t.toml http://h/", "there are two scenarios"),
            ("s.toml A=0", "expected NAME, or NAME=WEIGHT"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
