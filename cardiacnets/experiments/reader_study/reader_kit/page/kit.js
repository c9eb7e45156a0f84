// The page's one loop: start, read a case, pause after a session, done. Everything needed lies in cases.js (KIT).
"use strict";

const SCREENS = ["start", "reading", "pause", "done"];
const ZOOMS = [100, 150, 200, 300];
const get = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const DAY = 86400000;

let state = null;       // the reader's answers and where he is
let shownAt = null;     // when the case in view last began to count, ms; null: the clock stands
let zoom = 0;
let practising = false; // the practice case is in view: nothing of it is kept
const ORIGIN = KIT.ask === "origin";

// ---- where we are ------------------------------------------------------------------------------------------------

const sessions = () => KIT.lists[state.reader];
// the answers' number tells session and place: no second bookkeeping that could disagree
function where() {
  let session = 0, place = state.answers.length;
  while (session < sessions().length && place >= sessions()[session].length) place -= sessions()[session++].length;
  return { session, place };
}

function show(name, title) {
  for (const each of SCREENS) get(each).hidden = each !== name;
  for (const id of ["save-part", "leave", "erase"]) get(id).hidden = !state;
  get("leave").hidden = !state && !practising;
  get("leave").textContent = practising ? "Leave the practice" : "Change reader";
  get("save-part").hidden = name !== "reading" || !state || !state.answers.length;
  get("who").textContent = state ? `Reader ${state.reader}` : "";
  document.title = `${title} – Reader study${KIT.simulated ? " (simulated)" : ""}`;
  scrollTo(0, 0);
}

const announce = (words) => { get("status").textContent = words; };
const focusTitle = (screen) => get(screen).querySelector("h1").focus();

function go() {
  get("film").pause();
  stopClock();
  const { session, place } = where();
  if (session === sessions().length) return finish();
  if (place === 0 && session >= state.opened) return pause(session);
  return read(session, place);
}

// ---- start -------------------------------------------------------------------------------------------------------

function start() {
  state = null;
  practising = false;
  show("start", "Start");
  get("enter-error").textContent = "";
  greet();
}

function greet() {
  const chosen = get("reader").value;
  const kept = chosen ? store.load(chosen) : null;
  if (kept) get("experience").value = kept.experience;
  get("begin").textContent = kept && kept.answers.length ? `Go on (${kept.answers.length} answered)` : "Begin";
}

get("reader").addEventListener("change", greet);
get("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const [reader, experience] = [get("reader"), get("experience")];
  const missing = [reader, experience].find((each) => !each.value);
  for (const each of [reader, experience]) each.toggleAttribute("aria-invalid", each === missing);
  get("enter-error").textContent = !missing ? "" :
    missing === reader ? "Choose the reader code you were given." : "Choose your experience.";
  if (missing) return missing.focus();
  state = store.load(reader.value);
  state.experience = experience.value;
  store.save(state);
  go();
});

// ---- reading -----------------------------------------------------------------------------------------------------

function read(session, place) {
  const list = sessions()[session], [code, display] = list[place];
  const files = KIT.cases[code], withFilm = display !== "ecg";
  get("bar-words").textContent = ORIGIN ? `Film ${place + 1} of ${list.length}` :
    `Session ${session + 1} of ${sessions().length}, reading ${place + 1} of ${list.length}: ${withFilm ? "ECG and film" : "ECG alone"}`;
  // both films of a heart come in one session: its code would tell which belong together
  view(ORIGIN ? `Film ${place + 1}` : `Case ${code}`, files.ecg, withFilm ? files[display] : "", place, list.length);
  startClock();
  if (place + 1 < list.length && !ORIGIN) new Image().src = KIT.cases[list[place + 1][0]].ecg;
}

// one case in view: its name, its ECG, and its film where there is one
function view(title, ecg, movie, place, count) {
  const film = get("film");
  get("answer").reset();
  clearErrors();
  get("case-title").textContent = title;
  const bar = get("bar");
  bar.setAttribute("aria-valuemax", count);
  bar.setAttribute("aria-valuenow", place);
  bar.style.width = `${100 * place / count}%`;
  show("reading", title);
  const picture = get("ecg");
  get("ecg-box").hidden = ORIGIN;
  if (!ORIGIN) {
    picture.src = ecg;
    picture.alt = `Twelve-lead ECG of ${title}, ten seconds, with a rhythm strip of lead II`;
  }
  get("paper").scrollTo(0, 0);
  get("film-box").hidden = !movie;
  get("desk").className = `desk${movie ? " with-film" : ""}${ORIGIN ? " film-only" : ""}`;
  film.removeAttribute("src");
  if (movie) {
    film.src = movie;
    film.setAttribute("aria-label", `Film of the beating heart of ${title}: short axis on the left, four chambers on the right`);
    film.playbackRate = get("slow").getAttribute("aria-pressed") === "true" ? 0.5 : 1;
    if (!calm) film.play().catch(() => {});
  }
  playLabel();
  paintClock();
  focusTitle("reading");
}

