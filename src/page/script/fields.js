// Form fields, each with an explanation and an error beside it.

class Fields {
  constructor() {
    this.all = new Map();
    this.general = el("p", { class: "error", role: "alert", hidden: true });
  }

  clear() {
    this.all.clear();
  }

  /** Adds a labelled control. The server's errors have the same name. */
  add(name, label, control, { hint, read, number } = {}) {
    const id = freshId("field");
    control.id = id;
    const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
    const about = hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null;
    control.setAttribute("aria-describedby", [about && about.id, error.id].filter(Boolean).join(" "));
    const typed = () => control.value.trim();
    this.all.set(name, { control, error, read: read ?? (number ? () => numeric(typed()) : typed), focus: control });
    return el("div", { class: "field" }, el("label", { for: id }, label), control, about, error);
  }

  /** Adds several controls with one name. */
  group(name, label, controls, { hint, read, focus }) {
    const id = freshId("field");
    const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
    const control = el("fieldset", { "aria-describedby": error.id }, el("legend", {}, label),
      hint ? el("p", { class: "hint" }, hint) : null, controls, error);
    this.all.set(name, { control, error, read, focus });
    return control;
  }

  read(name) {
    const field = this.all.get(name);
    return field && !field.control.disabled ? field.read() : "";
  }

  /** Returns whether the user has emptied a field that had a value. */
  isEmptied(name) {
    const control = this.all.get(name)?.control;
    return Boolean(control?.defaultValue) && !control.disabled && control.value.trim() === "";
  }

  /** Returns what the user has typed and ticked, by field and purpose of the control, for another form. */
  kept() {
    const typed = ({ control }) => new Map(inputsOf(control).filter(isTyped).map((each) => [purposeOf(each), typedIn(each)]));
    return new Map([...this.all].map(([name, field]) => [name, typed(field)]));
  }

  restore(kept) {
    for (const [name, { control }] of this.all) {
      for (const each of inputsOf(control)) {
        const value = kept.get(name)?.get(purposeOf(each));
        if (value === undefined || each.disabled) continue;
        if (each.type === "checkbox") each.checked = value;
        else each.value = value;
      }
    }
  }

  /** Returns errors that need no request to the server. */
  problems() {
    const bad = (value) => Number.isNaN(value) || (Array.isArray(value) && value.some((each) => bad(each.weight)));
    return [...this.all.keys()].filter((name) => bad(this.read(name)))
      .map((field) => ({ field, message: "This is not a number." }));
  }

  /** Shows errors beside their fields, and moves the focus to the first. */
  complain(errors) {
    for (const { control, error } of this.all.values()) {
      show(error, false);
      control.removeAttribute("aria-invalid");
    }
    const astray = [];
    let first = null;
    for (const { field, message } of errors) {
      const at = this.all.get(field);
      if (!at) {
        astray.push(message);
        continue;
      }
      setText(at.error, at.error.hidden ? message : `${at.error.textContent} ${message}`);
      show(at.error, true);
      at.control.setAttribute("aria-invalid", "true");
      const folded = at.control.closest("details");
      if (folded) folded.open = true;
      first ??= at.focus;
    }
    show(this.general, astray.length > 0);
    setText(this.general, astray.join(" "));
    first?.focus();
  }
}

function inputsOf(control) {
  return control.matches("input, select") ? [control] : [...control.querySelectorAll("input, select")];
}

function typedIn(control) {
  return control.type === "checkbox" ? control.checked : control.value;
}

/** Returns whether a control has another value than the form began with. Another form may begin with others. */
function isTyped(control) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  if (!control.options) return control.value !== control.defaultValue;
  const options = [...control.options];
  return control.value !== (options.find((each) => each.defaultSelected) ?? options[0])?.value;
}

/** Returns the class or tag that a control of a field is for. */
function purposeOf(control) {
  return control.getAttribute("aria-label") ?? (control.type === "checkbox" ? control.value : "");
}

/** Returns the number in a text, NaN if it is none, and "" for an empty text. */
function numeric(text) {
  return text === "" ? "" : Number(text);
}

function input(attributes) {
  return el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
}

function numberInput(value, attributes = {}) {
  return input({ inputmode: "decimal", value: value ?? "", ...attributes });
}

function checkboxes(names, chosen) {
  return names.map((name) => el("label", {}, el("input", { type: "checkbox", value: name, checked: chosen }), name));
}
