// As a person would, in a real browser.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browse, fits, hostile, recorded, signedIn as enter, until, violations } from "./harness.mjs";

let browser;
before(async () => { browser = await browse(); });
after(async () => { await browser.close(); });

const signedIn = (t, options) => enter(t, browser, options);

function whole() {
  assert.deepEqual(browser.broken, []);
}

const GATED = `druse: 1
name: pay-bills
inputs: { amount: { type: number } }
steps:
  - { id: bill, action: shell, with: { argv: [printf, "DE89 3704"] } }
  - { id: ask, action: approval_gate, needs: [bill], with: { title: "Pay EUR {{ inputs.amount }}?", timeout: 24h } }
  - { id: pay, action: shell, needs: [ask], with: { argv: [printf, paid], env: { ACCOUNT: "{{ steps.bill.output.stdout }}" } } }
`;

test("from the first start to the first finished crystallized run", async t => {
  const { server, page } = await signedIn(t);
  let clicks = 0;
  const click = async (role, name) => { clicks += 1; await page.getByRole(role, { name, exact: true }).first().click(); };
  await click("button", "Try it with an example");
  await page.getByRole("heading", { name: "Conversation" }).waitFor();
  await click("button", "Crystallize");
  await page.getByRole("heading", { name: "Automation", exact: true }).waitFor();
  // What its tools work in is set up where it is missed.
  await click("button", "Set up the tools of the example");
  await until("nothing to be missing", async () => (await page.locator("#connections").count()) === 0);
  assert.match(await page.textContent("main"), /replay 4\/4/);
  // A call and its step are lit together, with a line between them.
  await page.locator(".conversation [data-link=pay]").hover();
  await page.locator(".review > .line path").waitFor({ state: "attached" });
  await page.locator("#step-pay.lit").waitFor();
  // Every click is a request that the page shows.
  await page.getByText("This page by the API").click();
  await page.getByText("POST /api/v1/agents/runs/", { exact: false }).waitFor();
  // The binding that is proposed is accepted, a value is made an input, a step is dropped.
  const proposed = `input[name=choice][value="steps.read_file.output.json.text | line_value('Pay to')"]`;
  await page.locator(`form:has(${proposed}) button`).first().click();
  await page.waitForURL(/review$/);
  assert.equal(await page.getByText("Where does Stadtwerke").count(), 0);
  const pay = page.locator("#step-pay");
  clicks += 1;
  await pay.getByRole("button", { name: "Freeze it" }).first().click();
  clicks += 1;
  await page.locator("#step-pay").getByRole("button", { name: "Make it an input" }).first().click();
  clicks += 1;
  await page.locator("#step-get_account").getByRole("button", { name: "Drop this step" }).click();
  await until("the step to be gone", async () => (await page.locator("#step-get_account").count()) === 0);
  for (const box of await page.locator("#activate input[type=checkbox]").all()) { clicks += 1; await box.check(); }
  clicks += 1;
  await page.getByRole("button", { name: /^Activate version/ }).click();
  await page.waitForURL(/automations\/auto_[^/]*$/);
  assert.ok(clicks <= 12, `${clicks} clicks`);
  const run = page.locator("summary", { hasText: "Run now" });
  await run.click();
  await page.getByRole("button", { name: "Run it" }).click();
  await page.waitForURL(/\/runs\/run_/);
  const address = page.url();
  await page.getByRole("link", { name: "To the approval" }).click();
  await page.getByLabel(/I have looked/).check();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("What happens now").waitFor();
  await page.goto(address);
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  whole();
});