get("practise").addEventListener("click", () => {
  practising = true;
  get("bar-words").textContent = "For practice: nothing is kept";
  view("Practice case", "practice/ecg.png", "practice/film.mp4", 0, 1);
});

// what the practice heart has stands in practice.py: a dilated cardiomyopathy of high severity
function practised(rating, decision) {
  start();
  get("practice-said").textContent = `You rated ${rating} and decided ${decision ? "yes" : "no"}. The practice heart has a ` +
    `dilated cardiomyopathy: a large left ventricle that hardly contracts. So yes was right. Nothing of it was kept.`;
  get("practice-said").hidden = false;
  get("practise").focus();
}

for (const [id, what] of [["ecg", "ECG"], ["film", "film"]]) {
  get(id).addEventListener("error", () => {
    if (get(id).getAttribute("src")) trouble(`The ${what} of this case is missing: copy the whole folder of the kit again, then reload this page.`);
  });
}

function clearErrors() {
  for (const name of ["rating", "decision"]) {
    get(`${name}-error`).textContent = "";
    get(name).classList.remove("missing");
  }
}

get("answer").addEventListener("change", (event) => {
  get(`${event.target.name}-error`).textContent = "";
  get(event.target.name).classList.remove("missing");
});
get("answer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(get("answer"));
  const missing = ["rating", "decision"].filter((name) => !given.has(name));
  clearErrors();
  for (const name of missing) {
    get(`${name}-error`).textContent = name === "rating" ? "Choose a rating from 1 to 5." : ORIGIN ? "Decide: real or generated." : "Decide: yes or no.";
    get(name).classList.add("missing");
  }
  if (missing.length) return document.querySelector(`[name=${missing[0]}]`).focus();
  const [rating, decision] = [Number(given.get("rating")), Number(given.get("decision"))];
  const odd = (rating < 3 && decision) || (rating > 3 && !decision);
  if (odd && !await sure("These two answers pull apart",
    `You rated ${rating}, and decided ${ANSWERS[decision]}. Both can be meant: then keep them.`, "Keep both")) return;
  if (practising) return practised(rating, decision);
  save(rating, decision);
});

function save(rating, decision) {
  const kept = store.load(state.reader);
  if (kept.answers.length > state.answers.length) {  // another tab went on
    state = kept;
    trouble("This reader went on in another window: here is the next case.");
    return go();
  }
  stopClock();
  const { session, place } = where(), [code, display] = sessions()[session][place];
  state.answers.push({ session: session + 1, place: place + 1, case: code, display, rating, decision,
    seconds: Math.round(10 * state.seconds) / 10, answered: new Date().toISOString().slice(0, 19) + "Z" });
  state.seconds = 0;
  if (place + 1 === sessions()[session].length) state.ended[session] = Date.now();
  store.save(state);
  trouble(store.works ? "" : "This browser keeps nothing: download your answers before you close the page.");
  go();
  const now = where();
  announce(now.session < sessions().length && now.place ? `Saved. Reading ${now.place + 1} of ${sessions()[now.session].length}.` : "Saved.");
}

// ---- the clock counts while the case is in view --------------------------------------------------------------------

