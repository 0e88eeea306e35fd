// What a person watches: runs over time, runs beside each other, times, and how pages keep up.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browse, fits, mailing, signedIn as enter, until, violations } from "./harness.mjs";

let browser;
before(async () => { browser = await browse(); });
after(async () => { await browser.close(); });
const signedIn = (t, options) => enter(t, browser, options);
const whole = () => assert.deepEqual(browser.broken, []);

const TRIED = `druse: 1
name: nightly
inputs: { code: { type: integer, default: 7 } }
steps:
  - { id: read, action: transform, with: { value: "{{ inputs.code }}" } }
  - id: upload
    action: shell
    needs: [read]
    with: { argv: [sh, -c, "echo maintenance >&2; exit $CODE"], env: { CODE: "{{ inputs.code }}" } }
    retry: { attempts: 3, backoff: 20ms, jitter: false, "on": [permanent, retryable] }
`;

test("attempts and waits are told apart over time, and two runs stand beside each other", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(TRIED);
  const failed = await server.run(id, {}, "30s");
  const good = await server.run(id, { code: 0 }, "30s");
  await page.goto(`${server.address}/runs/${failed.id}`);
  const lane = page.locator(".lane", { hasText: "upload" });
  assert.equal(await lane.locator("rect.bar").count(), 3);
  assert.equal(await lane.locator("rect.wait").count(), 1);
  await lane.getByText("3 attempts").waitFor();
  await page.locator(".legend", { hasText: "waits for the next attempt" }).waitFor();
  // Its graph carries the states, and a list beside it says the same.
  await page.getByRole("link", { name: "Graph" }).click();
  assert.equal(await page.locator("svg .box.s-failed").count(), 1);
  await page.getByText("The same as a list").click();
  await page.locator("main ol li", { hasText: "upload" }).waitFor();
  await page.getByRole("button", { name: "Larger" }).click();
  // By keys: into it, from step to step, and to the step.
  const node = () => page.evaluate(() => document.activeElement.closest("svg a")?.textContent ?? document.activeElement.className);
  await page.locator(".graph").first().focus();
  await page.keyboard.press("Enter");
  assert.match(await node(), /read/);
  await page.keyboard.press("ArrowDown");
  assert.match(await node(), /upload/);
  await page.keyboard.press("ArrowUp");
  assert.match(await node(), /read/);
  await page.keyboard.press("Escape");
  assert.match(await node(), /graph/);
  // Compared by a choice, which stands in the address.
  await page.getByRole("link", { name: "Compare" }).click();
  await page.locator("select[name=with]").selectOption(good.id);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(new RegExp(`with=${good.id}`));
  assert.match(await page.textContent("main"), /upload.*was.*succeeded/s);
  await page.reload();
  assert.match(await page.textContent("main"), /upload.*was.*succeeded/s);
  whole();
});

test("filters stand in the address, and the list goes on from page to page", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(TRIED);
  await server.run(id, {}, "30s");
  for (let count = 0; count < 60; count += 1) await server.run(id, { code: 0 });
  await until("all to end", async () => (await server.api("GET", "/runs?status=succeeded&limit=200")).items.length === 60);
  await page.goto(`${server.address}/runs`);
  await page.getByLabel("State").selectOption("failed");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/status=failed/);
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.reload();
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("link", { name: "All", exact: true }).click();
  const first = await page.locator("tbody tr").count();
  await page.locator(".pager a[rel=next]").click();
  await page.waitForURL(/cursor=/);
  assert.equal(first + await page.locator("tbody tr").count(), 61);
  whole();
});

test("times are the reader's, with UTC beside them", async t => {
  const { server, page } = await signedIn(t, { timezoneId: "Asia/Kathmandu", locale: "en-GB" });
  const id = await server.active(TRIED.replace("steps:", `triggers:
  - { id: new_year, schedule: { at: "2099-12-31T20:00:00Z" } }
steps:`));
  await page.goto(`${server.address}/automations/${id}?tab=triggers`);
  const time = page.locator("time.exact").first();
  assert.match(await time.textContent(), /01\/01\/2100, 01:45/);
  assert.equal(await time.getAttribute("title"), "2099-12-31 20:00:00 UTC");
  await page.goto(`${server.address}/automations/${id}`);
  assert.match(await page.locator(".head time").getAttribute("title"), /01\/01\/2100, 01:45:00 here · 2099-12-31 20:00:00 UTC/);
  whole();
});

