// What makes the console quicker. Everything works without it.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// What the script has put onto the page, with what it belongs to: the server knows nothing of it.
const added = new WeakMap();

// What a part of the script has not seen yet, of the parts of a page that it is about.
const seen = new WeakMap();
function unseen(part, selector, root) {
  return all(selector, root).filter(one => {
    const by = seen.get(one) ?? new Set();
    seen.set(one, by);
    return by.has(part) ? false : by.add(part);
  });
}

// Times in the reader's zone; UTC stays on hover.
function times(root) {
  for (const time of all("time[datetime]", root)) {
    const at = new Date(time.dateTime);
    if (isNaN(at) || time.dataset.told === time.dateTime) continue;
    time.dataset.told = time.dateTime;
    if (time.matches(".exact")) time.textContent = at.toLocaleString();
    else time.title = at.toLocaleString() + " here · " + time.title;
  }
}

// How long ago or how far ahead, as the server writes it.
function span(millis) {
  const seconds = Math.floor(millis / 1000);
  if (millis < 1000) return `${millis} ms`;
  if (millis < 10_000) return `${seconds}.${Math.floor(millis % 1000 / 100)} s`;
  if (millis < 100_000) return `${seconds} s`;
  if (millis < 5_400_000) return `${Math.floor((seconds + 30) / 60)} min`;
  if (millis < 129_600_000) return `${Math.floor((seconds + 1800) / 3600)} h`;
  return `${Math.floor((seconds + 43_200) / 86_400)} d`;
}

// The day of a time in the reader's zone, as the server writes it in UTC.
function day(at, now) {
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return at.toLocaleDateString(undefined, { day: "numeric", month: "short", year });
}

// What is told from now goes on as time does, by the server's clock. What is left never becomes less than nothing.
let ahead = 0;
function clock() {
  const at = Date.parse($("#main")?.dataset.now);
  if (!isNaN(at)) ahead = at - Date.now();
}
function tick() {
  const now = Date.now() + ahead;
  for (const time of all("time:not(.exact)[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (isNaN(at)) continue;
    const apart = time.closest(".left") ? Math.max(0, at - now) : at - now;
    let text = Math.abs(apart) < 1000 ? "now" : apart > 0 ? `in ${span(Math.floor(apart))}` : `${span(Math.floor(-apart))} ago`;
    // What is days away is looked for by its date.
    if (Math.abs(apart) >= 129_600_000) text += ` (${day(new Date(at), new Date(now))})`;
    if (time.textContent !== text) time.textContent = text;
  }
}

// A button beside what is worth copying.
function copies(root) {
  if (!navigator.clipboard) return;
  for (const place of unseen("copies", "[data-copy]", root)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", "Copy " + place.textContent.trim());
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(place.dataset.copy);
      button.textContent = "copied";
    });
    added.set(button, place);
    place.after(button);
  }
}

// A line between two places of a review, while one of them has the pointer or the focus.
const DRAWN = "http://www.w3.org/2000/svg";
let between = null;
function line(from, to) {
  const box = $(".review");
  between = [from, to];
  if (!box || !from || !to || from === to || innerWidth < 900) return;
  const at = box.getBoundingClientRect();
  const [a, b] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
  const beside = a.right <= b.left;
  const [x1, y1] = [(beside ? a.right : a.left) - at.left, a.top - at.top + Math.min(14, a.height / 2)];
  const [x2, y2] = [b.left - at.left, b.top - at.top + Math.min(14, b.height / 2)];
  const bend = beside ? (x1 + x2) / 2 : Math.min(x1, x2) - 24;
  const picture = document.createElementNS(DRAWN, "svg");
  picture.setAttribute("class", "line");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("width", at.width);
  picture.setAttribute("height", at.height);
  const path = document.createElementNS(DRAWN, "path");
  path.setAttribute("d", `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`);
  picture.append(path);
  box.append(picture);
}
function unline() {
  between = null;
  for (const picture of all(".review > .line")) picture.remove();
}
// The conversation has a scroll of its own: the line goes along.
document.addEventListener("scroll", () => {
  if (!between) return;
  const ends = between;
  unline();
  line(...ends);
}, { capture: true, passive: true });

// Brings the call of a step into sight, where the conversation has a scroll of its own.
function show(name, from) {
  const call = $(`.conversation [data-link="${CSS.escape(name)}"]`);
  const view = call?.closest(".review > section");
  if (!view || view.contains(from) || view.scrollHeight <= view.clientHeight) return;
  const [box, at] = [view.getBoundingClientRect(), call.getBoundingClientRect()];
  if (at.top < box.top || at.bottom > box.bottom) view.scrollTop += at.top - box.top - 24;
}