test("a real recording with thirty calls becomes an active automation in at most twelve clicks", async t => {
  const file = recorded("claude-code/entireio-cli__8b418ea5.jsonl");
  if (!file) return t.diagnostic("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
  const { server, page } = await signedIn(t);
  await page.goto(`${server.address}/recordings`);
  let clicks = 0;
  const click = async target => { clicks += 1; await target.click(); };
  const button = name => page.getByRole("button", { name, exact: true });
  clicks += 1;
  await page.locator("input[type=file]").setInputFiles(file);
  await click(button("Bring it in"));
  const calls = Number((await page.getByText(/ calls: /).textContent()).match(/(\d+) calls:/)[1]);
  assert.ok(calls >= 30, `${calls} calls`);
  await click(button("Crystallize"));
  await page.getByRole("heading", { name: "Automation", exact: true }).waitFor();
  assert.match(await page.textContent(".head"), /replay (\d+)\/\1/);
  // What its tools need is set up where it is missed.
  const folder = join(server.folder, "workspace");
  mkdirSync(folder);
  for (const [name, place] of [["workspace", folder], ["linear-server", "http://127.0.0.1:9/"]]) {
    await page.locator(`#place-${name}`).fill(place);
    await click(button(`Set up ${name}`));
    // Nobody answers at this address, which is said first: a click that a server which is there does not need.
    if (place.startsWith("http:")) await button("Set it up all the same").click();
    await until(`${name} to be there`, async () => (await page.locator(`#place-${name}`).count()) === 0);
  }
  if (await page.getByRole("button", { name: /^Take what is suggested/ }).count()) {
    await click(page.getByRole("button", { name: /^Take what is suggested/ }));
    await until("no question to be left", async () => (await page.locator(".question").count()) === 0);
  }
  assert.deepEqual(await violations(page), []);
  for (const box of await page.locator("#activation fieldset > label input, #activation .together > label input").all()) { clicks += 1; await box.check(); }
  await click(page.getByRole("button", { name: /^Activate version/ }));
  await page.waitForURL(/automations\/auto_[^/]*$/);
  const [automation] = (await server.api("GET", "/automations?status=active")).items;
  t.diagnostic(`${calls} calls, ${automation.document.steps.length} steps, ${clicks} clicks`);
  assert.ok(clicks <= 12, `${clicks} clicks`);
  whole();
});

test("an approval on a phone, in three taps, with the link of a mail", async t => {
  const { server, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const id = await server.active(GATED);
  // Both links that a mail may have: the address of the gate, for whoever is signed in, and one that is made for somebody.
  for (const link of ["", "/links"]) {
    const run = await server.run(id, { amount: 98.7 });
    const gate = await server.gate(run.id);
    const address = link ? (await server.api("POST", `/approvals/${gate.id}/links`, {})).address : `${server.address}/approvals/${gate.id}`;
    // A mail program's page, which is of no site of ours.
    await page.goto(`data:text/html,<a href="${address}">Please decide</a>`);
    let taps = 0;
    const tap = async target => { taps += 1; await target.tap(); };
    await tap(page.getByRole("link", { name: "Please decide" }));
    await page.getByRole("heading", { name: "Pay EUR 98.7?" }).waitFor();
    await fits(page, "the approval");
    // What it is about stands at the top, and how long there is.
    for (const text of ["pay-bills", "started by ana", "ends in 24 h", "runs the program printf", "⇐ bill", "DE89 3704"]) assert.ok((await page.textContent("main")).includes(text), `${text} of ${link}`);
    const approve = page.getByRole("button", { name: "Approve" });
    if (!link) {
      // Without a scroll: the tick and the buttons are within reach of the thumb.
      for (const one of [approve, page.getByLabel(/I have looked/)]) {
        const box = await one.boundingBox();
        assert.ok(box.y + box.height <= 740 && box.y > 370, JSON.stringify(box));
      }
    }
    const box = await approve.boundingBox();
    assert.ok(box.height >= 44, `the button is ${JSON.stringify(box)}`);
    assert.deepEqual(await violations(page), []);
    await tap(page.getByLabel(/I have looked/));
    await tap(approve);
    await page.getByText(link ? "It is approved" : "What happens now").waitFor();
    assert.ok(taps <= 3, `${taps} taps`);
    await until("the end of the run", async () => (await server.api("GET", `/runs/${run.id}`)).status === "succeeded");
  }
  whole();
});

test("a failed run is found, understood and retried", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(`druse: 1
name: nightly
inputs: { code: { type: integer, default: 7 } }
steps:
  - { id: upload, action: shell, with: { argv: [sh, -c, "echo maintenance >&2; exit $CODE"], env: { CODE: "{{ inputs.code }}" } } }
`);
  await server.run(id, {}, "30s");
  await page.goto(server.address);
  await page.locator(".inbox").getByRole("link", { name: /nightly failed/ }).click();
  assert.match(await page.textContent(".why"), /upload failed.*maintenance/s);
  await page.locator("summary", { hasText: "Retry with other inputs" }).click();
  await page.getByLabel("code").fill("0");
  await page.getByRole("button", { name: "Retry with these" }).click();
  // It is followed live: the page is not loaded again by anybody.
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  assert.equal(await page.locator(".why").count(), 0);
  whole();
});

test("a run is followed while it goes on", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(GATED);
  const run = await server.run(id, { amount: 1 });
  const gate = await server.gate(run.id);
  await page.goto(`${server.address}/runs/${run.id}`);
  await page.getByText("waiting").first().waitFor();
  const icon = () => page.locator("link[rel=icon]").getAttribute("href");
  assert.match(await icon(), /waiting-/);
  await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  assert.match(await icon(), /succeeded-/);
  assert.match(await page.title(), /^✓/);
  whole();
});

