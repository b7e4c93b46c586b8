// Puts the page together, and keeps timeline, filter and table of connections in step.

const overview = block("overview");
const transactions = block("transactions");
const data = readConnections(block("connections"));
const state = { text: "", state: "", gaps: false, odd: false, sort: 1, descending: false };

/** As much of a time as tells the rows apart. */
const clock = (() => {
  const [first, last] = [overview.timeline.first?.[0] ?? 0, overview.timeline.last?.[0] ?? 0];
  const skipped = first - (first % 86400) === last - (last % 86400) ? 11 : 0;
  return (i) => moment(data.seconds[i], data.nanoseconds[i], skipped ? 6 : 3).slice(skipped);
})();

const ranked = (texts, key) => {
  let ranks;
  return (at) => (ranks ??= texts.ranks(key))[at];
};
const addressRank = ranked(data.addresses, addressKey);
const carriesRank = ranked(data.carried, (text) => text || "\uffff");
const stateRank = ranked(data.states, (text) => text);
const written = (name, kind, text, sort) => ({ name, class: kind, cell: (cell, i) => { cell.textContent = text(i); }, sort });

const columns = [
  written("#", "c-id number", (i) => String(data.id[i]), (i) => data.id[i]),
  written("Began", "c-time", clock, (i) => i),
  written("Lasted", "c-lasted number", (i) => duration(data.duration[i]), (i) => data.duration[i]),
  written("Originator", "c-orig", (i) => origin(data, i), (i) => addressRank(data.orig[i]) * 65536 + data.origPort[i]),
  written("Responder", "c-resp", (i) => responder(data, i), (i) => addressRank(data.resp[i]) * 65536 + data.respPort[i]),
  written("Protocol", "c-carries", (i) => data.carried.list[data.carries[i]] || data.protocols[i], (i) => carriesRank(data.carries[i])),
  written("State", "c-state", (i) => data.states.list[data.state[i]], (i) => stateRank(data.state[i])),
  written("Sent", "c-sent number", (i) => size(data.origBytes[i]), (i) => data.origBytes[i]),
  written("Received", "c-received number", (i) => size(data.respBytes[i]), (i) => data.respBytes[i]),
  { name: "Notes", class: "c-notes", cell: showNotes, sort: (i) => 4 * data.conflicts[i] + 2 * data.anomalies[i] + (data.gaps[i] + data.tails[i] > 0) },
];
// connections are numbered in the order of their first frames, but what was ingested later may be earlier
columns[1].sort = (() => {
  const order = Array.from({ length: data.length }, (_, i) => i);
  const time = (i) => (Number.isNaN(data.seconds[i]) ? Infinity : data.seconds[i]);
  const inOrder = order.every((i) => i === 0 || time(i - 1) < time(i) || (time(i - 1) === time(i) && data.nanoseconds[i - 1] <= data.nanoseconds[i]));
  if (inOrder) return (i) => i;
  order.sort((a, b) => time(a) - time(b) || data.nanoseconds[a] - data.nanoseconds[b] || a - b);
  const ranks = new Uint32Array(data.length);
  order.forEach((i, rank) => { ranks[i] = rank; });
  return (i) => ranks[i];
})();

function showNotes(cell, i) {
  const notes = [
    [data.gaps[i] > 0, "gap", `${counted(data.gaps[i], "byte")} in gaps`],
    [data.tails[i] > 0, "cut", `${counted(data.tails[i], "byte")} missing at the ends`],
    [data.conflicts[i] > 0, "conflict", counted(data.conflicts[i], "conflict")],
    [data.anomalies[i] > 0, "anomaly", `anomalies of ${counted(data.anomalies[i], "kind")}`],
  ];
  cell.replaceChildren(...notes.filter(([there]) => there).map(([, name, title]) => el("span", { class: `note ${name}`, title }, name)));
}

const grid = new Grid("Connections", "connections", columns, (i) => dialog.open(i));
const dialog = new Dialog(data, overview, transactions, grid);
const timeline = new Timeline(overview.timeline, data, (all) => update(all));

