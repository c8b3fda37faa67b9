//! The facts about a run that reports show.

use std::collections::BTreeSet;

use super::RunArgs;
use super::command_line;
use super::milestones;
use super::scenario_template::ScenarioTemplate;
use crate::credentials::hidden;
use crate::plan::Plan;
use crate::report::view::Facts;
use crate::scenario::LoadShape;

/// Returns the facts about a plan that was made from `template`.
pub(super) fn facts(plan: &Plan, args: &RunArgs, template: &ScenarioTemplate) -> Facts {
    let hosts: BTreeSet<String> = plan
        .targets
        .iter()
        .map(|target| {
            let scheme = if target.url.secure { "https" } else { "http" };
            format!("{scheme}://{}", target.url.authority)
        })
        .collect();
    let spawn_rate = match plan.shape {
        LoadShape::Ramp { spawn_rate, .. } => Some(spawn_rate),
        _ => None,
    };
    Facts {
        scenario: hidden(template.name()).into_owned(),
        scenario_text: template.text(),
        host: hosts.into_iter().collect::<Vec<_>>().join(", "),
        seed: plan.seed,
        command_line: command_line::typed(&plan.scenario.parameters),
        again: Some(command_line::to_repeat(template.name(), args, plan)),
        users: plan.users,
        spawn_rate,
        run_time: plan.run_time,
        load: milestones::load(&plan.shape, plan.arrivals.as_ref(), plan.users),
        cores: plan.cores.iter().map(|core| core.id).collect(),
        profile: args.profile.as_deref().map(|name| hidden(name).into_owned()),
    }
}
