"use strict";
document.documentElement.classList.add("js");

// Sections fold under their headings. On paper and without this script nothing is folded.
const folds = [];
for (const section of document.querySelectorAll("main > section")) {
  const heading = section.querySelector(":scope > h2");
  const body = section.querySelector(":scope > .body");
  if (!heading || !body) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "fold";
  button.append(...heading.childNodes);
  heading.append(button);
  const fold = { section, set: (open) => { body.hidden = !open; button.setAttribute("aria-expanded", String(open)); } };
  fold.set(true);
  button.addEventListener("click", () => fold.set(body.hidden));
  folds.push(fold);
}
const foldAll = document.getElementById("fold-all");
foldAll.addEventListener("click", () => {
  const open = foldAll.getAttribute("aria-expanded") !== "true";
  folds.forEach((fold) => fold.set(open));
  foldAll.setAttribute("aria-expanded", String(open));
  foldAll.textContent = open ? "Fold all" : "Unfold all";
});
// Whoever asks for a section wants to see it.
const unfold = () => folds.find((fold) => `#${fold.section.id}` === location.hash)?.set(true);
addEventListener("hashchange", unfold);
unfold();

// The contents mark the section in sight; the menu of a small screen closes behind its link.
const links = [...document.querySelectorAll("nav a")];
const menu = document.querySelector(".menu");
for (const link of links) link.addEventListener("click", () => { menu.open = false; });
addEventListener("keydown", (event) => { if (event.key === "Escape") menu.open = false; });
addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
const sight = new IntersectionObserver((entries) => {
  const entry = entries.find((one) => one.isIntersecting);
  if (!entry) return;
  for (const link of links) {
    if (link.hash === `#${entry.target.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-15% 0px -75% 0px" });
for (const section of document.querySelectorAll("main > section")) sight.observe(section);

// Nothing stays folded on paper.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("main details")) fold.open = true;
});
