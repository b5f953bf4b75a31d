"use strict";
// Shows one stop at a time; buttons, arrow keys and the address choose which.
(() => {
  const stops = [...document.querySelectorAll(".stop")];
  const bar = document.querySelector("nav");
  const at = () => Math.max(0, stops.findIndex((stop) => `#${stop.id}` === location.hash));
  const go = (index) => {
    if (index >= 0 && index < stops.length) location.hash = stops[index].id;
  };

  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    bar.append(made);
    return made;
  };
  const back = button("← Previous", () => go(at() - 1));
  const numbers = stops.map((stop, index) =>
    button(index < stops.length - 1 ? String(index + 1) : "Puzzle", () => go(index)),
  );
  const onward = button("Next →", () => go(at() + 1));

  const show = () => {
    const current = at();
    stops.forEach((stop, index) => stop.classList.toggle("away", index !== current));
    numbers.forEach((number, index) =>
      index === current
        ? number.setAttribute("aria-current", "step")
        : number.removeAttribute("aria-current"),
    );
    back.disabled = current === 0;
    onward.disabled = current === stops.length - 1;
    for (const place of stops[current].querySelectorAll(".js-plotly-plot")) {
      Plotly.Plots.resize(place); // drawn while it had no width
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowRight") go(at() + 1);
    if (event.key === "ArrowLeft") go(at() - 1);
  });
  addEventListener("hashchange", show);
  show();
})();
