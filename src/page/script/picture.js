// A chart as a picture: its canvas, with the title, the legend and the summary, in the page's present
// colours.

/** The margin and the line height, in pixels of the page. */
const PICTURE = { edge: 14, title: 17, text: 13, line: 1.45, key: 20 };

const pictures = {
  /** One line about the run. */
  run: "",

  of({ facts, started_at: started }) {
    this.run = [facts.profile, facts.scenario, facts.host, started ? instant(started) : null].filter(Boolean).join(", ");
  },

  /** Downloads the picture. */
  save(chart) {
    if (!chart.plot) return;
    pictureOf(chart, this.run).toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      const name = chart.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
      el("a", { href: address, download: `gregaria-${name}.png` }).click();
      // The browser reads it later.
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }, "image/png");
  },
};

function pictureOf(chart, run) {
  const plot = chart.plot.ctx.canvas;
  const ratio = plot.width / chart.plot.width;
  const width = chart.plot.width + 2 * PICTURE.edge;
  const [canvas, height] = [el("canvas"), chart.plot.height];
  canvas.width = Math.round(width * ratio);
  // First measures, then draws, because a canvas is cleared when its size changes.
  let draft = new PictureText(canvas, ratio, width);
  const lay = (text) => {
    text.write([{ text: chart.title, bold: true, size: PICTURE.title }]);
    text.write([{ text: run, colour: "--muted" }]);
    text.write(chart.lines.map((line) => (
      { text: `${line.label} ${chart.text(lastOf(line.values))}`, key: line.colour, dash: line.dash })));
    const top = text.y;
    text.y += height;
    text.write([{ text: chart.caption.textContent, colour: "--muted" }]);
    return top;
  };
  lay(draft);
  canvas.height = Math.round((draft.y + PICTURE.edge) * ratio);
  draft = new PictureText(canvas, ratio, width);
  draft.ink.fillStyle = colour("--ground");
  draft.ink.fillRect(0, 0, canvas.width, canvas.height);
  const top = lay(draft);
  draft.ink.drawImage(plot, PICTURE.edge, top, chart.plot.width, height);
  return canvas;
}

/** Lines of text from the top of a canvas, in pixels of the page. */
class PictureText {
  constructor(canvas, ratio, width) {
    this.ink = canvas.getContext("2d");
    this.ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.ink.textBaseline = "middle";
    this.right = width - PICTURE.edge;
    this.y = PICTURE.edge;
  }

  /** Draws parts side by side, with the keys of a legend. Words without room go to the next line. */
  write(parts) {
    if (parts.every((part) => !part.text)) return;
    let [x, size] = [PICTURE.edge, PICTURE.text];
    for (const part of parts) {
      size = part.size ?? PICTURE.text;
      this.ink.font = `${part.bold ? "600 " : ""}${size}px system-ui, sans-serif`;
      const whole = this.ink.measureText(part.text).width + (part.key ? PICTURE.key + 6 : 0);
      if (part.key && x > PICTURE.edge && x + whole > this.right) [x, this.y] = [PICTURE.edge, this.y + size * PICTURE.line];
      if (part.key) x = this.key(part, x, size);
      this.ink.fillStyle = colour(part.colour ?? "--text");
      for (const word of part.text.split(" ")) {
        const wide = this.ink.measureText(`${word} `).width;
        if (x > PICTURE.edge && x + wide > this.right) [x, this.y] = [PICTURE.edge, this.y + size * PICTURE.line];
        this.ink.fillText(word, x, this.y + (size * PICTURE.line) / 2);
        x += wide;
      }
      x += PICTURE.edge;
    }
    this.y += size * PICTURE.line + 2;
  }

  key({ key, dash }, x, size) {
    const y = this.y + (size * PICTURE.line) / 2;
    this.ink.strokeStyle = colour(key);
    this.ink.lineWidth = 3;
    this.ink.setLineDash(dash ?? []);
    this.ink.beginPath();
    this.ink.moveTo(x, y);
    this.ink.lineTo(x + PICTURE.key, y);
    this.ink.stroke();
    return x + PICTURE.key + 6;
  }
}
