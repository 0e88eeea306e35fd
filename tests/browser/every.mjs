// Every page and every form of the console, as its table has them (`docs/addresses.md`).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { browse, called, Server, signIn, until, violations } from "./harness.mjs";
import { walked, wrongs } from "./sound.mjs";
import { atWork } from "./world.mjs";

/** `GET /runs/{id}` and what finds an address that is one. */
const ROUTES = readFileSync(new URL("../../docs/addresses.md", import.meta.url), "utf8")
  .split("\n").map(line => line.match(/^\| `(GET|POST) (\S+)` \| (\w+) \|$/)).filter(Boolean)
  .map(([, method, path, who]) => ({ method, path, who, is: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`) }));

/** What is read by the page's script, or taken as a file: no page. */
const RAW = ["/runs/{id}/events", "/runs/{id}/logs/stream", "/runs/{id}/artifacts/{name}"];

const route = (method, path) => ROUTES.find(one => one.method === method && one.is.test(path));

let browser, world, fresh, at;
/** What is looked at besides what two links of a kind lead to. */
let extra = [];
const cookies = new Map();
/** Every address that a link of a page leads to, one or two of each kind; with the server that has it. */
const found = [];
/** Up to four forms of each address that takes one. */
const forms = new Map();

before(async () => {
  browser = await browse();
  world = await Server.start();
  at = await atWork(world);
  await more(world);
  // A console on which the example was brought and its world is missing.
  fresh = await Server.start();
  for (const server of [world, fresh]) cookies.set(server, await signIn(browser, server));
});
after(async () => { await browser.close(); world.stop(); fresh.stop(); });

/** What is there besides, so that no form is without its page. */
async function more(server) {
  const id = await server.active(`druse: 1
name: kept
triggers:
  - { id: nights, schedule: { cron: "30 3 * * *" } }
  - { id: days, schedule: { cron: "30 15 * * *" } }
steps: [{ id: nap, action: wait, with: { for: 5h } }]
`);
  await server.run(id);
  const [one] = (await server.api("GET", `/automations/${id}/triggers`)).items;
  await server.api("POST", `/triggers/${one.id}/pause`, {});
  const chat = await server.api("POST", "/chat/threads", { status: "succeeded", messages: [
    { role: "user", content: "What is the balance of C-1?" }, ...called("a", "get_balance", { customer: "C-1" }, { balance: 7 }) ] });
  await server.api("POST", `/chat/threads/${chat.id}/crystallize`, { mode: "exact", name: "balance" });

  // Names and texts as long as they may be, without a place to break, and from right to left.
  const word = "Donaudampfschifffahrtsgesellschaft".repeat(3);
  const step = "a_step_with_a_name_that_is_as_long_as_a_name_may_be_and_no_place_to_break".slice(0, 60);
  const long = await server.active(JSON.stringify({
    druse: 1, name: "an-automation-whose-name-is-quite-as-long-as-a-name-can-be".slice(0, 60), description: word,
    inputs: { text: { type: "string", title: word, description: word }, back: { type: "string", default: "ادفع الفاتورة رقم 4711 إلى Stadtwerke اليوم" } },
    steps: [
      { id: step, action: "transform", with: { value: { [word]: "{{ inputs.text }}", back: "{{ inputs.back }}" } } },
      { id: "ask", action: "approval_gate", needs: [step], with: { title: "{{ inputs.back }} {{ inputs.text }}", message: word, show: { [word]: "{{ inputs.text }}" },
        fields: { type: "object", properties: { [word]: { type: "string", title: word, description: word, default: word } } } } },
      { id: "say", action: "shell", needs: ["ask"], with: { argv: ["sh", "-c", "yes \"$X\" | head -n 200 >&2; exit 1"], env: { X: "{{ inputs.text }}" } } },
    ],
  }));
  const given = { text: "0123456789".repeat(25) };
  const [waits, fails, known] = [await server.run(long, given), await server.run(long, given), await server.run(long, given)];
  const [asks, other, last] = [await server.gate(waits.id), await server.gate(fails.id), await server.gate(known.id)];
  for (const [gate, run] of [[other, fails], [last, known]]) {
    await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest, comment: word, fields: { [word]: word } });
    await until("its end", async () => (await server.api("GET", `/runs/${run.id}`)).status === "failed");
  }
  await server.api("POST", `/runs/${known.id}/seen`, { reason: word });
  // A recording of a long day.
  const calls = Array.from({ length: 120 }, (_, index) => called(`c${index}`, "set_price", { article: `A-${1000 + index}`, price: index * 1.25 }, { ok: true, at: index })).flat();
  const day = await server.api("POST", "/agents/runs", { status: "succeeded", goal: word, messages: [{ role: "user", content: `${word} Set all prices` }, ...calls] });
  const drawn = (await server.api("POST", `/agents/runs/${day.id}/crystallize`, { mode: "exact", name: "prices" })).automation;
  extra = [`/automations/${drawn.id}/review`, `/approvals/${asks.id}`, `/approvals/${other.id}`, `/runs/${fails.id}`, `/runs/${waits.id}?tab=values`, `/runs/${fails.id}?tab=journal`, `/runs/${known.id}`, `/automations/${long}`,
    `/automations/${long}?tab=steps&step=${step}`, `/automations/${long}?tab=try`, `/recordings/${day.id}`];
}

async function visitor(server, options = {}) {
  const context = await browser.open(options);
  await context.addCookies(cookies.get(server));
  return context;
}

/** A kind of address: its line of the table, and what of the query makes it another page. */
function kind(address) {
  const url = new URL(address, "http://x");
  const line = route("GET", url.pathname);
  if (!line) return null;
  const part = ["tab", "step", "action", "kind", "bind", "status", "from", "cursor"].map(name => {
    const value = url.searchParams.get(name);
    return value && (name === "tab" || name === "kind" ? `${name}=${value}` : name);
  });
  return [line.path, ...part.filter(Boolean)].join(" ");
}

test("every page is found by links, without script, and tells what it is made of", async t => {
  // Two of each kind: a run that failed and one that waits are other pages.
  const most = line => line.startsWith("/runs/{id}") || line.startsWith("/automations/{id}") ? 6 : 2;
  for (const server of [world, fresh]) {
    const context = await visitor(server, { javaScriptEnabled: false });
    const page = await context.newPage();
    if (server === fresh) {
      await page.goto(server.address);
      await page.getByRole("button", { name: "Try it with an example" }).click();
      await page.getByRole("button", { name: "Crystallize" }).click();
    }
    const named = [...extra, `/automations/${at.draft.id}/review`, `/automations/${at.desk.id}/review`, `/runs/${at.uncertain.id}`, `/runs/${at.paused.id}`, `/runs/${at.undone.id}`, `/runs/${at.letters.id}`, `/automations/${at.refund}`];
    const waiting = server === fresh ? ["/"] : [...named, "/", "/audit", "/signin"];
    const seen = new Map();
    const asked = new Set();
    while (waiting.length) {
      const address = waiting.shift().replace(/#.*/, "");
      const what = kind(address);
      const key = new URL(address, server.address).href;
      if (!what || asked.has(key) || (!named.includes(address) && (seen.get(what) ?? 0) >= most(what))) continue;
      asked.add(key);
      seen.set(what, (seen.get(what) ?? 0) + 1);
      if (RAW.some(raw => what.startsWith(raw))) { found.push({ server, address, what, raw: true }); continue; }
      const answer = await page.goto(server.address + address);
      assert.equal(answer.status(), 200, address);
      found.push({ server, address, what });
      const has = await page.evaluate(() => {
        const here = [...document.querySelectorAll("a[href]")].map(link => link.href.baseVal ?? link.href).map(link => new URL(link, location.href).href).filter(link => link.startsWith(location.origin));
        const forms = [...document.querySelectorAll("form")].map(form => {
          const buttons = [...document.querySelectorAll("button")].filter(button => button.form === form && button.type === "submit" && !button.disabled && !button.closest("[hidden]"));
          const fields = [...form.elements].filter(field => field.name && field.tagName !== "BUTTON" && field.type !== "file" && (!["checkbox", "radio"].includes(field.type) || field.checked)).map(field => [field.name, field.value]);
          const to = new Set([form.getAttribute("action"), ...buttons.map(button => button.getAttribute("formaction"))].filter(Boolean));
          return { method: form.method, to: [...to], fields, buttons: buttons.map(button => [button.name, button.value]), dialog: Boolean(form.closest("dialog")) };
        });
        return { here, forms };
      });
      for (const link of has.here) waiting.push(link.slice(server.address.length));
      // What a form asks for without changing anything is a way, too.
      for (const form of has.forms.filter(form => form.method === "get" && form.to.length)) waiting.push(`${form.to[0]}?${new URLSearchParams(form.fields)}`);
      for (const form of has.forms.filter(form => form.method === "post")) {
        assert.ok(form.buttons.length, `${address}: a form without a button to ${form.to}`);
        for (const to of form.to) {
          const line = route("POST", new URL(to, server.address).pathname);
          assert.ok(line, `${address}: a form to ${to}, which is no address`);
          const known = forms.get(line.path) ?? [];
          if (known.length < 4) forms.set(line.path, [...known, { ...form, to, server, address }]);
        }
      }
    }
    await context.close();
  }
  // What only the script asks for.
  const script = [`/runs/${at.waiting.id}/events`, `/runs/${at.failed.id}/logs/stream`];
  const pages = new Set([...found.map(one => route("GET", new URL(one.address, "http://x").pathname).path), ...script.map(one => route("GET", one).path)]);
  const missed = ROUTES.filter(one => one.method === "GET" && !pages.has(one.path)).map(one => one.path);
  assert.deepEqual(missed, [], "pages that nothing leads to");

  // `/setup` stands on the page for whoever is not signed in.
  const nobody = await browser.open({ javaScriptEnabled: false });
  const page = await nobody.newPage();
  await page.goto(`${world.address}/signin`);
  for (const path of await page.evaluate(() => [...document.forms].map(form => form.getAttribute("action")))) {
    if (!forms.has(path)) forms.set(path, [{ to: path, fields: [], buttons: [], server: world, address: "/signin" }]);
  }
  await nobody.close();
  const formless = ROUTES.filter(one => one.method === "POST" && !forms.has(one.path)).map(one => one.path);
  assert.deepEqual(formless, [], "addresses that no form of any page sends to");
  t.diagnostic(`${found.length} pages of ${pages.size} kinds, ${forms.size} forms`);
});

test("every page has its JSON twin", async t => {
  // Each page was made of requests, and whoever has a token gets their answers as JSON.
  const lines = new Map();
  for (const server of [world, fresh]) {
    const context = await visitor(server, { javaScriptEnabled: false });
    const page = await context.newPage();
    for (const one of found.filter(one => one.server === server && !one.raw && one.what !== "/signin")) {
      await page.goto(server.address + one.address);
      const own = await page.evaluate(() => [...document.querySelectorAll(".twin > details > ul code")].map(line => line.textContent));
      assert.ok(own.some(line => line.startsWith("GET /api/v1/")), one.address);
      for (const line of own) lines.set(`${server.address} ${line}`, { server, line, address: one.address });
    }
    await context.close();
  }
  for (const { server, line, address } of lines.values()) {
    const [method, path] = line.split(/ (.*)/);
    if (method !== "GET") continue;
    const answer = await fetch(server.address + path, { headers: { authorization: `Bearer ${server.token}`, accept: "application/json" } });
    const text = await answer.text();
    // What may be missing is asked for, too.
    assert.ok([200, 404].includes(answer.status), `${address}: ${line}: ${answer.status} ${text}`);
    assert.doesNotThrow(() => JSON.parse(text), `${address}: ${line}: ${text.slice(0, 200)}`);
  }
  t.diagnostic(`${lines.size} requests behind them, each answered as JSON`);
});

// Longer than all others together: `run sound` takes it.
const ALONE = { skip: process.env.SOUND === "1" ? false : "run it with `tests/browser/run sound`" };

test("every page is sound at 360 px and wide, light and dark, and is walked by keys", ALONE, async t => {
  const wrong = [];
  const walkedKinds = new Set();
  let pages = 0;
  for (const viewport of [{ width: 360, height: 740 }, { width: 1280, height: 800 }]) {
    for (const server of [world, fresh]) {
      const context = await visitor(server, { viewport, reducedMotion: "reduce" });
      const page = await context.newPage();
      // Nothing is exchanged while it is looked at.
      await page.route(/./, route => route.request().headers()["x-druse-by-itself"] ? route.fulfill({ status: 503 }) : route.continue());
      for (const one of found.filter(one => one.server === server && !one.raw)) {
        await page.goto(server.address + one.address);
        pages += 1;
        const place = `${one.address} at ${viewport.width}`;
        await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          for (const line of await wrongs(page)) wrong.push(`${place}, ${colorScheme}: ${line}`);
          // Its rules are held against each kind of page once; what is above is looked at on every single one.
          if (viewport.width === 360 && !walkedKinds.has(`${one.what} 360`)) for (const line of await violations(page)) wrong.push(`${place}, ${colorScheme}: ${line}`);
        }
        if (one.what === "/signin" || walkedKinds.has(`${one.what} ${viewport.width}`)) continue;
        walkedKinds.add(`${one.what} ${viewport.width}`);
        for (const line of await walked(page)) wrong.push(`${place}: ${line}`);
        // Keys, and the palette with what this page can do; both close and give the focus back.
        await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
        await page.keyboard.press("?");
        if (!await page.locator("#keys[open]").count()) wrong.push(`${place}: ? shows nothing`);
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+k");
        const can = await page.evaluate(() => [...document.querySelectorAll("#main form button:not([type=button])")].map(button => button.textContent.trim()).find(Boolean) ?? "Settings");
        await page.locator("#palette-text").fill(can.slice(0, 40));
        if (!await page.locator("#palette li", { hasText: can.slice(0, 20) }).count()) wrong.push(`${place}: the palette does not know ${can}`);
        await page.keyboard.press("Escape");
        if (await page.locator("dialog[open]").count()) wrong.push(`${place}: a dialog stays`);
      }
      await context.close();
    }
  }
  t.diagnostic(`${pages} pages, ${walkedKinds.size} of them walked by keys`);
  assert.deepEqual([...new Set(wrong)], []);
  assert.deepEqual(browser.broken, []);
});

test("a role sees the pages and forms that it may use, and is refused the others", async t => {
  const roles = ["viewer", "operator", "approver", "editor", "admin"];
  for (const role of roles) {
    const { token } = await world.api("POST", "/tokens", { role, name: `a-${role}` });
    const context = await browser.open({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${world.address}/signin`);
    await page.getByLabel("Your token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    const may = line => line.who === "anybody" || roles.indexOf(line.who) <= roles.indexOf(role);
    let shown = 0;
    for (const one of found.filter(one => one.server === world && !one.raw && one.what !== "/signin")) {
      const answer = await page.goto(world.address + one.address);
      const line = route("GET", new URL(one.address, "http://x").pathname);
      assert.equal(answer.status(), may(line) ? 200 : 403, `${role}: ${one.address}`);
      const to = await page.evaluate(() => [...document.querySelectorAll("form[method=post], button[formaction]")].map(one => one.getAttribute("formaction") ?? one.getAttribute("action")));
      for (const address of to) {
        assert.ok(may(route("POST", new URL(address, world.address).pathname)), `${role} is shown ${address} on ${one.address}`);
        shown += 1;
      }
    }
    for (const line of ROUTES.filter(line => line.method === "POST" && !may(line))) {
      const answer = await context.request.post(world.address + line.path.replaceAll(/\{\w+\}/g, "x"), { form: {}, headers: { origin: world.address, "sec-fetch-site": "same-origin" } });
      assert.equal(answer.status(), 403, `${role}: POST ${line.path}`);
      assert.match(await answer.text(), /This needs the role/);
    }
    t.diagnostic(`${role}: ${shown} forms shown`);
    await context.close();
  }
  assert.deepEqual(browser.broken, []);
});

