// Tabs by the ARIA pattern: arrow keys, Home and End move between them. The address has the open one.

/** `pages`: `[{ key, label, root, update(state), name?(state), badge?(state), badgeName?, opened?(),
 *  closed?() }]`. Only the visible page is drawn. `badgeName` names what a badge counts. */
class Tabs {
  constructor(label, pages) {
    this.pages = pages;
    this.state = null;
    for (const page of pages) {
      page.badgeText = el("span");
      page.badgeShown = el("span", { class: "badge", hidden: true }, page.badgeText,
        el("span", { class: "unseen" }, ` ${page.badgeName ?? ""}`));
      page.names = [el("span", {}, page.label), el("h2", { class: "unseen" }, page.label)];
      page.tab = el("button", {
        type: "button",
        role: "tab",
        id: `tab-${page.key}`,
        "aria-controls": `panel-${page.key}`,
        onclick: () => this.select(page),
      }, page.names[0], " ", page.badgeShown);
      page.panel = el("div", {
        role: "tabpanel",
        id: `panel-${page.key}`,
        "aria-labelledby": `tab-${page.key}`,
        hidden: true,
      }, page.names[1], page.root);
    }
    const list = el("div", { role: "tablist", "aria-label": label, class: "tabs" },
      pages.map((page) => page.tab));
    list.addEventListener("keydown", (event) => this.move(event));
    this.root = el("div", {}, list, pages.map((page) => page.panel));
    const asked = new URLSearchParams(location.search).get("tab");
    this.select(pages.find((page) => page.key === asked) ?? pages[0], true);
  }

  select(page, silently = false) {
    if (this.current === page) return;
    this.current?.closed?.();
    this.current = page;
    for (const each of this.pages) {
      const selected = each === page;
      each.tab.setAttribute("aria-selected", String(selected));
      each.tab.tabIndex = selected ? 0 : -1;
      each.panel.hidden = !selected;
    }
    if (!silently) {
      const address = new URL(location.href);
      address.searchParams.set("tab", page.key);
      history.replaceState(null, "", address);
    }
    page.opened?.();
    if (this.state) page.update(this.state);
  }

  /** Opens the page of this key, and announces it to screen readers. */
  open(key) {
    const page = this.pages.find((each) => each.key === key);
    this.select(page);
    page.tab.focus();
  }

  move(event) {
    const at = this.pages.indexOf(this.current);
    const last = this.pages.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(this.pages[to]);
    this.pages[to].tab.focus();
    this.pages[to].tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  update(state) {
    this.state = state;
    for (const page of this.pages) {
      const badge = page.badge?.(state) ?? 0;
      show(page.badgeShown, badge > 0);
      if (page.name) page.names.forEach((each) => setText(each, page.name(state)));
      setText(page.badgeText, String(badge));
    }
    this.current.update(state);
  }
}
