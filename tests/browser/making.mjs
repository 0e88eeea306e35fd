// What a person makes and sets up: connections, triggers, bindings, loops, versions.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browse, called, signedIn as enter, until, violations } from "./harness.mjs";

let browser;
before(async () => { browser = await browse(); });
after(async () => { await browser.close(); });
const signedIn = (t, options) => enter(t, browser, options);
const whole = () => assert.deepEqual(browser.broken, []);

test("a connection of each kind has its own form, and is tested where it is set up", async t => {
  const { server, page } = await signedIn(t);
  const folder = join(server.folder, "files");
  mkdirSync(folder);
  await page.goto(`${server.address}/settings`);
  await page.getByRole("link", { name: "a folder" }).click();
  await page.getByLabel(/^name/).fill("files");
  await page.getByLabel(/^path/).fill(join(server.folder, "nowhere"));
  await page.getByRole("button", { name: "Set it up and test it" }).click();
  await page.getByRole("status").getByText("does not answer").waitFor();
  await page.getByRole("status").getByRole("link", { name: "Change it" }).click();
  await page.getByLabel(/^path/).fill(folder);
  await page.getByLabel("read_only").selectOption("true");
  await page.getByRole("button", { name: "Save and test it" }).click();
  await page.getByRole("status").getByText("answers").waitFor();
  const stored = await server.api("GET", "/connections/files");
  assert.deepEqual([stored.kind, stored.path, stored.read_only], ["folder", folder, true]);
  const needed = { "an HTTP API": "base_url", "an MCP server": "command", "an SQLite file": "path", "a PostgreSQL database": "password", "a mail server": "recipients" };
  for (const [kind, field] of Object.entries(needed)) {
    await page.getByRole("link", { name: kind }).click();
    await page.getByLabel(new RegExp(`^${field}`)).waitFor();
    assert.deepEqual(await violations(page), []);
  }
  whole();
});

test("a value that nobody asked about is bound by a click, and a webhook starts what was activated", async t => {
  const { server, page } = await signedIn(t);
  await server.household();
  await page.getByRole("button", { name: "Try it with an example" }).click();
  await page.getByRole("button", { name: "Crystallize" }).click();
  const pay = page.locator("#step-pay");
  await pay.getByRole("button", { name: "Freeze it" }).first().click();
  // Each value has all of what can be done with it.
  const frozen = pay.locator("dd", { hasText: "✎" }).first();
  for (const name of ["Make it an input"]) await frozen.getByRole("button", { name }).waitFor();
  await page.locator("#step-pay").getByRole("link", { name: /^Bind it\s+:?\s*recipient/ }).click();
  await page.locator("#bind").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Another expression").fill("steps.read_file.output.json.text | line_value('Pay to')");
  await page.locator("#bind").getByRole("button", { name: "Bind it" }).click();
  await page.locator("#step-pay").getByText("bound by hand").waitFor();
  await page.getByText("This page by the API").click();
  await page.locator(".twin").getByText(/^PUT \/api\/v1\/automations\//).waitFor();
  // What can be chosen is shown, and nothing else.
  assert.equal(await page.getByLabel("The name of its secret").isVisible(), false);
  await page.getByLabel("A webhook").check();
  await page.getByLabel("The name of its secret").fill("bills_hook");
  await page.getByLabel("The secret, where it is not set yet").fill("a secret of some length");
  for (const box of await page.locator("#activation fieldset > label input[type=checkbox], #activation .together > label input").all()) await box.check();
  await page.getByRole("button", { name: /^Activate version/ }).click();
  await page.waitForURL(/tab=triggers/);
  const address = await page.locator("[data-copy^='/hooks/'], [data-copy*='/hooks/']").first().getAttribute("data-copy");
  const called = await fetch(new URL(address, server.address), { method: "POST", headers: { authorization: "Bearer a secret of some length", "content-type": "application/json" }, body: "{}" });
  assert.equal(called.status, 202);
  const { run_id: run } = await called.json();
  await server.gate(run);
  await page.goto(`${server.address}/runs/${run}`);
  assert.match(await page.textContent(".head"), /webhook/);
  whole();
});

const LOOPED = `druse: 1
name: remind
inputs:
  invoices: { type: array, default: [1, 2] }
steps:
  # One after another.
  - id: each
    for_each: { items: "{{ inputs.invoices }}", as: invoice }
    steps:
      - id: text
        action: transform
        # What is said.
        with: { value: "Invoice {{ invoice }}" }
`;

test("a loop and the steps inside of it are changed in forms", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(LOOPED);
  await page.goto(`${server.address}/automations/${id}?tab=steps`);
  await page.getByRole("link", { name: "text", exact: true }).click();
  await page.getByText("in each pass of").waitFor();
  await page.getByLabel("value needed").fill("Pay {{ invoice }}");
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.waitForURL(/step=each\.text/);
  await page.locator("main").getByRole("link", { name: "each", exact: true }).first().click();
  await page.getByLabel("max_parallel").fill("2");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: /^Save as version/ }).click();
  await page.getByRole("link", { name: "All steps" }).click();
  await page.getByLabel("Add a step that does").selectOption("repeat");
  await page.getByLabel("after").selectOption("each");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByLabel("id needed").fill("again");
  await page.getByLabel("until needed").fill("loop.index >= 1");
  await page.getByLabel(/first step in each pass/).fill("count");
  await page.getByRole("button", { name: "Add this loop" }).click();
  await page.waitForURL(/step=again/);
  const { document } = await server.api("GET", `/automations/${id}`);
  assert.equal(document.steps[0].for_each.max_parallel, 2);
  assert.equal(document.steps[0].steps[0].with.value, "Pay {{ invoice }}");
  assert.equal(document.steps[1].steps[0].id, "count");
  await page.goto(`${server.address}/automations/${id}?tab=document`);
  const text = await page.getByLabel("Document", { exact: true }).inputValue();
  for (const part of ["# One after another.", "# What is said."]) assert.ok(text.includes(part), `${part} is not in ${text}`);
  whole();
});