test("of two people who edit, the second is told and nothing is lost", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(GATED);
  const described = (text, whom = "") => GATED.replace("name: pay-bills", `name: pay-bills\ndescription: ${text}${whom}`);
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  await page.getByLabel("Document").fill(described("Mine"));
  await server.api("PUT", `/automations/${id}`, described("Theirs"), "application/yaml");
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.getByRole("alert").getByText("changed since you read it").waitFor();
  assert.doesNotMatch(await page.textContent("[role=alert]"), /ETag/);
  // Who it was, what they changed, and both in the text: it cannot be saved as it stands.
  await page.locator("#meanwhile").getByText("Version 2 by").waitFor();
  await page.locator("#meanwhile .diff").getByText("+description: Theirs").waitFor();
  const both = await page.getByLabel("Document", { exact: true }).inputValue();
  for (const line of ["<<<<<<< yours", "description: Mine", "description: Theirs", ">>>>>>> theirs"]) assert.ok(both.includes(line), both);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: /^Save as version 3/ }).click();
  await page.getByRole("alert").waitFor();
  assert.equal((await server.api("GET", `/automations/${id}`)).latest_version, 2);
  await page.getByLabel("Document", { exact: true }).fill(described("Theirs and mine"));
  await page.getByRole("button", { name: /^Save as version 3/ }).click();
  await until("the third version", async () => (await server.api("GET", `/automations/${id}`)).latest_version === 3);
  // What does not touch is put together.
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  const stored = await page.getByLabel("Document", { exact: true }).inputValue();
  await page.getByLabel("Document", { exact: true }).fill(stored.replace("Theirs and mine", "Mine again"));
  await server.api("PUT", `/automations/${id}`, `${stored}outputs: { done: "yes" }\n`, "application/yaml");
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.getByText("Both are in the text below").waitFor();
  await page.getByRole("button", { name: /^Save as version 5/ }).click();
  await until("the fifth version", async () => (await server.api("GET", `/automations/${id}`)).latest_version === 5);
  const { document } = await server.api("GET", `/automations/${id}`);
  assert.deepEqual([document.description, document.outputs], ["Mine again", { done: "yes" }]);
  whole();
});

