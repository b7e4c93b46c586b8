// The timeline: all connections of the case in equal stretches of time, those that fit the filter in front of them, and a
// range one selects by dragging, or with the arrow keys on its two handles, and may zoom into.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100;

class Timeline {
  constructor(timeline, data, onrange) {
    const seconds = (moment) => (moment ? moment[0] + moment[1] / 1e9 : 0);
    this.whole = { first: seconds(timeline.first), width: Math.max(seconds(timeline.last) - seconds(timeline.first), 1e-6), all: timeline.bins };
    Object.assign(this, this.whole, { count: timeline.bins.length, data, onrange, metric: 0, range: null, front: [] });
    this.build();
  }

  build() {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${this.count} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.paths = ["all", "front"].map((kind) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", kind);
      svg.append(path);
      return path;
    });
    this.window = el("div", { class: "window", hidden: true });
    this.handles = [0, 1].map((side) => this.handle(side));
    const plot = byId("timeline");
    plot.append(svg, this.window, ...this.handles);
    plot.addEventListener("pointerdown", (event) => this.press(event, plot));
    byId("zoom").addEventListener("click", () => this.zoom());
    byId("whole").addEventListener("click", () => this.reset());
    byId("timeline-metric").addEventListener("change", (event) => {
      this.metric = Number(event.target.value);
      this.draw();
    });
  }

  handle(side) {
    const name = side === 0 ? "Begin of the selected time" : "End of the selected time";
    const attributes = { class: "handle", role: "slider", tabindex: "0", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": this.count };
    return el("div", { ...attributes, onkeydown: (event) => this.key(event, side) });
  }

  /** The stretch a connection begins in; outside of what is shown a number that is none. */
  bin(i) {
    const seconds = this.data.seconds[i] + this.data.nanoseconds[i] / 1e9 - this.first;
    return seconds === this.width ? this.count - 1 : Math.floor((seconds / this.width) * this.count);
  }

  /** Shows the selected time alone, with the connections of the table. */
  zoom() {
    const [from, to] = this.range;
    const step = this.width / this.count;
    Object.assign(this, { first: this.first + from * step, width: Math.max((to - from) * step, 1e-6), range: null });
    this.all = this.binned(this.data.id.keys());
    this.zoomed = true;
    this.onrange(true);
  }

  /** Shows all of the time, and selects nothing. */
  reset() {
    Object.assign(this, this.whole, { range: null, zoomed: false });
    this.onrange(true);
  }

  press(event, plot) {
    if (event.button !== 0) return;
    const box = plot.getBoundingClientRect();
    const at = (move) => Math.min(this.count, Math.max(0, ((move.clientX - box.left) / box.width) * this.count));
    const begin = at(event);
    const [low, high] = this.range ?? [];
    const near = (edge) => edge !== undefined && Math.abs(edge - begin) * box.width < 10 * this.count;
    const anchor = near(low) ? high : near(high) ? low : begin;
    plot.setPointerCapture(event.pointerId);
    const drag = (move) => {
      const now = at(move);
      if (Math.abs(now - anchor) * box.width > 3 * this.count) {
        this.set([Math.floor(Math.min(anchor, now)), Math.ceil(Math.max(anchor, now))]);
      }
    };
    const release = (move) => {
      plot.removeEventListener("pointermove", drag);
      plot.removeEventListener("pointerup", release);
      plot.removeEventListener("pointercancel", release);
      if (Math.abs(at(move) - begin) * box.width <= 3 * this.count && anchor === begin) this.set(null);
    };
    plot.addEventListener("pointermove", drag);
    plot.addEventListener("pointerup", release);
    plot.addEventListener("pointercancel", release);
  }

  key(event, side) {
    const step = event.shiftKey ? 10 : 1;
    const steps = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -20, PageUp: 20, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") this.set(null);
    else if (event.key in steps) {
      const range = [...(this.range ?? [0, this.count])];
      const bounds = side === 0 ? [0, range[1] - 1] : [range[0] + 1, this.count];
      range[side] = Math.min(bounds[1], Math.max(bounds[0], range[side] + steps[event.key]));
      this.set(range);
    } else return;
    event.preventDefault();
  }

  /** Selects stretches from the first to before the second, or nothing. */
  set(range) {
    const whole = range && range[0] <= 0 && range[1] >= this.count;
    this.range = whole ? null : range;
    this.drawRange();
    this.onrange(false);
  }

  /** The question the selected time asks of a connection. */
  question() {
    if (!this.range && !this.zoomed) return null;
    const [from, to] = this.range ?? [0, this.count];
    return (i) => {
      const bin = this.bin(i);
      return bin >= from && bin < to;
    };
  }

  /** Shows the connections `rows` in front of all. */
  show(rows) {
    this.front = this.binned(rows);
    this.draw();
  }

  /** How many of these connections begin in each stretch, and how many bytes they have. */
  binned(rows) {
    const bins = Array.from({ length: this.count }, () => [0, 0]);
    for (const i of rows) {
      const bin = bins[this.bin(i)];
      if (!bin) continue;
      bin[0] += 1;
      bin[1] += this.data.origBytes[i] + this.data.respBytes[i];
    }
    return bins;
  }

  draw() {
    const values = this.all.map((bin) => bin[this.metric]);
    const peak = Math.max(1, ...values);
    this.paths[0].setAttribute("d", steps(values, peak));
    this.paths[1].setAttribute("d", steps(this.front.map((bin) => bin[this.metric]), peak));
    const most = this.metric ? size(peak) : counted(peak, "connection");
    const title = `at most ${most} in ${duration((this.width / this.count) * 1e9)}`;
    byId("timeline-title").textContent = values.some(Boolean) ? `Timeline: ${title}` : "Timeline: nothing has a time";
    this.drawRange();
  }

  drawRange() {
    const range = this.range ?? [0, this.count];
    this.window.hidden = !this.range;
    byId("zoom").hidden = !this.range;
    byId("whole").hidden = !this.range && !this.zoomed;
    this.window.style.left = `${(range[0] / this.count) * 100}%`;
    this.window.style.width = `${((range[1] - range[0]) / this.count) * 100}%`;
    this.handles.forEach((handle, side) => {
      handle.style.left = `${(range[side] / this.count) * 100}%`;
      handle.setAttribute("aria-valuenow", range[side]);
      handle.setAttribute("aria-valuetext", this.text(range[side]));
    });
    const middle = this.range ? `selected: ${this.text(range[0])} to ${this.text(range[1])}` : "";
    byId("timeline-axis").replaceChildren(el("span", {}, this.text(0)), el("span", { class: "selected" }, middle), el("span", {}, this.text(this.count)));
  }

  /** The moment at the beginning of a stretch. */
  text(bin) {
    const seconds = this.first + (bin / this.count) * this.width;
    const whole = Math.floor(seconds);
    return moment(whole, Math.floor((seconds - whole) * 1e9), this.width < 600 ? 3 : 0);
  }
}

/** The outline of bars; none that is there is too low to be seen. */
function steps(values, peak) {
  const top = (value) => (value === 0 ? HEIGHT : HEIGHT - Math.max(2, (value / peak) * (HEIGHT - 4)));
  return `M0 ${HEIGHT}${values.map((value, at) => `V${top(value).toFixed(2)}H${at + 1}`).join("")}V${HEIGHT}Z`;
}