test("nothing moves for whoever wants that, and hidden characters are seen", async t => {
  const { server, page } = await signedIn(t, { reducedMotion: "reduce" });
  const id = await server.active(TRIED.replace("exit $CODE", "exit 0 # \u202egnp"));
  await page.goto(`${server.address}/automations/${id}?tab=steps&step=upload`);
  await page.goto(`${server.address}/automations/${id}`);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter(one => {
    const style = getComputedStyle(one);
    return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
  }).length);
  assert.equal(moving, 0);
  const run = await server.run(id, {}, "30s");
  await page.goto(`${server.address}/runs/${run.id}`);
  await page.locator("summary", { hasText: "upload" }).click();
  await page.getByText("⟨U+202E⟩", { exact: false }).first().waitFor();
  whole();
});

test("a busy run is followed to its end, and is not asked for more often than it can be read", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(JSON.stringify({
    druse: 1, name: "busy", inputs: { items: { type: "array" } },
    steps: [{ id: "all", for_each: { items: "{{ inputs.items }}", max_parallel: 50, max_items: 5000 }, steps: [{ id: "tick", action: "wait", with: { for: "20ms" } }] }],
  }));
  const run = await server.run(id, { items: Array.from({ length: 3000 }, (_, index) => index) });
  let asked = 0;
  page.on("request", request => { if (request.url() === `${server.address}/runs/${run.id}`) asked += 1; });
  await page.goto(`${server.address}/runs/${run.id}`);
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor({ timeout: 120_000 });
  await page.getByText("3000 of 3000 passes done").waitFor();
  const last = (await server.api("GET", `/runs/${run.id}`)).steps.find(step => step.path === "all");
  assert.equal(last.passes.succeeded, 3000);
  // Three facts a pass came; the page was fetched a few times for all of them.
  t.diagnostic(`more than 9000 facts, ${asked} times asked`);
  assert.ok(asked < 1000, `${asked} times`);
  await until("it to be quiet", async () => await page.evaluate(() => !("follow" in document.querySelector("#main").dataset)));
  whole();
});