test("a session that is over in the middle of a form loses nothing", async t => {
  const { server, context, page } = await signedIn(t);
  const id = await server.active(GATED);
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  await page.getByLabel("Document").fill(GATED.replace("name: pay-bills", "name: pay-bills\ndescription: Kept over"));
  await context.clearCookies();
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.getByRole("heading", { name: "Your session is over" }).waitFor();
  await page.getByLabel("Your token").fill(server.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Send it now" }).click();
  await page.waitForURL(/tab=document/);
  assert.match(await page.getByLabel("Document").inputValue(), /description: Kept over/);
  whole();
});

test("keys go everywhere, and everything works without script", async t => {
  const { server, page } = await signedIn(t);
  for (const [key, path] of [["a", "/approvals"], ["u", "/automations"], ["r", "/runs"], ["c", "/recordings"], ["s", "/settings"], ["h", "/"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL(`${server.address}${path}`);
  }
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys" }).waitFor();
  const bare = await browser.open({ javaScriptEnabled: false });
  t.after(() => bare.close());
  const plain = await bare.newPage();
  await plain.goto(server.cli("open").trim());
  await plain.getByRole("button", { name: "Try it with an example" }).click();
  await plain.getByRole("heading", { name: "Make it an automation" }).waitFor();
  await plain.getByRole("button", { name: "Crystallize" }).click();
  await plain.getByRole("heading", { name: "Activate" }).waitFor();
  await page.keyboard.press("Escape");
  const id = await server.active(GATED);
  const gate = await server.gate((await server.run(id, { amount: 1 })).id);
  await page.goto(`${server.address}/approvals/${gate.id}`);
  for (const [key, name] of [["a", "Approve"], ["x", "Reject"]]) {
    await page.keyboard.press(key);
    assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), name);
  }
  await page.goto(`${server.address}/automations/${id}`);
  await page.keyboard.press("e");
  await page.waitForURL(/tab=document/);
  // To the filter, down and up the list, and open.
  await server.run(id, { amount: 2 });
  await page.goto(`${server.address}/runs`);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.name), "automation_id");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  const rows = await page.locator("a[data-open]").evaluateAll(all => all.map(link => link.pathname));
  assert.ok(rows.length >= 2);
  for (const [key, index] of [["j", 0], ["j", 1], ["k", 0], ["j", 1]]) {
    await page.keyboard.press(key);
    assert.equal(await page.evaluate(() => document.activeElement.pathname), rows[index]);
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(server.address + rows[1]);
  await page.goto(server.address);
  await page.keyboard.press("Control+k");
  await page.getByLabel("A piece of a name").fill("pay-b");
  await page.locator("#palette").getByRole("link", { name: /^pay-bills/ }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/automations\/auto_/);
  whole();
});

