// Every screen, wide and on a phone, light and dark: no violation of axe-core, nothing too wide, nothing
// against the policy. With SCREENS=1 the pictures are kept.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { browse, called, fits, mailing, Server, until, violations } from "./harness.mjs";

const KEPT = fileURLToPath(new URL("../../docs/screens", import.meta.url));
const keep = process.env.SCREENS === "1";
let browser, server, cookies;
const screens = [];

before(async () => {
  if (keep) mkdirSync(KEPT, { recursive: true });
  browser = await browse();
  server = await Server.start();
  const first = await browser.open();
  const page = await first.newPage();
  await page.goto(server.cli("open").trim());
  cookies = await first.cookies();
  await first.close();
});
after(async () => { await browser.close(); server.stop(); });

async function show(name, path, signedIn = true) {
  for (const [size, viewport] of [["wide", { width: 1280, height: 800 }], ["phone", { width: 360, height: 740 }]]) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.open({ viewport, colorScheme, reducedMotion: "reduce" });
      if (signedIn) await context.addCookies(cookies);
      const page = await context.newPage();
      const answer = await page.goto(server.address + path);
      assert.equal(answer.status(), 200, path);
      await fits(page, `${name} (${size})`);
      // Each page says which requests it was made of.
      if (signedIn) assert.match(await page.textContent(".twin"), /GET \/api\/v1\//, path);
      if (keep) await page.screenshot({ path: `${KEPT}/${name}-${size}-${colorScheme}.png` });
      assert.deepEqual(await violations(page), [], `${name} (${size}, ${colorScheme})`);
      await context.close();
    }
  }
  assert.deepEqual(browser.broken, [], name);
  screens.push(name);
}

test("an empty console", async () => {
  await show("signin", "/signin", false);
  await show("home-empty", "/");
  for (const path of ["approvals", "automations", "runs", "recordings"]) await show(`${path}-empty`, `/${path}`);
});

