"use strict";
// Draws the figures of a page, again when it changes between light and dark, and saves them.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const layoutFor = (content, look, more) =>
    Object.assign({}, content.layout, structuredClone(content.looks[look]), more);

  const draw = async (place, content) => {
    const layout = layoutFor(content, dark.matches ? "dark" : "light");
    await Plotly.react(place, content.data, layout, { responsive: true, displayModeBar: false });
    if (content.frames && !place.dataset.framed) {
      place.dataset.framed = "true"; // added to the figure, and kept by it
      await Plotly.addFrames(place, content.frames);
    }
  };

  // On white, whatever the page is: a picture goes into a document.
  // What moves it is left out, and what it shows at the moment is what is saved.
  const picture = (content, width, data = content.data) => ({
    data,
    layout: layoutFor(content, "light", {
      paper_bgcolor: "#ffffff",
      width,
      sliders: [],
      updatemenus: [],
    }),
  });

  const save = (content, name, format, place) =>
    Plotly.downloadImage(picture(content, place.clientWidth, place.data), {
      format,
      filename: name,
      width: place.clientWidth,
      height: content.layout.height,
      scale: format === "png" ? 4 : 1,
    });

  for (const figure of document.querySelectorAll(".gaf-figure")) {
    const content = JSON.parse(figure.querySelector("script").textContent);
    const place = figure.querySelector(".gaf-plot");
    draw(place, content);
    dark.addEventListener("change", () => draw(place, content));
    for (const button of figure.querySelectorAll("button")) {
      button.addEventListener("click", () =>
        save(content, figure.dataset.name, button.dataset.format, place),
      );
    }
    // for paper, where it is scaled to the page
    const size = { width: Number(figure.dataset.width), height: content.layout.height };
    Plotly.toImage(picture(content, size.width), { format: "svg", ...size }).then((image) => {
      figure.querySelector(".gaf-print").src = image;
    });
  }
})();
