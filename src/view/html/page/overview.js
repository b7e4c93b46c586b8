// What stands around the connections: sums, coverage, captures, hosts, ports, and what is strange.

function showSummary(overview) {
  const { totals, captures } = overview;
  byId("lede").textContent = `${counted(totals.connections, "connection")} in ${counted(totals.captures, "capture")}${spanned(totals)}.`;
  const lasted = overview.timeline.first ? (overview.timeline.last[0] - overview.timeline.first[0]) * 1e9 + overview.timeline.last[1] - overview.timeline.first[1] : NaN;
  const anomalies = overview.anomaly_kinds.reduce((sum, { count }) => sum + count, 0);
  const broken = captures.rows.filter(({ status }) => status !== "complete").length;
  const figures = [
    ["Connections", number(totals.connections), totals.open_connections ? `${number(totals.open_connections)} may go on` : "none may go on"],
    ["Payload stored", size(totals.stored_bytes), `${counted(totals.flows, "flow")} with payload`],
    ["Time", duration(lasted), "first to last frame used"],
    ["Hosts", number(overview.hosts.all), counted(overview.services.all, "port") + " served"],
    ["In gaps", size(totals.gap_bytes), `and ${size(totals.missing_tail_bytes)} at ends`, totals.gap_bytes + totals.missing_tail_bytes > 0],
    ["Conflicts", number(totals.conflicts), "overlaps that differ", totals.conflicts > 0],
    ["Anomalies", number(anomalies), `of ${counted(overview.anomaly_kinds.length, "kind")}`, anomalies > 0],
    ["Captures", number(totals.captures), broken ? `${number(broken)} not whole` : "all whole", broken > 0],
  ];
  byId("figures").append(...figures.map(([name, value, about, odd]) => el("div", { class: odd ? "odd" : "" }, el("dt", {}, name), el("dd", {}, value), el("dd", { class: "about" }, about))));
  const { frames, used_frames, stored_bytes, gap_bytes, missing_tail_bytes } = totals;
  byId("meters").append(
    meter("Frames", [["used", used_frames, number], ...overview.skipped.slice(0, 5).map(({ reason, frames }) => [reason, frames, number]), ["other reasons", overview.skipped.slice(5).reduce((sum, row) => sum + row.frames, 0), number]], frames),
    meter("Payload", [["stored", stored_bytes, size], ["in gaps", gap_bytes, size], ["missing at ends", missing_tail_bytes, size]], stored_bytes + gap_bytes + missing_tail_bytes),
  );
}

/** From when to when, with the day said once. */
function spanned({ start_time, end_time }) {
  if (!start_time) return "";
  const [first, last] = [spoken(start_time), spoken(end_time)];
  if (first.slice(0, 10) !== last.slice(0, 10)) return ` from ${first.slice(0, 19)} to ${last.slice(0, 19)} UTC`;
  const digits = first.slice(0, 19) === last.slice(0, 19) ? 23 : 19;
  return ` on ${first.slice(0, 10)}, ${first.slice(11, digits)} to ${last.slice(11, digits)} UTC`;
}

/** A bar of parts with its legend; parts are `[name, value, text]`. */
function meter(name, parts, whole) {
  const there = parts.filter(([, value], at) => value > 0 || at === 0);
  const bar = el("div", { class: "meter", "aria-hidden": "true" }, ...there.map(([, value], at) => {
    const part = el("span", { class: `part-${at}` });
    part.style.flexGrow = whole ? value / whole : 0;
    return part;
  }));
  const legend = el("ul", {}, ...there.map(([name, value, text], at) => el("li", { class: `part-${at}` }, name, " ", el("b", {}, text(value)), " ", el("small", {}, share(value, whole)))));
  return el("div", {}, el("h3", {}, name), bar, legend);
}

function showCoverage({ skipped, captures, networks, settings }) {
  if (skipped.length) {
    byId("skipped").append(plainTable("Frames skipped", [
      ["Reason", "name", ({ reason }) => el("code", {}, reason)],
      ["Frames", "number", ({ frames }) => number(frames)],
      ["Captured", "number", ({ bytes }) => size(bytes)],
      ["Meaning", "text", ({ why }) => why ?? ""],
    ], skipped));
  }
  byId("captures").append(plainTable("Captures", [
    ["Capture", "path", ({ path, sha256 }) => el("span", { title: sha256 ? `SHA-256 ${sha256}` : "" }, path)],
    ["Status", "name", ({ status }) => el("span", { class: status === "complete" ? "" : "odd-text" }, status)],
    ["Frames", "number", ({ frames }) => number(frames)],
    ["Used", "number", ({ frames, used_frames }) => share(used_frames, frames)],
    ["Size", "number", ({ size_bytes }) => size(size_bytes)],
    ["Format", "name", ({ format, filter }) => (format ?? "–") + (filter ? `, filter ${filter}` : "")],
    ["First frame", "time", ({ first_time }) => spoken(first_time).slice(0, 23)],
    ["Last frame", "time", ({ last_time }) => spoken(last_time).slice(0, 23)],
    ...(captures.rows.some(({ message }) => message) ? [["Why it is not whole", "text", ({ message }) => message ?? ""]] : []),
  ], captures.rows, outOf(captures, "first")));
  if (networks.all) {
    byId("networks").append(plainTable("802.11 networks", [
      ["BSSID", "name", ({ bssid }) => el("code", {}, bssid)],
      ["Name", "text", ({ ssid }) => ssid ?? "–"],
      ["Channel", "number", ({ channel }) => number(channel)],
      ["Security", "name", ({ security }) => security ?? "–"],
      ["Beacons", "number", ({ beacons }) => number(beacons)],
      ["Data frames", "number", ({ data_frames }) => number(data_frames)],
      ["Encrypted", "number", ({ encrypted_frames }) => number(encrypted_frames)],
    ], networks.rows, outOf(networks, "most heard")));
  }
  byId("settings").textContent = `Settings of the case: ${Object.entries(settings).map(([name, value]) => `${name} ${value || "–"}`).join(" · ")}`;
}