test("two hundred texts of others, in every field that a page shows, and none of them runs", async t => {
  const { server, page } = await signedIn(t);
  const texts = hostile();
  assert.equal(texts.length, 200);
  const each = value => Object.fromEntries(texts.map((text, index) => [`k${index}`, value(text, index)]));
  // A recording whose every part is such a text, and what is made of it.
  const turns = texts.flatMap((text, index) => [
    { role: "user", content: text },
    { role: "assistant", content: text, tool_calls: [{ id: `c${index}`, name: `t${index}`, arguments: { [text]: text } }] },
    { role: "tool", tool_call_id: `c${index}`, content: text },
  ]);
  const stored = await server.api("POST", "/agents/runs", { status: "succeeded", agent: texts[1], goal: texts[0], messages: turns });
  const named = await server.tried("POST", "/agents/runs", { status: "succeeded", agent: texts[5], goal: texts[6], messages: [
    { role: "user", content: "x" }, { role: "assistant", content: "", tool_calls: [{ id: "c", name: texts[2], arguments: {} }] }, { role: "tool", tool_call_id: "c", content: "y" }] });
  const made = await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "exact" });
  // A document with all of them in inputs, a gate, names and values.
  const quoted = text => text.replaceAll("{{", "{ {");
  const wide = await server.active(JSON.stringify({
    druse: 1, name: "wide", description: texts[3],
    inputs: each(text => ({ type: "string", default: text, title: text, description: text })),
    steps: [
      ...texts.map((text, index) => ({ id: `s${index}`, name: text, action: "transform", with: { value: { [quoted(text)]: `{{ inputs.k${index} }}` } } })),
      { id: "ask", action: "approval_gate", needs: texts.map((_, index) => `s${index}`), with: { title: "{{ inputs.k0 }}", message: "{{ inputs.k1 }}", show: texts.map((_, index) => `{{ inputs.k${index} }}`),
        fields: { type: "object", properties: each(text => ({ type: "string", title: text, description: text, default: text, enum: [text, "other"] })) } } },
    ],
  }));
  const full = await server.run(wide);
  const asked = await server.gate(full.id);
  const one = await server.active(GATED.replace("inputs: { amount: { type: number } }", "inputs: { amount: { type: string } }"));
  const broken = await server.active(`druse: 1
name: broken
inputs: { x: { type: string } }
steps:
  - { id: say, action: shell, with: { argv: [sh, -c, 'echo "$X"; echo "$X" >&2; exit 1'], env: { X: "{{ inputs.x }}" } } }
`);
  const paths = ["/", "/approvals", "/runs", "/recordings", "/automations", "/queues", "/events", "/settings", `/recordings/${stored.id}`, `/automations/${made.automation.id}/review`, `/automations/${made.automation.id}?tab=document`, `/automations/${made.automation.id}?tab=steps`, `/approvals/${asked.id}`];
  if (named) paths.push(`/recordings/${named.id}`);
  for (const tab of ["graph", "steps", "document", "versions", "triggers", "runs", "try"]) paths.push(`/automations/${wide}?tab=${tab}`);
  paths.push(`/automations/${wide}?tab=steps&step=s7`, `/automations/${wide}?tab=steps&step=ask`);
  for (const tab of ["steps", "graph", "values", "journal"]) paths.push(`/runs/${full.id}?tab=${tab}`);
  for (const [index, text] of texts.entries()) {
    const [waits, fails] = await Promise.all([server.run(one, { amount: text }), server.run(broken, { x: text }, "30s")]);
    await server.tried("POST", "/events", { specversion: "1.0", id: `e${index}`, source: "/" + encodeURIComponent(text), subject: text, type: "com.example.x", data: { [text]: text } });
    if (index % 10) continue;
    const gate = await server.gate(waits.id);
    await server.tried("POST", "/tokens", { name: text, role: "viewer" });
    await server.tried("PUT", `/connections/c${index}`, { kind: "http", base_url: "https://x.example/", headers: { "x-a": text } });
    await server.tried("POST", `/runs/${fails.id}/retry`, {});
    await server.tried("POST", `/approvals/${gate.id}/decision`, { decision: "reject", digest: gate.digest, comment: text });
    paths.push(`/approvals/${gate.id}`, `/runs/${waits.id}`, `/runs/${waits.id}?tab=journal`, `/runs/${fails.id}`, `/runs/${fails.id}?tab=values`, `/runs/${fails.id}/logs`, `/runs?automation_id=${encodeURIComponent(text)}`, `/automations?name=${encodeURIComponent(text)}`, `/recordings?text=${encodeURIComponent(text)}`);
  }
  const [event] = (await server.api("GET", "/events?limit=1")).items;
  if (event) paths.push(`/events/${event.id}`);
  let pages = 0;
  for (let at = 0; at < paths.length; at += 1) {
    await page.goto(server.address + paths[at]);
    pages += 1;
    // Whatever could wait for a hand, a key or an opened part gets it.
    const strange = await page.evaluate(() => {
      for (const part of document.querySelectorAll("details")) part.open = true;
      for (const one of document.querySelectorAll("#main *")) for (const name of ["mouseover", "focus", "toggle"]) one.dispatchEvent(new Event(name, { bubbles: true }));
      return [...document.querySelectorAll("iframe, object, embed, base, math, video, form[action^='javascript'], a[href^='javascript'], script:not([src^='/assets/']), [onload], [onerror], [onfocus], [onclick], [ontoggle]")].map(one => one.outerHTML);
    });
    assert.deepEqual(strange, [], paths[at]);
    const older = await page.evaluate(() => document.querySelector(".pager a[rel=next]")?.getAttribute("href"));
    if (older && pages < 400) paths.push(older);
  }
  t.diagnostic(`${texts.length} hostile texts on ${pages} pages, ${browser.broken.length} executed`);
  whole();
});

test("a document says what is wrong, and what may stand here, while it is written", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(GATED);
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  const text = page.getByLabel("Document", { exact: true });
  const stored = await text.inputValue();
  // Behind the text stands the same text in colours.
  assert.equal(await page.locator(".editor pre").textContent(), `${stored}\n`);
  assert.ok(await page.locator(".editor .y-filled").count() > 0);
  const unknown = stored.replace("needs: [ask]", "needs: [nobody]");
  await text.fill(unknown);
  const line = unknown.slice(0, unknown.indexOf("nobody")).split("\n").length;
  await page.locator("#checked").getByRole("link", { name: new RegExp(`^line ${line}`) }).waitFor();
  await page.locator(".editor .y-wrong", { hasText: "nobody" }).waitFor();
  await text.fill(stored);
  await page.locator("#checked", { hasText: "Nothing is wrong." }).waitFor();
  assert.equal(await page.locator(".editor .y-wrong").count(), 0);

  // Names that the schema knows: of the document, of a step, of what the step's action takes.
  const names = () => page.locator("#keys-here button").allTextContents();
  await text.fill("druse: 1\nname: a\nsteps:\n  - id: one\n    action: wait\n    with:\n      f");
  await until("what a wait takes", async () => (await names()).includes("for"));
  await page.keyboard.press("Control+Space");
  await until("it to be written", async () => (await text.inputValue()).endsWith("      for: "));
  await text.fill("druse: 1\nname: a\nsteps:\n  - id: one\n    ret");
  await until("what a step takes", async () => (await names()).includes("retry"));
  assert.ok(!(await names()).includes("steps"));
  await text.fill("druse: 1\nname: a\nsteps:\n  - id: one\n    action: tr");
  await until("the actions", async () => (await names()).includes("transform"));
  await text.fill("druse: 1\nname: a\ntri");
  await until("what a document takes", async () => (await names()).includes("triggers"));
  await page.locator("#keys-here button", { hasText: "triggers" }).click();
  assert.ok((await text.inputValue()).endsWith("\ntriggers: "));
  whole();
});

