// Films: controls of their own below the picture, for mouse, touch and keyboard. Without this script the browser's own
// controls stay. No film starts by itself; while it is moved by hand it stands still.
"use strict";

function element(tag, attributes, words = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = words;
  return made;
}

function addControls(film) {
  const rate = Number(film.dataset.fps) || 25;
  const name = film.closest(".exhibit")?.querySelector("figcaption strong")?.textContent.replace(/\.$/, "") || "Film";
  const bar = element("div", { class: "film-controls", role: "group", "aria-label": `${name}: controls of the film` });
  const play = element("button", { type: "button", class: "film-play" }, "Play");
  const slow = element("button", { type: "button", class: "film-slow", "aria-pressed": "false" }, "Slow motion");
  const place = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Frame" });
  const told = element("output", { class: "film-place", "aria-hidden": "true" });
  bar.append(play, place, told, slow);
  (film.closest(".film-frame") || film).after(bar);
  film.removeAttribute("controls");

  const frames = () => Math.max(1, Math.round((film.duration || 0) * rate));
  const frame = () => Math.min(frames() - 1, Math.floor(film.currentTime * rate + 1e-3));
  const show = () => {
    place.max = frames() - 1;
    place.value = frame();
    told.textContent = `${frame() + 1} / ${frames()}`;
    place.setAttribute("aria-valuetext", `frame ${frame() + 1} of ${frames()}`);
  };
  // the middle of a frame: at its edge browsers differ in which they show
  const stand = (number) => { film.pause(); film.currentTime = (number + 0.5) / rate; };
  const follow = () => { show(); if (!film.paused) requestAnimationFrame(follow); };

  play.addEventListener("click", () => { if (film.paused) film.play().catch(() => {}); else film.pause(); });
  film.addEventListener("click", () => play.click());
  film.addEventListener("play", () => { play.textContent = "Pause"; follow(); });
  film.addEventListener("pause", () => { play.textContent = "Play"; });
  film.addEventListener("loadedmetadata", show);
  film.addEventListener("seeked", show);
  place.addEventListener("input", () => stand(Number(place.value)));
  slow.addEventListener("click", () => {
    const on = slow.getAttribute("aria-pressed") !== "true";
    slow.setAttribute("aria-pressed", String(on));
    film.playbackRate = on ? 0.25 : 1;
  });
  if (film.readyState >= 1) show();
}

document.addEventListener("DOMContentLoaded", () => {
  for (const film of document.querySelectorAll(".bd-article video")) addControls(film);
});