// The last one: it presses everything.
test("every form is answered by a page without script, and leads on or says what is missing", async t => {
  // Each form, as it stands, is answered by a page of the console: it leads on, or says what is missing.
  const last = ["remove", "revoke", "signout", "compact", "cancel"];
  const order = [...forms].sort(([a], [b]) => last.findIndex(word => a.includes(word)) - last.findIndex(word => b.includes(word)));
  let led = 0;
  for (const [path, all] of order) {
    const answers = [];
    for (const form of all) {
      const jar = await visitor(form.server);
      const body = new URLSearchParams(form.fields);
      const [name, value] = form.buttons.at(-1) ?? [];
      if (name) body.append(name, value);
      const answer = await jar.request.fetch(form.server.address + form.to, { method: "POST", data: body.toString(), maxRedirects: 0,
        headers: { "content-type": "application/x-www-form-urlencoded", origin: form.server.address, "sec-fetch-site": "same-origin" } });
      const text = await answer.text();
      answers.push(answer.status());
      await jar.close();
      if (answer.status() === 303) { led += 1; break; }
      assert.ok([200, 400, 401, 409, 412, 422].includes(answer.status()), `${form.address}: POST ${form.to}: ${answer.status()} ${text.slice(0, 400)}`);
      assert.match(text, /<main/, `${form.address}: POST ${form.to}`);
      // What was not done says so, and where one is.
      if (answer.status() >= 400) assert.match(text, /role="alert"/, `${form.address}: POST ${form.to}: ${answer.status()}`);
    }
    if (path === "/signout") for (const server of [world, fresh]) cookies.set(server, await signIn(browser, server));
    t.diagnostic(`POST ${path}: ${answers.join(", ")}`);
  }
  t.diagnostic(`${led} of ${forms.size} forms lead on as they stand; the others say what is to be filled in`);
  assert.deepEqual(browser.broken, []);
});