test("versions are compared by what they mean, and one is brought back", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(LOOPED);
  await server.api("PUT", `/automations/${id}`, LOOPED.replace("Invoice {{", "Bill {{"), "application/yaml");
  await page.goto(`${server.address}/automations/${id}?tab=versions&from=1&to=2`);
  assert.match(await page.textContent("main"), /Bill/);
  await page.getByRole("button", { name: /version 1/i }).first().click();
  await until("the third version", async () => (await server.api("GET", `/automations/${id}`)).latest_version === 3);
  const { document } = await server.api("GET", `/automations/${id}`);
  assert.equal(document.steps[0].steps[0].with.value, "Invoice {{ invoice }}");
  whole();
});

test("a trigger is added in a form, and fires", async t => {
  const { server, page } = await signedIn(t);
  const id = await server.active(LOOPED);
  await page.goto(`${server.address}/automations/${id}?tab=triggers`);
  await page.getByText("Add a trigger").click();
  await page.getByLabel("An event").check();
  await page.getByLabel("Type of the event").fill("com.example.due");
  await page.getByRole("button", { name: "Add it as a new version" }).click();
  await until("the second version", async () => (await server.api("GET", `/automations/${id}`)).latest_version === 2);
  await page.getByRole("button", { name: "Activate version 2" }).click();
  await until("it to be active", async () => (await server.api("GET", `/automations/${id}`)).active_version === 2);
  const { runs } = await server.api("POST", "/events", { specversion: "1.0", id: "one", source: "/shop", type: "com.example.due", data: {} });
  assert.equal(runs.length, 1);
  await page.goto(`${server.address}/automations/${id}?tab=triggers`);
  await page.locator(`td a[href="/runs/${runs[0]}"]`).waitFor();
  whole();
});

