// Pages that go on by themselves: whoever is somewhere on one stays there, and what was said stays on it.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { browse, called, fits, signedIn as enter, until, violations } from "./harness.mjs";

let browser;
before(async () => { browser = await browse(); });
after(async () => { await browser.close(); });
const signedIn = (t, options) => enter(t, browser, options);
const whole = () => assert.deepEqual(browser.broken, []);

const ASKS = `druse: 1
name: letters
inputs: { to: { type: string, default: Ana } }
steps:
  - { id: ask, action: approval_gate, with: { title: "Write to {{ inputs.to }}?" } }
  - { id: send, action: transform, needs: [ask], with: { value: sent } }
`;

/** Waits until the page has looked again by itself, and has taken in what it found. */
async function lookedAgain(page, times = 1) {
  for (let count = 0; count < times; count += 1) {
    const answer = await page.waitForResponse(answer => Boolean(answer.request().headers()["x-druse-by-itself"]) && answer.request().headers().accept === "text/html", { timeout: 60_000 });
    await answer.finished();
  }
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))));
}

const focused = page => page.evaluate(() => {
  const one = document.activeElement;
  return [one.tagName.toLowerCase(), one.getAttribute("href") ?? one.textContent].join(" ");
});

test("the focus stays where it is while a page looks again, and goes on where what had it is gone", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(ASKS);
  const gates = [];
  for (const to of ["Ana", "Bob", "Cid"]) gates.push(await server.gate((await server.run(id, { to })).id));
  for (const [path, selector] of [["/", ".inbox a[href^='/approvals/']"], ["/approvals", "a.card"], ["/runs", "a[data-open]"], ["/queues", ".tabs a"], [`/approvals/${gates[0].id}`, "details.more summary"], [`/approvals/${gates[0].id}`, "button[value=approve]"]]) {
    await page.goto(server.address + path);
    await page.locator(selector).first().focus();
    const before = await focused(page);
    await lookedAgain(page, 2);
    assert.equal(await focused(page), before, path);
  }
  // One more comes in above, and the one that has the focus is decided by somebody else.
  await page.goto(`${server.address}/approvals`);
  await page.locator(`a.card[href$="${gates[1].id}"]`).focus();
  const dot = await server.gate((await server.run(id, { to: "Dot" })).id);
  await page.locator(`a.card[href$="${dot.id}"]`).waitFor();
  assert.equal(await focused(page), `a /approvals/${gates[1].id}`);
  await server.api("POST", `/approvals/${gates[1].id}/decision`, { decision: "approve", digest: gates[1].digest });
  await page.locator(`a.card[href$="${gates[1].id}"]`).waitFor({ state: "detached" });
  assert.match(await focused(page), /^a \/approvals\//);
  whole();
});

test("what a person opened, closed, marked, made larger and came to stays as a run goes on", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(JSON.stringify({
    druse: 1, name: "goes-on",
    steps: [
      { id: "say", action: "shell", with: { argv: ["sh", "-c", "echo hello; exit 1"] }, on_error: "continue" },
      ...Array.from({ length: 4 }, (_, index) => ({ id: `g${index}`, action: "approval_gate", needs: index ? [`g${index - 1}`] : ["say"], join: "all_done", with: { title: `Go on ${index}?` } })),
    ],
  }));
  const run = await server.run(id);
  const next = async name => {
    const gate = await server.gate(run.id);
    await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
    await until(`${name} to ask`, async () => (await server.api("GET", `/runs/${run.id}`)).steps.find(step => step.path === name)?.status === "waiting");
  };
  await server.gate(run.id);
  await page.goto(`${server.address}/runs/${run.id}`);
  const shown = name => page.locator(`#step-${name} .pill`, { hasText: "waiting" }).waitFor();
  await shown("g0");
  // What failed is open by itself; a person closes it, and opens another one.
  await page.locator("#step-say > details > summary").click();
  await page.locator("#step-g3 > details > summary").click();
  await page.locator("#step-g3 > details > summary").focus();
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector("h1")));
  const marked = await page.evaluate(() => getSelection().toString());
  assert.ok(marked.includes("goes-on"));
  await next("g1");
  await shown("g1");
  assert.equal(await page.evaluate(() => getSelection().toString()), marked);
  assert.match(await focused(page), /^summary .*g3/);
  assert.deepEqual(await page.evaluate(() => ["say", "g3"].map(name => document.querySelector(`#step-${name} > details`).open)), [false, true]);
  // The buttons that the script adds are there once.
  assert.equal(await page.locator(".head .copy").count(), 1);
  await page.goto(`${server.address}/runs/${run.id}?tab=graph`);
  await page.getByRole("button", { name: "Larger" }).click();
  const width = () => page.locator(".graph svg").getAttribute("width");
  const large = await width();
  await page.locator(".graph").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  const at = await focused(page);
  assert.match(at, /#step-g0$/);
  await next("g2");
  await page.locator("svg a", { hasText: "g2" }).locator(".box.s-waiting").waitFor();
  assert.equal(await focused(page), at);
  assert.equal(await width(), large);
  assert.equal(await page.locator(".zoom").count(), 1);
  whole();
});