// Either side of a review lights the other, and a value the step that it came from.
function links(root) {
  for (const origin of unseen("links", ".draft .origin a[href^='#step-']", root)) {
    const source = () => document.getElementById(decodeURIComponent(origin.hash.slice(1)));
    const light = on => { source()?.classList.toggle("lit", on); unline(); if (on) line(origin.closest("dd"), source()); };
    origin.addEventListener("mouseenter", event => { event.stopPropagation(); light(true); });
    origin.addEventListener("mouseleave", () => light(false));
    origin.addEventListener("focus", () => light(true));
    origin.addEventListener("blur", () => light(false));
  }
  for (const place of unseen("beside", "[data-link]", root)) {
    const light = on => {
      for (const twin of all("[data-link]")) {
        if (twin.dataset.link === place.dataset.link) twin.classList.toggle("lit", on);
      }
      unline();
      if (on) show(place.dataset.link, place);
      if (on) line($(`.conversation [data-link="${CSS.escape(place.dataset.link)}"]`), $(`.draft [data-link="${CSS.escape(place.dataset.link)}"]`));
    };
    place.addEventListener("mouseenter", () => light(true));
    place.addEventListener("mouseleave", () => light(false));
    place.addEventListener("focusin", () => light(true));
    place.addEventListener("focusout", () => light(false));
  }
}

// A finding's line, selected in the editor.
function lines(root) {
  for (const link of unseen("lines", "a[data-line]", root)) {
    link.addEventListener("click", event => {
      const text = $("textarea.lines");
      if (!text) return;
      event.preventDefault();
      const number = Number(link.dataset.line);
      const before = text.value.split("\n").slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
      const end = text.value.indexOf("\n", before);
      text.focus();
      text.setSelectionRange(before, end < 0 ? text.value.length : end);
      text.scrollTop = Math.max(0, (number - 4) * (text.scrollHeight / text.value.split("\n").length));
    });
  }
}

