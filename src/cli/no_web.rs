//! The replacement of the module `web` in a build without the cargo feature `page`.

use super::scenario_source::ScenarioSource;
use super::scenario_template::ScenarioTemplate;
use super::{Error, RunArgs};
use crate::log::Log;
use crate::scenario::Scenario;

/// Refuses `--web`.
pub(super) fn serve(
    _: &ScenarioSource,
    _: &ScenarioTemplate,
    _: &Scenario,
    _: &RunArgs,
    _: &Log,
) -> Result<u8, Error> {
    Err("this build has no web page; it comes with the cargo feature 'page', and without --web, of a \
         locustfile with --headless, the run starts at once"
        .into())
}
