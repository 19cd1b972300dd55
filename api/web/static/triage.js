// The queue by keyboard and without loading the page again. Everything here works by forms too.
import { Refusal, call, tell } from "./api.js";

const desk = document.querySelector(".desk");
const { root, api, me } = desk.dataset;
const may = desk.dataset.may === "1";
const here = desk.dataset.here;
const queue = document.getElementById("queue");
const pane = document.getElementById("pane");
const told = document.getElementById("told");
const sheet = document.getElementById("keys");
const done = []; // what was done on this page, the last at the end
const drafts = new Map(); // what was typed for a case and not sent

let current = null; // { id, version }
let loading = 0;
let waiting = Promise.resolve();

const rows = () => [...queue.querySelectorAll("li.case")];
const rowOf = (id) => queue.querySelector(`li.case[data-id="${id}"]`);
const say = (text) => { told.textContent = text; };

function known(id, version) {
  const row = rowOf(id);
  if (row) {
    row.dataset.version = version;
    const box = row.querySelector("input[type=checkbox]");
    if (box) box.value = `${id}:${version}`;
  }
  if (current?.id === id) current.version = Math.max(current.version, version);
}

// The case that is looked at.

function typedIn() {
  const kept = {};
  for (const field of pane.querySelectorAll("textarea")) if (field.value) kept[field.id] = field.value;
  return kept;
}

function keepDraft() {
  const open = pane.querySelector(".case-open");
  if (open) drafts.set(Number(open.dataset.case), typedIn());
}

async function show(id, { focus = false, keep = false, conflict = "" } = {}) {
  const active = keep && pane.contains(document.activeElement) ? document.activeElement.id : "";
  const row = rowOf(id);
  current = { id, version: Number(row?.dataset.version ?? 0) };
  for (const one of queue.querySelectorAll("a.row[aria-current]")) one.removeAttribute("aria-current");
  row?.querySelector("a.row").setAttribute("aria-current", "true");
  if (focus) row?.querySelector("a.row").focus();
  const asked = ++loading;
  const answer = await fetch(`${root}/cases/${id}?${here}`);
  if (asked !== loading) return;
  keepDraft();
  if (!answer.ok) {
    pane.textContent = answer.status === 404 ? "This case is gone." : "The case cannot be shown: load the page again.";
    return;
  }
  pane.innerHTML = await answer.text(); // escaped by the server, like every page
  const open = pane.querySelector(".case-open");
  known(id, Number(open.dataset.version));
  current.version = Number(open.dataset.version);
  for (const [name, value] of Object.entries(drafts.get(id) ?? {})) {
    const field = pane.querySelector(`#${name}`);
    if (field) field.value = value;
  }
  if (active) pane.querySelector(`#${active}`)?.focus();
  if (conflict) {
    const place = pane.querySelector(".conflict");
    place.hidden = false;
    const text = document.createElement("p");
    text.textContent = conflict;
    place.replaceChildren(text);
  }
  const address = new URL(location.href);
  address.searchParams.set("case", id);
  history.replaceState(null, "", address);
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => Number(row.dataset.id) === current?.id);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  describe(next);
  desk.classList.add("chosen");
  show(Number(next.dataset.id), { focus: true });
}

function describe(row, before = "") {
  const all = rows();
  const text = row.querySelector(".row-head").textContent.replace(/\s+/g, " ").trim();
  say(`${before} Case ${all.indexOf(row) + 1} of ${all.length}: ${text}`.trim());
}

// The list.

let refreshing = 0;
function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(refresh, 250);
}

async function refresh() {
  const address = new URL(location.href);
  address.searchParams.delete("case");
  const answer = await fetch(address);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // As it is by now: some were ticked while this was on its way.
  const ticked = new Set(ticks().map((box) => box.value.split(":")[0]));
  const held = document.activeElement?.closest?.("li.case")?.dataset.id;
  for (const name of ["queue", "states"]) {
    const fresh = page.getElementById(name);
    if (fresh) document.getElementById(name).replaceChildren(...fresh.childNodes);
  }
  for (const one of queue.querySelectorAll("a.row[aria-current]")) one.removeAttribute("aria-current");
  if (current) rowOf(current.id)?.querySelector("a.row").setAttribute("aria-current", "true");
  for (const id of ticked) {
    const box = rowOf(id)?.querySelector("input[type=checkbox]");
    if (box) box.checked = true;
  }
  if (held) rowOf(held)?.querySelector("a.row").focus();
  countTicks();
}

const ticks = () => [...queue.querySelectorAll("input[type=checkbox]:checked")];
function countTicks() {
  const place = document.querySelector(".count-chosen");
  const count = ticks().length;
  if (place) place.textContent = count ? `${count} ticked:` : "Ticked cases:";
  document.getElementById("bulk")?.classList.toggle("some", count > 0);
}

// What is done.

