"use strict";
// The state of the page is in its address, so that a view can be kept and sent: #query=…&cause=…&sort=…&down=1
const body = document.querySelector("#rows tbody");
const rows = [...body.rows].map((row, place) => ({ row, place, text: row.textContent.toLowerCase(),
  causes: row.dataset.causes.split("|") }));
const headers = [...document.querySelectorAll("#rows th[data-column]")];
const filters = [...document.querySelectorAll("button[data-cause]")];
const query = document.querySelector("#query");
const shown = document.querySelector("#shown");

function state() {
  return new URLSearchParams(location.hash.slice(1));
}

function change(name, value) {
  const next = state();
  if (value) next.set(name, value); else next.delete(name);
  history.replaceState(null, "", "#" + next);
  apply();
}

function cell(entry, column) {
  const value = entry.row.cells[column].dataset.value ?? entry.row.cells[column].textContent;
  return value === "" ? null : isNaN(value) ? value : Number(value);
}

function compare(a, b, column, sign) {
  const [x, y] = [cell(a, column), cell(b, column)];
  if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;  // the empty ones last
  const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
  return sign * order || a.place - b.place;
}

function apply() {
  const now = state();
  const words = (now.get("query") ?? "").toLowerCase();
  const cause = now.get("cause");
  const column = headers.findIndex(header => header.dataset.column === now.get("sort"));
  const sign = now.get("down") ? -1 : 1;
  let count = 0;
  for (const entry of rows) {
    const visible = entry.text.includes(words) && (!cause || entry.causes.includes(cause));
    entry.row.hidden = !visible;
    count += visible;
  }
  const index = column < 0 ? -1 : headers[column].cellIndex;
  const ordered = index < 0 ? rows : [...rows].sort((a, b) => compare(a, b, index, sign));
  body.append(...ordered.map(entry => entry.row));
  headers.forEach((header, i) => {
    header.setAttribute("aria-sort", i !== column ? "none" : sign > 0 ? "ascending" : "descending");
  });
  for (const filter of filters) filter.setAttribute("aria-pressed", filter.dataset.cause === cause);
  if (query.value.toLowerCase() !== words) query.value = now.get("query") ?? "";
  shown.textContent = `${count} of ${rows.length} rows shown`;
}

query.addEventListener("input", () => change("query", query.value));
for (const filter of filters) {
  filter.addEventListener("click", () => {
    change("cause", state().get("cause") === filter.dataset.cause ? "" : filter.dataset.cause);
  });
}
for (const header of headers) {
  header.querySelector("button").addEventListener("click", () => {
    const now = state();
    const same = now.get("sort") === header.dataset.column;
    if (same && now.get("down")) { now.delete("down"); now.delete("sort"); }
    else if (same) now.set("down", "1");
    else { now.set("sort", header.dataset.column); now.delete("down"); }
    history.replaceState(null, "", "#" + now);
    apply();
  });
}
addEventListener("hashchange", apply);
apply();