test("a refused approval stays with its reason and what was written, however long one reads", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(`druse: 1
name: pays
inputs: { text: { type: string } }
steps:
  - { id: note, action: shell, with: { argv: [printf, "%s", "{{ inputs.text }}"] } }
  - { id: ask, action: approval_gate, needs: [note], with: { title: "Pay?" } }
  - { id: pay, action: emit, needs: [ask], with: { type: com.example.pay, data: "{{ steps.note.output.stdout }}" } }
`);
  const gate = await server.gate((await server.run(id, { text: "DE44 1" })).id);
  await page.clock.install();
  await page.goto(`${server.address}/approvals/${gate.id}`);
  await page.getByText("I have looked at what is marked").waitFor();
  await page.getByLabel("Comment").fill("As agreed on Monday");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("alert").getByText("marked ⚠").waitFor();
  let asked = 0;
  page.on("request", request => { if (request.headers()["x-druse-by-itself"]) asked += 1; });
  await page.clock.fastForward("00:30");
  await page.getByRole("alert").getByText("marked ⚠").waitFor();
  assert.equal(await page.getByLabel("Comment").inputValue(), "As agreed on Monday");
  assert.equal(asked, 0);
  whole();
});

test("of several approved at once those that were not are named, with the way to them, and stay named", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(ASKS);
  const gates = [];
  for (const to of ["Ana", "Bob"]) gates.push(await server.gate((await server.run(id, { to })).id));
  await page.clock.install();
  await page.goto(`${server.address}/approvals`);
  for (const to of ["Ana", "Bob"]) await page.getByLabel(`Choose: Write to ${to}?`).check();
  await server.api("POST", `/approvals/${gates[0].id}/decision`, { decision: "reject", digest: gates[0].digest, comment: "no" });
  await page.getByRole("button", { name: "Approve the chosen ones" }).click();
  const told = page.getByRole("alert");
  await told.getByText("1 of 2 was approved").waitFor();
  await page.clock.fastForward("00:30");
  await told.getByRole("link", { name: "Write to Ana?" }).click();
  await page.waitForURL(`${server.address}/approvals/${gates[0].id}`);
  whole();
});

