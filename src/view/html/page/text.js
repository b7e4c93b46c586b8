// Text of numbers, times and bytes, and elements. Whatever comes from the data reaches the page as textContent.

const numbers = new Intl.NumberFormat("en-US");
const percent = new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 2 });

const number = (value) => (value === null || value === undefined ? "–" : numbers.format(value));

/** `1 connection`, `2 connections`. */
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Share of a whole; what is not quite all is never shown as all. */
function share(part, whole) {
  if (whole === 0) return "–";
  const ratio = part / whole;
  return percent.format(part < whole ? Math.min(ratio, 0.9999) : ratio);
}

/** `12.4 MiB`. */
function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}

/** `1.25 ms` of nanoseconds. */
function duration(ns) {
  if (ns === null || Number.isNaN(ns)) return "–";
  if (ns === 0) return "0 s";
  const units = [[86400e9, "d"], [3600e9, "h"], [60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const [length, name] = units.find(([length]) => ns >= length) ?? [1, "ns"];
  const value = ns / length;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${name}`;
}

/** `2023-11-14 22:13:20` and as many digits of a second as asked for. */
function moment(seconds, nanoseconds, digits) {
  if (Number.isNaN(seconds)) return "–";
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
  return digits ? `${whole}.${String(nanoseconds).padStart(9, "0").slice(0, digits)}` : whole;
}

/** ISO 8601 with nine digits, for people. */
const spoken = (iso) => (iso ? iso.replace("T", " ").replace("Z", "") : "–");

/** An element. Attributes are ours; strings among the children become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);

/** A table of few rows. Columns are `[name, class, cell(row)]`; a cell is text or an element. */
function plainTable(caption, columns, rows, note) {
  const head = el("tr", {}, ...columns.map(([name, kind]) => el("th", { scope: "col", class: kind }, name)));
  const body = rows.map((row) => el("tr", {}, ...columns.map(([, kind, cell]) => el("td", { class: kind }, cell(row)))));
  const table = el("table", {}, el("thead", {}, head), el("tbody", {}, ...body));
  const title = el("h3", {}, caption, note ? el("small", {}, note) : null);
  return el("div", { class: "plain" }, title, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table));
}

/** Says of how many these are the first. */
const outOf = (list, which) => (list.rows.length < list.all ? `the ${number(list.rows.length)} ${which} of ${number(list.all)}` : number(list.all));
