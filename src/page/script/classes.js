// The user classes of the start form, and the form that edits one of them.

/** The picked classes; null if nothing was changed. `edit(each)` edits a class. */
function classTable(fields, classes, edit) {
  if (classes.length === 0) return null;
  const rows = classes.map((each) => {
    const picked = each.picked !== false;
    const box = el("input", { type: "checkbox", checked: picked, "aria-label": each.name });
    const about = [each.host, (each.kept_tasks ?? []).join(", ")].filter(Boolean);
    const button = el("button", { type: "button", class: "quiet", "aria-label": `Edit ${each.name}`, onclick: () => edit(each) },
      "Edit");
    const line = el("tr", {}, el("td", {}, box),
      el("th", { scope: "row", class: "class" }, each.name, about.map((text) => el("p", { class: "hint" }, text))),
      el("td", {}, isFixed(each) ? `fixed: ${each.fixed_count}` : String(each.weight ?? 1), button));
    return { name: each.name, box, picked, line };
  });
  const read = () => {
    if (rows.every(({ box, picked }) => box.checked === picked)) return null;
    return rows.filter(({ box }) => box.checked).map(({ name }) => ({ name }));
  };
  const head = ["Use", "Class, its host and its tasks", "Weight"].map((label) => el("th", { scope: "col" }, label));
  const table = el("div", { class: "scroll" }, el("table", {}, el("caption", { class: "unseen" }, LABELS.classes),
    el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows.map(({ line }) => line))));
  return fields.group("classes", LABELS.classes, table, { read, focus: rows[0].box });
}

function isFixed({ fixed_count: count }) {
  return isFigure(count) && count > 0;
}

/** The form of one class. What is saved holds from the next run on, for all who use the page. Calls `saved()`. */
function classForm(each, saved) {
  const fields = new Fields();
  const before = { weight: each.weight ?? 1, fixed_count: each.fixed_count ?? 0, host: each.host ?? "", tasks: each.kept_tasks };
  const tasks = [...new Set(each.tasks)];
  const boxes = tasks.map((name) => checkboxes([name], before.tasks.includes(name))[0]);
  const picked = () => boxes.map((label) => label.firstChild).filter((box) => box.checked).map((box) => box.value);
  const element = el("form", { class: "start", novalidate: true }, el("h2", {}, `Edit ${each.name}`), fields.general,
    fields.add("host", LABELS.host, input({ inputmode: "url", value: before.host })),
    fields.add("weight", "Weight", numberInput(before.weight), { number: true }),
    fields.add("fixed_count", "Fixed count", numberInput(before.fixed_count, { inputmode: "numeric" }),
      { hint: "So many users, whatever the weight; 0 for none of their own.", number: true }),
    tasks.length > 0
      ? fields.group("tasks", "Tasks", el("div", { class: "boxes" }, boxes), { read: picked, focus: boxes[0].firstChild })
      : null,
    el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, "Save")));
  // Only what was changed is sent: the rest stays with the file.
  const body = () => {
    const values = ["host", "weight", "fixed_count", "tasks"].map((name) => [name, fields.read(name)]);
    const changed = values.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
    return { user_class_name: each.name, ...Object.fromEntries(changed) };
  };
  submits(element, fields, () => api.post("/user", body()), saved);
  return element;
}
