// The page of `molvae explore`. Everything that comes from a molecule is set as text or as an attribute, never as markup.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
// viridis, which everyone can read whatever their colour vision
const COLOURS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const dark = matchMedia("(prefers-color-scheme: dark)");
const $ = (id) => document.getElementById(id);
const state = { atlas: null, chosen: null, moved: null, steps: {}, basket: [], view: null, marks: [] };

// ---- asking the server ----

async function ask(path, query = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`);
  const found = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error ?? `the server answered ${answer.status}`);
  return found;
}

// One question of a kind at a time: a later one makes the answer to an earlier one void.
const asked = {};
async function latest(kind, work) {
  const mine = (asked[kind] = (asked[kind] ?? 0) + 1);
  say("Computing …");
  try {
    const found = await work();
    if (mine !== asked[kind]) return null;
    say(summary());
    return found;
  } catch (error) {
    if (mine === asked[kind]) say(error.message, true);
    return null;
  }
}

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

function summary() {
  const refused = state.atlas.refused ? `, ${state.atlas.refused} refused` : "";
  return `${state.atlas.points.length.toLocaleString("en")} molecules${refused}; model ${state.atlas.model}`;
}

// ---- making elements ----

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function drawn(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function picture(smiles, width = 200, height = 150) {
  const query = new URLSearchParams({ smiles, width, height, dark: dark.matches ? 1 : 0 });
  return make("img", { src: `/draw.svg?${query}`, alt: smiles, width, height, loading: "lazy" });
}

function number(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(3)));
}

function properties(molecule) {
  const list = make("dl");
  for (const [name, label] of Object.entries(state.atlas.properties)) {
    list.append(make("dt", {}, label), make("dd", {}, number(molecule.properties[name])));
  }
  return list;
}

function card(molecule, title, { full = false } = {}) {
  if (!molecule) return make("div", { class: "card" }, make("h3", {}, title), "no molecule here");
  const image = picture(molecule.smiles);
  image.addEventListener("click", () => choose(molecule.smiles));
  image.title = "choose";
  return make("div", { class: "card", "data-smiles": molecule.smiles },
    make("h3", {}, title), image, full ? properties(molecule) : "", make("code", {}, molecule.smiles),
    make("div", { class: "acts" },
      make("button", { type: "button", onclick: () => choose(molecule.smiles) }, "Choose"),
      make("button", { type: "button", onclick: () => take(molecule) }, "Take")));
}

// ---- the map ----

function bounds() {
  const xs = state.atlas.points.map((point) => point.x), ys = state.atlas.points.map((point) => point.y);
  const low = [Math.min(...xs), Math.min(...ys)], high = [Math.max(...xs), Math.max(...ys)];
  return { low, span: [high[0] - low[0] || 1, high[1] - low[1] || 1] };
}

function onMap(place) {
  const { low, span } = state.bounds;
  return [40 + 920 * (place.x - low[0]) / span[0], 720 - 680 * (place.y - low[1]) / span[1]];
}

function shade(share) {
  const at = Math.min(Math.max(share, 0), 1) * (COLOURS.length - 1), left = Math.min(Math.floor(at), COLOURS.length - 2);
  const mixed = COLOURS[left].map((c, i) => Math.round(c + (at - left) * (COLOURS[left + 1][i] - c)));
  return `rgb(${mixed.join(",")})`;
}

function colour() {
  const name = $("colour").value;
  const sorted = state.atlas.points.map((point) => point.properties[name]).sort((a, b) => a - b);
  // One odd molecule must not take all the colours.
  const low = sorted[Math.floor(0.01 * sorted.length)], high = sorted[Math.ceil(0.99 * sorted.length) - 1];
  state.dots.forEach((dot, row) => {
    dot.setAttribute("fill", shade((state.atlas.points[row].properties[name] - low) / (high - low || 1)));
  });
  const strip = drawn("svg", { width: 120, height: 12 });
  for (let i = 0; i < 24; i++) strip.append(drawn("rect", { x: 5 * i, width: 5, height: 12, fill: shade(i / 23) }));
  $("legend").replaceChildren(number(low), strip, number(high));
}

function look(view) {
  state.view = view;
  $("map").setAttribute("viewBox", view.join(" "));
  const size = view[2] / 1000;  // dots keep their size on the screen
  for (const dot of state.dots) dot.setAttribute("r", 4.5 * size);
  mark(size);
}

function mark(size = state.view[2] / 1000) {
  for (const old of state.marks) old.remove();
  state.marks = [];
  const add = (element) => { state.marks.push(element); $("map").append(element); };
  const ring = (place, kind, radius) => {
    const [cx, cy] = onMap(place);
    add(drawn("circle", { cx, cy, r: radius * size, class: kind, "stroke-width": 3 * size, "pointer-events": "none" }));
  };
  if (state.path) {
    const corners = state.path.filter((step) => step.molecule).map((step) => onMap(step.molecule).join(","));
    add(drawn("polyline", { points: corners.join(" "), class: "way", "stroke-width": 2 * size, "pointer-events": "none" }));
    const last = state.path[state.path.length - 1].molecule;
    if (last) ring(last, "there", 10);
  }
  if (state.chosen) ring(state.chosen, "here", 10);
  if (state.moved) ring(state.moved, "here", 5);
}

function drawMap() {
  state.bounds = bounds();
  state.dots = state.atlas.points.map((point, row) => {
    const [cx, cy] = onMap(point);
    return drawn("circle", { class: "dot", cx, cy, r: 4.5, "data-row": row });
  });
  $("map").replaceChildren(...state.dots);
  colour();
  look([0, 0, 1000, 760]);
}

function tip(event) {
  const row = event.target.dataset?.row;
  $("tip").hidden = row === undefined;
  if (row === undefined) return;
  const point = state.atlas.points[row], value = number(point.properties[$("colour").value]);
  if ($("tip").dataset.row !== row) {
    const label = state.atlas.properties[$("colour").value];
    $("tip").replaceChildren(picture(point.smiles, 180, 120), ...(point.name ? [make("b", {}, point.name), make("br")] : []),
      `${label} ${value}`, make("br"), make("code", {}, point.smiles));
    $("tip").dataset.row = row;
  }
  $("tip").style.left = `${Math.min(event.clientX + 14, innerWidth - 240)}px`;
  $("tip").style.top = `${Math.min(event.clientY + 14, innerHeight - 220)}px`;
}

function inMap(event) {
  const box = $("map").getBoundingClientRect(), [x, y, width, height] = state.view;
  return [x + width * (event.clientX - box.left) / box.width, y + height * (event.clientY - box.top) / box.height];
}

function handleMap() {
  const map = $("map");
  let drag = null, travelled = 0;
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y, width] = state.view, [px, py] = inMap(event);
    const next = Math.min(Math.max(width * Math.exp(0.0015 * event.deltaY), 15), 1500), scale = next / width;
    look([px - (px - x) * scale, py - (py - y) * scale, next, 0.76 * next]);
  }, { passive: false });
  map.addEventListener("pointerdown", (event) => { drag = inMap(event); travelled = 0; });
  map.addEventListener("pointermove", (event) => {
    if (!drag || event.buttons !== 1) { drag = null; tip(event); return; }
    const [px, py] = inMap(event);
    travelled += Math.abs(event.movementX) + Math.abs(event.movementY);
    look([state.view[0] + drag[0] - px, state.view[1] + drag[1] - py, state.view[2], state.view[3]]);
  });
  map.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  map.addEventListener("click", (event) => {
    drag = null;
    const row = event.target.dataset?.row;
    if (row === undefined || travelled > 6) return;
    const { smiles } = state.atlas.points[row];
    if (event.shiftKey) { $("end").value = smiles; walk(); } else choose(smiles);
  });
}

// ---- one molecule ----

async function choose(smiles) {
  const found = await latest("choose", () => ask("/api/molecule", { smiles }));
  if (!found) return;
  Object.assign(state, { chosen: found, moved: null, steps: {}, path: null });
  $("smiles").value = found.smiles;
  $("path").replaceChildren();
  $("neighbours").replaceChildren();
  const similar = found.similar.map(({ row, similarity }) => {
    const point = state.atlas.points[row];
    return card(point, `${similarity.toFixed(2)} ${point.name}`);
  });
  $("similar").replaceChildren(...similar);
  for (const slider of document.querySelectorAll("#sliders input")) slider.value = 0;
  for (const shown of document.querySelectorAll("#sliders output")) shown.textContent = "0 σ";
  remember();
  await move();
}

async function move() {
  if (!state.chosen) return say("Choose a molecule first: click one, or type its SMILES.", true);
  const found = await latest("move", () => ask("/api/move", { smiles: state.chosen.smiles, ...state.steps }));
  if (!found) return;
  state.moved = found.molecule;
  const still = Object.values(state.steps).every((step) => step === 0);
  const same = found.molecule?.smiles === state.chosen.smiles;
  const title = still ? (same ? "comes back unchanged" : "what the model gives back") : "moved";
  $("chosen").replaceChildren(card(state.chosen, "chosen", { full: true }), card(found.molecule, title, { full: true }));
  mark();
}

function makeSliders() {
  for (const name of state.atlas.directions) {
    const shown = make("output", {}, "0 σ");
    const slider = make("input", { type: "range", min: -4, max: 4, step: 0.25, value: 0, id: `slide-${name}` });
    let waiting = 0;
    slider.addEventListener("input", () => {
      state.steps[name] = Number(slider.value);
      shown.textContent = `${state.steps[name] > 0 ? "+" : ""}${state.steps[name]} σ`;
      clearTimeout(waiting);
      waiting = setTimeout(move, 120);
    });
    const label = make("label", { for: `slide-${name}` }, state.atlas.properties[name]);
    $("sliders").append(make("div", { class: "slider" }, label, slider, shown));
  }
}

async function neighbours() {
  if (!state.chosen) return say("Choose a molecule first: click one, or type its SMILES.", true);
  const query = { smiles: state.chosen.smiles, similarity: $("similarity").value, n: 8, seed: Date.now() % 2 ** 31 };
  const found = await latest("near", () => ask("/api/neighbors", query));
  if (!found) return;
  const cards = found.molecules.map((molecule) => card(molecule, molecule.similarity.toFixed(2)));
  $("neighbours").replaceChildren(...(cards.length ? cards : ["none found"]));
}

async function walk() {
  if (!state.chosen) return say("Choose the start first: click a molecule, or type its SMILES.", true);
  const query = { start: state.chosen.smiles, end: $("end").value, n: $("count").value };
  const found = await latest("path", () => ask("/api/path", query));
  if (!found) return;
  state.path = found.steps;
  $("path").replaceChildren(...found.steps.map((step, i) => {
    const at = (i / (found.steps.length - 1)).toFixed(2);
    return card(step.molecule, step.molecule ? `${at}: ${step.to_start.toFixed(2)} | ${step.to_end.toFixed(2)}` : at);
  }));
  mark();
  remember();
}

// ---- what is taken along ----

function take(molecule) {
  if (!state.basket.some(({ smiles }) => smiles === molecule.smiles)) state.basket.push(molecule);
  showBasket();
}

function showBasket() {
  $("number").textContent = state.basket.length ? `(${state.basket.length})` : "";
  $("download").disabled = $("empty").disabled = !state.basket.length;
  $("basket").replaceChildren(...state.basket.map((molecule) => {
    const shown = card(molecule, "");
    const drop = make("button", { type: "button", onclick: () => {
      state.basket = state.basket.filter((other) => other !== molecule);
      showBasket();
    } }, "Drop");
    shown.querySelector(".acts").lastChild.replaceWith(drop);
    return shown;
  }));
}

function download() {
  const text = state.basket.map(({ smiles }) => `${smiles}\n`).join("");
  const url = URL.createObjectURL(new Blob([text], { type: "chemical/x-daylight-smiles" }));
  make("a", { href: url, download: "molvae.smi" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// ---- the address keeps the molecule and the end of the path, so that a reload shows them again ----

function remember() {
  const kept = { smiles: state.chosen.smiles, ...(state.path ? { end: $("end").value } : {}) };
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
}

async function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  if (!kept.get("smiles")) return;
  const end = kept.get("end");
  await choose(kept.get("smiles"));
  if (end && state.chosen) { $("end").value = end; await walk(); }
}

async function begin() {
  try {
    state.atlas = await ask("/api/atlas");
  } catch (error) {
    return say(error.message, true);
  }
  for (const [name, label] of Object.entries(state.atlas.properties)) $("colour").append(make("option", { value: name }, label));
  drawMap();
  makeSliders();
  handleMap();
  say(summary());
  const on = (id, event, work) => $(id).addEventListener(event, (happened) => { happened.preventDefault(); work(); });
  on("type", "submit", () => choose($("smiles").value));
  on("near", "submit", neighbours);
  on("to", "submit", walk);
  on("similarity", "input", () => { $("asked").textContent = Number($("similarity").value).toFixed(2); });
  on("colour", "change", colour);
  on("whole", "click", () => look([0, 0, 1000, 760]));
  on("reset", "click", () => choose(state.chosen?.smiles ?? ""));
  on("download", "click", download);
  on("empty", "click", () => { state.basket = []; showBasket(); });
  dark.addEventListener("change", () => location.reload());  // molecules are drawn for one ground
  await recall();
  document.body.dataset.ready = "yes";
}

begin();
