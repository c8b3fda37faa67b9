// Elements of the page. Nothing is ever parsed as HTML, because names and errors come from the server under
// test.

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

/** Writes only what changed, so that updates keep selected text and the scroll position. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setTitle(element, text) {
  if (element.title !== text) element.title = text;
}

function show(element, shown) {
  element.hidden = !shown;
}

/** A heading and its content. */
function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title), ...children);
}

/** Names and values as a description list. Null values are left out. */
function facts(pairs) {
  const list = el("dl", { class: "facts" });
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  }
  return list;
}

let lastId = 0;

/** Makes an id that is unique on the page. */
function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
