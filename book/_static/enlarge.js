// Figures: a button below each opens it in its own size over the page; Escape, the button or a click beside it closes
// it, and the keyboard is where it was. Without this script figures stand as they are.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const figures = document.querySelectorAll(".bd-article figure.exhibit > img");
  if (!figures.length) return;
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.innerHTML = '<p><button type="button" autofocus>Close</button></p><div tabindex="0" role="region"><img alt=""></div>';
  document.body.append(dialog);
  const shown = dialog.querySelector("img");
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  for (const figure of figures) {
    const name = figure.parentElement.querySelector("figcaption strong")?.textContent.replace(/\.$/, "") || "Figure";
    const open = () => {
      shown.src = figure.src;
      shown.alt = figure.alt;
      dialog.setAttribute("aria-label", `${name}, enlarged`);
      shown.parentElement.setAttribute("aria-label", `${name}, scrollable`);
      dialog.showModal();
    };
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.textContent = "Enlarge";
    button.setAttribute("aria-label", `Enlarge ${name}`);
    button.addEventListener("click", open);
    figure.addEventListener("click", open);
    figure.after(button);
  }
});