// Buttons that make a graph larger and smaller; its size is an attribute, no style.
function zooms(root) {
  for (const graph of unseen("zooms", ".graph", root)) {
    const picture = $("svg", graph);
    if (!picture) continue;
    const bar = document.createElement("div");
    bar.className = "zoom";
    const to = width => {
      picture.classList.remove("whole");
      picture.setAttribute("width", Math.round(Math.min(picture.viewBox.baseVal.width * 3, Math.max(120, width))));
      picture.removeAttribute("height");
    };
    // As wide as there is room, and no higher than what is seen at once.
    const fit = () => {
      const { width, height } = picture.viewBox.baseVal;
      return Math.min(graph.clientWidth, width * innerHeight * 0.76 / height);
    };
    for (const [sign, name, step] of [["−", "Smaller", now => now / 1.25], ["+", "Larger", now => now * 1.25], ["⤢", "All of it", fit]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", () => to(step(picture.getBoundingClientRect().width)));
      bar.append(button);
    }
    added.set(bar, graph);
    graph.before(bar);
    // Where it is wider than there is room: where it begins.
    const first = $("a", graph);
    if (first && graph.scrollWidth > graph.clientWidth) {
      const [box, at] = [graph.getBoundingClientRect(), first.getBoundingClientRect()];
      graph.scrollLeft = at.x + at.width / 2 - box.x - box.width / 2;
    }
  }
}

// A graph by keys: Enter goes into it, arrows from step to step, Escape out again.
function graphs(root) {
  const ways = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  for (const graph of unseen("graphs", ".graph", root)) {
    graph.addEventListener("keydown", event => {
      const at = event.target.closest("a");
      if (event.key === "Escape" && at) { graph.focus(); return; }
      if (event.key === "Enter" && !at) { event.preventDefault(); $("a", graph)?.focus(); return; }
      const way = ways[event.key];
      if (!way || !at) return;
      event.preventDefault();
      const middle = one => { const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
      const [x, y] = middle(at);
      // The nearest one that way; what stands to the side counts more than what stands further on.
      const near = all("a", graph).map(one => {
        const [dx, dy] = middle(one).map((place, index) => place - [x, y][index]);
        const on = dx * way[0] + dy * way[1];
        return { one, on, far: on + 2 * Math.abs(dx * way[1] + dy * way[0]) };
      }).filter(({ one, on }) => one !== at && on > 4).sort((a, b) => a.far - b.far)[0];
      near?.one.focus();
    });
  }
}

// Times that are filtered by, in the reader's zone; they are sent in UTC.
function zoned(root) {
  for (const field of all("input[data-utc]", root)) {
    const at = new Date(field.dataset.utc);
    if (!isNaN(at)) field.value = new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    // As the browser writes it: nobody has changed it yet.
    field.defaultValue = field.value;
    $(".utc", field.closest("label"))?.remove();
    const form = field.form;
    if (!form || "zoned" in form.dataset) continue;
    form.dataset.zoned = "";
    form.addEventListener("formdata", event => {
      for (const one of all("input[data-utc]", form)) {
        const chosen = new Date(one.value);
        if (one.value && !isNaN(chosen)) event.formData.set(one.name, chosen.toISOString());
      }
    });
  }
}

function ready(root) {
  zoned(root);
  zooms(root);
  graphs(root);
  times(root);
  copies(root);
  links(root);
  lines(root);
}

// Whether somebody is writing here, or is told why something was not done: then nothing is exchanged under their hands.
function busy(main) {
  if ($(".refusal", main)) return true;
  if (all("input:not([type=hidden]), textarea, select", main).some(field => {
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some(option => option.selected !== option.defaultSelected && field.selectedIndex > 0);
    return field.value !== field.defaultValue;
  })) return true;
  const at = document.activeElement;
  return at && main.contains(at) && ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
}

// Says that the page does not go on, and why; or nothing more of it.
function behind(why, link) {
  const place = $("#behind");
  if (!place || place.dataset.why === (why ?? "")) return;
  place.dataset.why = why ?? "";
  place.replaceChildren(why ?? "");
  place.hidden = !why;
  if (link) {
    const way = document.createElement("a");
    way.href = link;
    way.textContent = "Sign in again";
    place.append(" ", way);
  }
}

// Asks the server, and says so where it does not answer or does not know who asks.
async function ask(address, headers) {
  let answer;
  try {
    answer = await fetch(address, { headers: { ...headers, "x-druse-by-itself": "1" } });
  } catch (error) {
    behind("The server does not answer. This page shows how it was, and goes on by itself when it does.");
    throw error;
  }
  if (answer.redirected && new URL(answer.url).pathname === "/signin") {
    behind("Your session is over, so this page shows how it was.", "/signin?next=" + encodeURIComponent(location.pathname + location.search));
    return null;
  }
  behind(null);
  return answer;
}

// What the same thing is known by in two states of a page.
function key(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return String(node.nodeType);
  const own = name => node.getAttribute(name) ?? "";
  let sign = node.id || own("href") || own("action") || own("name");
  // A line of a list is what it leads to; of parts that open, each is what it says.
  if (!sign && node.matches("li, tr, .lane")) sign = $("a[href]", node)?.getAttribute("href");
  if (node.matches("details") && node.parentElement?.querySelectorAll(":scope > details").length > 1) sign = $("summary", node)?.textContent.replace(/\d+/g, "");
  return [node.nodeName, node.classList[0], sign].join(" ");
}

// For each of the next ones which of the old ones it was, in their order; -1 for what is new.
function pairs(old, next) {
  const found = next.map(() => -1);
  const [a, b] = [old.map(key), next.map(key)];
  let first = 0;
  let [last, end] = [a.length, b.length];
  while (first < last && first < end && a[first] === b[first]) found[first] = first++;
  while (last > first && end > first && a[last - 1] === b[end - 1]) found[--end] = --last;
  const [high, wide] = [last - first, end - first];
  // The longest row of those that stay; where that would be too much, they are made anew.
  if (!high || !wide || high * wide > 1_000_000) return found;
  const stay = Array.from({ length: high + 1 }, () => new Uint16Array(wide + 1));
  for (let i = high - 1; i >= 0; i--) {
    for (let j = wide - 1; j >= 0; j--) {
      stay[i][j] = a[first + i] === b[first + j] ? stay[i + 1][j + 1] + 1 : Math.max(stay[i + 1][j], stay[i][j + 1]);
    }
  }
  for (let i = 0, j = 0; i < high && j < wide;) {
    if (a[first + i] === b[first + j]) found[first + j++] = first + i++;
    else if (stay[i + 1][j] >= stay[i][j + 1]) i++;
    else j++;
  }
  return found;
}

// Brings what the server sent last to what it sends now, and leaves alone what is the same in both: so whoever is
// somewhere on the page stays there, with what was opened, marked, made larger or scrolled.
function exchange(live, was, fresh) {
  if (was.isEqualNode(fresh)) return;
  if (live.nodeType !== Node.ELEMENT_NODE) { live.data = fresh.data; return; }
  // The words of a time go on by themselves.
  if (live.matches("time") && was.dateTime === fresh.dateTime && was.className === fresh.className) return;
  for (const { name, value } of fresh.attributes) if (was.getAttribute(name) !== value) live.setAttribute(name, value);
  for (const { name } of was.attributes) if (!fresh.hasAttribute(name)) live.removeAttribute(name);
  if (live.matches("time")) { delete live.dataset.told; live.title = fresh.title; live.textContent = fresh.textContent; return; }
  const mine = [...live.childNodes].filter(node => !added.has(node));
  const [old, next] = [[...was.childNodes], [...fresh.childNodes]];
  const copy = node => document.importNode(node, true);
  // Somebody else has put something in.
  if (mine.length !== old.length) { live.replaceChildren(...next.map(copy)); return; }
  const found = pairs(old, next);
  const stays = new Set(found);
  mine.forEach((node, index) => {
    if (stays.has(index)) return;
    for (const beside of [...live.childNodes]) if (added.get(beside) === node) beside.remove();
    node.remove();
  });
  let before = null;
  for (let index = next.length - 1; index >= 0; index--) {
    if (found[index] < 0) {
      before = live.insertBefore(copy(next[index]), before);
      continue;
    }
    const node = mine[found[index]];
    exchange(node, old[found[index]], next[index]);
    before = node;
    while (before.previousSibling && added.get(before.previousSibling) === node) before = before.previousSibling;
  }
}

// The page as the server has sent it last.
let sent = null;

// Fetches this page anew and exchanges what has changed.
async function renew() {
  const main = $("#main");
  if (!main || busy(main)) return;
  const answer = await ask(location.href, { accept: "text/html" });
  if (!answer?.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = $("#main", next);
  if (!fresh || busy(main)) return;
  const focus = document.activeElement;
  const stops = () => all("a[href], button, summary, [tabindex]", main);
  const place = stops().indexOf(focus);
  exchange(main, sent, fresh);
  sent = fresh;
  clock();
  document.title = next.title;
  const icon = $("link[rel=icon]", next)?.getAttribute("href");
  if (icon && icon !== $("link[rel=icon]").getAttribute("href")) $("link[rel=icon]").href = icon;
  ready(main);
  tick();
  // What had the focus is gone: it goes to the same in another place, or to what has taken its place.
  if (place < 0 || main.contains(document.activeElement)) return;
  const now = stops();
  const same = now.find(one => one.nodeName === focus.nodeName && one.getAttribute("href") === focus.getAttribute("href") && one.textContent === focus.textContent);
  (same ?? now[Math.min(place, now.length - 1)] ?? main).focus({ preventScroll: true });
}

// Follows a stream of events, from the last one that came, and renews the page at most four times a second.
function follow(address) {
  let last = "";
  let waiting = false;
  let over = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      await renew().catch(() => {});
    }, 250);
  };
  const read = async () => {
    const headers = { accept: "text/event-stream" };
    if (last) headers["last-event-id"] = last;
    const answer = await ask(address, headers);
    if (!answer) return;
    // What is gone is not followed; a server that starts or ends is asked again.
    if (!answer.ok) { over = [403, 404, 410].includes(answer.status); return; }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const cut = rest.lastIndexOf("\n\n");
      if (cut < 0) continue;
      const whole = rest.slice(0, cut);
      rest = rest.slice(cut + 2);
      const ids = whole.match(/^id: ?(.*)$/gm);
      if (ids) {
        last = ids[ids.length - 1].replace(/^id: ?/, "");
        soon();
      }
    }
  };
  const go = async () => {
    while (!over) {
      await read().catch(() => {});
      await new Promise(done => setTimeout(done, 1000));
      // The run has ended, or the page says that it has: once more, then it is quiet.
      await renew().catch(() => {});
      if (!$("#main")?.dataset.follow) over = true;
    }
  };
  go();
}

