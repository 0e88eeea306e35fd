// A console at work: something of each kind that a page shows.
import { called, mailing, until } from "./harness.mjs";

/** A run of whose step nobody knows whether it happened: the server has ended in the middle of it. */
async function cut(server) {
  const id = await server.active(`druse: 1
name: payout
capabilities: { programs: [sleep] }
steps:
  - { id: transfer, action: shell, delivery: at_most_once, with: { argv: [sleep, "600"] } }
`);
  const run = await server.run(id);
  const step = async () => (await server.api("GET", `/runs/${run.id}`)).steps[0].status;
  await until("the step to begin", async () => await step() === "running");
  await server.crash();
  await server.again();
  await until("the step to be uncertain", async () => await step() === "uncertain");
  return run;
}

/** Fills a server, and gives the ids of what is looked at. */
export async function atWork(server) {
  const uncertain = await cut(server);
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
  const greets = await server.active(`druse: 1
name: greets
inputs: { who: { type: string } }
steps:
  - { id: ask, action: approval_gate, with: { title: "Greet {{ inputs.who }}?", timeout: 3d } }
  - { id: greet, action: transform, needs: [ask], with: { value: "Hello {{ inputs.who }}" } }
`);
  for (const who of ["Ana", "Bob"]) await server.gate((await server.run(greets, { who })).id);
  const ordered = await server.active(`druse: 1
name: order
undo_on_failure: true
capabilities: { programs: ["true", "false", sleep] }
steps:
  - id: pay
    action: shell
    timeout: 2s
    with: { argv: ["true"] }
    undo: { action: shell, with: { argv: [sleep, "600"] } }
  - { id: ship, needs: [pay], action: shell, with: { argv: ["false"] } }
`);
  const undone = await server.run(ordered, {}, "30s");
  const link = (await server.api("POST", `/approvals/${gate.id}/links`, {})).address;
  return { backup, bill, desk, draft, event, failed, gate, held, letters, link, looped, paid, paused, refund, stored, triage, uncertain, undone, waiting, wide };
}
