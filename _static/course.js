// Predictions that can be clicked. Without this script they are what the page holds: a list and a folded answer.
(() => {
  "use strict";
  const KEY = "containers-proven:predictions";
  const SURE = { guessing: "guessing", fairly: "fairly sure", certain: "certain" };
  const HEADS = ["prediction", "you chose", "how sure", "what happened", "your belief"];
  const boxes = [], answers = [];
  let kept = {};

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function read() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY));
      if (isObject(found)) kept = found;
    } catch { /* storage is off, or holds something else: choices last as long as the page */ }
  }

  function write() {
    try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* as above */ }
  }

  // The choices of a box's chapter, whatever else may have been stored under its name.
  function inChapter(box) {
    const found = kept[box.dataset.chapter];
    return isObject(found) ? found : (kept[box.dataset.chapter] = {});
  }

  const chosen = (box) => inChapter(box)[box.dataset.name] ?? {};
  const complete = (choice) => Boolean(choice.choice && choice.sure in SURE);
  const said = (choice) => `${choice.choice}, ${SURE[choice.sure]}`;

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function radio(name, value, children) {
    return element("label", {}, element("input", { type: "radio", name, value }), element("span", {}, ...children));
  }

  function group(legend, kind, labels) {
    return element("fieldset", { class: kind }, element("legend", {}, legend), ...labels);
  }

  // One prediction: its list becomes a form. The question before it describes the group of options.
  function makeForm(box) {
    const name = `${box.dataset.chapter}-${box.dataset.name}`;
    const options = [...box.querySelectorAll(":scope > ul > li")].map((item) => {
      const text = item.querySelector(":scope > p") ?? item;
      return radio(`${name}-choice`, text.textContent.trim()[0], [...text.cloneNode(true).childNodes]);
    });
    const sure = Object.entries(SURE).map(([value, text]) => radio(`${name}-sure`, value, [text]));
    const choices = group("Your prediction", "choices", options);
    const question = box.previousElementSibling;
    if (question) choices.setAttribute("aria-describedby", (question.id ||= `asked-${name}`));
    const form = element("form", {}, choices, group("How sure are you?", "sure", sure),
      element("p", { class: "prediction-said", role: "status" }));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => {
      const data = new FormData(form);
      const choice = { choice: data.get(`${name}-choice`), sure: data.get(`${name}-sure`) };
      inChapter(box)[box.dataset.name] = choice;
      write();
      show();
    });
    box.replaceChildren(form);
  }

  function showForm(box) {
    const choice = chosen(box);
    for (const input of box.querySelectorAll("input")) {
      input.checked = [choice.choice, choice.sure].includes(input.value);
    }
    const text = complete(choice) ? `Kept in this browser: ${said(choice)}. The answer comes after the experiment.`
      : choice.choice ? "Now say how sure you are."
        : choice.sure ? "Now choose an option."
          : "Choose before you read on. The answer comes after the experiment.";
    const status = box.querySelector(".prediction-said");
    if (status.textContent !== text) status.textContent = text;
  }

  // The answer's fold repeats the reply to what was chosen.
  function showAnswer(box, answer) {
    const choice = chosen(box);
    answer.querySelector(".your-choice")?.remove();
    if (!complete(choice)) return;
    const right = choice.choice === box.dataset.answer;
    const line = element("p", { class: "your-choice sd-card-text" },
      element("strong", {}, `You chose ${said(choice)}${right ? ", and so it is" : ""}.`),
      right ? " " : ` (${choice.choice}) `);
    for (const reply of answer.querySelectorAll(`.reply-${choice.choice}`)) {
      line.append(...reply.cloneNode(true).childNodes);
    }
    answer.querySelector(".sd-summary-content")?.prepend(line);
  }

  // What was believed, against what happened: a table like the one of beliefs() in the notebook.
  function optionText(box, letter) {
    const input = [...box.querySelectorAll(".choices input")].find((one) => one.value === letter);
    return input ? input.nextElementSibling.textContent.trim() : `${letter}. (no option any more)`;
  }

  function row(box) {
    const choice = chosen(box);
    const held = choice.choice === box.dataset.answer;
    const link = element("a", { href: `#${box.id}` }, box.dataset.asked);
    const texts = [optionText(box, choice.choice), SURE[choice.sure], optionText(box, box.dataset.answer),
      held ? "✓ holds" : "✗ has to change"];
    // The roles are those that a table has anyway; they last where a phone's layout is no table's.
    return element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, link),
      ...texts.map((text, i) => element("td", { role: "cell", "data-head": HEADS[i + 1] }, text)));
  }

  function calibration(boxes) {
    const parts = Object.keys(SURE).reverse().map((sure) => {
      const of = boxes.filter((box) => chosen(box).sure === sure);
      const wrong = of.filter((box) => chosen(box).choice !== box.dataset.answer).length;
      return of.length && `${SURE[sure]} ${sure === "guessing" ? "in" : "of"} ${of.length}, wrong in ${wrong}`;
    }).filter(Boolean).join("; ");
    return `${parts[0].toUpperCase()}${parts.slice(1)}.`;
  }

  function showBeliefs(place, boxes) {
    const made = boxes.filter((box) => complete(chosen(box)));
    if (!made.length) {
      place.replaceChildren(element("p", { role: "status" }, "You have not chosen anything on this page yet. Each "
        + "prediction above has a form; this place shows afterwards which of your beliefs held."));
      return;
    }
    const heads = HEADS.map((text) => element("th", { scope: "col", role: "columnheader" }, text));
    const table = element("table", { class: "table", role: "table" },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
      element("tbody", { role: "rowgroup" }, ...made.map(row)));
    const scroll = element("div", { role: "region", "aria-label": "What you believed", tabindex: "0" }, table);
    const open = boxes.length - made.length;
    const line = calibration(made) + (open ? ` Not chosen: ${open} of ${boxes.length}.` : "");
    const forget = element("button", { type: "button", class: "btn btn-sm" }, "Forget these choices");
    forget.addEventListener("click", () => {
      delete kept[place.dataset.chapter];
      write();
      show();
      place.setAttribute("tabindex", "-1");
      place.focus();
    });
    place.replaceChildren(scroll, element("p", {}, line), forget);
  }

  function start() {
    boxes.push(...document.querySelectorAll(".prediction[data-name]"));
    answers.push(...document.querySelectorAll(".prediction-answer[data-name]"));
    read();
    boxes.forEach(makeForm);
    show();
    window.addEventListener("storage", (event) => {
      if (event.key === KEY) { kept = {}; read(); show(); }
    });
  }

  function show() {
    boxes.forEach((box) => {
      showForm(box);
      answers.filter((one) => one.dataset.name === box.dataset.name).forEach((one) => showAnswer(box, one));
    });
    document.querySelectorAll(".beliefs[data-chapter]").forEach((place) => showBeliefs(place, boxes));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
