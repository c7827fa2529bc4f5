// Saving and copying figures and tables: one menu for all of them, which moves beside the button that opens it.
const saver = document.getElementById("save");
const said = document.getElementById("said");
let subject = null; // what the menu is about
let opener = null;

function slug(text) {
  return text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "figure";
}

function titleOf(what) {
  const text = what.matches("table")
    ? what.caption?.querySelector("b")?.textContent ?? what.closest("[aria-label]")?.getAttribute("aria-label")
      ?? what.closest("details")?.querySelector("summary")?.textContent ?? what.closest("section").querySelector("h2").textContent
    : what.querySelector("svg").getAttribute("aria-label");
  return (text ?? "").replace(/\s+/g, " ").trim();
}

for (const what of document.querySelectorAll("main .drawn, main table")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "save";
  button.textContent = "⤓ save";
  button.setAttribute("aria-label", `Save or copy: ${titleOf(what)}`);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => openMenu(what, button));
  if (what.matches("table")) {
    const line = document.createElement("div");
    line.className = "saves";
    line.append(button);
    (what.closest(".scroll") ?? what).before(line);
  } else {
    what.append(button);
  }
}

function openMenu(what, button) {
  const same = opener === button;
  closeMenu();
  if (same) return;
  subject = what;
  opener = button;
  button.setAttribute("aria-expanded", "true");
  button.after(saver);
  saver.hidden = false;
  const at = button.getBoundingClientRect();
  const from = saver.offsetParent.getBoundingClientRect();
  const left = Math.min(Math.max(at.right - saver.offsetWidth, 8), innerWidth - saver.offsetWidth - 8);
  saver.style.left = `${left - from.left}px`;
  saver.style.top = `${at.bottom - from.top + 4}px`;
  saver.querySelector("button").focus();
}

function closeMenu() {
  if (!opener) return;
  opener.setAttribute("aria-expanded", "false");
  saver.hidden = true;
  opener = null;
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !opener) return;
  const button = opener;
  closeMenu();
  button.focus();
});
addEventListener("click", (event) => {
  if (opener && !saver.contains(event.target) && !opener.contains(event.target)) closeMenu();
});
saver.addEventListener("click", async (event) => {
  const as = event.target.dataset?.as;
  if (!as) return;
  const button = opener;
  const name = slug(titleOf(subject));
  if (as === "svg") give(drawn(subject), `${name}.svg`, "image/svg+xml");
  if (as === "png") give(await painted(drawn(subject)), `${name}.png`, "image/png");
  if (as === "csv") give(await numbers(subject), `${name}.csv`, "text/csv");
  if (as === "latex" || as === "markdown") await copy(subject.matches("table") ? tableAs(as, rowsOf(subject), titleOf(subject)) : figureAs(as, name, titleOf(subject)));
  closeMenu();
  button.focus();
});

function give(content, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`Saved ${name}`);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied");
}

function say(text) {
  said.textContent = text;
  clearTimeout(say.later);
  say.later = setTimeout(() => { said.textContent = ""; }, 2500);
}

async function numbers(what) {
  if (what.matches("table")) return rowsOf(what).map((row) => row.map((cell) => quoted(cell.text)).join(",")).join("\n") + "\n";
  const packed = Uint8Array.from(atob(what.closest("[data-csv]").dataset.csv), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
