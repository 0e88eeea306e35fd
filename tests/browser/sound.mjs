// What has to hold on every page, looked at in the page itself.

/** What is wrong with a page, in lines: names of controls, headings, ids, contrast, text that is cut. */
export const wrongs = page => page.evaluate(() => {
  const found = [];
  const say = (what, one) => found.push(`${what}: ${one.outerHTML.slice(0, 160)}`);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const shown = one => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && !one.closest("[hidden], dialog:not([open])");

  // Every control has a name.
  const words = ids => (ids ?? "").split(/\s+/).filter(Boolean).map(id => document.getElementById(id)?.textContent ?? "").join(" ");
  const name = one => (one.getAttribute("aria-label") || words(one.getAttribute("aria-labelledby")) || [...(one.labels ?? [])].map(label => label.textContent).join(" ")
    || (["BUTTON", "A", "SUMMARY"].includes(one.tagName) || one.closest("svg") ? one.textContent + all("img[alt]", one).map(picture => picture.alt).join(" ") : "") || one.title || "").trim();
  for (const one of all("input:not([type=hidden]), select, textarea, button, summary, a[href]")) if (!name(one)) say("no name", one);
  for (const picture of all("img:not([alt]), svg:not([aria-hidden], [aria-label], [aria-labelledby], [role=presentation])")) if (!picture.closest("[aria-hidden=true]")) say("a picture without words", picture);

  // One heading of the first level, and none that skips a level.
  const headings = all("h1, h2, h3, h4, h5, h6").filter(one => !one.closest("dialog"));
  const levels = headings.map(one => Number(one.tagName[1]));
  if (levels.filter(level => level === 1).length !== 1) found.push(`headings of the first level: ${levels.filter(level => level === 1).length}`);
  headings.forEach((one, index) => { if (index && levels[index] > levels[index - 1] + 1) say("a heading that skips a level", one); });
  if (levels[0] !== 1) found.push("the first heading is not the page's own");

  // Ids once, and what names one finds it.
  const ids = all("[id]").map(one => one.id);
  for (const id of new Set(ids)) if (ids.filter(one => one === id).length > 1) found.push(`the id ${id} stands more than once`);
  for (const [selector, attribute] of [["[for]", "for"], ["[form]", "form"], ["[aria-labelledby]", "aria-labelledby"], ["[aria-describedby]", "aria-describedby"], ["[list]", "list"]]) {
    for (const one of all(selector)) for (const id of one.getAttribute(attribute).split(/\s+/)) if (!document.getElementById(id)) say(`no ${id}`, one);
  }
  for (const one of all("a[href^='#']")) {
    const id = decodeURIComponent(one.getAttribute("href").slice(1));
    if (id && !document.getElementById(id)) say("leads nowhere", one);
  }
  for (const one of all("[tabindex]")) if (one.tabIndex > 0) say("out of the order of the page", one);
  if (!document.documentElement.lang || !document.title.trim()) found.push("no language, or no title");

  // Contrast, AA: computed from the colours as they are painted.
  const brush = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = colour => {
    if (!known.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = (top, below) => top.slice(0, 3).map((part, index) => part * top[3] + below[index] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(part => { const value = part / 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => { const [high, low] = [light(a), light(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
  const ground = one => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), rgba(getComputedStyle(document.documentElement).backgroundColor));
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || told.has(one) || !shown(one) || one.closest("script, style, .sr, option")) continue;
    told.add(one);
    const style = getComputedStyle(one);
    const drawn = one.closest("svg");
    let below = ground(drawn ?? one);
    if (drawn) {
      const box = one.closest("a, g")?.querySelector("rect.box");
      if (box) below = over(rgba(getComputedStyle(box).fill), below);
    }
    const colour = rgba(drawn ? style.fill : style.color);
    // A text that is painted by another one behind it, as in the editor.
    if (colour[3] === 0) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const has = contrast(over(colour, below), below);
    if (has < (large ? 3 : 4.5)) say(`contrast ${has.toFixed(2)}`, one);
  }
  // What is written in a field, and the edges that say that there is one.
  for (const one of all("input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), select, textarea:not(.painted textarea)").filter(shown)) {
    if (one.closest(".painted")) continue;
    const style = getComputedStyle(one);
    const below = ground(one);
    if (contrast(over(rgba(style.color), below), below) < 4.5) say("contrast of what is written", one);
    if (contrast(over(rgba(style.borderTopColor), below), below) < 3) say("contrast of the edge", one);
  }

  // Nothing is wider than the window, and no text is cut off without a sign.
  const more = document.documentElement.scrollWidth - innerWidth;
  if (more > 0) found.push(`${more} px wider than the window`);
  for (const one of all("#main *, main *").filter(shown)) {
    const style = getComputedStyle(one);
    const hides = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis" && style.clipPath === "none";
    if (hides && one.scrollWidth > one.clientWidth + 1 && !one.closest("svg, input, textarea, .editor")) say("cut off", one);
  }
  return [...new Set(found)];
});

/** Walks a page by Tab; what comes out of order, is never reached, or does not show that it is there. */
export async function walked(page) {
  const stops = await page.evaluate(() => {
    document.activeElement?.blur();
    // A graph is one stop, and its steps are walked by arrows.
    const can = "a[href]:not([tabindex='-1']), button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const groups = new Set();
    const stops = [...document.querySelectorAll(can)].filter(one => {
      if (one.disabled || !one.checkVisibility({ visibilityProperty: true }) || one.closest("dialog:not([open])")) return false;
      if (one.type !== "radio") return true;
      // Of radio buttons the group is one stop.
      const chosen = document.querySelector(`input[type=radio][name="${CSS.escape(one.name)}"]:checked`);
      if (groups.has(one.name) || (chosen && chosen !== one)) return false;
      groups.add(one.name);
      return true;
    });
    stops.forEach((one, index) => { one.dataset.stop = index; });
    return stops.length;
  });
  const wrong = [];
  let last = -1;
  for (let press = 0; press <= stops + 40 && last < stops - 1; press += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      // The sign that something has the focus may be drawn by what is around it.
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      // Day, month, hour: such a field has the focus as long as Tab goes through its parts.
      const parts = ["date", "time", "datetime-local", "month", "week"].includes(one.type);
      return { stop: one.dataset.stop === undefined ? null : Number(one.dataset.stop), parts, seen, html: one.outerHTML.slice(0, 120) };
    });
    if (at.stop === null) continue;
    if (at.parts && at.stop === last && at.seen) continue;
    if (at.stop !== last + 1) wrong.push(`after stop ${last} comes ${at.stop}: ${at.html}`);
    if (!at.seen) wrong.push(`no sign of the focus: ${at.html}`);
    last = at.stop;
    if (wrong.length > 3) break;
  }
  if (last < stops - 1) wrong.push(`only ${last + 1} of ${stops} are reached`);
  return wrong;
}
