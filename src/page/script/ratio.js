// The share of each class among users, and of each task among what they do.

function taskRatios() {
  const perClass = el("div");
  const total = el("div");
  const root = el("div", { class: "columns" },
    el("div", {}, el("h3", {}, "Ratio Per Class"), perClass),
    el("div", {}, el("h3", {}, "Total Ratio"), total));
  let drawn = "";
  const update = (view) => {
    const now = JSON.stringify(view.tasks);
    if (now === drawn) return;
    drawn = now;
    perClass.replaceChildren(ratioList(view.tasks?.per_class));
    total.replaceChildren(ratioList(view.tasks?.total));
  };
  return { root, update };
}

function ratioList(nodes) {
  const entries = Object.entries(nodes ?? {});
  if (entries.length === 0) return el("p", { class: "empty" }, "No users are running.");
  return el("ul", { class: "ratios" }, entries.map(([name, node]) => el("li", {},
    el("span", { class: "share" }, `${(100 * (node.ratio ?? 0)).toFixed(1)}%`), ` ${name}`,
    node.tasks && Object.keys(node.tasks).length > 0 ? ratioList(node.tasks) : null)));
}
