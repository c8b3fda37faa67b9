// How to reproduce a run: scenario, seed, command line, version.

/** `lasted` is the element that shows the elapsed time. */
function originFacts({ facts: origin, started_at: started, elapsed_s: elapsed, commands }, lasted = span(elapsed)) {
  return facts([
    ["Scenario", origin.scenario],
    ["Host", origin.host],
    ["Load", origin.load],
    ["Users", origin.users],
    ["Ramp up (users started/second)", origin.spawn_rate],
    ["Run time", origin.run_time === null || origin.run_time === undefined ? null : span(origin.run_time)],
    ["Profile", origin.profile],
    ["Started", started ? instant(started) : null],
    ["Elapsed", started ? lasted : null],
    ["Command line", origin.command_line ? el("code", {}, origin.command_line) : null],
    ["To run it again", origin.again ? [el("code", {}, origin.again), steeredText(commands)] : null],
    ["Seed", origin.seed ? el("code", {}, origin.seed) : null],
    ["Cores", (origin.cores ?? []).join(", ")],
    ["Version", `gregaria ${origin.version}`],
  ]);
}

/** What no flag can reproduce. */
function steeredText(commands) {
  if (!commands?.length) return null;
  return commands.length === 1
    ? " The command that was given on the way is not in it; the charts have it as a mark."
    : ` The ${commands.length} commands that were given on the way are not in it; the charts have them as marks.`;
}

function scenarioText(view) {
  const text = view.facts.scenario_text;
  return text ? el("details", { class: "folded" }, el("summary", {}, "The scenario's text"), el("pre", {}, text)) : null;
}
