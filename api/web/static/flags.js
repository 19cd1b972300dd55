// Lists of flagged authors: tick all, count what is ticked, tell that somebody else was here.
import { tell } from "./api.js";

const form = document.querySelector("form.ticking");
const all = form?.querySelector(".tick-all");
const said = form?.querySelector(".chosen");
const boxes = form ? [...form.querySelectorAll('tbody input[name="author"]')] : [];

function count() {
  const ticked = boxes.filter((box) => box.checked).length;
  if (said) said.textContent = ticked ? `${ticked} chosen` : "Tick authors to work on them.";
  if (all) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}

if (form && all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  let last = null;
  for (const [place, box] of boxes.entries()) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last !== null) {
        const [from, to] = [Math.min(last, place), Math.max(last, place)];
        for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      }
      last = place;
      count();
    });
  }
  form.addEventListener("submit", (event) => {
    if (!boxes.some((box) => box.checked)) {
      event.preventDefault();
      said.textContent = "Tick at least one author first.";
      boxes[0]?.focus();
    }
  });
  count();
}

// Sent without its reason or note a form would come back without the ticks.
document.addEventListener("submit", (event) => {
  const field = event.submitter?.closest(".pop")?.querySelector('[name="reason"], [name="note"]');
  if (!field || event.defaultPrevented || field.value.trim()) return;
  event.preventDefault();
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
  const asked = field.name === "reason" ? "Say a reason first: why is this wrong?" : "Write the note first.";
  if (said) said.textContent = asked;
  else tell(asked);
  field.focus();
});

// One pop-up at a time; Escape closes it and gives the focus back.
document.addEventListener("toggle", (event) => {
  const opened = event.target;
  if (!opened.matches?.("details.more") || !opened.open || opened.closest(".filters")) return;
  for (const other of document.querySelectorAll("details.more[open]")) {
    if (other !== opened && !other.closest(".filters")) other.open = false;
  }
  opened.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const opened = document.activeElement?.closest("details.more[open]");
  if (opened) {
    opened.open = false;
    opened.querySelector("summary").focus();
  }
});

// Enter in the reason dismisses; without this it would confirm, the first button of the form.
for (const field of document.querySelectorAll(".pop input:not([type=checkbox])")) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const button = field.closest(".pop").querySelector("button");
    if (button?.form?.method === "post") {
      event.preventDefault();
      button.click();
    }
  });
}

const place = document.querySelector("[data-brand][data-me]");
if (place && "EventSource" in window) {
  const told = new EventSource(`/api/v1/brands/${place.dataset.brand}/events?after=${place.dataset.change}`);
  told.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    if (change.noun !== "flag" || change.by === place.dataset.me) return;
    tell(`${change.by ?? "Somebody"} worked on this list meanwhile: load the page again to see it.`);
  });
  window.addEventListener("pagehide", () => told.close());
}
