// A table as rows of text, as LaTeX, as Markdown and as a drawing; a figure as what a paper includes.
function rowsOf(table) {
  return [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => ({
    text: textOf(cell), span: cell.colSpan, head: cell.matches("th"), shade: getComputedStyle(cell).backgroundColor,
  })));
}

function textOf(cell) {
  const copy = cell.cloneNode(true);
  for (const one of copy.querySelectorAll(".track, .save, #save")) one.remove();
  for (const image of copy.querySelectorAll("img")) image.replaceWith(` ${image.alt} `);
  for (const one of copy.querySelectorAll("small, .mark, .tag, span")) one.before(" ");
  return copy.textContent.replace(/\s+/g, " ").trim();
}

const TEX = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "%": "\\%", "#": "\\#", _: "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "≈": "$\\approx$", "▲": "$\\blacktriangle$", "✕": "$\\times$" };
const tex = (text) => text.replace(/[\\{}$&%#_~^≈▲✕]/g, (letter) => TEX[letter]);
const bar = (text) => text.replace(/[\\|<>*_`[\]]/g, (letter) => `\\${letter}`);

function tableAs(kind, rows, title) {
  const wide = Math.max(...rows.map((row) => row.reduce((n, cell) => n + cell.span, 0)));
  if (kind === "markdown") {
    const line = (row) => `| ${row.flatMap((cell) => [bar(cell.text), ...Array(cell.span - 1).fill("")]).join(" | ")} |`;
    return [line(rows[0]), `|${" --- |".repeat(wide)}`, ...rows.slice(1).map(line)].join("\n") + "\n";
  }
  const line = (row) => `${row.map((cell) => cell.span > 1 ? `\\multicolumn{${cell.span}}{l}{${tex(cell.text)}}` : tex(cell.text)).join(" & ")} \\\\`;
  return [
    "% needs booktabs", "\\begin{table}", `\\caption{${tex(title)}}`, `\\begin{tabular}{${"l".repeat(wide)}}`, "\\toprule",
    line(rows[0]), "\\midrule", ...rows.slice(1).map(line), "\\bottomrule", "\\end{tabular}", "\\end{table}", "",
  ].join("\n");
}

function figureAs(kind, name, title) {
  if (kind === "markdown") return `![${bar(title)}](${name}.svg)\n`;
  return ["\\begin{figure}", `\\includegraphics[width=\\linewidth]{${name}.png}`, `\\caption{${tex(title)}}`, "\\end{figure}", ""].join("\n");
}

// A drawing that is whole outside the page: its own letters, its own colours on white.
function drawn(what) {
  if (what.matches("table")) return drawnTable(rowsOf(what));
  const copy = what.querySelector("svg").cloneNode(true);
  const [, , width, height] = copy.getAttribute("viewBox").split(/\s+/);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("font-family", "sans-serif");
  const sheet = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of [["width", "100%"], ["height", "100%"], ["fill", "#ffffff"]]) sheet.setAttribute(key, value);
  copy.prepend(sheet);
  return new XMLSerializer().serializeToString(copy).replace(/var\(--[\w-]+, (#[0-9a-f]{6})\)/g, "$1");
}

function drawnTable(rows) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "12px sans-serif";
  const widths = [];
  for (const row of rows) {
    let at = 0;
    for (const cell of row) {
      if (cell.span === 1) widths[at] = Math.max(widths[at] ?? 0, Math.min(pen.measureText(cell.text).width + 18, 420));
      at += cell.span;
    }
  }
  const left = widths.reduce((sums, width) => [...sums, sums.at(-1) + (width ?? 60)], [0]);
  const plain = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const fit = (text, room) => {
    const letters = [...text];
    while (letters.length > 1 && pen.measureText(letters.join("")).width > room) letters.splice(-2, 2, "…");
    return letters.join("");
  };
  const cells = rows.flatMap((row, y) => {
    let at = 0;
    return row.map((cell) => {
      const x = left[at];
      at += cell.span;
      const wide = (left[at] ?? left.at(-1)) - x;
      const shade = cell.shade.startsWith("color(") || /^rgb\(/.test(cell.shade) || /, 0\.[1-9]/.test(cell.shade) ? `<rect x="${x}" y="${22 * y}" width="${wide}" height="22" fill="${cell.head ? "none" : plain(cell.shade)}"/>` : "";
      return `${shade}<text x="${x + 8}" y="${22 * y + 15}"${cell.head ? ' font-weight="600"' : ""}>${plain(fit(cell.text, wide - 14))}</text>`;
    });
  });
  const size = [left.at(-1), 22 * rows.length];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" height="${size[1]}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>${cells.join("")}<path d="M0 22H${size[0]}" stroke="#888888"/></svg>`;
}

function painted(svg) {
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => {
      const sheet = document.createElement("canvas");
      [sheet.width, sheet.height] = [3 * image.naturalWidth, 3 * image.naturalHeight];
      sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
      sheet.toBlob(done, "image/png");
    };
    image.onerror = fail;
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  });
}
