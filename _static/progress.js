// The page of progress: which predictions were made in this browser, which held, and which chapters are read.
(() => {
  "use strict";
  const PREDICTIONS = "containers-proven:predictions", READ = "containers-proven:read";
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function stored(key) {
    try {
      const found = JSON.parse(localStorage.getItem(key));
      return isObject(found) ? found : {};
    } catch { return {}; } // storage is off, or holds something else
  }

  function store(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* as above */ }
  }

  // The complete choices of a chapter, among the predictions that it has today.
  function chosen(stem, answers) {
    const found = stored(PREDICTIONS)[stem];
    const names = Object.keys(answers).filter((name) => isObject(found?.[name]));
    return names.filter((name) => found[name].choice && found[name].sure).map((name) => [name, found[name].choice]);
  }

  function row(cells, stem, title, answers) {
    const made = chosen(stem, answers), held = made.filter(([name, choice]) => choice === answers[name]).length;
    cells[1].textContent = `${made.length} of ${Object.keys(answers).length}`;
    cells[2].textContent = made.length ? `${held} of ${made.length}` : "–";
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", checked: stored(READ)[stem] === true });
    box.setAttribute("aria-label", `${title} is read`);
    box.addEventListener("change", () => store(READ, { ...stored(READ), [stem]: box.checked }));
    cells[3].replaceChildren(box);
  }

  function button(words, act) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "btn btn-sm", textContent: words });
    made.addEventListener("click", act);
    return made;
  }

  function save() {
    const copy = { predictions: stored(PREDICTIONS), read: stored(READ) };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(copy, null, 1)], { type: "application/json" }));
    link.download = "containers-proven-progress.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function show(place) {
    const chapters = Object.entries(JSON.parse(place.dataset.predictions));
    place.querySelectorAll("tbody tr").forEach((line, i) => {
      row(line.cells, chapters[i][0], line.cells[0].textContent.trim(), chapters[i][1]);
    });
  }

  function start() {
    const place = document.querySelector(".progress-of-reader");
    if (!place) return;
    show(place);
    place.append(button("Save a copy (JSON)", save));
    window.addEventListener("storage", () => show(place)); // another window of this browser has changed it
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