test("a suggested gate is put in, a list is bound as a whole, and a rule of the tool map is changed", async t => {
  const { server, page } = await signedIn(t);
  const sent = { customer_id: "C-48213", keep: ["invoices", "letters"] };
  const stored = await server.api("POST", "/agents/runs", { status: "succeeded", messages: [
    { role: "user", content: "Delete the account of C-48213" },
    ...called("a", "get_account", { customer_id: "C-48213" }, { owner: "ana", keeps: sent.keep }),
    ...called("b", "delete_account", sent, { ok: true }),
  ] });
  const draft = (await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "exact", name: "delete-account" })).automation;
  await page.goto(`${server.address}/automations/${draft.id}/review`);
  const step = page.locator("#step-delete_account");
  // It stands open where it is suggested.
  await step.getByText("A gate is suggested before it").waitFor();
  await step.getByLabel("title", { exact: true }).fill("Delete this account?");
  await step.getByLabel("approvers", { exact: true }).fill("role:approver");
  await step.getByLabel("timeout", { exact: true }).fill("2h");
  await step.getByRole("button", { name: "Put this gate in" }).click();
  const gate = page.locator("#step-approve_delete_account");
  await gate.getByText("2h, then it rejects").waitFor();
  assert.equal(await page.getByText("A gate is suggested").count(), 0);
  await gate.getByText("Change what it asks, whom, and how long").click();
  await gate.getByLabel("title", { exact: true }).fill("Really delete it?");
  await gate.getByRole("button", { name: "Save this gate" }).click();
  await gate.getByText("Really delete it?").first().waitFor();
  // The list, and then one of its elements.
  const row = page.locator("dd[data-parameter='delete_account /arguments/keep']");
  await row.getByRole("link", { name: "Bind it keep of delete_account" }).click();
  await page.getByRole("button", { name: /^⇐ steps\.get_account\.output/ }).first().click();
  await until("it to be bound", async () => /steps\.get_account\.output.*keeps/.test(await row.textContent()));
  await row.getByRole("button", { name: "Freeze it" }).click();
  const element = page.locator("dd[data-parameter='delete_account /arguments/keep/1']");
  await element.getByRole("button", { name: "Make it an input" }).click();
  await until("an input", async () => (await server.api("GET", `/automations/${draft.id}`)).document.inputs?.keep_2?.default === "letters");
  assert.deepEqual((await server.api("GET", `/automations/${draft.id}`)).document.steps.at(-1).with.arguments.keep, ["invoices", "{{ inputs.keep_2 }}"]);

  await page.goto(`${server.address}/settings#tools`);
  const rule = page.locator("#add-rule");
  await rule.getByLabel("match needed").fill("delete_*");
  await rule.getByLabel("action needed").selectOption("http");
  await rule.getByLabel("with", { exact: true }).fill("connection: shop\npath: /accounts");
  await rule.getByLabel("effects", { exact: true }).selectOption("destructive");
  await rule.getByRole("button", { name: "Add this rule" }).click();
  await page.locator("#tools summary", { hasText: "delete_*" }).click();
  await page.locator("#tools .rule").getByLabel("reason", { exact: true }).fill("accounts come back");
  await page.locator("#tools .rule").getByRole("button", { name: "Save this rule" }).click();
  await until("the rule", async () => (await server.api("GET", "/tools")).tools[0]?.reason === "accounts come back");
  const [kept] = (await server.api("GET", "/tools")).tools;
  assert.deepEqual(kept, { match: "delete_*", action: "http", with: { connection: "shop", path: "/accounts" }, effects: "destructive", reason: "accounts come back" });
  whole();
});

