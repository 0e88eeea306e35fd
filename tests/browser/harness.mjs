// A server of one's own, its API, and a browser in front of it.
import { chromium } from "playwright-core";
import { spawn, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const DRUSE = process.env.DRUSE;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A recording of others: `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout; nothing where it is not. */
export function recorded(name) {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folders = [process.env.DRUSE_SESSIONS, join(root, "../shared/sessions"), join(root, "../../shared/sessions")];
  return folders.filter(Boolean).map(folder => join(folder, name)).find(existsSync);
}

/** What an attacker may write, in two hundred ways. */
export function hostile() {
  const shapes = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'><b onclick=alert(1)>", "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>", "</pre></code><script>alert(1)</script>", "<!--<script>alert(1)</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;", "javascript:alert(1)", "{{ 7 * 7 }}<script>alert(1)</script>", "${alert(1)}",
    "<a href=javascript:alert(1) autofocus onfocus=alert(1)>x</a>", "\u202egnp.exe", "a\u200bb<img src=x onerror=alert(1)>", "\u2066<script>alert(1)</script>\u2069", "\ufeff<script>alert(1)</script>",
    "<input autofocus onfocus=alert(1)>", "<select autofocus onfocus=alert(1)>", "<body onpageshow=alert(1)>", "<iframe srcdoc='<script>parent.alert(1)</script>'>", "<style onload=alert(1)>*{display:none}</style>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<form action=javascript:alert(1)><button autofocus>x</button></form>", "\" autofocus onfocus=alert(1) x=\"", "' autofocus onfocus=alert(1) x='",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>", "%3Cscript%3Ealert(1)%3C/script%3E", "<ScRiPt>alert(1)</ScRiPt>", "<script/x>alert(1)</script>", "<<script>script>alert(1)</script>",
    "\\u003cscript\\u003ealert(1)", "<svg><script>alert(1)</script></svg>", "<details open ontoggle=alert(1)>", "<object data='data:text/html,<script>parent.alert(1)</script>'>", "<video><source onerror=alert(1)></video>",
  ];
  const ways = ["", "\">", "'>", "</textarea></title>", "-->]]>"];
  return shapes.flatMap(shape => ways.map(way => way + shape)).map((text, index) => `${text}¤${index}`);
}

/** A server on an empty folder. */
export class Server {
  static async start() {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), "druse-browser-"));
    server.data = join(server.folder, "data");
    await server.begin("127.0.0.1:0");
    server.token = server.cli("tokens", "create", "--role", "admin", "--name", "ana").trim();
    return server;
  }

  /** Starts the process, and waits until it listens. */
  async begin(listen) {
    this.process = spawn(DRUSE, ["serve", "--data", this.data, "--listen", listen], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    this.address = await new Promise((found, failed) => {
      this.process.stderr.on("data", piece => {
        said += piece;
        const line = said.match(/listening on (\S+)/);
        if (line) found(line[1]);
      });
      this.process.on("exit", () => failed(new Error(said)));
    });
  }

  /** Ends the process as a crash does; it can begin again at the same address. */
  async crash() {
    this.process.removeAllListeners("exit");
    const over = new Promise(done => this.process.on("exit", done));
    this.process.kill("SIGKILL");
    await over;
  }

  async again() {
    await this.begin(this.address.replace("http://", ""));
  }

  stop() {
    this.process.removeAllListeners("exit");
    this.process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  cli(...words) {
    return execFileSync(DRUSE, [...words, "--data", this.data], { encoding: "utf8" });
  }

  /** The same where a refusal is an answer, too: null. */
  async tried(...request) {
    return this.api(...request).catch(() => null);
  }

  async api(method, path, body, type = "application/json") {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const headers = { authorization: `Bearer ${this.token}`, ...(text === undefined ? {} : { "content-type": type }) };
    const answer = await fetch(`${this.address}/api/v1${path}`, { method, headers, body: text });
    const said = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${said}`);
    return said ? JSON.parse(said) : null;
  }

  /** An automation from YAML, active. */
  async active(text) {
    const made = await this.api("POST", "/automations", text, "application/yaml");
    await this.api("POST", `/automations/${made.id}/activate`, {});
    return made.id;
  }

  /** A run of it; with `wait` as it ended. */
  async run(automation, inputs = {}, wait = "") {
    return this.api("POST", `/automations/${automation}/runs${wait && `?wait=${wait}`}`, { inputs });
  }

  /** The gate that a run waits at. */
  async gate(run) {
    return until("a gate", async () => (await this.api("GET", `/approvals?status=pending&run_id=${run}`)).items[0]);
  }

  /** An active automation whose first step reads an order from a file, and the order as it was recorded. */
  async refunds() {
    const file = join(this.folder, "order.json");
    const order = { order_id: "ORD-48213", payment_id: "pay_778213", state: "open" };
    const orders = now => writeFileSync(file, JSON.stringify(now));
    orders(order);
    const stored = await this.api("POST", "/agents/runs", { status: "succeeded", messages: [
      { role: "user", content: "Refund the order ORD-48213" },
      ...called("a", "get_order", { order_id: "ORD-48213" }, order),
      ...called("b", "refund_payment", { payment_id: "pay_778213" }, { event_id: "x" }),
    ] });
    const tools = [
      { match: "get_order", action: "shell", with: { argv: ["cat", file] }, effects: "read", result: "output.json" },
      { match: "refund_payment", action: "emit", with: { type: "com.example.refund", data: "{{ call.arguments }}" }, effects: "write" },
    ];
    const made = (await this.api("POST", `/agents/runs/${stored.id}/crystallize`, { mode: "bound", name: "refund", tools })).automation;
    const acknowledge = made.findings.filter(one => one.acknowledge).map(one => one.id);
    await this.api("POST", `/automations/${made.id}/activate`, { acknowledge });
    return { id: made.id, order, orders };
  }

  /** The world of the example: its tools as a connection, its rules as the tool map. */
  async household() {
    const folder = join(this.folder, "example");
    execFileSync(DRUSE, ["example-create", "pay-bill", folder], { stdio: "ignore" });
    this.cli("connections", "set", "--file", join(folder, "connections.yaml"));
    const rule = (match, effects, more = {}) => ({
      match, effects, action: "mcp", ...more,
      with: { connection: "household", tool: "{{ call.name }}", arguments: "{{ call.arguments }}" },
    });
    await this.api("PUT", "/tools", { tools: [
      rule("list_files", "read", { deterministic: false, reason: "the inbox changes" }),
      rule("read_file", "read"),
      rule("get_account", "read", { deterministic: false, reason: "the balance changes with every payment" }),
      rule("pay", "write"),
    ] });
    return readFileSync(join(folder, "recording.json"), "utf8");
  }
}

