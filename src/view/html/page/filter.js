// What is typed into the filter, as a question to each connection.

const COMPARED = {
  bytes: (data, i) => data.origBytes[i] + data.respBytes[i],
  packets: (data, i) => data.origPackets[i] + data.respPackets[i],
  seconds: (data, i) => data.duration[i] / 1e9,
  gaps: (data, i) => data.gaps[i],
};

const NAMED = {
  host: (data, i, value) => data.addresses.list[data.orig[i]].startsWith(value) || data.addresses.list[data.resp[i]].startsWith(value),
  port: (data, i, value) => String(data.origPort[i]) === value || String(data.respPort[i]) === value,
  state: (data, i, value) => data.states.list[data.state[i]].toLowerCase() === value,
  vlan: (data, i, value) => (data.vlans[i] ?? "").split("/").includes(value),
  id: (data, i, value) => String(data.id[i]) === value,
  proto: (data, i, value) => data.protocols[i] === value || data.carried.list[data.carries[i]].split(",").includes(value),
};

/** What a word without a name is looked for in. Made once: a hundred thousand are searched at each key. */
function haystacks(data) {
  data.haystacks ??= Array.from({ length: data.length }, (_, i) => {
    const words = [data.id[i], data.protocols[i], origin(data, i), responder(data, i), data.states.list[data.state[i]], data.histories[i], data.carried.list[data.carries[i]], data.tunnels[i] ?? ""];
    return words.join(" ").toLowerCase();
  });
  return data.haystacks;
}

/** The question one word asks. */
function question(data, word) {
  const compared = /^(\w+)([<>])=?(\d+(?:\.\d+)?)$/.exec(word);
  if (compared && compared[1] in COMPARED) {
    const [, name, sign, limit] = compared;
    const value = COMPARED[name];
    return sign === ">" ? (i) => value(data, i) >= Number(limit) : (i) => value(data, i) <= Number(limit);
  }
  const named = /^(\w+):(.+)$/.exec(word);
  if (named && Object.hasOwn(NAMED, named[1])) return (i) => NAMED[named[1]](data, i, named[2]);
  const texts = haystacks(data);
  return (i) => texts[i].includes(word);
}

/** Everything asked for but the time. */
function questions(data, { text, state, gaps, odd }) {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    if (word.length > 1 && word.startsWith("-")) {
      const unwanted = question(data, word.slice(1));
      return (i) => !unwanted(i);
    }
    return question(data, word);
  });
  if (state) asked.push((i) => data.states.list[data.state[i]] === state);
  if (gaps) asked.push((i) => data.gaps[i] + data.tails[i] > 0);
  if (odd) asked.push((i) => data.anomalies[i] + data.conflicts[i] > 0);
  return asked;
}

/** The connections of which all is true. */
function select(data, asked) {
  const found = new Uint32Array(data.length);
  let length = 0;
  for (let i = 0; i < data.length; i += 1) {
    if (asked.every((ask) => ask(i))) {
      found[length] = i;
      length += 1;
    }
  }
  return found.slice(0, length);
}
