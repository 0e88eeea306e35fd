// What a person watches: runs over time, runs beside each other, times, and how pages keep up.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
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
  // Compared by a choice, which stands in the address.
  await page.getByRole("link", { name: "Compare" }).click();
  await page.getByLabel("With").selectOption(good.id);
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
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /report/ }).first().click()]);
  assert.match(file.suggestedFilename(), /report/);
  assert.deepEqual(await violations(page), []);
  whole();
});
