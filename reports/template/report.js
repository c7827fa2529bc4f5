// Sorting: each group of rows (detectors, sentinels) keeps its place and is sorted within itself.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const first = column === 0 ? "ascending" : "descending";
      const other = column === 0 ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === first ? other : first;
      headings.forEach((cell) => cell.setAttribute("aria-sort", cell === heading ? order : "none"));
      for (const body of table.tBodies) {
        body.append(...[...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column], order)));
      }
    });
  });
}

function compare(a, b, order) {
  const sign = order === "ascending" ? 1 : -1;
  if (a.dataset.sort === undefined) {
    return sign * a.textContent.localeCompare(b.textContent, "en", { numeric: true });
  }
  // What has no value stays at the end in both directions.
  if (a.dataset.sort === "" || b.dataset.sort === "") {
    return (a.dataset.sort === "") - (b.dataset.sort === "");
  }
  return sign * (Number(a.dataset.sort) - Number(b.dataset.sort));
}

// The switch of the metric.
const metric = document.getElementById("metric");
if (metric) {
  const matrices = [...document.querySelectorAll(".matrix")];
  const show = () => matrices.forEach((matrix, k) => { matrix.hidden = String(k) !== metric.value; });
  metric.addEventListener("change", show);
  show();
}

// The filters: rows and columns of the table whose names hold what is typed.
const filters = ["rows", "columns"].map((what) => document.getElementById(`filter-${what}`));
if (filters[0]) {
  const holds = (cell, input) => cell.textContent.toLowerCase().includes(input.value.trim().toLowerCase());
  const filter = () => {
    for (const table of document.querySelectorAll(".matrix table")) {
      const shown = [...table.tHead.rows[0].cells].map((cell, k) => k === 0 || holds(cell, filters[1]));
      for (const row of table.rows) {
        row.hidden = row.parentNode !== table.tHead && !holds(row.cells[0], filters[0]);
        [...row.cells].forEach((cell, k) => { cell.hidden = !shown[k]; });
      }
    }
    const table = document.querySelector(".matrix table");
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const columns = [...table.tHead.rows[0].cells].slice(1);
    const left = [rows, columns].map((all) => all.filter((one) => !one.hidden).length);
    const typed = filters.some((input) => input.value.trim());
    document.getElementById("filtered").textContent = typed
      ? `${left[0]} of ${rows.length} rows, ${left[1]} of ${columns.length} columns` : "";
  };
  filters.forEach((input) => input.addEventListener("input", filter));
}

// Pointing at a name in the legend fades all other curves; pressing it keeps them faded.
for (const figure of document.querySelectorAll("figure")) {
  let kept = null;
  const mark = (series) => {
    figure.classList.toggle("single", series !== null);
    for (const curve of figure.querySelectorAll(".curve, .band")) {
      curve.classList.toggle("on", curve.classList.contains(`s-${series}`));
    }
  };
  for (const key of figure.querySelectorAll("[data-series]")) {
    key.setAttribute("aria-pressed", "false"); // else nobody who does not see it knows that it can be pressed in
    const enter = () => mark(key.dataset.series);
    const leave = () => mark(kept);
    key.addEventListener("mouseenter", enter);
    key.addEventListener("focus", enter);
    key.addEventListener("mouseleave", leave);
    key.addEventListener("blur", leave);
    key.addEventListener("click", () => {
      kept = kept === key.dataset.series ? null : key.dataset.series;
      for (const each of figure.querySelectorAll("[data-series]")) {
        each.setAttribute("aria-pressed", String(each.dataset.series === kept));
      }
      mark(kept);
    });
  }
}

// Pictures, enlarged by whole factors so that every pixel stays a square. Copies of pictures are pressed too.
const box = document.getElementById("lightbox");
addEventListener("click", (event) => {
  const button = event.target.closest?.("button.zoom");
  if (!button) return;
  const small = button.querySelector("img");
  const large = box.querySelector("img");
  const room = Math.min((0.92 * innerWidth) / small.naturalWidth, (0.78 * innerHeight) / small.naturalHeight);
  const factor = room >= 1 ? Math.floor(room) : room;
  large.src = small.src;
  large.alt = small.alt;
  large.width = factor * small.naturalWidth;
  large.height = factor * small.naturalHeight;
  box.querySelector("p").textContent = small.alt;
  const link = box.querySelector("a");
  link.href = small.src;
  link.download = `${slug(small.alt)}.${small.src.match(/^data:image\/(\w+)/)?.[1] ?? "png"}`;
  box.showModal();
});
box.addEventListener("click", (event) => { if (!event.target.closest("a")) box.close(); });
