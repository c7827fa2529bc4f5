// One slider for all: both panels, and a mark on the losses and on the quality, are of the same checkpoint.
const stepper = document.getElementById("stepper");
if (stepper) {
  const range = stepper.querySelector("input");
  const rows = [...document.querySelectorAll(".steps tr[data-step]")];
  const panels = [...document.querySelectorAll(".step-panel")];
  const marked = [...document.querySelectorAll(".drawn[data-label]")].map((drawing) => {
    const mark = document.createElement("i");
    mark.className = "mark-now";
    mark.setAttribute("aria-hidden", "true");
    drawing.append(mark);
    return { mark, label: drawing.dataset.label, start: Number(drawing.dataset.start), step: Number(drawing.dataset.step) };
  });
  const show = () => {
    const row = rows[range.value];
    const at = JSON.parse(row.dataset.at);
    stepper.querySelector("output").textContent = row.dataset.step;
    range.setAttribute("aria-valuetext", row.dataset.step);
    for (const panel of panels) {
      const cell = row.cells[1 + Number(panel.querySelector("select").value)];
      panel.querySelector(".step-shown").replaceChildren(...[...cell.childNodes].map((node) => node.cloneNode(true)));
    }
    for (const { mark, label, start, step } of marked) {
      mark.hidden = at[label] === undefined;
      mark.style.left = `${Math.min(Math.max(start + at[label] * step, 0), 100)}%`;
    }
  };
  range.addEventListener("input", show);
  for (const panel of panels) panel.querySelector("select").addEventListener("change", show);
  document.querySelector(".all-steps").open = false;
  show();
  // The slider comes along to the curves that it marks.
  const seen = new Map();
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) seen.set(entry.target, entry.isIntersecting);
    const home = seen.get(stepper.parentNode);
    stepper.classList.toggle("docked", !home && marked.some(({ mark }) => seen.get(mark.parentNode)));
  });
  watch.observe(stepper.parentNode);
  for (const { mark } of marked) watch.observe(mark.parentNode);
}
