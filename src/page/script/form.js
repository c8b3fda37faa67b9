// The start form, and the form that edits the running test. `LABELS` has the label of each field of the
// start form. The server puts it before the scripts.

/** What the user has filled in: the next form begins with `kept`; `typed` was not sent yet. */
class Draft {
  constructor() {
    this.kept = null;
    this.typed = null;
  }

  keep(typed) {
    this.kept = typed;
    this.typed = null;
  }
}

/** `offer` has the `form` and can `renew()` it. Calls `started()` when the server has started the run. */
function startForm(offer, draft, started) {
  const fields = new Fields();
  const inside = el("div", { class: "inside" });
  const fill = (typed) => {
    fields.clear();
    const edit = (each) => dialog((close) => classForm(each, async () => {
      close();
      await offer.renew();
      fill(fields.kept());
    }));
    const unfolded = folds(inside).filter((fold) => fold.open).map(titleOf);
    inside.replaceChildren(...startFields(fields, offer.form, edit));
    for (const fold of folds(inside)) fold.open ||= unfolded.includes(titleOf(fold));
    if (typed) fields.restore(typed);
  };
  const element = el("form", { class: "start", novalidate: true }, el("h2", {}, "Start new load test"), fields.general,
    inside, el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, "Start")));
  draft.typed = null;
  fill(draft.kept);
  element.addEventListener("input", () => {
    draft.typed = fields.kept();
  });
  const send = async () => {
    const sent = fields.kept();
    // The run may begin before the response arrives.
    draft.typed = null;
    const errors = await api.post("/api/v1/runs", wish(fields, offer.form));
    if (errors.length === 0) {
      draft.keep(sent);
      return errors;
    }
    draft.typed = sent;
    // The scenario's file may have changed, so an error may be about a field that is not there yet.
    if (await offer.renew()) fill(fields.kept());
    return errors;
  };
  submits(element, fields, send, started);
  return element;
}

function folds(element) {
  return [...element.querySelectorAll("details")];
}

function titleOf(fold) {
  return fold.querySelector("summary").textContent;
}

function startFields(fields, form, edit) {
  return [
    loadFields(fields, form),
    shapeField(fields, form),
    fields.add("host", LABELS.host, input({ inputmode: "url", value: form.host ?? "", placeholder: "http://127.0.0.1:5000" }),
      { hint: hostHint(form) }),
    el("details", {}, el("summary", {}, "Advanced options"), advancedFields(fields, form, edit)),
    parameterFields(fields, form),
    form.load === "rate" && form.load_text ? el("p", { class: "hint" }, form.load_text) : null,
  ].flat().filter(Boolean);
}

function hostHint(form) {
  const own = (form.classes ?? []).filter((each) => each.host).map((each) => each.name);
  return own.length > 0 ? `Setting this will override the host of ${own.join(", ")}.` : null;
}

function loadFields(fields, form) {
  if (form.load === "rate") {
    return [fields.add("rate", LABELS.rate, numberInput(form.rate), { number: true })];
  }
  const shaped = form.load === "shape";
  const many = shaped ? `The scenario's shape says how many: ${form.load_text}.` : null;
  const fast = shaped ? "The shape says how fast, too." : null;
  return [
    fields.add("users", LABELS.users,
      numberInput(form.users ?? (shaped ? "" : 1), { disabled: shaped, inputmode: "numeric" }),
      { hint: many, number: true }),
    fields.add("spawn_rate", LABELS.spawn_rate, numberInput(form.spawn_rate ?? (shaped ? "" : 1), { disabled: shaped }),
      { hint: fast, number: true }),
  ];
}

/** The shape classes of a locustfile. Without one of them, users and spawn rate are free. */
function shapeField(fields, { shapes = [], shape }) {
  if (shapes.length === 0) return null;
  const options = [["", "None"], ...shapes.map((name) => [name, name])];
  const control = el("select", {}, options.map(([value, text]) => el("option", { value, selected: value === (shape ?? "") }, text)));
  control.addEventListener("change", () => {
    for (const name of ["users", "spawn_rate"]) {
      const field = fields.all.get(name);
      if (field) field.control.disabled = control.value !== "";
    }
  });
  return fields.add("shape_class", "Shape class", control, {});
}

function advancedFields(fields, form, edit) {
  const cores = form.allowed_cores?.length > 0 ? `Of ${form.allowed_cores.join(", ")}.` : null;
  return [
    fields.add("run_time", LABELS.run_time, input({ value: form.run_time ?? "" }),
      { hint: "Until it is stopped, if empty." }),
    classTable(fields, form.classes ?? [], edit),
    tagBoxes(fields, "tags", "Only tasks with any of these; all tasks, if none is chosen.", form.tags ?? []),
    tagBoxes(fields, "exclude_tags", "No tasks with any of these.", form.tags ?? []),
    fields.add("cores", LABELS.cores, input({ value: form.cores ?? "" }), { hint: cores }),
    fields.add("profile", LABELS.profile, input({ value: form.profile ?? "" }), { hint: "A label for the reports." }),
  ];
}

