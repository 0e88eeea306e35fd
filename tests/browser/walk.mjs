// As a person would, in a real browser.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { browse, fits, Server, until } from "./harness.mjs";

let browser;
before(async () => { browser = await browse(); });
after(async () => { await browser.close(); });

/** A server and a page that is signed in by a one-time address; both end with the test. */
async function signedIn(t, options = {}) {
  const server = await Server.start();
  t.after(() => server.stop());
  const context = await browser.open(options);
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(server.cli("open").trim());
  assert.equal(page.url(), `${server.address}/`);
  browser.broken.length = 0;
  return { server, context, page };
}

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
  await server.household();
  let clicks = 0;
  const click = async (role, name) => { clicks += 1; await page.getByRole(role, { name, exact: true }).first().click(); };
  await click("button", "Try it with an example");
  await page.getByRole("heading", { name: "Conversation" }).waitFor();
  await click("button", "Crystallize");
  await page.getByRole("heading", { name: "Automation", exact: true }).waitFor();
  assert.match(await page.textContent("main"), /replay 4\/4/);
  // The binding that is proposed is accepted, a value is made an input, a step is dropped.
  await click("button", "⇐ steps.read_file.output.json.text | line_value('Pay to')");
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

test("an approval on a phone, in three taps, with the link of a mail", async t => {
  const { server, page } = await signedIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const id = await server.active(GATED);
  const run = await server.run(id, { amount: 98.7 });
  const gate = await server.gate(run.id);
  await page.goto(`${server.address}/approvals/${gate.id}`);
  await fits(page, "the approval");
  const approve = page.getByRole("button", { name: "Approve" });
  const box = await approve.boundingBox();
  assert.ok(box.height >= 44 && box.y + box.height <= 740, `the button is at ${JSON.stringify(box)}`);
  await page.getByLabel(/I have looked/).tap();
  await approve.tap();
  await page.getByRole("heading", { name: "What happens now" }).waitFor();
  await until("the end of the run", async () => (await server.api("GET", `/runs/${run.id}`)).status === "succeeded");
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
  await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
  await page.locator(".head .pill", { hasText: "succeeded" }).waitFor();
  whole();
});

test("of two people who edit, the second is told and nothing is lost", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(GATED);
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  await page.getByLabel("Document").fill(GATED.replace("name: pay-bills", "name: pay-bills\ndescription: Mine"));
  await server.api("PUT", `/automations/${id}`, GATED.replace("name: pay-bills", "name: pay-bills\ndescription: Theirs"), "application/yaml");
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.getByRole("alert").getByText("changed since you read it").waitFor();
  assert.match(await page.getByLabel("Document").inputValue(), /description: Mine/);
  await page.getByText("description: Theirs").waitFor();
  await page.getByRole("button", { name: /^Save as version 3/ }).click();
  await until("the third version", async () => (await server.api("GET", `/automations/${id}`)).latest_version === 3);
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
  await server.active(GATED);
  await page.keyboard.press("Control+k");
  await page.getByLabel("A piece of a name").fill("pay-b");
  await page.locator("#palette").getByRole("link", { name: /^pay-bills/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/automations\/auto_/);
  whole();
});

test("no text of others runs in a browser", async t => {
  const { server, page } = await signedIn(t);
  const texts = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "</textarea><script>alert(1)</script>", "javascript:alert(1)", "</title><script>alert(1)</script>", "' onfocus=alert(1) autofocus x='", "<iframe srcdoc='<script>parent.alert(1)</script>'>", "\u202egnp.exe"];
  const turns = texts.flatMap((text, index) => [
    { role: "user", content: text },
    { role: "assistant", content: text, tool_calls: [{ id: `c${index}`, name: `t${index}`, arguments: { [text]: text } }] },
    { role: "tool", tool_call_id: `c${index}`, content: text },
  ]);
  const stored = await server.api("POST", "/agents/runs", { status: "succeeded", agent: texts[1], goal: texts[0], messages: turns });
  const made = await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "exact" });
  const id = await server.active(GATED.replace("inputs: { amount: { type: number } }", "inputs: { amount: { type: string } }"));
  const paths = ["/", "/recordings", `/recordings/${stored.id}`, `/automations/${made.automation.id}/review`, `/automations/${made.automation.id}?tab=document`, "/approvals", "/runs"];
  for (const text of texts) {
    const run = await server.run(id, { amount: text });
    const gate = await server.gate(run.id);
    paths.push(`/approvals/${gate.id}`, `/runs/${run.id}?tab=values`, `/runs?automation_id=${encodeURIComponent(text)}`);
  }
  for (const path of paths) {
    await page.goto(server.address + path);
    const strange = await page.evaluate(() => [...document.querySelectorAll("iframe, object, embed, base, script:not([src^='/assets/']), [onload], [onerror], [onfocus]")].map(one => one.outerHTML));
    assert.deepEqual(strange, [], path);
  }
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
