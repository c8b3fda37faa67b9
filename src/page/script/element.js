// Elements of the page. Text is always text: names and errors come from the server under test, and
// nothing is ever parsed as HTML.

/** `el("p", { class: "note", onclick: act }, "text", child)`; attributes and children that are
 *  null, undefined or false are left out. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Writes only what changed, so that a selection of text and a reader's place survive updates. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setTitle(element, text) {
  if (element.title !== text) element.title = text;
}

function show(element, shown) {
  element.hidden = !shown;
}

/** A heading and what stands below it. */
function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title), ...children);
}

/** Names and what they are, as a description list; null values are left out. */
function facts(pairs) {
  const list = el("dl", { class: "facts" });
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  }
  return list;
}

let lastId = 0;

/** An id that nothing else on the page has. */
function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
