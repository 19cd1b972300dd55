// The API for the modules of the pages: JSON both ways, the token sent along, refusals as errors.

export class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || "The server did not answer as expected.");
    this.status = status;
    this.problem = problem;
  }
}

// randomUUID is there over https and on this machine alone.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export async function call(method, address, body, { version, once = true } = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  if (method !== "GET" && once) headers["Idempotency-Key"] = newKey();
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refusal({ detail: "The server cannot be reached. What you typed is kept; try again." }, 0);
  }
  if (answer.status === 401) {
    throw new Refusal({ detail: "You are signed out. Sign in again in another tab, then try again." }, 401);
  }
  const text = await answer.text();
  const told = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refusal(told ?? {}, answer.status);
  return told;
}

// Tell it to everybody, those who listen too: in the place that the frame has for it.
export function tell(text, { bad = false, undo } = {}) {
  let place = document.querySelector(".flash");
  if (!place) {
    place = document.createElement("div");
    place.setAttribute("role", "status");
    document.querySelector("main").prepend(place);
  }
  place.className = bad ? "flash bad" : "flash";
  const said = document.createElement("p");
  said.textContent = text;
  place.replaceChildren(said);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.addEventListener("click", undo, { once: true });
    place.append(button);
  }
}