function tick() {
  if (shownAt === null) return;
  const now = performance.now();
  state.seconds += (now - shownAt) / 1000;
  shownAt = now;
}
function startClock() { if (document.visibilityState === "visible") shownAt = performance.now(); }
function stopClock() { if (state) { tick(); shownAt = null; store.save(state); } }
function paintClock() {
  const whole = Math.floor(state ? state.seconds : 0);
  get("clock").textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
setInterval(() => { if (shownAt !== null) { tick(); paintClock(); } }, 250);
setInterval(() => { if (shownAt !== null) store.save(state); }, 2000);
document.addEventListener("visibilitychange", () => {
  if (!state || get("reading").hidden) return;
  if (document.visibilityState === "visible") startClock(); else stopClock();
});
addEventListener("pagehide", () => { if (state && !get("reading").hidden) stopClock(); });

// ---- film and paper ------------------------------------------------------------------------------------------------

function playLabel() { get("play").textContent = get("film").paused ? "Play" : "Pause"; }
get("film").addEventListener("play", playLabel);
get("film").addEventListener("pause", playLabel);
get("play").addEventListener("click", () => { const film = get("film"); if (film.paused) film.play(); else film.pause(); });
get("slow").addEventListener("click", () => {
  const half = get("slow").getAttribute("aria-pressed") !== "true";
  get("slow").setAttribute("aria-pressed", half);
  get("film").playbackRate = half ? 0.5 : 1;
});
get("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen(); else get("film").requestFullscreen().catch(() => {});
});
function enlarge(step) {
  zoom = Math.min(Math.max(zoom + step, 0), ZOOMS.length - 1);
  get("ecg").style.setProperty("--zoom", ZOOMS[zoom] / 100);
  get("zoom").textContent = `${ZOOMS[zoom]} %`;
}
get("smaller").addEventListener("click", () => enlarge(-1));
get("larger").addEventListener("click", () => enlarge(1));

// ---- single keys, unless switched off (WCAG 2.1.4) -----------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (get("reading").hidden || !get("shortcuts").checked || event.ctrlKey || event.metaKey || event.altKey || get("sure").open) return;
  const press = (id) => { if (!get("film-box").hidden) get(id).click(); };
  const choose = (name, value) => document.querySelector(`[name=${name}][value="${value}"]`).click();
  const key = event.key.toLowerCase();
  if ("12345".includes(key)) choose("rating", key);
  else if (!ORIGIN && (key === "y" || key === "n")) choose("decision", key === "y" ? 1 : 0);
  else if (ORIGIN && (key === "r" || key === "g")) choose("decision", key === "g" ? 1 : 0);
  else if (key === "p") press("play");
  else if (key === "h") press("slow");
  else if (!ORIGIN && (key === "+" || key === "=")) enlarge(1);
  else if (!ORIGIN && key === "-") enlarge(-1);
  else if (key === "enter" && event.target.tagName !== "BUTTON") get("answer").requestSubmit();
  else return;
  event.preventDefault();
});

// ---- pauses and the end --------------------------------------------------------------------------------------------

function pause(session) {
  const due = (state.ended[session - 1] || 0) + KIT.washout * DAY, early = Date.now() < due;
  get("pause-title").textContent = `Session ${session} of ${sessions().length} is done`;
  get("pause-words").textContent = !KIT.washout ? "Take a short break, then go on when everyone is told to." :
    early ? `Now a pause of ${KIT.washout} days. Come back on ${new Date(due).toLocaleDateString(undefined, { dateStyle: "long" })}, in the same browser.` :
      "The pause is over: you can go on.";
  get("pause-memory").textContent = KIT.washout ?
    "What you remember of a case would otherwise be taken for what the next display shows: a pause washes it out." :
    "Without a pause of weeks you will know some cases again: judge each by what is in view now.";
  get("early-box").hidden = !early;
  get("early").checked = false;
  get("next-session").textContent = `Start session ${session + 1}`;
  get("next-session").disabled = early;
  show("pause", "Pause");
  focusTitle("pause");
}
get("early").addEventListener("change", () => { get("next-session").disabled = !get("early").checked; });
get("next-session").addEventListener("click", () => {
  state.opened = where().session + 1;
  store.save(state);
  go();
});

function finish() {
  get("plain").value = answersCsv(state);
  if (KIT.told) tellTruth();
  show("done", "Done");
  focusTitle("done");
}

// ---- for a class: one's own answers beside the truth; KIT.told: by case [1 where diseased, number of the generated film]