test("a console at work", async () => {
  const recording = await server.household();
  const stored = await server.api("POST", "/agents/runs", recording);
  const crystallize = `/agents/runs/${stored.id}/crystallize`;
  const bill = (await server.api("POST", crystallize, { mode: "bound", name: "pay-bill" })).automation;
  const acknowledge = bill.findings.filter(one => one.acknowledge).map(one => one.id);
  await server.api("POST", `/automations/${bill.id}/activate`, { acknowledge });
  const draft = (await server.api("POST", crystallize, { mode: "bound", name: "pay-bill-draft" })).automation;
  const backup = await server.active(`druse: 1
name: nightly-backup
description: Packs the files of the day, copies them away and tells
triggers:
  - { id: nights, schedule: { cron: "30 3 * * *", timezone: Europe/Berlin } }
steps:
  - { id: list, action: transform, with: { value: [1, 2, 3] } }
  - { id: pack, action: shell, needs: [list], with: { argv: [sleep, "0.2"] } }
  - { id: sums, action: shell, needs: [pack], with: { argv: [sleep, "0.3"] } }
  - { id: upload, action: shell, needs: [pack], with: { argv: [sh, -c, "sleep 0.1; echo maintenance until 09:00 >&2; exit 7"] }, retry: { attempts: 4, backoff: 100ms, "on": [permanent, retryable] } }
  - { id: tell, action: emit, needs: [upload, sums], with: { type: com.example.packed, data: {} } }
`);
  const triage = await server.active(`druse: 1
name: inbox-triage
triggers:
  - { id: often, schedule: { cron: "*/15 * * * *" } }
inputs: { folder: { type: string, default: inbox, description: Where the mails are } }
steps:
  - { id: read, action: transform, with: { value: "{{ inputs.folder }}" } }
`);
  for (let count = 0; count < 12; count += 1) await server.run(triage, {}, "30s");
  const failed = await server.run(backup, {}, "30s");
  const paid = await server.run(bill.id);
  let gate = await server.gate(paid.id);
  await server.api("POST", `/approvals/${gate.id}/decision`, { decision: "approve", digest: gate.digest });
  const waiting = await server.run(bill.id);
  gate = await server.gate(waiting.id);
  await server.api("PUT", "/secrets/api_token", { value: "not to be seen" });
  const wide = await server.active(`druse: 1
name: hundred-steps
steps:
${Array.from({ length: 100 }, (_, index) => `  - { id: s${index}, action: transform, with: { value: ${index} }${index ? `, needs: [${[...new Set([Math.floor(index / 2), Math.max(0, index - 7)])].map(one => `s${one === index ? 0 : one}`).join(", ")}]` : ""} }`).join("\n")}
`);

  const limited = await server.active(`druse: 1
name: one-at-a-time
concurrency: { key: all, limit: 1, hold_while_waiting: true }
steps:
  - { id: ask, action: approval_gate, with: { title: "Go on?" } }
`);
  for (let count = 0; count < 3; count += 1) await server.run(limited);
  await server.api("POST", "/events", { specversion: "1.0", id: "one", source: "/shop", type: "com.example.paid", data: { order: 17 } });
  const [event] = (await server.api("GET", "/events?type=com.example.paid")).items;

  for (const [who, account] of [["ana@example.com", "A-77129"], ["bob@example.com", "B-40418"]]) await server.api("POST", "/agents/runs", mailing(who, account));
  const { id: refund, order, orders } = await server.refunds();
  orders({ ...order, payment_id: 17 });
  await server.run(refund, {}, "30s");
  const looped = await server.active(`druse: 1
name: remind
description: Writes to everybody whose invoice is due
inputs: { invoices: { type: array, default: [17, 18, 19] } }
steps:
  - { id: due, action: transform, with: { value: "{{ inputs.invoices }}" } }
  - id: each
    for_each: { items: "{{ steps.due.output }}", as: invoice, max_parallel: 2 }
    steps:
      - { id: text, action: transform, with: { value: "Invoice {{ invoice }} is due" } }
      - id: letter
        action: shell
        needs: [text]
        with: { script: 'printf "%s\\n" "$TEXT" > "$DRUSE_ARTIFACTS/letter.txt"', env: { TEXT: "{{ steps.text.output }}" }, artifacts: { letter: letter.txt } }
`);
  const letters = await server.run(looped, {}, "30s");

  const tickets = ["T-48121", "T-77340", "T-10553", "T-62087"];
  const closing = await server.api("POST", "/agents/runs", { agent: "desk", status: "succeeded", messages: [
    { role: "user", content: "Close all tickets of ana_li_3668 and delete the account then" },
    ...called("l", "list_tickets", { customer_id: "ana_li_3668" }, { tickets: tickets.map(ticket_id => ({ ticket_id, state: "solved" })) }),
    ...tickets.flatMap((ticket_id, index) => called(`c${index}`, "close_ticket", { ticket_id, note: `${ticket_id} is done.` }, { ok: true })),
    ...called("d", "delete_account", { customer_id: "ana_li_3668", keep: ["invoices", "letters"], options: { notify: true, archive: { years: 10 } } }, { ok: true }),
  ] });
  const desk = (await server.api("POST", `/agents/runs/${closing.id}/crystallize`, { mode: "bound", name: "close-account" })).automation;
  const held = await server.active(`druse: 1
name: weekly-report
capabilities: { programs: ["false", "true"] }
steps:
  - { id: figures, action: shell, on_error: pause, with: { argv: ["false"] } }
  - { id: letter, action: transform, needs: [figures], with: { value: 1 } }
`);
  const paused = await server.run(held);
  await server.api("PUT", `/automations/${held}`, { ...(await server.api("GET", `/automations/${held}`)).document, description: "Figures and a letter" });
  await until("a step to wait", async () => (await server.api("GET", `/runs/${paused.id}`)).status === "paused");

  await show("home", "/");
  await show("review-loop", `/automations/${desk.id}/review#step-each_ticket`);
  await show("review-gate", `/automations/${desk.id}/review#step-delete_account`);
  await show("run-paused", `/runs/${paused.id}`);
  await show("approvals", "/approvals");
  await show("approval", `/approvals/${gate.id}`);
  await show("runs", "/runs");
  await show("run-failed", `/runs/${failed.id}`);
  await show("run-waiting", `/runs/${waiting.id}`);
  await show("run-graph", `/runs/${failed.id}?tab=graph`);
  await show("run-values", `/runs/${paid.id}?tab=values`);
  await show("run-compare", `/runs/${paid.id}?tab=compare&with=${waiting.id}`);
  await show("run-history", `/runs/${failed.id}?tab=journal`);
  await show("queues", "/queues");
  await show("events", "/events");
  await show("event", `/events/${event.id}`);
  await show("recordings", "/recordings");
  await show("recording", `/recordings/${stored.id}`);
  await show("review", `/automations/${draft.id}/review`);
  await show("review-bind", `/automations/${draft.id}/review?bind=pay&at=%2Farguments%2Frecipient#bind`);
  await show("review-activate", `/automations/${draft.id}/review#activate`);
  await show("automations", "/automations");
  await show("automation-graph", `/automations/${backup}`);
  await show("automation-hundred", `/automations/${wide}`);
  await show("automation-document", `/automations/${backup}?tab=document`);
  await show("automation-steps", `/automations/${backup}?tab=steps`);
  await show("automation-step", `/automations/${backup}?tab=steps&step=upload`);
  await show("automation-review", `/automations/${refund}`);
  await show("automation-loop", `/automations/${looped}`);
  await show("automation-loop-step", `/automations/${looped}?tab=steps&step=each.letter`);
  await show("run-artifacts", `/runs/${letters.id}#files`);
  await show("automation-try", `/automations/${bill.id}?tab=try`);
  await show("automation-versions", `/automations/${bill.id}?tab=versions`);
  await show("automation-triggers", `/automations/${backup}?tab=triggers`);
  await show("automation-runs", `/automations/${triage}?tab=runs`);
  await show("settings", "/settings");
  await show("settings-tools", "/settings#tools");
  await show("audit", "/audit");
  await show("settings-connection", "/settings?kind=http#connection-form");
  assert.equal(new Set(screens).size, screens.length);
});