const PAST = {
  close: "closed", pending: "set to pending", open: "opened again", snooze: "snoozed", take: "taken",
  assign: "assigned", priority: "given another priority", star: "starred", unstar: "no longer starred",
  check: "checked", uncheck: "no longer checked", answer: "answered", note: "noted",
};
const anHour = () => new Date(Date.now() + 3600e3).toISOString();
const MANY = {
  close: () => ({ status: "closed" }),
  pending: () => ({ status: "pending" }),
  snooze: () => ({ status: "snoozed", until: document.querySelector("#bulk [name=until]").value || anHour() }),
  take: () => ({ owner: "me" }),
};
const many = (count) => `${count} case${count === 1 ? "" : "s"}`;
const others = (refused) => (refused.length ? ` ${refused.length} not: ${refused[0].error}` : "");

function corrected(sentiment, status) {
  return `set to ${sentiment === "none" ? "what the model says" : sentiment}${status === "closed" ? ", and so closed" : ""}`;
}

function request(what, form) {
  const value = (name) => form?.elements[name]?.value ?? pane.querySelector(`form[data-do="${what}"] [name="${name}"]`)?.value ?? "";
  const change = (body) => ["PATCH", "", body, true];
  switch (what) {
    case "close": return change({ status: "closed" });
    case "pending": return change({ status: "pending" });
    case "open": return change({ status: "open" });
    case "snooze": return change({ status: "snoozed", until: value("until") || anHour() });
    case "take": return change({ owner: "me" });
    case "assign": return change({ owner: value("owner") || null });
    case "priority": return change({ priority: value("priority") });
    case "star": case "unstar": return change({ starred: what === "star" });
    case "check": case "uncheck": return change({ checked: what === "check" });
    case "note": return ["POST", "/notes", { text: value("note") }, false];
    case "answer": return ["POST", "/answer", { text: value("text"), then: value("then") || null, group: form.elements.group?.checked ?? false }, true];
  }
  return null;
}

// One after the other, however fast the keys are.
function act(what, { form, sentiment } = {}) {
  waiting = waiting.then(() => perform(what, form, sentiment)).catch((error) => tell(String(error.message ?? error), { bad: true }));
  return waiting;
}

async function perform(what, form, sentiment) {
  if (!may) {
    tell("You may look at cases, not work on them.", { bad: true });
    return;
  }
  if (!current) return;
  const { id, version } = current;
  const [method, path, body, versioned] = what === "override"
    ? ["POST", "/override", { sentiment: sentiment === "none" ? null : sentiment }, true]
    : request(what, form);
  let answer;
  try {
    answer = await call(method, `${api}/cases/${id}${path}`, body, versioned ? { version } : {});
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 409) throw error;
    // What the other did is shown; what was typed stays.
    await show(id, { keep: true, conflict: error.message });
    refreshSoon();
    return;
  }
  if (versioned && answer.version === version) {
    tell(`Case ${id}: nothing changed, it was so already.`);
    return;
  }
  const refused = (answer?.results ?? []).filter((one) => one.error);
  const past = what === "override" ? corrected(sentiment, answer.status) : PAST[what];
  const sent = form?.querySelector("textarea");
  if (sent && !refused.length) sent.value = "";
  done.push({ id, batch: answer?.results?.length > 1 ? answer.batch : null });
  for (const one of answer?.results ?? []) if (one.version) known(one.case_id, one.version);
  if (answer?.version) known(id, answer.version);
  const count = answer?.results?.length > 1 ? many(answer.done) : `Case ${id}`;
  tell(`${count} ${past}.${others(refused)}`, { bad: refused.length > 0, undo: () => takeBack() });
  const status = answer?.status ?? (what === "answer" ? body.then : null);
  const tab = new URLSearchParams(location.search).get("status") ?? "open";
  const row = rowOf(id);
  if (row && status && tab !== "all" && status !== tab) {
    const all = rows();
    const next = all[all.indexOf(row) + 1] ?? all[all.indexOf(row) - 1];
    row.remove();
    refreshSoon();
    if (next) {
      describe(next, `Case ${id} ${past}.`);
      await show(Number(next.dataset.id), { focus: true });
    } else {
      current = null;
      pane.textContent = "Nothing is left here.";
      say(`Case ${id} ${past}. Nothing is left here.`);
      queue.querySelector("a")?.focus();
    }
    return;
  }
  say(`Case ${id} ${past}.`);
  refreshSoon();
  await show(id, { keep: true });
}

// The same to all that are ticked.
function actOnTicked(what) {
  waiting = waiting.then(async () => {
    const items = ticks().map((box) => box.value.split(":").map(Number)).map(([id, version]) => ({ id, version }));
    const answer = await call("POST", `${api}/cases/bulk`, { items, ...MANY[what]() });
    const went = answer.results.filter((one) => !one.error);
    const refused = answer.results.filter((one) => one.error);
    if (went.length) done.push({ id: went[0].case_id, batch: answer.batch, count: went.length });
    const text = `${many(went.length)} ${PAST[what]}.${others(refused)}`;
    tell(text, { bad: refused.length > 0, undo: went.length ? () => takeBack() : undefined });
    say(text);
    for (const box of ticks()) box.checked = false;
    await refresh();
    const next = rowOf(current?.id) ?? rows()[0];
    if (next) await show(Number(next.dataset.id), { focus: true });
    else pane.textContent = "Nothing is left here.";
  }).catch((error) => tell(String(error.message ?? error), { bad: true }));
}