test("a gate that was put in and a step that was dropped stay, whatever is clicked elsewhere on the review", async t => {
  const { server, page } = await signedIn(t);
  const tickets = ["T-48121", "T-77340"];
  const stored = await server.api("POST", "/agents/runs", { agent: "desk", status: "succeeded", messages: [
    { role: "user", content: "Close all tickets of ana_li_3668 and delete the account then" },
    ...called("l", "list_tickets", { customer_id: "ana_li_3668" }, { tickets: tickets.map(ticket_id => ({ ticket_id, state: "solved" })) }),
    ...called("n", "write_note", { customer_id: "ana_li_3668", text: "To be closed by the desk" }, { ok: true }),
    ...called("d", "delete_account", { customer_id: "ana_li_3668", options: { archive: { years: 10 } } }, { ok: true }),
  ] });
  const draft = (await server.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "bound", name: "close-account" })).automation;
  const now = async () => server.api("GET", `/automations/${draft.id}`);
  const ids = async () => (await now()).document.steps.map(one => one.id);
  const version = number => until(`version ${number}`, async () => (await now()).latest_version === number);
  await page.goto(`${server.address}/automations/${draft.id}/review`);
  const step = page.locator("#step-delete_account");
  if (!await step.getByRole("button", { name: "Put this gate in" }).isVisible()) await step.getByText("Ask somebody before it").click();
  await step.getByRole("button", { name: "Put this gate in" }).click();
  await version(2);
  await page.locator("#step-write_note").getByRole("button", { name: "Drop this step" }).click();
  await version(3);
  // What is gone is asked about no more, neither at its place nor in the list on top.
  assert.equal(await page.locator("[id^='question-'][id*='write_note']").count(), 0);
  assert.equal(await page.locator("a[href*='write_note']").count(), 0);
  await page.getByText("Changed by hand (2)").click();
  await page.getByText("was put before").waitFor();
  assert.deepEqual(await violations(page), []);
  // What makes the draft anew: what is suggested, or a connection through which tools are found.
  const suggested = page.getByRole("button", { name: /^Take what is suggested/ });
  if (await suggested.count()) {
    await suggested.click();
    await version(4);
    assert.deepEqual((await ids()).filter(id => ["approve_delete_account", "write_note"].includes(id)), ["approve_delete_account"]);
  }
  const before = (await now()).latest_version;
  await page.getByLabel("A name for it").fill("desk");
  // It is asked for its tools before it is set up.
  const tools = ["list_tickets", "write_note", "delete_account"].map(name => ({ name, inputSchema: { type: "object" } }));
  const program = join(server.folder, "desk server.sh");
  writeFileSync(program, `while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"desk","version":"1"}}}\\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":%s}}\\n' "$id" '${JSON.stringify(tools)}' ;;
  esac
done
`);
  await page.getByLabel("Address, or the command that starts it").fill(`/bin/sh '${program}'`);
  await page.getByRole("button", { name: "Set it up" }).click();
  await version(before + 1);
  assert.deepEqual((await ids()).filter(id => ["approve_delete_account", "write_note"].includes(id)), ["approve_delete_account"]);
  // Whoever wants the step again takes its call.
  await page.locator("#call-n").getByRole("button", { name: "Put it back" }).click();
  await version(before + 2);
  assert.deepEqual((await ids()).filter(id => ["approve_delete_account", "write_note"].includes(id)).sort(), ["approve_delete_account", "write_note"]);
  whole();
});

test("a file that was chosen when the session ended is chosen again, and nothing else is asked for", async t => {
  const { server, context, page } = await signedIn(t);
  await page.goto(`${server.address}/recordings`);
  await page.getByLabel("It is").selectOption("chat_thread");
  const file = { name: "monday.json", mimeType: "application/json", buffer: Buffer.from(await server.household()) };
  await page.getByLabel("File", { exact: true }).setInputFiles(file);
  await context.clearCookies();
  await page.getByRole("button", { name: "Bring it in" }).click();
  await page.getByText("is not kept").waitFor();
  await page.getByLabel("Your token").fill(server.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel(/chosen again/).setInputFiles(file);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Send it now" }).click();
  await page.waitForURL(/\/recordings\/./);
  assert.equal((await server.api("GET", "/chat/threads")).items.length, 1);
  whole();
});

test("an automation is found by a piece of its name among hundreds, and times are filtered in the reader's zone", async t => {
  const { server, page } = await signedIn(t, { timezoneId: "Asia/Tokyo" });
  const one = name => server.api("POST", "/automations", `druse: 1\nname: ${name}\nsteps:\n  - { id: a, action: transform, with: { value: 1 } }\n`, "application/yaml");
  const sought = await one("sought-for-invoices");
  for (let count = 0; count < 60; count += 1) await one(`other-${count}`);
  await page.goto(server.address);
  await page.keyboard.press("Control+k");
  await page.locator("#palette input").fill("for-inv");
  await page.locator("#palette a", { hasText: "sought-for-invoices" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(sought.id));
  await page.goto(`${server.address}/automations`);
  await page.getByRole("textbox", { name: "Name" }).fill("invoices");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "sought-for-invoices" }).waitFor();

  await page.goto(`${server.address}/runs?since=2026-11-26`);
  assert.equal(await page.getByLabel("Since").inputValue(), "2026-11-26T09:00");
  await page.getByLabel("Since").fill("2026-11-26T09:30:00");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/since=2026-11-26T00%3A30%3A00/);
  await page.goto(`${server.address}/runs?since=yesterday&automation_id=sought`);
  assert.equal(await page.getByLabel("Since").inputValue(), "yesterday");
  await page.getByRole("alert").getByText("is no time").waitFor();
  assert.equal(await page.locator("input[name=automation_id]").inputValue(), "sought");
  assert.deepEqual(await violations(page), []);
  whole();
});