test("several plain approvals at once", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(`druse: 1
name: greets
inputs: { who: { type: string } }
steps:
  - { id: ask, action: approval_gate, with: { title: "Greet {{ inputs.who }}?" } }
  - { id: greet, action: transform, needs: [ask], with: { value: "Hello {{ inputs.who }}" } }
`);
  const runs = [];
  for (const who of ["ana", "bob", "cleo"]) {
    const run = await server.run(id, { who });
    await server.gate(run.id);
    runs.push(run.id);
  }
  await page.goto(`${server.address}/approvals`);
  await page.getByLabel("Choose: Greet ana?").check();
  await page.getByLabel("Choose: Greet bob?").check();
  await page.getByRole("button", { name: "Approve the chosen ones" }).click();
  await until("one to be left", async () => (await server.api("GET", "/approvals?status=pending")).items.length === 1);
  for (const run of runs.slice(0, 2)) await until("its end", async () => (await server.api("GET", `/runs/${run}`)).status === "succeeded");
  whole();
});

const COMMENTED = `druse: 1
name: reports
inputs:
  whom: { type: string, default: ana }
steps:
  # The text of the day.
  - id: text
    action: transform
    with:
      value: "Hello {{ inputs.whom }}" # polite
  # Then it goes out.
  - id: send
    action: shell
    needs: [text]
    with:
      argv: [echo, "{{ steps.text.output }}"]
`;

test("a step is changed in a form, and the document keeps its comments", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(COMMENTED);
  await page.goto(`${server.address}/automations/${id}?tab=steps`);
  await page.getByRole("link", { name: "send", exact: true }).first().click();
  const argv = page.getByLabel("argv");
  await argv.fill("[echo, '{{ steps.nobody.output }}']");
  await page.getByRole("button", { name: "Check" }).click();
  await page.locator(".step-form .f-error", { hasText: "nobody" }).waitFor();
  await page.getByLabel("argv").fill("[echo, Again, '{{ steps.text.output }}']");
  await page.getByLabel("timeout", { exact: true }).fill("10s");
  await page.getByRole("button", { name: /^Save as version 2/ }).click();
  await page.waitForURL(/step=send/);
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  const text = await page.getByLabel("Document", { exact: true }).inputValue();
  for (const part of ["# The text of the day.", "# polite", "# Then it goes out.", "Again", "timeout: 10s"]) assert.ok(text.includes(part), `${part} is not in ${text}`);
  // A step is added behind another.
  await page.getByRole("link", { name: "Steps", exact: true }).click();
  await page.getByLabel("Add a step that does").selectOption("transform");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByLabel("id needed").fill("length");
  await page.getByLabel("value needed").fill("{{ steps.text.output | length }}");
  await page.getByRole("button", { name: "Add this step" }).click();
  await page.waitForURL(/step=length/);
  // A dry run says what it would do, and does nothing.
  await page.getByRole("link", { name: "Try it" }).click();
  await page.locator(".step-form").getByLabel(/whom/).fill("bob");
  await page.getByRole("button", { name: "Say what it would do" }).click();
  await page.getByRole("heading", { name: "What would happen" }).waitFor();
  assert.match(await page.textContent(".told"), /send.*Hello bob/s);
  assert.equal((await server.api("GET", "/runs")).items.length, 0);
  // What the page can do is found by its name.
  await page.keyboard.press("Control+k");
  await page.getByLabel("A piece of a name").fill("deactiv");
  await page.locator("#palette").getByRole("link", { name: "Do: Deactivate" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Deactivate");
  whole();
});
