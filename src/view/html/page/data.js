// The data of the page: blocks of JSON, and the connections as columns of numbers.

const block = (id) => JSON.parse(byId(`data-${id}`).textContent);

const FIELDS = ["id", "origPort", "respPort", "seconds", "nanoseconds", "duration", "origBytes", "respBytes", "origPackets",
  "respPackets", "gaps", "tails", "again", "anomalies", "conflicts"];

/** Texts as numbers: few differ, and numbers are compared faster. */
class Texts {
  constructor() {
    this.list = [];
    this.known = new Map();
  }

  add(text) {
    let at = this.known.get(text);
    if (at === undefined) {
      at = this.list.push(text) - 1;
      this.known.set(text, at);
    }
    return at;
  }

  /** The place of each text in the order of `key`. */
  ranks(key) {
    const keyed = this.list.map((text, at) => [key(text), at]);
    keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const ranks = new Uint32Array(keyed.length);
    keyed.forEach(([, at], rank) => { ranks[at] = rank; });
    return ranks;
  }
}

/** A text of an address that sorts as addresses do, IPv4 first. */
function addressKey(text) {
  if (!text.includes(":")) return `4${text.split(".").map((part) => part.padStart(3, "0")).join("")}`;
  const [head, tail] = text.split("::").map((half) => (half ? half.split(":") : []));
  const fill = tail === undefined ? [] : new Array(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return `6${[...head, ...fill, ...(tail ?? [])].map((part) => part.padStart(4, "0")).join("")}`;
}

/** Reads the rows, in the order of connections.rs, into columns. */
function readConnections(rows) {
  const data = { length: rows.length, protocols: [], carried: new Texts(), histories: [], vlans: [], tunnels: [], addresses: new Texts(), states: new Texts() };
  for (const field of FIELDS) data[field] = new Float64Array(rows.length);
  for (const field of ["orig", "resp", "state", "carries"]) data[field] = new Uint32Array(rows.length);
  rows.forEach((row, i) => {
    const [id, protocol, orig, origPort, resp, respPort, seconds, nanoseconds, lasted, state, history, bytes, packets, missing,
      strange, vlans, tunnel, carries] = row;
    const values = [id, origPort, respPort, seconds ?? NaN, nanoseconds, lasted ?? NaN, ...bytes, ...packets, ...missing, ...strange];
    FIELDS.forEach((field, at) => { data[field][i] = values[at]; });
    data.orig[i] = data.addresses.add(orig);
    data.resp[i] = data.addresses.add(resp);
    data.state[i] = data.states.add(state);
    data.carries[i] = data.carried.add(carries ?? "");
    data.protocols.push(protocol);
    data.histories.push(history);
    data.vlans.push(vlans);
    data.tunnels.push(tunnel);
  });
  return data;
}

/** Address and port as one writes them. */
const ipPort = (address, port) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
const origin = (data, i) => ipPort(data.addresses.list[data.orig[i]], data.origPort[i]);
const responder = (data, i) => ipPort(data.addresses.list[data.resp[i]], data.respPort[i]);

/** The excerpts of a connection: a list, or null where the page has none. */
function excerptsOf(id) {
  const blocks = [...document.querySelectorAll("script.excerpts")];
  const holder = blocks.find((block) => Number(block.dataset.first) <= id && id <= Number(block.dataset.last));
  return holder ? (JSON.parse(holder.textContent)[id] ?? null) : null;
}

/** The bytes of base64. */
function decoded(base64) {
  const text = atob(base64);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
