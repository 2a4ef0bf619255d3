"use strict";
/* Searches, sorts and filters the table; shows one environment's objects, and how two differ.
   Every text reaches the page as text, never as HTML. */

const table = document.getElementById("fleet");
const body = table.tBodies[0];
const rows = [...body.rows].map(row => ({row, text: row.textContent.toLowerCase()}));
const search = document.getElementById("search");
const filters = [...document.querySelectorAll("select[data-filter]")];
const count = document.getElementById("count");
const dialog = document.getElementById("details");

/** Makes an element: attributes by name, then its content; a text is a text. */
function make(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

/* ---- the table ---- */

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = filters.filter(one => one.value).map(one => [one.dataset.filter, one.value]);
  let shown = 0;
  for (const {row, text} of rows) {
    const fits = words.every(word => text.includes(word)) &&
      wanted.every(([key, value]) => row.dataset[key] === value);
    if (row.hidden === fits) row.hidden = !fits;
    shown += fits;
  }
  const [some, all] = [shown, rows.length].map((number) => number.toLocaleString("en"));
  count.textContent = some === all ? `${all} shown` : `${some} of ${all} shown`;
}

function sort(header) {
  const up = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", up ? "ascending" : "descending");
  const place = header.cellIndex;
  const value = ({row}) => row.cells[place].dataset.sort ?? row.cells[place].textContent;
  const order = new Intl.Collator(undefined, {numeric: true}).compare;
  rows.sort((a, b) => (up ? 1 : -1) * order(value(a), value(b)));
  body.append(...rows.map(({row}) => row));
}

search.addEventListener("input", show);
for (const filter of filters) filter.addEventListener("change", show);
for (const button of table.tHead.querySelectorAll("button")) {
  button.addEventListener("click", () => sort(button.parentElement));
}
body.addEventListener("click", event => {
  const button = event.target.closest(".open");
  if (button) location.hash = encodeURIComponent(button.textContent);
});
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const part of unfolded) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of unfolded) part.open = false;
});

/* ---- what is rendered ---- */

let unpacked;

/** The objects of all environments; unpacked when the first is asked for. */
function data() {
  unpacked ??= (async () => {
    const packed = document.getElementById("data").textContent;
    const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  })();
  return unpacked;
}

function objectsOf(all, name) {
  const [numbers, drawing] = Object.hasOwn(all.environments, name) ? all.environments[name] : [[], -1];
  return {objects: numbers.map(number => all.objects[number]), edges: all.drawings[drawing] ?? []};
}

const HASH = /-[bcdfghkmt2456789]{10}$/;
function labelOf(object) {
  const name = object.metadata.name;
  return `${object.kind}/${/^(ConfigMap|Secret)$/.test(object.kind) ? name.replace(HASH, "") : name}`;
}

const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_/][\w/.@%+-]*(?::[\w/.@%+-]+)*$/i;
/** What YAML takes for the end of a line, or refuses, and JSON does not. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff]/g;
function scalar(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return PLAIN.test(value) ? value : JSON.stringify(value).replace(UNPRINTABLE,
    letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Whether lines read back as they are from a block: none is blank at either end, nothing is unprintable. */
function isBlock(text) {
  return /^\S[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]*$/.test(text) &&
    text.includes("\n") && !text.endsWith("\n\n");
}