/** Hosts and ports; one that is clicked becomes the filter. */
function showShares({ hosts, services }, filterBy) {
  const link = (text, filter) => el("button", { type: "button", class: "link", title: `Show the connections: ${filter}`, onclick: () => filterBy(filter) }, text);
  const most = (rows, at) => Math.max(1, ...rows.map((row) => row[at[0]] + (at[1] ? row[at[1]] : 0)));
  const bar = (value, peak) => {
    const inner = el("span", { class: "bar" });
    inner.style.width = `${(value / peak) * 100}%`;
    return el("span", { class: "bars", "aria-hidden": "true" }, inner);
  };
  const bytes = most(hosts.rows, [2, 3]);
  byId("hosts").append(plainTable("Hosts", [
    ["Address", "name", ([name]) => link(name, `host:${name}`)],
    ["Connections", "number", ([, connections]) => number(connections)],
    ["Sent", "number", ([, , sent]) => size(sent)],
    ["Received", "number", ([, , , received]) => size(received)],
    ["", "barred", ([, , sent, received]) => bar(sent + received, bytes)],
  ], hosts.rows, outOf(hosts, "with most bytes")));
  const connections = most(services.rows, [1]);
  byId("services").append(plainTable("Ports", [
    ["Port", "name", ([name]) => link(name, `proto:${name.split("/")[0]} port:${name.split("/")[1]}`)],
    ["Connections", "number", ([, count]) => number(count)],
    ["To it", "number", ([, , sent]) => size(sent)],
    ["From it", "number", ([, , , received]) => size(received)],
    ["", "barred", ([, count]) => bar(count, connections)],
  ], services.rows, outOf(services, "with most connections")));
}

/** Anomalies, conflicts and gaps; their connections can be opened. */
function showStrange({ anomaly_kinds, anomalies, conflicts, gaps }, open) {
  const connection = ["Connection", "number", ({ connection }) => (connection === null ? "–" : el("button", { type: "button", class: "link", onclick: () => open(connection) }, String(connection)))];
  const flow = ["Flow", "number", ({ flow }) => number(flow)];
  const time = ["Time", "time", ({ time }) => spoken(time)];
  const add = (id, caption, columns, list, which) => {
    if (list.all) byId(id).append(plainTable(caption, columns, list.rows, outOf(list, which)));
    else byId(id).append(el("p", { class: "empty" }, `No ${caption.toLowerCase()}.`));
  };
  if (anomaly_kinds.length) {
    byId("anomaly-kinds").append(plainTable("Kinds of anomaly", [
      ["Kind", "name", ({ kind }) => el("code", {}, kind)],
      ["Occurrences", "number", ({ count }) => number(count)],
      ["Meaning", "text", ({ why }) => why ?? ""],
    ], anomaly_kinds));
  }
  add("anomalies", "Anomalies", [connection, flow, ["Frame", "number", ({ what }) => (what.at ? what.at.join(":") : "–")], time,
    ["Kind", "name", ({ what }) => el("code", {}, what.kind)], ["Times", "number", ({ what }) => number(what.count)], ["Detail", "text", ({ what }) => what.detail]], anomalies, "first");
  const frame = ([number, checksum]) => `${number}, checksum ${checksum}`;
  add("conflicts", "Conflicts", [connection, flow, ["Offset", "number", ({ what }) => number(what.offset)], ["Bytes", "number", ({ what }) => number(what.length)],
    ["Frame kept", "name", ({ what }) => frame(what.kept)], ["Frame lost", "name", ({ what }) => frame(what.lost)], time,
    ["Bytes that lost", "path", ({ what }) => el("code", {}, what.lost_bytes)]], conflicts, "first");
  add("gaps", "Gaps", [connection, flow, ["Offset", "number", ({ what }) => number(what.offset)], ["Bytes never captured", "number", ({ what }) => number(what.length)]], gaps, "largest");
}