/** A call of a recording, and its answer. */
export const called = (id, name, args, content) => [
  { role: "assistant", content: "", tool_calls: [{ id, name, arguments: args }] },
  { role: "tool", tool_call_id: id, content },
];

/** A recording of a mail to somebody, as it comes again and again. */
export const mailing = (who, account) => ({
  agent: "mailer", status: "succeeded", goal: `Write to ${who}`,
  messages: [
    { role: "user", content: `Tell ${who} that the account is open` },
    ...called("c1", "get_account", { customer: who }, { account }),
    ...called("c2", "send_mail", { to: who, account, subject: "Your account" }, { sent: true }),
  ],
});

/** Looks until there is something; fails after a minute. */
export async function until(what, look) {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `${what} did not come about`);
    await new Promise(done => setTimeout(done, 50));
  }
}

/** A browser. Whatever its pages break (script errors, the policy, a dialog) is kept in `broken`. */
export async function browse() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  const broken = [];
  const open = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.on("page", page => {
      page.on("pageerror", error => broken.push(`script: ${error.message} at ${page.url()}`));
      page.on("console", said => { if (/Content Security Policy/i.test(said.text())) broken.push(`policy: ${said.text()} at ${page.url()}`); });
      page.on("dialog", dialog => { broken.push(`dialog: ${dialog.message()} at ${page.url()}`); dialog.dismiss().catch(() => {}); });
      page.on("request", request => { if (!/^(http:\/\/127\.0\.0\.1|data:|blob:|about:)/.test(request.url())) broken.push(`outside: ${request.url()}`); });
    });
    return context;
  };
  return { open, broken, close: () => browser.close() };
}

/** A server and a page that is signed in by a one-time address; both end with the test. */
export async function signedIn(t, browser, options = {}) {
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

/** The cookies of whoever signs in by a one-time address. */
export async function signIn(browser, server) {
  const context = await browser.open();
  const page = await context.newPage();
  await page.goto(server.cli("open").trim());
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

/** What axe-core says against a page, in lines. */
export async function violations(page) {
  // The policy of the page lets no script in; the tool's own way in is not the page's.
  await page.evaluate(axe);
  // At its end, where what stays in reach of the thumb has its own place and covers nothing.
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.violations.map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(" | ")}`);
}

/** Asserts that a page is no wider than its window. */
export async function fits(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${name} is ${over} px too wide`);
}
