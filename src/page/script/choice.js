// The user's choices, stored in the browser. If it refuses, as for a page from a file, a choice lasts as
// long as the page.

const chosen = new Map();

function choice(name, otherwise) {
  if (chosen.has(name)) return chosen.get(name);
  try {
    const kept = localStorage.getItem(`gregaria.${name}`);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

function choose(name, value) {
  chosen.set(name, value);
  try {
    localStorage.setItem(`gregaria.${name}`, JSON.stringify(value));
  } catch {
    // Only the page keeps it.
  }
}