function tagBoxes(fields, name, hint, tags) {
  if (tags.length === 0) return null;
  const boxes = checkboxes(tags, false);
  const read = () => boxes.map((each) => each.firstChild).filter((box) => box.checked).map((box) => box.value).join(" ");
  return fields.group(name, LABELS[name], el("div", { class: "boxes" }, boxes), { hint, read, focus: boxes[0].firstChild });
}

function parameterFields(fields, { parameters = [] }) {
  if (parameters.length === 0) return null;
  return el("details", { open: true }, el("summary", {}, "Custom parameters"),
    parameters.map((parameter) => parameterField(fields, parameter)));
}

function parameterField(fields, { name, default: usual, help, choices, secret, required, kind }) {
  const field = `parameters.${name}`;
  const hint = [help, kind === "several" && !choices ? "Several are separated by commas." : null].filter(Boolean).join(" ");
  if (kind === "switch") {
    const box = el("input", { type: "checkbox", checked: usual === "true" });
    return fields.add(field, name, box, { hint, read: () => String(box.checked) });
  }
  if (kind === "several" && choices) {
    const chosen = (usual ?? "").split(",");
    const boxes = choices.map((each) => checkboxes([each], chosen.includes(each))[0]);
    const read = () => boxes.map((each) => each.firstChild).filter((box) => box.checked).map((box) => box.value).join(",");
    return fields.group(field, name, el("div", { class: "boxes" }, boxes), { hint, read, focus: boxes[0]?.firstChild });
  }
  // A default that is none of the choices is one more, so that the form sends back what it was given.
  const offered = choices && !choices.includes(usual ?? "") ? [usual ?? "", ...choices] : choices;
  const control = offered
    ? el("select", { required }, offered.map((each) => el("option", { value: each, selected: each === (usual ?? "") }, each)))
    : input({ type: secret ? "password" : "text", value: usual ?? "", required, autocomplete: secret ? "new-password" : "off" });
  return fields.add(field, name, control, { hint, read: () => control.value });
}

/** Makes the body of `POST /api/v1/runs`. */
function wish(fields, { parameters = [], shapes = [] }) {
  const body = {};
  for (const name of Object.keys(LABELS)) {
    const value = fields.read(name);
    if (value !== "" || fields.isEmptied(name)) body[name] = value;
  }
  if (shapes.length > 0) body.shape_class = fields.read("shape_class");
  body.parameters = Object.fromEntries(parameters.map(({ name }) => [name, fields.read(`parameters.${name}`)]));
  return body;
}

/** Sends one request at a time, and shows the server's errors. */
function submits(element, fields, send, done) {
  const button = element.querySelector("button[type=submit]");
  let sending = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    // Not `disabled`, which would take the focus away.
    button.setAttribute("aria-disabled", "true");
    const problems = fields.problems();
    const errors = problems.length > 0 ? problems : await send();
    button.removeAttribute("aria-disabled");
    sending = false;
    fields.complain(errors);
    if (errors.length === 0) done();
  });
}

function editForm(view, form, done) {
  const fields = new Fields();
  const byRate = isOpen(view);
  // The target of the load: a form that is sent unchanged must not stop a ramp. A shape has only the present
  // load.
  const goal = view.target ?? view.asked ?? {};
  const inside = byRate
    ? [fields.add("rate", LABELS.rate, numberInput(goal.rate ?? form.rate), { number: true })]
    : [
      fields.add("users", LABELS.users,
        numberInput(goal.users ?? form.users ?? view.users, { inputmode: "numeric" }), { number: true }),
      fields.add("spawn_rate", LABELS.spawn_rate, numberInput(goal.spawn_rate ?? form.spawn_rate ?? 1),
        { number: true }),
    ];
  const element = el("form", { class: "start", novalidate: true }, el("h2", {}, "Edit running load test"), fields.general, inside,
    form.load === "shape" ? el("p", { class: "hint" }, "This takes the place of the shape from now on.") : null,
    el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, "Update")));
  const names = byRate ? ["rate"] : ["users", "spawn_rate"];
  const body = () => Object.fromEntries(names.map((name) => [name, fields.read(name)]));
  submits(element, fields, () => api.post("/api/v1/run/load", body()), done);
  return element;
}

/** Shows a form above the page. `make(close)` makes it. */
function dialog(make) {
  const close = el("button", { type: "button", class: "quiet", onclick: () => box.close() }, "Cancel");
  const form = make(() => box.close());
  const box = el("dialog", { "aria-label": form.querySelector("h2").textContent, onclose: () => box.remove() }, form);
  form.querySelector(".buttons").append(close);
  document.body.append(box);
  box.showModal();
  form.querySelector("input:not([disabled])")?.focus();
}