test("what waits for others is not said to wait for me, and is not offered to decide", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(ASKS.replace('{{ inputs.to }}?"', '{{ inputs.to }}?", approvers: ["user:bob"]'));
  const gate = await server.gate((await server.run(id)).id);
  const as = async (name, role) => {
    const { token } = await server.api("POST", "/tokens", { role, name });
    const context = await browser.open();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(`${server.address}/signin`);
    await page.getByLabel("Your token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    return page;
  };
  for (const [name, role, can] of [["carl", "approver", false], ["vera", "viewer", false], ["bob", "approver", true]]) {
    const page = await as(name, role);
    const own = page.locator("section", { has: page.getByRole("heading", { name: "Waits for you" }) });
    const others = page.locator("section", { has: page.getByRole("heading", { name: "Waits for others" }) });
    assert.equal(await own.getByText("Write to Ana?").count(), can ? 1 : 0, name);
    assert.equal(await others.getByText("Write to Ana?").count(), can ? 0 : 1, name);
    if (!can) await others.getByText("asks bob").waitFor();
    await page.goto(`${server.address}/approvals`);
    await page.locator(".card", { hasText: "letters" }).waitFor();
    assert.equal(await page.getByText("asks bob").count(), can ? 0 : 1, name);
    await page.goto(`${server.address}/approvals/${gate.id}`);
    for (const button of ["Approve", "Reject"]) assert.equal(await page.getByRole("button", { name: button }).count(), can ? 1 : 0, `${name}: ${button}`);
    assert.equal(await page.getByText("Ask others instead").count(), can ? 1 : 0, name);
    await page.getByText("It asks bob.").waitFor();
    assert.deepEqual(await violations(page), []);
  }
  // Who reads the API is told the same.
  const read = await server.api("GET", `/approvals/${gate.id}`);
  assert.deepEqual([read.can_decide, read.why_not, read.automation_name], [true, null, "letters"]);
  assert.equal((await server.api("GET", "/approvals?status=pending&can_decide=false")).items.length, 0);
  whole();
});

test("the exact time is shown to whoever comes by keys or taps, and a wait says its time as people read it", async t => {
  const { server, page } = await signedIn(t, { timezoneId: "Asia/Kathmandu", locale: "en-GB" });
  const id = await server.active(`druse: 1
name: rests
steps:
  - { id: first, action: shell, with: { argv: ["true"] } }
  - { id: rest, action: wait, needs: [first], with: { until: "2099-12-31T20:00:00Z" } }
`);
  const run = await server.run(id);
  await until("it to wait", async () => (await server.api("GET", `/runs/${run.id}`)).steps[1]?.status === "waiting");
  await page.goto(`${server.address}/runs/${run.id}`);
  await page.locator(".why", { hasText: "Step rest waits until 01/01/2100, 01:45:00." }).waitFor();
  await page.locator("#step-first summary").click();
  const attempt = page.locator("#step-first time");
  const told = () => attempt.evaluate(one => getComputedStyle(one, "::after").content);
  assert.equal(await told(), "none");
  await page.locator("#step-first summary").focus();
  await page.keyboard.press("Tab");
  assert.match(await told(), /\d\d:\d\d:\d\d here · .* UTC/);
  await page.goto(`${server.address}/runs/${run.id}?tab=journal`);
  assert.equal(await page.locator(".journal time:not([tabindex='0'])").count(), 0);
  assert.deepEqual(await violations(page), []);
  whole();
});

