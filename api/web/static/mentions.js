// The list of mentions works by forms alone; this makes it quicker: facets that come by themselves,
// a query that is checked while it is written, ticking many at once.
import { call } from "./api.js";

const box = document.querySelector("#q");
const wrong = document.querySelector("#q-wrong");
const search = document.querySelector("#search");

// Return searches; a line break is written with Shift.
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  search.requestSubmit();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  box.focus();
});

let waiting;
let asked = 0;
box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(check, 400);
});
async function check() {
  const query = box.value.trim();
  const number = ++asked;
  const told = query ? await call("GET", `/api/v1/query/check?q=${encodeURIComponent(query)}`).catch(() => null) : { valid: true };
  if (told === null || number !== asked) return;
  wrong.hidden = told.valid;
  wrong.textContent = told.message ?? "";
  box.toggleAttribute("aria-invalid", !told.valid);
  if (!told.valid) box.setAttribute("aria-invalid", "true");
}

const bulk = document.querySelector("#bulk");
if (bulk) {
  const ticks = [...document.querySelectorAll('.mention > input[type="checkbox"]')];
  const all = document.querySelector("#all");
  const chosen = bulk.querySelector(".chosen");
  all.closest("label").hidden = false;
  const count = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    chosen.textContent = `${ticked} of ${ticks.length} ticked`;
    bulk.classList.toggle("none", ticked === 0);
    all.checked = ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
    for (const button of bulk.querySelectorAll("button")) button.disabled = ticked === 0;
  };
  all.addEventListener("change", () => {
    for (const tick of ticks) tick.checked = all.checked;
    count();
  });
  // With Shift, all from the one ticked before to this one.
  let last = null;
  for (const tick of ticks) {
    tick.addEventListener("click", (event) => {
      const [from, to] = [ticks.indexOf(last), ticks.indexOf(tick)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) for (const one of ticks.slice(from, to + 1)) one.checked = tick.checked;
      last = tick;
      count();
    });
  }
  // A form sent with nothing to set would come back without the ticks.
  bulk.addEventListener("submit", (event) => {
    const sentiment = event.submitter?.hasAttribute("formaction");
    const field = bulk.elements[sentiment ? "sentiment" : "tags"];
    if (field.value.trim()) return;
    event.preventDefault();
    chosen.textContent = sentiment ? "Choose a sentiment first." : "Write a tag first.";
    field.focus();
  });
  count();
}

// Facets take longer than the list, so they come after it. What waits comes last: all above listens at once.
const facets = document.querySelector("[data-facets]");
if (facets && matchMedia("(max-width: 860px)").matches) facets.querySelector("details").open = false;
if (facets?.querySelector(".facet-list > .note > a")) bring(facets);
async function bring(place) {
  const answer = await fetch(place.dataset.facets).catch(() => null);
  if (!answer?.ok) return;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.querySelector(".facet-list").replaceChildren(...part.body.childNodes);
}

// What is rare is looked for in steps: go on until something is there, and say how far it came.
const looked = document.querySelector(".looked");
let next = document.querySelector('a[rel="next"]')?.href;
if (looked && next && !document.querySelector(".mention")) {
  looked.setAttribute("role", "status");
  while (next) {
    const answer = await fetch(next).catch(() => null);
    if (!answer?.ok) break;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const further = page.querySelector('a[rel="next"]')?.getAttribute("href");
    if (page.querySelector(".mention") || !further) {
      location.replace(next);
      break;
    }
    looked.textContent = page.querySelector(".looked").textContent;
    next = new URL(further, next).href;
  }
}
