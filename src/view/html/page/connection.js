// One connection: what is known of it, and the beginnings of its two sides as text and as hexadecimal digits.

const STATES = {
  S0: "SYN seen, no answer", S1: "opened, not closed", SF: "opened and closed in order", REJ: "refused", S2: "originator closed, no answer",
  S3: "responder closed, no answer", RSTO: "originator reset it", RSTR: "responder reset it", RSTOS0: "SYN, then a reset of the originator",
  RSTRH: "SYN/ACK, then a reset of the responder", SH: "SYN, then FIN of the originator, no answer", SHR: "SYN/ACK, then FIN of the responder, no SYN",
  OTH: "no SYN seen",
};

// characters that move or turn others: controls, separators of lines, directions of text
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]/g;

class Dialog {
  constructor(data, overview, transactions, grid) {
    Object.assign(this, { data, overview, transactions, grid, element: byId("dialog"), style: "text" });
    byId("close").addEventListener("click", () => this.element.close());
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
    this.element.addEventListener("close", () => this.closed());
    this.places = new Map(Array.from(data.id, (id, i) => [id, i]));
  }

  /** Opens a connection by its number. */
  openId(id) {
    const i = this.places.get(id);
    if (i !== undefined) this.open(i);
  }

  open(i) {
    this.shown = i;
    const id = this.data.id[i];
    byId("dialog-title").textContent = `Connection ${id}`;
    byId("dialog-body").replaceChildren(this.ends(i), this.facts(i), ...this.strange(id), ...this.requests(id), ...this.sides(i));
    byId("dialog-body").scrollTop = 0;
    const at = this.place();
    byId("previous").disabled = at <= 0;
    byId("next").disabled = at < 0 || at >= this.grid.rows.length - 1;
    if (!this.element.open) this.element.showModal();
    byId("dialog-title").focus();
    history.replaceState(null, "", `#connection-${id}`);
  }

  closed() {
    history.replaceState(null, "", location.pathname + location.search);
    const at = this.place();
    if (at >= 0) this.grid.move(at);
  }

  place() {
    return this.grid.rows.indexOf(this.shown);
  }

  step(by) {
    const row = this.grid.rows[this.place() + by];
    if (row !== undefined) this.open(row);
  }

  ends(i) {
    const arrow = el("span", { class: "arrow", "aria-label": "to" }, "→");
    const ends = [el("span", { class: "orig" }, origin(this.data, i)), " ", arrow, " ", el("span", { class: "resp" }, responder(this.data, i))];
    return el("p", { class: "ends" }, ...ends, " ", el("small", {}, [this.data.protocols[i], this.data.carried.list[this.data.carries[i]]].filter(Boolean).join(", ")));
  }