test("a token signs in, and its cookie is nobody else's", async t => {
  const { server, context } = await signedIn(t);
  const other = await browser.open();
  t.after(() => other.close());
  const page = await other.newPage();
  // A link in a mail leads through the sign-in to where it was meant to.
  await page.goto(`${server.address}/runs?status=failed`);
  await page.waitForURL(/\/signin\?next=/);
  await page.getByLabel("Your token", { exact: false }).fill(server.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${server.address}/runs?status=failed`);
  for (const jar of [context, other]) {
    const [cookie] = await jar.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
  }
  assert.equal(await page.evaluate(() => document.cookie), "");
  // Whoever walks by keys comes to the content first.
  await page.goto(`${server.address}/runs`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  whole();
});

test("a gate is sent back with a word, on a phone", async t => {
  const { server, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const id = await server.active(`druse: 1
name: letters
steps:
  - { id: text, action: transform, with: { value: Dear Ana } }
  - { id: ask, action: approval_gate, needs: [text], with: { title: "Send the letter?", send_back: { to: text }, fields: { type: object, properties: { copies: { type: integer, title: Copies, default: 1 } } } } }
  - { id: send, action: transform, needs: [ask], with: { value: "{{ steps.ask.output.fields.copies }}" } }
`);
  const first = await server.run(id);
  const gate = await server.gate(first.id);
  await page.goto(`${server.address}/approvals/${gate.id}`);
  await fits(page, "the approval");
  await page.getByLabel("Copies").fill("3");
  await page.getByRole("button", { name: "Approve" }).tap();
  await page.getByText("What happens now").waitFor();
  await until("its end", async () => (await server.api("GET", `/runs/${first.id}`)).status === "succeeded");
  const second = await server.gate((await server.run(id)).id);
  await page.goto(`${server.address}/approvals/${second.id}`);
  await page.getByLabel("Comment").fill("Two copies are enough");
  await page.getByRole("button", { name: "Send back" }).tap();
  await page.getByText("Two copies are enough").waitFor();
  assert.equal((await server.api("GET", `/approvals/${second.id}`)).decisions[0].decision, "send_back");
  whole();
});

test("an answer that changed asks for a look, and whoever has looked says so", async t => {
  const { server, page } = await signedIn(t);
  const { id, order, orders } = await server.refunds();
  orders({ ...order, state: 3, note: "x" });
  const told = await server.run(id, {}, "30s");
  await page.goto(`${server.address}/runs/${told.id}`);
  await page.getByText(/Answers look otherwise than recorded/).click();
  await page.getByText("No step relies on it").waitFor();
  orders({ ...order, payment_id: 17 });
  await server.run(id, {}, "30s");
  await page.goto(server.address);
  await page.locator(".inbox").getByRole("link", { name: /Look at refund: an answer has changed/ }).click();
  await page.getByText("Needs review.").waitFor();
  assert.match(await page.textContent(".why"), /get_order.*payment_id/s);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "I have looked at it" }).click();
  await until("the review to be over", async () => !(await server.api("GET", `/automations/${id}`)).needs_review);
  assert.equal(await page.getByText("Needs review.").count(), 0);
  whole();
});

test("a task that was done more than once becomes one draft, with what varied", async t => {
  const { server, page } = await signedIn(t);
  for (const [who, account] of [["ana@example.com", "A-77129"], ["bob@example.com", "B-40418"]]) await server.api("POST", "/agents/runs", mailing(who, account));
  await page.goto(`${server.address}/recordings`);
  await page.getByText("recorded 2 times, 100 % alike").waitFor();
  await page.getByRole("button", { name: "Crystallize them together" }).click();
  await page.waitForURL(/review$/);
  assert.match(await page.textContent("main"), /bob@example.com/);
  assert.deepEqual(await violations(page), []);
  whole();
});

test("a file that a step left is taken from the page of its run", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(`druse: 1
name: monthly-report
steps:
  - id: render
    action: shell
    with: { script: 'printf "%s" "<script>alert(1)</script>" > "$DRUSE_ARTIFACTS/report.html"', artifacts: { report: report.html } }
`);
  const run = await server.run(id, {}, "30s");
  await page.goto(`${server.address}/runs/${run.id}`);
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator(".files").getByRole("link", { name: "report", exact: true }).click()]);
  assert.match(file.suggestedFilename(), /report/);
  assert.deepEqual(await violations(page), []);
  whole();
});

const LASTS = `druse: 1
name: letters
steps:
  - { id: ask, action: approval_gate, with: { title: "Send the letter?", timeout: 26h } }
  - { id: send, action: transform, needs: [ask], with: { value: sent } }
`;

test("how much time is left to decide is shown, on a phone too, and goes on while a form is filled in", async t => {
  const { server, context, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const gate = await server.gate((await server.run(await server.active(LASTS))).id);
  // Without script it is in what the server wrote.
  const bare = await browser.open({ javaScriptEnabled: false });
  t.after(() => bare.close());
  await bare.addCookies(await context.cookies());
  const plain = await bare.newPage();
  for (const path of ["/", "/approvals", `/approvals/${gate.id}`]) {
    await plain.goto(server.address + path);
    await plain.locator(".left", { hasText: "ends in 26 h" }).waitFor();
  }
  await page.clock.install();
  await page.goto(`${server.address}/approvals/${gate.id}`);
  const left = page.locator(".head .left");
  assert.match(await left.textContent(), /ends in 26 h/);
  const box = await left.boundingBox();
  assert.ok(box.y + box.height < 300, "it stands at the top");
  // The page leaves what is being written alone, and the time goes on all the same.
  await page.getByLabel("Comment").fill("Let me look");
  for (const [more, text] of [["01:00:00", /ends in 25 h/], ["24:00:00", /ends in (60|59) min/], ["00:59:30", /ends in [12]?\d(\.\d)? s/], ["02:00:00", /ends now/]]) {
    await page.clock.fastForward(more);
    await until(String(text), async () => text.test(await left.textContent()));
  }
  assert.equal(await page.getByLabel("Comment").inputValue(), "Let me look");
  whole();
});

test("a gate whose time is over while its page is open says so when it is decided", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(LASTS.replace("26h", "3s"));
  const run = await server.run(id);
  const gate = await server.gate(run.id);
  await page.goto(`${server.address}/approvals/${gate.id}`);
  await page.getByLabel("Comment").fill("Just a moment");
  await until("its end", async () => (await server.api("GET", `/approvals/${gate.id}`)).status !== "pending");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("alert").getByText(/already|ended|expired/).first().waitFor();
  await page.locator(".head .pill", { hasText: "expired" }).waitFor();
  whole();
});

test("a recording is dropped on the page, wherever it falls", async t => {
  const { server, page } = await signedIn(t);
  const file = join(server.folder, "session.json");
  writeFileSync(file, JSON.stringify(mailing("ana@example.com", "A-77129")));
  const tools = await page.context().newCDPSession(page);
  for (const aim of [".bring", "h1"]) {
    await page.goto(`${server.address}/recordings`);
    const box = await page.locator(aim).first().boundingBox();
    const data = { items: [], files: [file], dragOperationsMask: 1 };
    const drag = type => tools.send("Input.dispatchDragEvent", { type, x: box.x + 20, y: box.y + 10, data });
    await drag("dragEnter");
    await drag("dragOver");
    await page.locator(".bring.over").waitFor();
    await drag("drop");
    await page.waitForURL(/recordings\/sess_/);
    assert.match(await page.textContent("main"), /ana@example.com/);
  }
  whole();
});

test("a page whose server begins anew says that it waits, and goes on; one whose session is over asks to sign in", async t => {
  const { server, context, page } = await signedIn(t);
  const id = await server.active(LASTS);
  const gates = [await server.gate((await server.run(id)).id), await server.gate((await server.run(id)).id)];
  const goesOn = async gate => {
    await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
    await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  };
  const behind = page.locator("#behind");
  await page.goto(`${server.address}/runs/${gates[0].run_id}`);
  await page.locator(".head .pill", { hasText: "waiting" }).waitFor();
  assert.equal(await behind.isVisible(), false);
  await server.crash();
  await behind.getByText("The server does not answer").waitFor();
  assert.deepEqual(await violations(page), []);
  await server.again();
  // The session is still there, and the stream is followed from where it was.
  await behind.waitFor({ state: "hidden" });
  await goesOn(gates[0]);
  // Signed out elsewhere.
  await page.goto(`${server.address}/runs/${gates[1].run_id}`);
  await page.locator(".head .pill", { hasText: "waiting" }).waitFor();
  const other = await context.newPage();
  await other.goto(server.address);
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL(/signin/);
  await server.crash();
  await server.again();
  await behind.getByRole("link", { name: "Sign in again" }).waitFor();
  assert.match(await behind.getByRole("link").getAttribute("href"), new RegExp(`next=.*${gates[1].run_id}`));
  await other.goto(server.cli("open").trim());
  await behind.waitFor({ state: "hidden" });
  await goesOn(gates[1]);
  whole();
});

test("two hundred approvals wait, and none is lost", async t => {
  const { server, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const id = await server.active(LASTS);
  for (let count = 0; count < 200; count += 1) await server.run(id);
  await until("all to wait", async () => (await server.api("GET", "/runs?status=waiting&limit=200")).items.length === 200);
  await page.goto(server.address);
  await page.locator(".inbox").getByText("more approvals").waitFor();
  await page.locator(".inbox").getByRole("link", { name: /more approvals/ }).click();
  const seen = new Set();
  for (;;) {
    await fits(page, "the inbox");
    for (const one of await page.locator("a.card").evaluateAll(all => all.map(link => link.href))) seen.add(one);
    const next = page.locator(".pager a[rel=next]");
    if (!await next.count()) break;
    await Promise.all([page.waitForURL(/cursor=/), next.click()]);
    await page.waitForLoadState();
  }
  assert.equal(seen.size, 200);
  whole();
});

test("failed runs are seen one by one, of an automation, and all at once", async t => {
  const { server, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const nightly = await server.active(TRIED);
  const weekly = await server.active(TRIED.replace("name: nightly", "name: weekly"));
  const [first] = [await server.run(nightly, {}, "30s"), await server.run(nightly, {}, "30s"), await server.run(nightly, {}, "30s"), await server.run(weekly, {}, "30s")];
  await page.goto(`${server.address}/runs/${first.id}`);
  await page.locator("summary", { hasText: "Mark as seen" }).tap();
  await page.getByLabel("Why nothing more is done", { exact: false }).fill("The store was being moved");
  await page.getByRole("button", { name: "Mark this run as seen" }).tap();
  await page.getByText("Seen by").waitFor();
  assert.match(await page.textContent("main"), /The store was being moved/);
  assert.deepEqual(await violations(page), []);
  await fits(page, "a run that was seen");
  await page.goto(server.address);
  const line = page.locator(".inbox li", { hasText: "nightly failed 2 times" });
  await page.getByRole("button", { name: "Mark all 3 failed runs as seen" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await fits(page, "home");
  await line.getByRole("button", { name: "Seen" }).tap();
  await line.waitFor({ state: "detached" });
  await page.locator(".inbox li", { hasText: "weekly failed" }).waitFor();
  // Of one line there is one button.
  assert.equal(await page.getByRole("button", { name: /Mark all/ }).count(), 0);
  await server.run(nightly, {}, "30s");
  await page.reload();
  await page.getByRole("button", { name: "Mark all 2 failed runs as seen" }).tap();
  await page.getByText("Nothing. Approvals").waitFor();
  assert.equal((await server.api("GET", "/runs?seen=true")).items.length, 5);
  await page.goto(`${server.address}/runs?seen=true`);
  assert.equal(await page.locator("main td").getByText("seen by").count(), 5);
  whole();
});

test("a retry asks what was undone where nobody knows it, and a newer version is what it offers first", async t => {
  const { server, page } = await signedIn(t);
  const file = join(server.folder, "effects");
  const order = ships => `druse: 1
name: order
undo_on_failure: true
steps:
  - id: pay
    action: shell
    timeout: 2s
    with: { script: 'echo paid >> "$FILE"', env: { FILE: ${file} } }
    undo: { action: shell, with: { argv: [sleep, "600"] } }
  - { id: ship, needs: [pay], action: shell, with: { argv: ["${ships}"] } }
`;
  const id = await server.active(order("false"));
  const failed = await server.run(id, {}, "30s");
  await page.goto(`${server.address}/runs/${failed.id}`);
  await page.getByText("It will fail again as it is").waitFor();
  const asked = page.getByRole("group", { name: "Was it undone?" });
  await asked.getByText("its undo ended without saying whether it worked").waitFor();
  assert.deepEqual(await violations(page), []);
  await server.api("PUT", `/automations/${id}`, order("true"), "application/yaml");
  await server.api("POST", `/automations/${id}/activate`, {});
  await page.reload();
  await page.getByText("Version 2 is active by now: a retry with version 2 may help").waitFor();
  // Every way to try it again leads through the question.
  assert.equal(await page.getByRole("button", { name: /^Retry/ }).count(), 1);
  await asked.getByLabel("pay was not undone", { exact: false }).check();
  await page.getByRole("button", { name: "See what it keeps" }).click();
  await page.getByText("A retry keeps pay").waitFor();
  assert.ok(await asked.getByRole("checkbox").isChecked());
  await page.getByRole("button", { name: "Retry", exact: true }).click();
  await page.waitForURL(url => !url.href.includes(failed.id));
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  await page.getByRole("link", { name: "version 2" }).waitFor();
  assert.equal(readFileSync(file, "utf8"), "paid\n");
  whole();
});