/** Asks again; unless only the time changed, also for the timeline. */
function update(all = true) {
  const asked = questions(data, state);
  if (all || !state.fitting) {
    state.fitting = asked.length ? select(data, asked) : Uint32Array.from({ length: data.length }, (_, i) => i);
    timeline.show(state.fitting);
  }
  const inTime = timeline.question();
  const rows = inTime ? state.fitting.filter(inTime) : state.fitting;
  grid.show(sortRows(rows, columns[state.sort].sort, state.descending));
  grid.sorted(state.sort, state.descending);
  byId("sort").value = `${state.sort} ${state.descending}`;
  const bytes = rows.reduce((sum, i) => sum + data.origBytes[i] + data.respBytes[i], 0);
  byId("count").textContent = `${number(rows.length)} of ${counted(data.length, "connection")}, ${size(bytes)}`;
}

grid.onsort = (at) => {
  // the first click on a number asks for the largest
  const again = state.sort === at;
  const descending = again ? !state.descending : columns[at].class.includes("number") && at !== 0;
  Object.assign(state, { sort: at, descending });
  update(false);
};

function filterBy(text) {
  byId("filter").value = text;
  state.text = text;
  update();
  byId("connections-section").scrollIntoView();
  byId("filter").focus({ preventScroll: true });
}

function listen() {
  let typed;
  byId("filter").addEventListener("input", (event) => {
    clearTimeout(typed);
    state.text = event.target.value;
    typed = setTimeout(update, 60);
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filter-state").addEventListener("change", (event) => { state.state = event.target.value; update(); });
  byId("filter-gaps").addEventListener("change", (event) => { state.gaps = event.target.checked; update(); });
  byId("filter-odd").addEventListener("change", (event) => { state.odd = event.target.checked; update(); });
  byId("sort").addEventListener("change", (event) => {
    const [at, descending] = event.target.value.split(" ");
    Object.assign(state, { sort: Number(at), descending: descending === "true" });
    update(false);
  });
  byId("clear").addEventListener("click", () => {
    byId("filters").reset();
    Object.assign(state, { text: "", state: "", gaps: false, odd: false });
    timeline.reset();
  });
  addEventListener("hashchange", openFromHash);
}

/** `#connection-17` opens connection 17. */
function openFromHash() {
  const id = /^#connection-(\d+)$/.exec(location.hash)?.[1];
  if (id) dialog.openId(Number(id));
}

/** Says what of the case is not on the page. */
function showBounds() {
  const left = overview.totals.connections - data.length;
  const last = Number([...document.querySelectorAll("script.excerpts")].at(-1)?.dataset.last ?? 0);
  const silent = data.id.filter((id, i) => id > last && data.origBytes[i] + data.respBytes[i] > 0).length;
  const said = [
    left > 0 && `This page lists the ${number(data.length)} connections with most bytes; ${number(left)} are left out of the table. The timeline, hosts, ports and sums count all of them.`,
    silent > 0 && `Payload is shown of connections up to number ${number(last)}; of ${counted(silent, "later one")} it is left out.`,
  ].filter(Boolean);
  byId("bounds").hidden = said.length === 0;
  byId("bounds").textContent = said.join(" ");
}

byId("connections-table").append(grid.element);
byId("filter-state").append(...[...data.states.list].sort().map((name) => el("option", { value: name }, STATES[name] ? `${name}: ${STATES[name]}` : name)));
byId("sort").append(...columns.flatMap(({ name }, at) => [el("option", { value: `${at} false` }, `${name} ↑`), el("option", { value: `${at} true` }, `${name} ↓`)]));
showSummary(overview);
showBounds();
listen();
update();
showTransactions(transactions, (id) => dialog.openId(id));
showFindings(block("findings"), (id) => dialog.openId(id));
showShares(overview, filterBy);
showCoverage(overview);
showStrange(overview, (id) => dialog.openId(id));
openFromHash();
performance.mark("ready");
document.documentElement.dataset.ready = "true";