/** A value as lines of YAML. */
function yaml(value, indent = "") {
  if (Array.isArray(value) && value.length) {
    return value.flatMap(item => {
      const [first, ...rest] = yaml(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  if (value && typeof value === "object" && Object.keys(value).length) {
    return Object.entries(value).flatMap(([key, item]) => {
      const head = `${indent}${scalar(key)}:`;
      if (typeof item === "string" && isBlock(item)) {
        const lines = item.replace(/\n$/, "").split("\n");
        const sign = item.endsWith("\n") ? "|" : "|-";
        return [`${head} ${sign}`, ...lines.map(line => line && `${indent}  ${line}`)];
      }
      const nested = item && typeof item === "object" && Object.keys(item).length;
      return nested ? [head, ...yaml(item, `${indent}  `)] : [`${head} ${yaml(item)[0]}`];
    });
  }
  return [indent + scalar(value)];
}

/* ---- one environment ---- */

const SVG = "http://www.w3.org/2000/svg";
function draw(name, attributes, ...content) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

/** The links but for those that lead back to where a path began. */
function withoutCircles(number, links) {
  const kept = [], next = Array.from({length: number}, () => []);
  const leads = (from, to, seen) => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return next[from].some(other => leads(other, to, seen));
  };
  for (const link of links) {
    if (leads(link.target, link.source, new Set())) continue;
    next[link.source].push(link.target);
    kept.push(link);
  }
  return kept;
}

/** The objects as boxes in columns, what refers to others left of them. */
function diagram(objects, edges) {
  const nodes = objects.map((object, number) => ({kind: object.kind, name: object.metadata.name, number}));
  const away = new Map();
  const links = edges.map(([source, why, target, label]) => {
    if (target < 0 && !away.has(label)) {
      const [kind, ...name] = label.split("/");
      away.set(label, nodes.push({kind: `${kind}, not in Git`, name: name.join("/"), number: -1}) - 1);
    }
    return {source, why, target: target < 0 ? away.get(label) : target};
  });
  const column = nodes.map(() => 0);
  const forward = withoutCircles(nodes.length, links);
  for (let round = 0; round < nodes.length; round++) {
    for (const {source, target} of forward) column[target] = Math.max(column[target], column[source] + 1);
  }
  const linked = new Set(links.flatMap(({source, target}) => [source, target]));
  const last = Math.max(0, ...column);
  nodes.forEach((_, number) => { if (!linked.has(number)) column[number] = last + 1; });
  const WIDTH = 220, HEIGHT = 40, ACROSS = 275, DOWN = 54, EDGE = 12;
  const filled = [];
  const place = nodes.map((_, number) => {
    const x = column[number];
    filled[x] = (filled[x] ?? 0) + 1;
    return {x: EDGE + x * ACROSS, y: EDGE + (filled[x] - 1) * DOWN};
  });
  const width = 2 * EDGE + Math.max(...place.map(({x}) => x), 0) + WIDTH;
  const height = 2 * EDGE + Math.max(...place.map(({y}) => y), 0) + HEIGHT;
  const svg = draw("svg", {
    width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "Diagram of the objects; the list of references below says the same",
  });
  for (const {source, why, target} of links) {
    const a = place[source], b = place[target];
    const back = column[target] <= column[source];
    const x1 = a.x + (back ? 0 : WIDTH), y1 = a.y + HEIGHT / 2;
    const x2 = b.x + (back ? WIDTH : 0), y2 = b.y + HEIGHT / 2;
    const bend = (x2 - x1) / 2;
    const line = draw("path", {d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`});
    line.append(draw("title", {}, `${nodes[source].name} ${why} ${nodes[target].name}`));
    svg.append(line);
  }
  nodes.forEach((node, number) => {
    const {x, y} = place[number];
    const cut = node.name.length > 31 ? `${node.name.slice(0, 30)}…` : node.name;
    const box = draw("g", {class: node.number < 0 ? "away" : ""},
      draw("title", {}, `${node.kind} ${node.name}`),
      draw("rect", {x, y, width: WIDTH, height: HEIGHT, rx: 6}),
      draw("text", {x: x + 10, y: y + 16, class: "kind"}, node.kind),
      draw("text", {x: x + 10, y: y + 31}, cut));
    svg.append(box);
  });
  return svg;
}

function listOf(items) {
  return make("ul", {}, ...items.map(item => make("li", {}, item)));
}

async function open(name) {
  const found = rows.find(({row}) => row.dataset.name === name);
  if (!found) return;
  const {objects, edges} = objectsOf(await data(), name);
  const cells = [...found.row.cells];
  const heads = [...table.tHead.rows[0].cells].map(head => head.textContent);
  const facts = make("ul", {});
  cells.slice(1).forEach((cell, place) => {
    const item = make("li", {}, make("strong", {}, `${heads[place + 1]}: `));
    item.append(...(cell.textContent ? cell.cloneNode(true).childNodes : ["none"]));
    for (const part of item.querySelectorAll("details")) part.open = true;
    facts.append(item);
  });
  const title = make("h2", {id: "details-title"}, name);
  const close = make("button", {type: "button"}, "Close");
  close.addEventListener("click", () => dialog.close());
  const choice = make("select", {id: "other"}, make("option", {value: ""}, "choose an environment"));
  for (const {row} of rows) {
    if (row.dataset.name !== name) choice.append(make("option", {value: row.dataset.name}, row.dataset.name));
  }
  const outcome = make("div", {id: "comparison", "aria-live": "polite"});
  choice.addEventListener("change", async () => {
    outcome.replaceChildren(...(choice.value ? compared(await data(), name, choice.value) : []));
  });
  const named = edges.map(([source, why, target, label]) =>
    `${labelOf(objects[source])} ${why} ${label}${target < 0 ? ", which is not in Git" : ""}`);
  dialog.replaceChildren(
    make("header", {}, title, close), facts,
    make("h3", {}, "How its objects refer to each other"),
    ...(objects.length ? [make("div", {class: "drawing", tabindex: "0", role: "region", "aria-label": "Diagram"}, diagram(objects, edges))]
      : [make("p", {}, "It does not build, so there are no objects to show.")]),
    make("details", {}, make("summary", {}, `${named.length} references as a list`), listOf(named)),
    make("h3", {}, `${objects.length} objects`),
    ...objects.map(object => make("details", {},
      make("summary", {}, `${object.kind} ${object.metadata.name}`),
      make("pre", {tabindex: "0"}, yaml(object).join("\n")))),
    make("h3", {}, make("label", {for: "other"}, "Compare with ")), choice, outcome);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

/** The environment that the address names. */
function addressed() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch { // it was cut off, or typed
    return "";
  }
}

dialog.addEventListener("close", () => {
  const name = addressed();
  history.replaceState(null, "", location.pathname + location.search);
  rows.find(({row}) => row.dataset.name === name)?.row.querySelector(".open").focus();
});

function byHash() {
  const name = addressed();
  if (name) open(name); else if (dialog.open) dialog.close();
}
window.addEventListener("hashchange", byHash);

/* ---- two environments ---- */

/** Label → object of an environment. Of several with one label, it is that which others refer to. */
function labelled({objects, edges}) {
  const meant = new Set(edges.map(([, , target]) => target));
  const places = [...objects.keys()].sort((a, b) => meant.has(b) - meant.has(a));
  const found = new Map();
  for (const place of places) {
    const object = objects[place], label = labelOf(object), {name, namespace} = object.metadata;
    const full = `${object.kind}/${name}`;
    const all = [label, full, `${full} in ${namespace}`, `${full}, number ${place}`];
    found.set(all.find(one => !found.has(one)), object);
  }
  return found;
}

/** The names of an environment's ConfigMaps and Secrets, which end in a hash of what they hold. */
function hashed({objects}) {
  return new Set(objects.map(object => object.metadata.name).filter((name, place) =>
    /^(ConfigMap|Secret)$/.test(objects[place].kind) && HASH.test(name)));
}

/** Path → value of everything in an object, hashes left out; items of a list are known by their names. */
function flat(value, names, path = "", found = new Map()) {
  if (Array.isArray(value)) {
    const seen = new Map();
    value.forEach((item, place) => {
      const own = typeof item?.name === "string" ? item.name : place;
      const times = (seen.get(own) ?? 0) + 1; // two mounts of one volume have its name
      seen.set(own, times);
      flat(item, names, `${path}[${own}${times > 1 ? ` ${times}` : ""}]`, found);
    });
    if (!value.length) found.set(path, "[]");
  } else if (value && typeof value === "object") {
    const entries = Object.entries(value);
    for (const [key, item] of entries) flat(item, names, path ? `${path}.${key}` : key, found);
    if (!entries.length) found.set(path, "{}");
  } else if (typeof value === "string") {
    found.set(path, names.has(value) ? value.replace(HASH, "") : value);
  } else {
    found.set(path, JSON.stringify(value));
  }
  return found;
}

const MOST = 4e6;
/** The lines of two texts that the other has not, in their order; nothing where they are too many. */
function lines(one, other) {
  const a = one.split("\n"), b = other.split("\n");
  if (a.length * b.length > MOST) return undefined;
  const common = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const out = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) { i++; j++; }
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) out.push(["removed", `- ${a[i++]}`]);
    else out.push(["added", `+ ${b[j++]}`]);
  }
  return out;
}

function valueCell(value, kind) {
  return make("td", {class: kind}, value === undefined ? "" : value);
}

function compared(all, first, second) {
  const both = [first, second].map(name => objectsOf(all, name));
  const sides = both.map(labelled), names = both.map(hashed);
  const parts = [];
  for (const label of new Set([...sides[0].keys(), ...sides[1].keys()])) {
    const [a, b] = sides.map(side => side.get(label));
    if (!a || !b) {
      parts.push(make("p", {class: a ? "removed" : "added"}, `${label} is in ${a ? first : second} only`));
      continue;
    }
    const [one, other] = [flat(a, names[0]), flat(b, names[1])];
    const differing = [...new Set([...one.keys(), ...other.keys()])].filter(key => one.get(key) !== other.get(key));
    if (!differing.length) continue;
    const rowsOf = differing.map(key => {
      const [x, y] = [one.get(key), other.get(key)];
      const by = x?.includes("\n") && y?.includes("\n") && lines(x, y);
      if (by) {
        const changed = by.map(([kind, line]) => make("span", {class: kind}, `${line}\n`));
        return make("tr", {}, make("th", {scope: "row"}, key), make("td", {colspan: "2"}, make("pre", {tabindex: "0"}, ...changed)));
      }
      return make("tr", {}, make("th", {scope: "row"}, key), valueCell(x, "removed"), valueCell(y, "added"));
    });
    parts.push(make("h3", {}, label), make("table", {},
      make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "field"), make("th", {scope: "col"}, first), make("th", {scope: "col"}, second))),
      make("tbody", {}, ...rowsOf)));
  }
  if (!parts.length) parts.push(make("p", {}, "They render the same."));
  parts.push(make("p", {class: "soft"}, "What a change from one to the other does to a cluster: ",
    make("code", {}, `fcgitops diff ${first} ${second}`)));
  return parts;
}

show();
byHash();
