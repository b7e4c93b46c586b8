// HTTP transactions with the pictures among them, and what else scanners found.

function showTransactions(transactions, open) {
  const place = byId("http");
  const { rows, all } = transactions;
  if (!all) {
    place.append(el("p", { class: "empty" }, "No HTTP transactions are recorded in this case."));
    return;
  }
  const pictures = block("pictures");
  const texts = rows.map((row) => [row.method, row.host, row.uri, row.status, row.kind, row.user_agent].join(" ").toLowerCase());
  const ranks = (key) => {
    const known = new Texts();
    const at = rows.map((row) => known.add(key(row) ?? ""));
    const order = known.ranks((text) => text);
    return (i) => order[at[i]];
  };
  const text = (name, kind, value) => ({ name, class: kind, cell: (cell, i) => { cell.textContent = value(rows[i]); }, sort: ranks(value) });
  const columns = [
    { name: "", class: "c-picture", cell: (cell, i) => showPicture(cell, pictures[rows[i].picture], rows[i]) },
    text("Time", "c-time", (row) => spoken(row.time).slice(0, 23)),
    text("Method", "c-method", (row) => row.method ?? "–"),
    text("Address", "c-uri", (row) => (row.host ?? "") + (row.uri ?? "")),
    { ...text("Status", "c-status", (row) => (row.status === null ? "–" : String(row.status))), sort: (i) => rows[i].status ?? NaN },
    text("Type", "c-kind", (row) => row.kind ?? "–"),
    { name: "Body", class: "c-body number", cell: (cell, i) => { cell.textContent = size(rows[i].bytes[1]) + (rows[i].complete ? "" : " ⚠"); }, sort: (i) => rows[i].bytes[1] ?? NaN },
  ];
  const grid = new Grid("HTTP transactions", "http", columns, (i) => open(rows[i].connection));
  const state = { text: "", pictures: false, at: 1, descending: false };
  const count = el("p", { class: "count", role: "status", "aria-live": "polite" });
  const update = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [...rows.keys()].filter((i) => words.every((word) => texts[i].includes(word)) && (!state.pictures || rows[i].picture !== null));
    grid.show(sortRows(Uint32Array.from(wanted), columns[state.at].sort, state.descending));
    grid.sorted(state.at, state.descending);
    count.textContent = `${number(wanted.length)} of ${counted(rows.length, "transaction")}${rows.length < all ? `; the case has ${number(all)}` : ""}`;
  };
  grid.onsort = (at) => {
    Object.assign(state, { at, descending: state.at === at && !state.descending });
    update();
  };
  const input = el("input", { type: "search", id: "http-filter", autocomplete: "off", spellcheck: "false", placeholder: "image/png example.org 200", oninput: (event) => { state.text = event.target.value; update(); } });
  const only = el("input", { type: "checkbox", onchange: (event) => { state.pictures = event.target.checked; update(); } });
  const form = el("form", { class: "filters", role: "search", "aria-label": "Filter HTTP transactions", onsubmit: (event) => event.preventDefault() },
    el("label", { class: "wide" }, el("span", { class: "label" }, "Filter"), input), el("label", { class: "check" }, only, "with a picture"));
  place.append(form, count, grid.element);
  update();
}

function showPicture(cell, address, row) {
  if (!address) return cell.replaceChildren();
  const image = el("img", { alt: `Picture sent for ${row.uri ?? "?"}`, loading: "lazy", decoding: "async" });
  image.src = address;
  return cell.replaceChildren(image);
}

function showFindings(findings, open) {
  const place = byId("findings");
  if (!findings.all) {
    place.append(el("p", { class: "empty" }, "No other findings are recorded in this case."));
    return;
  }
  place.append(plainTable("Kinds of finding", [
    ["Scanner", "name", ([scanner]) => scanner],
    ["Kind", "name", ([, kind]) => el("code", {}, kind)],
    ["Findings", "number", ([, , count]) => number(count)],
  ], findings.kinds));
  place.append(plainTable("Findings", [
    ["Connection", "number", ({ connection }) => (connection === null ? "–" : el("button", { type: "button", class: "link", onclick: () => open(connection) }, String(connection)))],
    ["Time", "time", ({ time }) => spoken(time).slice(0, 23)],
    ["Scanner", "name", ({ scanner }) => scanner],
    ["Kind", "name", ({ kind }) => el("code", {}, kind)],
    ["Value", "path", ({ value }) => value ?? ""],
    ["More", "path", ({ data }) => (data && data !== "{}" ? data : "")],
  ], findings.rows, outOf({ rows: findings.rows, all: findings.all }, "first")));
}
