// A reader's answers: kept in this browser under kit and reader, written out as CSV. Nothing leaves the machine.
"use strict";

const COLUMNS = ["kit", "reader", "experience", "order", "session", "place", "case", "display", "rating", "decision",
  "seconds", "answered"];

const store = {
  works: (() => {
    try {
      localStorage.setItem("reader-kit", "1");
      localStorage.removeItem("reader-kit");
      return true;
    } catch { return false; }
  })(),
  name(reader) { return `reader-kit:${KIT.kit}:${reader}`; },
  // what an earlier visit left, or a fresh start; a text that is not ours counts as none
  load(reader) {
    const fresh = { reader, experience: "", answers: [], seconds: 0, ended: [], opened: 1 };
    if (!this.works) return fresh;
    try {
      const kept = JSON.parse(localStorage.getItem(this.name(reader)));
      return kept && kept.reader === reader && Array.isArray(kept.answers) ? { ...fresh, ...kept } : fresh;
    } catch { return fresh; }
  },
  save(state) {
    if (!this.works) return;
    try {
      localStorage.setItem(this.name(state.reader), JSON.stringify(state));
    } catch { this.works = false; }
  },
  erase(reader) { if (this.works) localStorage.removeItem(this.name(reader)); },
};

const cell = (value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

function answersCsv(state) {
  const shared = { kit: KIT.kit, reader: state.reader, experience: state.experience, order: KIT.order };
  const rows = state.answers.map((answer) => COLUMNS.map((name) => cell({ ...shared, ...answer }[name])).join(","));
  return [COLUMNS.join(","), ...rows].join("\r\n") + "\r\n";
}

function download(state) {
  const total = KIT.lists[state.reader].flat().length;
  const part = state.answers.length < total ? `-${state.answers.length}-of-${total}` : "";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([answersCsv(state)], { type: "text/csv" }));
  link.download = `answers-${KIT.kit}-${state.reader}${part}.csv`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
