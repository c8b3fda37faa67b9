// The lines of the log, requested every two seconds while they are visible.

function logPage() {
  const lines = el("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Log" });
  const empty = el("p", { class: "empty" }, "No lines so far.");
  let timer = null;
  let drawn = [];
  const read = async () => {
    try {
      const { master } = await api.get("/logs");
      draw(master ?? []);
    } catch {
      // The header shows that the connection is lost.
    }
    if (timer !== null) timer = setTimeout(read, 2000);
  };
  const draw = (texts) => {
    const atEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 20;
    // Adds only new lines, so that selected text stays. The oldest lines may be gone.
    let gone = 0;
    while (gone < drawn.length && !drawn.slice(gone).every((text, i) => text === texts[i])) gone += 1;
    for (let i = 0; i < gone; i += 1) lines.firstChild.remove();
    lines.append(...texts.slice(drawn.length - gone)
      .map((text) => el("span", { class: severity(text) }, `${text}\n`)));
    drawn = texts;
    show(empty, texts.length === 0);
    show(lines, texts.length > 0);
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  return {
    root: el("div", {}, empty, lines),
    update: () => {},
    opened: () => {
      timer = 0;
      read();
    },
    closed: () => {
      clearTimeout(timer);
      timer = null;
    },
  };
}

function severity(text) {
  if (/\/(ERROR|CRITICAL)\//.test(text)) return "bad";
  return /\/WARNING\//.test(text) ? "doubtful" : null;
}
