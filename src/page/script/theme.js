// Light or dark: as the report was asked for, or else the user's choice, or else the system's setting.

const theme = {
  listeners: [],

  /** Sets the theme before the first paint. */
  start() {
    const root = document.documentElement;
    if (!root.dataset.theme) {
      const kept = choice("theme", null);
      if (kept === "dark" || kept === "light") root.dataset.theme = kept;
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changed());
  },

  isDark() {
    const given = document.documentElement.dataset.theme;
    return given ? given === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },

  set(name) {
    document.documentElement.dataset.theme = name;
    this.changed();
  },

  changed() {
    for (const listener of this.listeners) listener();
  },

  button() {
    const button = el("button", {
      type: "button",
      class: "quiet",
      onclick: () => {
        this.set(this.isDark() ? "light" : "dark");
        choose("theme", this.isDark() ? "dark" : "light");
      },
    });
    const name = () => {
      setText(button, this.isDark() ? "Light" : "Dark");
      button.setAttribute("aria-label", this.isDark() ? "Light theme" : "Dark theme");
    };
    this.listeners.push(name);
    name();
    return button;
  },
};

/** Returns a colour of the theme by the name of its property, because canvases cannot use style sheets. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