function tellTruth() {
  const shown = (answer) => answer.display === "ecg" ? "ECG alone" :
    `${ORIGIN ? "" : "ECG and "}${answer.display === `film ${KIT.told[answer.case][1]}` ? "generated" : "real"} film`;
  const truth = (answer) => ORIGIN ? Number(answer.display === `film ${KIT.told[answer.case][1]}`) : KIT.told[answer.case][0];
  const row = (cells) => {
    const line = document.createElement("tr");
    cells.forEach((words, place) => {
      const box = document.createElement(place ? "td" : "th");
      if (!place) box.scope = "row";
      box.textContent = words;
      line.append(box);
    });
    return line;
  };
  const share = (answers) => answers.length ?
    `${answers.filter((each) => each.decision === truth(each)).length} of ${answers.length}` : "none";
  const kinds = ORIGIN ? ["real film", "generated film"] : ["ECG alone", "ECG and generated film", "ECG and real film"];
  const lines = [...kinds, "all"].map((kind) => {
    const these = state.answers.filter((each) => kind === "all" || shown(each) === kind);
    return row([kind, share(these), share(these.filter((each) => truth(each))), share(these.filter((each) => !truth(each)))]);
  });
  get("found-head").textContent = ORIGIN ? "Generated, and called so" : "Diseased, and found";
  get("spared-head").textContent = ORIGIN ? "Real, and called so" : "Not diseased, and spared";
  get("score").tBodies[0].replaceChildren(...lines);
  get("each").tBodies[0].replaceChildren(...state.answers.map((each) =>
    row([each.case, shown(each), ANSWERS[each.decision], ANSWERS[truth(each)]])));
  get("feedback").hidden = false;
}

for (const button of document.querySelectorAll(".download")) button.addEventListener("click", () => { download(state); announce("File written to your downloads."); });
get("leave").addEventListener("click", () => { get("film").pause(); stopClock(); start(); focusTitle("start"); });
get("erase").addEventListener("click", async () => {
  const gone = `All ${state.answers.length} answers of reader ${state.reader} in this browser are erased, for good.`;
  if (!await sure("Erase these answers?", gone, "Erase")) return;
  store.erase(state.reader);
  shownAt = null;
  start();
  focusTitle("start");
  announce("Erased.");
});

// ---- small things --------------------------------------------------------------------------------------------------

function trouble(words) {
  get("trouble").textContent = words;
  get("trouble").hidden = !words;
}

let decide = () => {};
function sure(title, words, yes) {
  const box = get("sure");
  decide(false);
  get("sure-title").textContent = title;
  get("sure-words").textContent = words;
  get("sure-yes").textContent = yes;
  box.showModal();
  return new Promise((settle) => { decide = settle; });
}
function settled(answer) {
  get("sure").close();
  decide(answer);
}
get("sure-yes").addEventListener("click", () => settled(true));
get("sure-no").addEventListener("click", () => settled(false));
// Escape; the event comes late, and must not answer a question that was asked again meanwhile
get("sure").addEventListener("close", () => { if (!get("sure").open) decide(false); });

const badge = KIT.simulated ? "Simulated hearts. Not for clinical use" : "Research only. Real people: show to no one else";
get("badge").textContent = badge;
get("badge").classList.toggle("real", !KIT.simulated);
get("footer-words").textContent = `Kit ${KIT.kit}. ${KIT.simulated ? "All ECGs and films are of simulated hearts. " : ""}This page works from disk; nothing is sent.`;
const ANSWERS = ORIGIN ? ["real", "generated"] : ["no", "yes"];
for (const each of document.querySelectorAll("[data-ask]")) each.hidden = each.dataset.ask !== KIT.ask;
get("question").textContent = ORIGIN ? "Is this heart real, or generated?" : "Does this heart have a cardiomyopathy?";
get("feedback-words").hidden = !KIT.told;
if (ORIGIN) {
  get("rating-legend").textContent = "Real or generated?";
  get("decision-legend").textContent = "Your decision: real or generated?";
  const scale = ["definitely real", "probably real", "cannot say", "probably generated", "definitely generated"];
  document.querySelectorAll("#rating span").forEach((each, place) => { each.textContent = scale[place]; });
  document.querySelectorAll("#decision b").forEach((each, place) => { each.textContent = ["Real", "Generated"][place]; });
}
for (const each of document.querySelectorAll(".count-films")) each.textContent = 2 * Object.keys(KIT.cases).length;
for (const each of document.querySelectorAll(".count-cases")) each.textContent = Object.keys(KIT.cases).length;
get(`order-${KIT.order}`).hidden = ORIGIN;
get("washout-words").hidden = ORIGIN;
get("washout-words").textContent = KIT.washout ?
  `Between two sessions lie ${KIT.washout} days (the published study: a month), so that you forget the cases.` :
  "There is no pause of weeks between the sessions of this kit: it is made for one class. You will remember some cases, which makes displays look more alike than they are.";
get("reader").append(new Option("Please choose", ""), ...KIT.readers.map((name) => new Option(name, name)));
if (!store.works) trouble("This browser keeps nothing (a private window?). Read in one go, and download your answers before you close the page.");
start();
