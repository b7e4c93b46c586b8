// A table of any length: only the rows one sees are elements. A grid to assistive technology; one row is in the tab order.

const PRINTED = 200;
const SPARE = 8;

class Grid {
  /** Columns are `{name, class, cell(element, row), sort}`; rows are numbers that `cell` and `open` understand. */
  constructor(label, kind, columns, open) {
    Object.assign(this, { columns, open, rows: new Uint32Array(0), active: 0, shown: new Map(), free: [] });
    this.head = el("div", { class: "row head", role: "row", "aria-rowindex": "1" });
    this.space = el("div", { class: "space", role: "rowgroup" });
    this.view = el("div", { class: `view ${kind}`, tabindex: "-1" }, this.head, this.space);
    this.empty = el("p", { class: "empty", hidden: true }, "Nothing matches.");
    this.printed = el("p", { class: "hint print-only" });
    this.element = el("div", { class: "grid", role: "grid", "aria-label": label, "aria-colcount": columns.length }, this.view, this.empty, this.printed);
    this.makeHead();
    this.view.addEventListener("scroll", () => this.later(), { passive: true });
    this.space.addEventListener("keydown", (event) => this.key(event));
    this.space.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.later()).observe(this.view);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  makeHead() {
    this.columns.forEach((column, at) => {
      const cell = el("span", { role: "columnheader", class: `cell ${column.class}`, "aria-colindex": at + 1 });
      if (column.sort) cell.append(el("button", { type: "button", onclick: () => this.onsort?.(at) }, column.name));
      else cell.append(column.name);
      this.head.append(cell);
    });
  }

  /** Marks the column the rows are sorted by. */
  sorted(at, descending) {
    [...this.head.children].forEach((cell, i) => {
      if (i === at) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  /** Shows these rows, from the first one on. */
  show(rows) {
    this.rows = rows;
    this.active = 0;
    this.element.setAttribute("aria-rowcount", rows.length + 1);
    this.empty.hidden = rows.length > 0;
    this.space.replaceChildren();
    this.free.push(...this.shown.values());
    this.shown.clear();
    this.view.scrollTop = 0;
    this.draw();
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  get height() {
    return parseFloat(getComputedStyle(this.view).getPropertyValue("--row")) || 32;
  }

  draw() {
    if (this.printing) return;
    const height = this.height;
    this.space.style.height = `${this.rows.length * height}px`;
    const first = Math.max(0, Math.floor(this.view.scrollTop / height) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((this.view.scrollTop + this.view.clientHeight) / height) + SPARE);
    for (const [at, element] of this.shown) {
      // the active row stays, so that it keeps the focus
      if ((at < first || at >= last) && at !== this.active) {
        element.remove();
        this.shown.delete(at);
        this.free.push(element);
      }
    }
    for (let at = first; at < last; at += 1) this.place(at, height);
    if (this.active < this.rows.length) this.place(this.active, height);
  }

  place(at, height) {
    let element = this.shown.get(at);
    if (!element) {
      element = this.free.pop() ?? this.blank();
      this.fill(element, at);
      this.shown.set(at, element);
      this.space.append(element);
    }
    element.style.transform = `translateY(${at * height}px)`;
    element.tabIndex = at === this.active ? 0 : -1;
  }

  blank() {
    const cells = this.columns.map((column, at) => el("span", { role: "gridcell", class: `cell ${column.class}`, "aria-colindex": at + 1 }));
    return el("div", { class: "row", role: "row" }, ...cells);
  }

  fill(element, at) {
    element.dataset.at = at;
    element.setAttribute("aria-rowindex", at + 2);
    this.columns.forEach((column, i) => column.cell(element.children[i], this.rows[at]));
  }

  click(event) {
    const element = event.target.closest(".row");
    if (!element || getSelection()?.toString()) return;
    this.move(Number(element.dataset.at));
    this.open(this.rows[this.active], this.active);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.view.clientHeight / this.height) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      this.move(Math.min(this.rows.length - 1, Math.max(0, this.active + steps[event.key])));
    } else if (event.key === "Enter" || event.key === " ") {
      this.open(this.rows[this.active], this.active);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Makes a row the active one: in sight, and focused. */
  move(at) {
    this.active = at;
    const height = this.height;
    const room = this.view.clientHeight - this.head.offsetHeight;
    if (at * height < this.view.scrollTop) this.view.scrollTop = at * height;
    else if ((at + 1) * height > this.view.scrollTop + room) this.view.scrollTop = (at + 1) * height - room;
    this.draw();
    this.shown.get(at)?.focus({ preventScroll: true });
  }

  /** On paper the first rows follow each other, whatever is in sight. */
  print(begins) {
    this.printing = begins;
    this.element.classList.toggle("printing", begins);
    if (!begins) return this.show(this.rows);
    const many = Math.min(this.rows.length, PRINTED);
    const rows = Array.from({ length: many }, (_, at) => {
      const element = this.blank();
      this.fill(element, at);
      return element;
    });
    this.shown.clear();
    this.space.style.height = "auto";
    this.space.replaceChildren(...rows);
    this.printed.textContent = many < this.rows.length ? `Printed: the first ${number(many)} of ${number(this.rows.length)} rows.` : "";
  }
}

/** Rows in the order of a column's key; equals in the order of their numbers. */
function sortRows(rows, key, descending) {
  const sign = descending ? -1 : 1;
  const keys = Float64Array.from(rows, key);
  const order = Uint32Array.from(rows.keys());
  // what has no value comes last, either way
  order.sort((a, b) => {
    const [x, y] = [keys[a], keys[b]];
    if (x === y) return rows[a] - rows[b];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || rows[a] - rows[b];
    return (x < y ? -1 : 1) * sign;
  });
  return order.map((at) => rows[at]);
}