  facts(i) {
    const { data } = this;
    const state = data.states.list[data.state[i]];
    const facts = [
      ["Began", moment(data.seconds[i], data.nanoseconds[i], 9)],
      ["Lasted", duration(data.duration[i])],
      ["State", STATES[state] ? `${state}: ${STATES[state]}` : state],
      ["History", data.histories[i] || "–"],
      ["Frames", `${number(data.origPackets[i])} and ${number(data.respPackets[i])}`],
      ["Stored", `${counted(data.origBytes[i], "byte")} and ${number(data.respBytes[i])}`],
      ["In gaps", data.gaps[i] && counted(data.gaps[i], "byte")],
      ["Missing at the ends", data.tails[i] && counted(data.tails[i], "byte")],
      ["Sent again", data.again[i] && counted(data.again[i], "byte")],
      ["VLAN", data.vlans[i]],
      ["Tunnel", data.tunnels[i]],
    ].filter(([, value]) => value);
    return el("dl", { class: "facts" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  /** Anomalies and conflicts that are on the page and about this connection. */
  strange(id) {
    const own = (list) => list.rows.filter((row) => row.connection === id);
    const anomalies = own(this.overview.anomalies).map(({ what }) => `${what.kind}: ${what.detail}${what.count > 1 ? ` (${number(what.count)} times)` : ""}`);
    const conflicts = own(this.overview.conflicts).map(({ what, flow }) => `conflict of ${counted(what.length, "byte")} at offset ${number(what.offset)} of flow ${flow}: frame ${what.kept[0]} kept, frame ${what.lost[0]} lost`);
    const lines = [...anomalies, ...conflicts];
    return lines.length ? [el("ul", { class: "strange" }, ...lines.map((line) => el("li", {}, line)))] : [];
  }

  requests(id) {
    const own = this.transactions.rows.filter((row) => row.connection === id);
    const lines = own.slice(0, 20).map((row) => el("li", {}, `${row.method ?? "?"} ${row.host ?? ""}${row.uri ?? ""} → ${row.status ?? "no answer"}`));
    const more = own.length > 20 ? [el("li", {}, `and ${number(own.length - 20)} more`)] : [];
    return lines.length ? [el("ul", { class: "requests" }, ...lines, ...more)] : [];
  }

  sides(i) {
    const id = this.data.id[i];
    const command = el("p", { class: "hint" }, "All of it: ", el("code", {}, `flowcase show CASE ${id}`));
    if (this.data.origBytes[i] + this.data.respBytes[i] === 0) return [el("p", { class: "empty" }, "Neither side sent payload.")];
    const excerpts = excerptsOf(id);
    if (!excerpts) return [el("p", { class: "empty" }, "The payload of this connection is not on the page, which would have grown too long."), command];
    this.panes = [0, 1].map((side) => this.pane(side, excerpts.find((excerpt) => excerpt.side === side)));
    const choice = el("fieldset", { class: "choice" }, el("legend", {}, "Payload as"), this.radio("text", "Text"), this.radio("hex", "Hex"));
    this.write();
    return [el("div", { class: "bar" }, choice, command), el("div", { class: "panes" }, ...this.panes.map((pane) => pane.element))];
  }

  radio(value, name) {
    const input = el("input", { type: "radio", name: "style", value, checked: this.style === value, onchange: () => {
      this.style = value;
      this.write();
    } });
    return el("label", {}, input, name);
  }

  pane(side, excerpt) {
    const kind = ["orig", "resp"][side];
    const title = el("h3", { class: kind }, ["Originator", "Responder"][side]);
    const body = el("pre", { tabindex: "0", role: "region", "aria-label": `Payload of the ${["originator", "responder"][side]}` });
    if (!excerpt) return { element: el("section", { class: `pane ${kind}` }, title, el("p", { class: "empty" }, "No payload.")) };
    const bytes = decoded(excerpt.bytes);
    const part = excerpt.parts > 1 ? `, the first of ${excerpt.parts} parts` : "";
    const whole = bytes.length < excerpt.length ? `the first ${number(bytes.length)} of ${counted(excerpt.length, "byte")}` : counted(excerpt.length, "byte");
    const about = el("p", { class: "about" }, `flow ${excerpt.flow}: ${whole}${part}`, el("code", {}, excerpt.path), excerpt.sha256 ? el("code", {}, `SHA-256 ${excerpt.sha256}`) : null);
    const element = el("section", { class: `pane ${kind}` }, title, about, body);
    return { element, body, bytes, gaps: excerpt.gaps, unreadable: excerpt.unreadable };
  }

  /** Writes the payload into both panes. */
  write() {
    for (const { body, bytes, gaps, unreadable } of this.panes) {
      if (!body) continue;
      if (unreadable) body.replaceChildren(`The payload file could not be read: ${unreadable}`);
      else body.replaceChildren(...(this.style === "hex" ? asHex(bytes, gaps) : asText(bytes, gaps)));
    }
  }
}

/** Stretches of the excerpt, captured or missing, in order. */
function stretches(bytes, gaps) {
  const all = [];
  let at = 0;
  for (const [offset, length] of gaps) {
    if (offset > at) all.push({ from: at, to: offset, missing: 0 });
    all.push({ from: offset, to: Math.min(bytes.length, offset + length), missing: length });
    at = offset + length;
  }
  if (at < bytes.length) all.push({ from: at, to: bytes.length, missing: 0 });
  return all;
}

function asText(bytes, gaps) {
  const decoder = new TextDecoder();
  return stretches(bytes, gaps).flatMap(({ from, to, missing }) => {
    if (missing) return [el("span", { class: "missing" }, `${counted(missing, "byte")} never captured`)];
    const text = decoder.decode(bytes.subarray(from, to)).replaceAll("\r\n", "\n");
    return dimmed(text);
  });
}

/** Text whose harmful characters are dots. */
function dimmed(text) {
  const out = [];
  let at = 0;
  for (const { index, 0: found } of text.matchAll(new RegExp(`(?:${HARMFUL.source})+`, "g"))) {
    out.push(text.slice(at, index), el("span", { class: "dots" }, "·".repeat(found.length)));
    at = index + found.length;
  }
  return [...out, text.slice(at)];
}

function asHex(bytes, gaps) {
  const width = matchMedia("(max-width: 46rem)").matches ? 8 : 16;
  const missing = new Uint8Array(bytes.length);
  for (const [offset, length] of gaps) missing.fill(1, offset, offset + length);
  const lines = [];
  for (let at = 0; at < bytes.length; at += width) {
    const row = Array.from(bytes.subarray(at, at + width), (byte, i) => (missing[at + i] ? null : byte));
    const digits = row.map((byte, i) => (i === 8 ? " " : "") + (byte === null ? "--" : byte.toString(16).padStart(2, "0"))).join(" ");
    const text = row.map((byte) => (byte === null ? " " : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(el("span", { class: "offset" }, at.toString(16).padStart(6, "0")), `  ${digits.padEnd(width * 3 + (width > 8 ? 1 : 0))} `, el("span", { class: "ascii" }, `${text}\n`));
  }
  return lines;
}