test("the times of gates and waits are drawn as they were", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(`druse: 1
name: both
steps:
  - { id: ask, action: approval_gate, with: { title: "Now?" } }
  - { id: rest, action: wait, with: { for: 3h } }
`);
  const run = await server.run(id);
  const gate = await server.gate(run.id);
  await page.goto(`${server.address}/runs/${run.id}`);
  assert.equal(await page.locator(".lane .bar.waits").count(), 2);
  await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
  await page.locator("#step-ask .pill", { hasText: "succeeded" }).waitFor();
  // The gate is over; what waits beside it goes on to the end of the picture.
  const ends = () => page.locator(".lane").evaluateAll(lanes => lanes.map(lane => { const bar = lane.querySelector(".bar"); return Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")); }));
  const step = (await server.api("GET", `/runs/${run.id}`)).steps.find(step => step.path === "ask");
  const [asked, rested] = await ends();
  assert.ok(rested >= 999 && asked <= rested, `${asked} and ${rested}`);
  const length = Date.parse(step.finished_at) - Date.parse(step.started_at);
  const said = await page.locator(".lane", { hasText: "ask" }).locator(".took").textContent();
  assert.ok(Math.abs(parseFloat(said) * (said.includes(" ms") ? 1 : 1000) - length) < 1000, `${said} for ${length} ms`);
  whole();
});

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true };

test("on a phone what has the focus is seen, and what is pressed is large enough for a finger", async t => {
  const { server, page } = await signedIn(t, PHONE);
  const stored = await server.api("POST", "/agents/runs", await server.household());
  const bill = (await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "bound", name: "pay-bill" })).automation;
  const other = await server.api("POST", "/agents/runs", { status: "succeeded", messages: [
    { role: "user", content: "Book the flight LH-1204" }, ...called("a", "book_flight", { flight: "LH-1204" }, { ok: true }) ] });
  const flight = (await server.api("POST", `/agents/runs/${other.id}/crystallize`, { mode: "bound", name: "flight" })).automation;
  const acknowledge = bill.findings.filter(one => one.acknowledge).map(one => one.id);
  await server.api("POST", `/automations/${bill.id}/activate`, { acknowledge });
  const gate = await server.gate((await server.run(bill.id)).id);
  for (const path of [`/approvals/${gate.id}`, `/automations/${bill.id}/review`, "/approvals", "/"]) {
    await page.goto(server.address + path);
    const small = await page.evaluate(() => [...document.querySelectorAll("main button, main summary")].filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 100)));
    assert.deepEqual(small, [], path);
    // Each stop is what is seen where it stands, and nothing lies over it.
    await page.evaluate(() => scrollTo(0, 0));
    const covered = [];
    for (let press = 0; press < 60; press += 1) {
      await page.keyboard.press("Tab");
      const over = await page.evaluate(() => {
        const one = document.activeElement;
        if (!document.querySelector("main").contains(one)) return null;
        const box = one.getClientRects()[0];
        const there = document.elementFromPoint(Math.min(innerWidth - 1, box.x + Math.min(box.width / 2, 20)), box.y + Math.min(box.height / 2, 20));
        return there && (one.contains(there) || there.contains(one) || there.closest("label")?.contains(one)) ? null : `${one.outerHTML.slice(0, 80)} under ${there?.outerHTML.slice(0, 80)}`;
      });
      if (over) covered.push(over);
    }
    assert.deepEqual(covered, [], path);
  }
  // There is room for an address.
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${server.address}/automations/${flight.id}/review`);
  const box = await page.getByLabel("Address, or the command that starts it").first().boundingBox();
  assert.ok(box.width > 240, `${box.width} px`);
  whole();
});

test("the page of a link is the approval as the console shows it, and says what happens now", async t => {
  const { server, page } = await signedIn(t, PHONE);
  const stored = await server.api("POST", "/agents/runs", await server.household());
  const bill = (await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "bound", name: "pay-bill" })).automation;
  const acknowledge = bill.findings.filter(one => one.acknowledge).map(one => one.id);
  await server.api("POST", `/automations/${bill.id}/activate`, { acknowledge });
  const gate = await server.gate((await server.run(bill.id)).id);
  const look = () => page.evaluate(() => ({
    parts: [...document.querySelectorAll("main h1, main h2")].map(one => one.textContent),
    buttons: [...document.querySelectorAll(".decision button")].map(one => one.textContent),
    values: [...document.querySelectorAll(".decision dd code")].map(one => one.textContent),
    marked: document.querySelectorAll(".decision .outside").length,
    colours: [...document.querySelectorAll(".decision button")].map(one => getComputedStyle(one).backgroundColor),
  }));
  await page.goto(`${server.address}/approvals/${gate.id}`);
  const own = await look();
  await page.goto((await server.api("POST", `/approvals/${gate.id}/links`, {})).address);
  assert.deepEqual(await look(), own);
  await page.getByText(/^covers exactly: .*version 1, digest .*1 step behind this gate/).waitFor();
  await fits(page, "the page of a link");
  // In reach of the thumb from the beginning, and an account in one piece.
  assert.ok((await page.getByRole("button", { name: "Approve" }).boundingBox()).y > 500);
  assert.ok((await page.getByRole("button", { name: "Approve" }).boundingBox()).y < 740);
  const account = page.locator("code.value", { hasText: "DE89" });
  assert.ok((await account.boundingBox()).height < 30);
  assert.deepEqual(await violations(page), []);
  await page.getByText("I have looked at").click();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("heading", { name: "What happens now" }).waitFor();
  await page.getByText("It is approved: the run goes on").waitFor();
  await fits(page, "what came of it");
  assert.deepEqual(await violations(page), []);
  whole();
});
