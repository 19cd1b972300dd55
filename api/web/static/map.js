// The map is whole without this, which only lets it be looked at closer.
const card = document.querySelector(".map-card");
const field = card?.querySelector(".field");
const map = card?.querySelector(".map");
const labels = [...(card?.querySelectorAll(".labels text") ?? [])].map((text) => ({
  text,
  x: parseFloat(text.getAttribute("x")),
  y: parseFloat(text.getAttribute("y")),
}));
const WIDTH = 2000;
const HEIGHT = 1400;
const CLOSEST = 24;
const view = { x: 0, y: 0, zoom: 1 };

function draw() {
  const [width, height] = [WIDTH / view.zoom, HEIGHT / view.zoom];
  view.x = Math.min(Math.max(view.x, 0), WIDTH - width);
  view.y = Math.min(Math.max(view.y, 0), HEIGHT - height);
  field.setAttribute("viewBox", `${view.x} ${view.y} ${width} ${height}`);
  for (const { text, x, y } of labels) {
    text.setAttribute("x", `${(x - (100 * view.x) / WIDTH) * view.zoom}%`);
    text.setAttribute("y", `${(y - (100 * view.y) / HEIGHT) * view.zoom}%`);
  }
  map.classList.toggle("near", view.zoom > 1);
}

// Around a place in the map that stays where it is; x and y in shares of what is seen.
function zoom(by, x = 0.5, y = 0.5) {
  const zoomed = Math.min(Math.max(view.zoom * by, 1), CLOSEST);
  view.x += x * WIDTH * (1 / view.zoom - 1 / zoomed);
  view.y += y * HEIGHT * (1 / view.zoom - 1 / zoomed);
  view.zoom = zoomed;
  draw();
}

function move(dx, dy) {
  view.x -= (dx * WIDTH) / view.zoom;
  view.y -= (dy * HEIGHT) / view.zoom;
  draw();
}

function within(event) {
  const box = map.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, box];
}

function light(segment) {
  map.classList.toggle("lit", segment !== null);
  for (const group of field.querySelectorAll("g")) {
    group.classList.toggle("on", group.dataset.segment === segment);
  }
}

// A large map comes with some of its dots, so that it is seen at once; the others follow.
async function rest() {
  const response = await fetch(field.dataset.rest, { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  for (const region of (await response.json()).regions) {
    const group = field.querySelector(`g[data-segment="${region.segment_id}"]`);
    for (const [name, d] of [["strays", region.noise], ["dots", region.members]]) {
      const path = group?.querySelector(`path.${name}`);
      if (path && d) path.setAttribute("d", d);
    }
  }
  const drawn = card.querySelector(".drawn");
  if (drawn) drawn.textContent = drawn.dataset.all;
}

if (field?.dataset.rest) rest().catch(() => {});

if (field) {
  const tools = card.querySelector(".map-tools");
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const by = event.target.dataset?.zoom;
    if (by === "0") Object.assign(view, { x: 0, y: 0, zoom: 1 });
    if (by !== undefined) zoom(Number(by) || 1);
  });

  // Turning the wheel scrolls the page, unless it is told to zoom.
  map.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const [x, y] = within(event);
      zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y);
    },
    { passive: false },
  );

  let held = null;
  map.addEventListener("pointerdown", (event) => {
    if (view.zoom > 1 && event.button === 0 && !event.target.closest("a")) held = event;
  });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = map.getBoundingClientRect();
    move((event.clientX - held.clientX) / box.width, (event.clientY - held.clientY) / box.height);
    held = event;
  });
  for (const name of ["pointerup", "pointercancel"]) {
    window.addEventListener(name, () => (held = null));
  }

  for (const link of card.querySelectorAll(".labels a")) {
    for (const name of ["pointerenter", "focus"]) {
      link.addEventListener(name, () => light(link.dataset.segment));
    }
    for (const name of ["pointerleave", "blur"]) link.addEventListener(name, () => light(null));
  }
}
