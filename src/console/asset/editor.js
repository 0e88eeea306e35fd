// The editor of documents: colours, what is wrong while one writes, and the names that may stand at a place.
"use strict";

// The longest text that is coloured: each letter that is typed colours it anew.
const LONGEST = 200_000;
const PIECE = /(?<comment>(?<=^|\s)#[^\n]*)|(?<filled>\{\{.*?\}\})|(?<text>"(?:[^"\\\n]|\\.)*"|'[^'\n]*')|(?<key>[A-Za-z_][\w.-]*)(?=\s*:(?:\s|$))|(?<plain>\b(?:true|false|null|-?\d+(?:\.\d+)?)\b)/g;

// A line as coloured pieces; templates stand out inside of texts, too.
function coloured(line) {
  const pieces = [];
  const add = (name, text) => {
    if (!text) return;
    const piece = document.createElement("span");
    if (name) piece.className = "y-" + name;
    piece.textContent = text;
    pieces.push(piece);
  };
  let at = 0;
  for (const found of line.matchAll(PIECE)) {
    add("", line.slice(at, found.index));
    const [name] = Object.entries(found.groups).find(([, text]) => text !== undefined);
    if (name === "text") {
      for (const part of found[0].split(/(\{\{.*?\}\})/)) add(part.startsWith("{{") ? "filled" : "text", part);
    } else add(name, found[0]);
    at = found.index + found[0].length;
  }
  add("", line.slice(at));
  return pieces;
}

// Where the cursor stands: for each mapping around it, from the outermost, its keys with their values, and the
// key (or "[]", an item of a list) through which the way goes on.
function around(text, cursor) {
  const shape = line => {
    const [, blank, dashes, rest] = line.match(/^(\s*)((?:- +)*)(.*)$/);
    const key = rest.match(/^([A-Za-z_][\w.-]*|"[^"]*"|'[^']*')\s*:(?:\s+(.*))?$/);
    return { empty: !rest.trim() || rest.startsWith("#"), dash: dashes ? blank.length + dashes.length - 2 : -1, column: blank.length + dashes.length, key: key?.[1].replace(/^["']|["']$/g, ""), value: key?.[2]?.trim() ?? "" };
  };
  const lines = text.split("\n").map(shape);
  const before = text.slice(0, cursor).split("\n");
  const here = before.length - 1;
  const written = before[here];
  let column = lines[here].empty ? written.length : lines[here].column;
  const levels = [];
  let line = here;
  let into;
  for (let depth = 0; depth < 64; depth++) {
    // The keys of this mapping, up to where it or its item begins, and down to where it ends.
    const keys = {};
    let top = line;
    let item = lines[line].dash >= 0 && lines[line].column === column;
    while (!item && top > 0) {
      const above = lines[top - 1];
      if (!above.empty && above.column < column) break;
      top--;
      item = above.dash >= 0 && above.column === column;
    }
    for (let at = top; at < lines.length; at++) {
      const one = lines[at];
      if (one.empty) continue;
      if (at > top && (one.column < column || (one.column === column && one.dash >= 0))) break;
      if (one.column === column && one.key !== undefined && at !== here) keys[one.key] = one.value;
    }
    levels.unshift({ keys, into });
    if (item) levels.unshift({ keys: {}, into: "[]" });
    // The key above whose value this is. A list may stand as far left as its key.
    const most = item ? lines[top].dash + 1 : column;
    let parent = top - 1;
    while (parent >= 0 && (lines[parent].empty || lines[parent].key === undefined || lines[parent].column >= most)) parent--;
    if (parent < 0) break;
    into = lines[parent].key;
    column = lines[parent].column;
    line = parent;
  }
  const value = written.match(/^\s*(?:- +)*([A-Za-z_][\w.-]*)\s*:\s+([\w.-]*)$/);
  return { levels, key: value?.[1], begun: value ? value[2] : written.match(/[\w.-]*$/)[0], inValue: Boolean(value) || /:\s+\S/.test(written) };
}

// The names that a JSON Schema knows at such a place: [name, description].
function known(schema, place) {
  const open = (node, keys, depth = 0) => {
    if (!node || typeof node !== "object" || depth > 16) return [];
    if (node.$ref) return open(schema.$defs?.[node.$ref.split("/").pop()], keys, depth + 1);
    const inner = ["allOf", "anyOf", "oneOf"].flatMap(name => node[name] ?? []).flatMap(one => open(one, keys, depth + 1));
    const asked = Object.entries(node.if?.properties ?? {});
    const then = asked.length && asked.every(([name, one]) => keys[name] === String(one.const)) ? open(node.then, keys, depth + 1) : [];
    return [node, ...inner, ...then];
  };
  let nodes = [schema];
  for (const { keys, into } of place.levels) {
    nodes = nodes.flatMap(node => open(node, keys));
    if (into === undefined) break;
    nodes = nodes.map(node => into === "[]" ? node.items : node.properties?.[into] ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : undefined)).filter(Boolean);
  }
  const last = place.levels[place.levels.length - 1].keys;
  const names = new Map();
  if (place.key) {
    const values = nodes.map(node => node.properties?.[place.key]).filter(Boolean).flatMap(node => open(node, last));
    for (const node of values) for (const name of node.enum ?? (node.const === undefined ? [] : [node.const])) names.set(String(name), node.description ?? "");
  } else if (!place.inValue) {
    for (const node of nodes) for (const [name, one] of Object.entries(node.properties ?? {})) if (!(name in last)) names.set(name, one.description ?? "");
  }
  return [...names].filter(([name]) => name.startsWith(place.begun) && name !== place.begun);
}

function editor() {
  const text = $("textarea[data-check]");
  if (!text) return;
  const box = text.closest(".editor");
  const names = $("#keys-here");
  const paint = document.createElement("pre");
  paint.setAttribute("aria-hidden", "true");
  box.prepend(paint);
  let schema = null;
  let asking = null;
  let later = 0;

  const wrong = () => new Set(all(".f-error a[data-line]").map(link => Number(link.dataset.line)));
  const colour = () => {
    const plain = text.value.length > LONGEST;
    box.classList.toggle("painted", !plain);
    if (plain) { paint.replaceChildren(); return; }
    const bad = wrong();
    paint.replaceChildren(...text.value.split("\n").map((line, index) => {
      const row = document.createElement("span");
      if (bad.has(index + 1)) row.className = "y-wrong";
      row.append(...coloured(line), "\n");
      return row;
    }));
    follow();
  };
  const follow = () => { paint.scrollTop = text.scrollTop; paint.scrollLeft = text.scrollLeft; };

  const check = async () => {
    asking?.abort();
    asking = new AbortController();
    const body = new URLSearchParams({ document: text.value });
    const answer = await fetch(text.dataset.check, { method: "POST", body, signal: asking.signal, headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = $("#checked", new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (!fresh) return;
    $("#checked").replaceChildren(...fresh.childNodes);
    lines($("#checked"));
    colour();
  };

  const put = name => {
    const place = around(text.value, text.selectionStart);
    const at = text.selectionStart;
    text.setRangeText(place.key ? name : name + ": ", at - place.begun.length, at, "end");
    text.focus();
    text.dispatchEvent(new Event("input"));
  };
  const offer = async () => {
    schema ??= await (await fetch("/schema/v1.json")).json();
    const found = document.activeElement === text || names.contains(document.activeElement) ? known(schema, around(text.value, text.selectionStart)).slice(0, 24) : [];
    names.hidden = !found.length;
    names.replaceChildren(...found.map(([name, said]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = name;
      button.title = said;
      button.addEventListener("click", () => put(name));
      return button;
    }));
    return found;
  };

  text.addEventListener("input", () => {
    colour();
    offer().catch(() => {});
    clearTimeout(later);
    later = setTimeout(() => check().catch(() => {}), 400);
  });
  text.addEventListener("scroll", follow);
  for (const event of ["keyup", "click"]) text.addEventListener(event, () => offer().catch(() => {}));
  text.addEventListener("keydown", event => {
    if (!(event.ctrlKey && event.key === " ")) return;
    event.preventDefault();
    offer().then(found => { if (found.length) put(found[0][0]); }).catch(() => {});
  });
  colour();
}

editor();
