// A query is tried while it is typed: what it matches, and what each clause holds for.
import { call, Refusal } from "/static/api.js";

const WAIT = 450; // milliseconds after the last key

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Places are counted in characters as Python does; emoji are two of JavaScript's.
function marked(text, spans) {
  const made = element("p", "text");
  made.dir = "auto";
  const characters = Array.from(text);
  let at = 0;
  for (const [start, end] of spans) {
    if (start >= 600) break;
    made.append(characters.slice(at, start).join(""), element("mark", "", characters.slice(start, end).join("")));
    at = end;
  }
  made.append(characters.slice(at, Math.max(at, 600)).join(""), characters.length > 600 ? " …" : "");
  return made;
}

function clauses(found) {
  const table = element("table", "list compact clauses");
  const head = table.createTHead().insertRow();
  for (const [text, kind] of [["Clause", ""], ["Posts", "r"]]) {
    const cell = element("th", kind, text);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const one of found) {
    const row = body.insertRow();
    if (one.held === 0) row.className = "never";
    const cell = element("th", `depth-${Math.min(one.depth, 6)}`);
    cell.scope = "row";
    cell.append(element("code", "", one.text.slice(0, 300)));
    row.append(cell, element("td", "r num", one.held.toLocaleString("en")));
  }
  return table;
}

function show(place, found) {
  const said = element("p");
  const own = found.own ? `, ${found.own} of them by the brand's own accounts, which are no mentions` : "";
  said.append(element("b", "", found.matched.toLocaleString("en")), ` of the last ${found.posts.toLocaleString("en")} posts match${own}. `);
  const parts = [said];
  if (found.clauses.length > 1) parts.push(clauses(found.clauses));
  const list = element("ol", "hits");
  for (const hit of found.hits.slice(0, 10)) {
    const row = element("li");
    const facts = element("p", "facts");
    facts.append(element("bdi", "", hit.author), element("span", "", hit.source), element("span", "", hit.published_at.slice(0, 16).replace("T", " ")));
    if (hit.own) facts.append(element("span", "tag", "own account"));
    row.append(facts, marked(hit.text, hit.spans));
    list.append(row);
  }
  parts.push(list);
  place.replaceChildren(...parts);
}

for (const form of document.querySelectorAll("form[data-query-test]")) {
  const query = form.querySelector('[name="query"]');
  const place = form.querySelector(".tested");
  let timer = 0;
  let asked = 0;
  query.addEventListener("input", () => {
    clearTimeout(timer);
    place.classList.add("stale");
    timer = setTimeout(async () => {
      const mine = ++asked;
      const text = query.value.trim();
      if (!text) {
        place.replaceChildren();
        return;
      }
      const body = { query: text };
      if (form.dataset.brand) body.brand_id = Number(form.dataset.brand);
      let failed = null;
      let found = null;
      try {
        found = await call("POST", "/api/v1/query/test", body, { once: false });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        failed = error;
      }
      if (mine !== asked) return; // another one was typed meanwhile
      place.classList.remove("stale");
      query.toggleAttribute("aria-invalid", false);
      if (failed === null) {
        show(place, found);
        return;
      }
      query.setAttribute("aria-invalid", "true");
      const column = failed.problem.column;
      const told = element("pre", "told bad", failed.message);
      if (column) told.dataset.column = column;
      place.replaceChildren(told);
    }, WAIT);
  });
}