// What was done last on this page; of one case, whatever its history has last.
function takeBack(own = null) {
  waiting = waiting.then(async () => {
    const last = own ? { id: own, batch: null } : done.pop();
    if (!last) {
      tell("Nothing was done since this page was loaded. What was done to a case before is taken back below it.");
      return;
    }
    if (last.batch) await call("POST", `${api}/cases/bulk/undo`, { batch: last.batch });
    else await call("POST", `${api}/cases/${last.id}/undo`);
    tell(last.count ? `Taken back for ${many(last.count)}.` : `Case ${last.id}: taken back.`);
    await refresh();
    await show(last.id, { focus: true });
  }).catch((error) => tell(String(error.message ?? error), { bad: true }));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const what = form.dataset?.do;
  if (!what || !pane.contains(form)) return;
  event.preventDefault();
  if (what === "undo") takeBack(current?.id);
  else if (what === "override") act(what, { sentiment: event.submitter?.value });
  else act(what, { form });
});

queue.addEventListener("click", (event) => {
  const link = event.target.closest("a.row");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  desk.classList.add("chosen");
  show(Number(link.closest("li").dataset.id)).then(() => pane.querySelector("#case-title")?.focus());
});
queue.addEventListener("change", countTicks);
pane.addEventListener("click", (event) => {
  if (!event.target.closest(".back a")) return;
  event.preventDefault();
  desk.classList.remove("chosen");
  rowOf(current?.id)?.querySelector("a.row").focus();
});
pane.addEventListener("change", (event) => {
  const fills = event.target.dataset?.fills;
  if (!fills || !event.target.value) return;
  const field = pane.querySelector(`#${fills}`);
  field.value = event.target.value;
  event.target.value = "";
  field.focus();
});

// Keys.

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => pane.querySelector(".original a.out")?.click(),
  p: () => actOnThese("pending"),
  s: () => actOnThese("snooze"),
  c: () => actOnThese("close"),
  a: () => actOnThese("take"),
  e: () => pane.querySelector(".sentiment button")?.focus(),
  1: () => act("override", { sentiment: "negative" }),
  2: () => act("override", { sentiment: "neutral" }),
  3: () => act("override", { sentiment: "positive" }),
  0: () => act("override", { sentiment: "none" }),
  r: () => pane.querySelector("#answer")?.focus(),
  n: () => pane.querySelector("#note")?.focus(),
  z: () => takeBack(),
  x: () => {
    const box = rowOf(current?.id)?.querySelector("input[type=checkbox]");
    if (!box) return;
    box.checked = !box.checked;
    countTicks();
    say(box.checked ? "Ticked." : "Not ticked.");
  },
  "/": () => {
    document.querySelector(".narrow").open = true;
    document.getElementById("text").focus();
  },
  "?": () => sheet.showModal(),
};

const actOnThese = (what) => (may && ticks().length ? actOnTicked(what) : act(what));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || sheet.open) return;
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (field) {
    if (event.key === "Escape") {
      field.blur();
      rowOf(current?.id)?.querySelector("a.row").focus();
    }
    return;
  }
  const does = KEYS[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

// What others do.

let stream = null;
let heard = desk.dataset.change; // the last change that is known here; what came after it is told
function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource(`${api}/events?after=${heard}`);
  for (const kind of ["ready", "change", "reset"]) {
    stream.addEventListener(kind, (event) => { heard = event.lastEventId || heard; });
  }
  stream.addEventListener("change", (event) => {
    const { noun, id, version, by } = JSON.parse(event.data);
    if (noun !== "case") return;
    if (id && id === current?.id && version > current.version) {
      if (by !== me) say(`${by} changed this case.`);
      waiting = waiting.then(() => current?.id === id && version > current.version ? show(id, { keep: true }) : null);
    }
    if (!id || Number(rowOf(id)?.dataset.version ?? 0) !== version) refreshSoon();
  });
  stream.addEventListener("reset", () => {
    refreshSoon();
    if (current) waiting = waiting.then(() => show(current.id, { keep: true }));
  });
  stream.addEventListener("over", () => {
    stream.close();
    tell("You are signed out. Sign in again to go on.", { bad: true });
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else {
    listen();
    refreshSoon();
  }
});

// Whoever leaves the page loses what was typed: the browser asks.
window.addEventListener("beforeunload", (event) => {
  keepDraft();
  if ([...drafts.values()].some((typed) => Object.keys(typed).length)) event.preventDefault();
});

const first = pane.querySelector(".case-open");
if (first) current = { id: Number(first.dataset.case), version: Number(first.dataset.version) };
desk.classList.add("live");
countTicks();
listen();
