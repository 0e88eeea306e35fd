// Every screen, wide and on a phone, light and dark: no violation of axe-core, nothing too wide, nothing
// against the policy. With SCREENS=1 the pictures are kept.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { browse, fits, Server, signIn, violations } from "./harness.mjs";
import { atWork } from "./world.mjs";

const KEPT = fileURLToPath(new URL("../../docs/screens", import.meta.url));
const keep = process.env.SCREENS === "1";
let browser, server, cookies;
const screens = [];
/** What is wrong, told at the end, so that every picture is made. */
const wrong = [];

before(async () => {
  if (keep) mkdirSync(KEPT, { recursive: true });
  browser = await browse();
  server = await Server.start();
  cookies = await signIn(browser, server);
});
after(async () => { await browser.close(); server.stop(); });

async function show(name, path, signedIn = true, then = async () => {}) {
  for (const [size, viewport] of [["wide", { width: 1280, height: 800 }], ["phone", { width: 360, height: 740 }]]) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.open({ viewport, colorScheme, reducedMotion: "reduce" });
      if (signedIn) await context.addCookies(cookies);
      const page = await context.newPage();
      const answer = await page.goto(server.address + path);
      assert.equal(answer.status(), 200, path);
      await fits(page, `${name} (${size})`).catch(error => wrong.push(error.message));
      // Each page says which requests it was made of.
      if (signedIn) assert.match(await page.textContent(".twin"), /GET \/api\/v1\//, path);
      await then(page);
      if (keep) await page.screenshot({ path: `${KEPT}/${name}-${size}-${colorScheme}.png` });
      for (const line of await violations(page)) wrong.push(`${name} (${size}, ${colorScheme}): ${line}`);
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
  assert.deepEqual(wrong, []);
});

test("a console at work", async () => {
  const { backup, bill, desk, draft, event, failed, gate, held, letters, link, looped, paid, paused, refund, stored, triage, uncertain, undone, waiting, wide } = await atWork(server);
  await show("home", "/");
  await show("review-loop", `/automations/${desk.id}/review#step-each_ticket`);
  await show("review-gate", `/automations/${desk.id}/review#step-delete_account`);
  await show("run-paused", `/runs/${paused.id}`);
  await show("run-uncertain", `/runs/${uncertain.id}`);
  await show("run-undone", `/runs/${undone.id}`);
  await show("approvals", "/approvals");
  await show("approval", `/approvals/${gate.id}`);
  await show("approval-link", new URL(link).pathname, false);
  await show("keys", "/approvals", true, async page => {
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
  });
  await show("palette", "/runs", true, async page => {
    await page.keyboard.press("Control+k");
    await page.locator("#palette-text").fill("nightly");
    await page.locator("#palette a", { hasText: "nightly-backup" }).first().waitFor();
  });
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
  assert.deepEqual(wrong, []);
});