// A file dropped on a page with a form for it is that form's file, wherever it falls: a browser would leave the page.
function drops() {
  const form = $("form[data-drop]");
  if (!form) return;
  const place = form.closest("section") ?? form;
  const file = $("input[type=file]", form);
  const brings = event => [...event.dataTransfer?.types ?? []].includes("Files");
  document.addEventListener("dragover", event => { if (brings(event)) { event.preventDefault(); place.classList.add("over"); } });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) place.classList.remove("over"); });
  document.addEventListener("drop", event => {
    place.classList.remove("over");
    if (!brings(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) { file.files = event.dataTransfer.files; form.requestSubmit(); }
  });
}

// Keys: g and a letter goes, / filters, j and k move, a and x lead to the buttons of a decision, e edits, ? tells.
function keys() {
  let going = false;
  let at = -1;
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const key = event.key;
    if (going) {
      going = false;
      const link = $(`[data-go="${CSS.escape(key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (key === "g") { going = true; return; }
    if (key === "?") { event.preventDefault(); $("#keys")?.showModal(); return; }
    if (key === "/") { const filter = $("[data-filter]"); if (filter) { event.preventDefault(); filter.focus(); } return; }
    if (key === "a" || key === "x") { const button = $(`.decision button[value=${key === "a" ? "approve" : "reject"}]`); if (button) { event.preventDefault(); button.focus(); } return; }
    if (key === "e") { const link = $("[data-edit]"); if (link) { event.preventDefault(); link.click(); } return; }
    if (key === "j" || key === "k") {
      const rows = all("a[data-open], .inbox a, .cards a");
      if (!rows.length) return;
      // From where one stands, whatever has come in between.
      const here = rows.indexOf(document.activeElement);
      at = Math.min(rows.length - 1, Math.max(0, (here < 0 ? at : here) + (key === "j" ? 1 : -1)));
      rows[at].focus();
    }
  });
}

// What this page can do: its buttons by what they say, each once.
function commands() {
  const known = new Map();
  for (const button of all("#main form button:not([type=button])")) {
    const name = button.textContent.trim();
    if (name && !known.has(name)) known.set(name, { name: "Do: " + name, button });
  }
  return [...known.values()];
}

// Shows a button where it stands; whoever wants it presses it.
function reveal(button) {
  for (let at = button.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  button.scrollIntoView({ block: "center" });
  button.focus();
}

// ctrl-k: go to a part, an automation or a run by a piece of its name, or to what this page can do.
function palette() {
  const dialog = $("#palette");
  if (!dialog) return;
  const input = $("input", dialog);
  const list = $("ul", dialog);
  let known = [];
  // What a list shows, each once.
  const take = async path => {
    const answer = await fetch(path, { headers: { "x-druse-by-itself": "1" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const link of all("a[data-open]", page)) {
      const address = link.getAttribute("href");
      if (known.some(one => one.address === address)) continue;
      const run = path.startsWith("/runs") ? $("code.id", link.closest("tr"))?.textContent : "";
      const state = $(".pill", link.closest("tr"))?.textContent.trim() ?? "";
      known.push({ name: [link.textContent.trim(), run && "#" + run, state].filter(Boolean).join(" "), address });
    }
    show();
  };
  const learn = async () => {
    known = all(".rail [data-go]").map(link => ({ name: link.textContent.trim(), address: link.getAttribute("href") })).concat(commands());
    show();
    for (const path of ["/automations", "/runs"]) await take(path);
  };
  // The lists show the youngest: the server knows all the others by a piece of their names.
  let asked = 0;
  const search = () => {
    show();
    const mine = asked += 1;
    const words = input.value.trim();
    if (words) setTimeout(() => { if (mine === asked) take("/automations?q=" + encodeURIComponent(words)).catch(() => {}); }, 120);
  };
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = known.filter(one => words.every(word => one.name.toLowerCase().includes(word))).slice(0, 12);
    list.replaceChildren(...found.map(one => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = one.address ?? "#main";
      link.textContent = one.name;
      if (one.button) link.addEventListener("click", event => { event.preventDefault(); dialog.close(); reveal(one.button); });
      item.append(link);
      return item;
    }));
  };
  input.addEventListener("input", search);
  dialog.addEventListener("keydown", event => {
    const links = all("a", list);
    const at = links.indexOf(document.activeElement);
    if (event.key === "Enter" && at < 0 && links.length) { event.preventDefault(); links[0].click(); }
    const next = event.key === "ArrowDown" ? at + 1 : event.key === "ArrowUp" ? at - 1 : null;
    if (next === null) return;
    event.preventDefault();
    (links[next] ?? input).focus();
  });
  document.addEventListener("keydown", event => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "k") return;
    event.preventDefault();
    input.value = "";
    dialog.showModal();
    learn().catch(() => {});
  });
}

// What is written and not saved is not left without a word.
function unsaved() {
  let sent = false;
  document.addEventListener("submit", () => { sent = true; });
  window.addEventListener("beforeunload", event => {
    if (!sent && all("[data-unsaved]").some(text => text.value !== text.defaultValue)) event.preventDefault();
  });
}

const main = $("#main");
// Before anything is done with it.
if (main && ("follow" in main.dataset || "looks" in main.dataset)) sent = main.cloneNode(true);
clock();
ready(document);
tick();
setInterval(tick, 1000);
drops();
keys();
palette();
unsaved();
if (main?.dataset.follow) follow(main.dataset.follow);
if (main && "looks" in main.dataset) {
  setInterval(() => { if (!document.hidden) renew().catch(() => {}); }, 5000);
}
