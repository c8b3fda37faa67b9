// A table with sorting and a choice of columns, which is updated in place.
//
// A column has `key`, `label`, `value(row)` (for sorting), and as needed `text(value, row)`,
// `title(value, row)`, `node(row)` (an element instead of text, made once per row), `number`,
// `hidden` (until the user picks it), `wide` (text that may wrap).

class Table {
  /** Choices are stored under `name`. `rowKey(row)` identifies a row in later updates. */
  constructor({ name, caption, columns, rowKey, empty, sortable = true, pickable = false }) {
    Object.assign(this, { name, columns, rowKey });
    this.order = sortable ? choice(`sort.${name}`, null) : null;
    this.shown = this.startingColumns();
    this.instead = {};
    this.rows = [];
    this.total = null;
    this.lines = new Map();
    this.body = el("tbody");
    this.foot = el("tfoot");
    this.heads = new Map(columns.map((column) => [column.key, this.head(column, sortable)]));
    this.headRow = el("tr");
    const table = el("table", {}, el("caption", { class: "unseen" }, caption),
      el("thead", {}, this.headRow), this.body, this.foot);
    // It scrolls instead of the page, so the keyboard must reach it.
    this.scroller = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      table);
    this.empty = el("p", { class: "empty" }, empty ?? "Nothing so far.");
    this.tools = el("div", { class: "tools" }, pickable ? this.picker() : null);
    this.root = el("div", { class: "table" }, this.tools, this.scroller, this.empty);
    this.rebuild();
  }

  startingColumns() {
    const kept = choice(`columns.${this.name}`, null);
    const usual = this.columns.filter((column) => !column.hidden).map((column) => column.key);
    return new Set(Array.isArray(kept) ? kept : usual);
  }

  visible() {
    const keys = new Set([...this.shown].map((key) => this.instead[key] ?? key));
    return this.columns.filter((column) => keys.has(column.key));
  }

  /** `{ key: other }` shows another column in place of a picked one. */
  replace(instead) {
    if (JSON.stringify(instead) === JSON.stringify(this.instead)) return;
    this.instead = instead;
    this.rebuild();
  }

  head(column, sortable) {
    const inside = sortable
      ? el("button", { type: "button", onclick: () => this.sortBy(column.key) }, column.label)
      : column.label;
    const brief = column.label.length <= 10 && !column.label.includes("(") ? " brief" : "";
    const kind = column.number ? `number${brief}` : null;
    return el("th", { scope: "col", class: kind, "data-label": sortable ? column.label : null }, inside);
  }

  /** Changes the order: ascending, descending, unsorted. */
  sortBy(key) {
    const [current, direction] = this.order ?? [];
    if (current !== key) this.order = [key, "ascending"];
    else this.order = direction === "ascending" ? [key, "descending"] : null;
    choose(`sort.${this.name}`, this.order);
    this.update(this.rows, this.total);
  }

  picker() {
    const boxes = this.columns.map((column) => el("label", {},
      el("input", {
        type: "checkbox",
        checked: this.shown.has(column.key),
        onchange: (event) => this.pick(column.key, event.target.checked),
      }), column.label));
    return menu("Columns", el("fieldset", {}, el("legend", { class: "unseen" }, "Columns shown"), boxes));
  }

  pick(key, shown) {
    if (shown) this.shown.add(key);
    else this.shown.delete(key);
    choose(`columns.${this.name}`, [...this.shown]);
    this.rebuild();
  }

  /** Makes all lines again for changed columns. */
  rebuild() {
    this.headRow.replaceChildren(...this.visible().map((column) => this.heads.get(column.key)));
    this.lines.clear();
    this.body.replaceChildren();
    this.foot.replaceChildren();
    this.update(this.rows, this.total);
  }

  update(rows, total = null) {
    this.rows = rows;
    this.total = total;
    for (const [key, head] of this.heads) {
      const sorted = this.order && this.order[0] === key ? this.order[1] : null;
      if (sorted) head.setAttribute("aria-sort", sorted);
      else head.removeAttribute("aria-sort");
    }
    this.place(this.body, this.sorted(rows));
    // The total is last in every order.
    this.place(this.foot, total ? [total] : []);
    show(this.scroller, rows.length > 0 || total !== null);
    show(this.empty, rows.length === 0 && total === null);
  }

  sorted(rows) {
    const column = this.order && this.columns.find((each) => each.key === this.order[0]);
    if (!column) return rows;
    const sign = this.order[1] === "ascending" ? 1 : -1;
    return [...rows].sort((a, b) => compare(column.value(a), column.value(b), sign));
  }

  /** Reuses the line of each row's key, and moves lines only if the order changed. */
  place(part, rows) {
    const keep = new Set();
    rows.forEach((row, index) => {
      const key = (part === this.foot ? "total " : "row ") + this.rowKey(row);
      keep.add(key);
      let line = this.lines.get(key);
      if (!line) {
        line = this.line(row);
        this.lines.set(key, line);
      }
      this.fill(line, row);
      if (part.rows[index] !== line.element) part.insertBefore(line.element, part.rows[index] ?? null);
    });
    for (const [key, line] of this.lines) {
      if (line.element.parentNode === part && !keep.has(key)) {
        line.element.remove();
        this.lines.delete(key);
      }
    }
  }

  line(row) {
    const columns = this.visible();
    const named = columns.find((column) => column.names) ?? columns[0];
    const cells = columns.map((column) => el(column === named ? "th" : "td", {
      scope: column === named ? "row" : null,
      class: [column.number && "number", column.wide && "wide"].filter(Boolean).join(" ") || null,
    }, column.node ? column.node(row) : null));
    return { element: el("tr", {}, cells), cells, columns };
  }

  fill({ element, cells, columns }, row) {
    columns.forEach((column, index) => {
      if (column.node) return;
      const value = column.value(row);
      setText(cells[index], column.text ? column.text(value, row) : String(value ?? ""));
      if (column.title) setTitle(cells[index], column.title(value, row));
    });
    if (this.mark) element.className = this.mark(row);
  }
}

/** Compares figures by size and text by the alphabet. Missing values are last in both directions. */
function compare(a, b, sign) {
  const [none, other] = [a === null || a === undefined, b === null || b === undefined];
  if (none || other) return Number(none) - Number(other);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}

/** A button that opens a panel below it; a click elsewhere or Escape closes it. */
function menu(label, ...children) {
  const details = el("details", { class: "menu" }, el("summary", {}, label),
    el("div", { class: "panel" }, ...children));
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  return details;
}
