// The page at /docs in a real browser, from which nothing but the server can be reached: what a person
// sees, and that it needs nobody else.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { chromium } from "playwright-core";

import { withServer } from "../clients/server.mjs";

// Debian's; the tool's own download is for other systems.
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

// A container has no other sandbox to offer, and a browser that looks for updates is not what is tested.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const STRICT = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data:",
  "connect-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

// Opens `path` of the server and lends `work` the page, and what went wrong on it so far.
async function withPage(server, path, work) {
  const folder = mkdtempSync(join(tmpdir(), "chat-docs-"));
  assert.ok(existsSync(BROWSER), `expected a browser at ${BROWSER}`);
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: BROWSER,
    args: FLAGS,
    viewport: { width: 1200, height: 900 },
  });
  try {
    const [complaints, elsewhere] = [[], []];
    await context.route("**/*", (route) => {
      const { origin, protocol } = new URL(route.request().url());
      if (origin === server.origin || protocol === "data:") return route.continue();
      elsewhere.push(route.request().url());
      return route.abort();
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    const response = await page.goto(`${server.origin}${path}`);
    await work(page, response);
    assert.deepEqual({ complaints, elsewhere }, { complaints: [], elsewhere: [] });
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const chat = (...words) => execFileSync(process.env.CHAT_BIN, words, { encoding: "utf8" });

// Every operation of the document: its method, its path and its name.
function operations(document) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({ method, path, operationId })),
  );
}

// A proxy that has the server below /gws, and says so to nobody.
async function withPrefix(server, work) {
  const proxy = createServer((asked, answer) => {
    if (!asked.url.startsWith("/gws/")) return answer.writeHead(404).end();
    const options = { method: asked.method, headers: asked.headers };
    const passed = request(server.origin + asked.url.slice("/gws".length), options, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    asked.pipe(passed);
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  try {
    await work({ origin: `http://127.0.0.1:${proxy.address().port}` });
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}

test("behind a proxy that has it below a path, what is tried out goes there", async () => {
  await withServer({}, async (server) => {
    await withPrefix(server, async (proxy) => {
      await withPage(proxy, "/gws/docs", async (page) => {
        await page.waitForSelector(".opblock");
        await page.click("[id$=-readLiveness] .opblock-summary-control");
        await page.click("[id$=-readLiveness] .try-out__btn");
        const answered = page.waitForResponse((response) => response.url().endsWith("/health/live"));
        await page.click("[id$=-readLiveness] .execute");
        const response = await answered;
        assert.equal(response.url(), `${proxy.origin}/gws/health/live`);
        assert.equal(response.status(), 200);
      });
    });
  });
});

for (const path of ["/docs", "/docs/"]) {
  test(`${path} shows every operation, strictly and offline`, async () => {
    await withServer({}, async (server) => {
      await withPage(server, path, async (page, response) => {
        assert.equal(response.status(), 200);
        const policy = response.headers()["content-security-policy"].split(";").map((rule) => rule.trim());
        const rules = Object.fromEntries(policy.map((rule) => [rule.split(" ")[0], rule.split(" ").slice(1).join(" ")]));
        assert.deepEqual(rules, STRICT);

        const document = await (await fetch(`${server.origin}/docs/openapi.json`)).json();
        await page.waitForSelector(".opblock");
        const shown = await page.$$eval(".opblock", (blocks) =>
          blocks.map((block) => ({
            method: block.querySelector(".opblock-summary-method").textContent.toLowerCase(),
            // It is broken where a line may break.
            path: block.querySelector(".opblock-summary-path").dataset.path,
          })),
        );
        const sorted = (all) => all.map(({ method, path }) => `${path} ${method}`).sort();
        assert.deepEqual(sorted(shown), sorted(operations(document)));
        assert.equal(await page.title(), "GWS v2 Chat API");
      });
    });
  });
}

test("an operation can be opened, tried and seen to succeed", async () => {
  await withServer({}, async (server) => {
    await withPage(server, "/docs", async (page) => {
      await page.click(".authorize");
      await page.fill("#auth-basic-username, [id$=auth_username]", "agent1");
      await page.fill("#auth-basic-password, [id$=auth_password]", "agent1");
      await page.click(".auth-container:has(input[type=password]) .authorize.button");
      await page.click(".btn-done, .close-modal");

      await page.click("[id$=-readMe] .opblock-summary-control");
      await page.click("[id$=-readMe] .try-out__btn");
      await page.click("[id$=-readMe] .execute");
      const status = await page.waitForSelector("[id$=-readMe] .live-responses-table tbody .response-col_status");
      assert.match(await status.textContent(), /200/);
      const body = await page.textContent("[id$=-readMe] .live-responses-table .highlight-code");
      assert.match(body, /"userName": "agent1"/);

      // Schemas are shown as well, the ones that contain themselves included.
      await page.click("[id$=-operateMyChat] .opblock-summary-control");
      await page.click("[id$=-operateMyChat] .opblock-section-request-body .tabitem:last-child button");
      await page.waitForSelector("[id$=-operateMyChat] .opblock-section-request-body .json-schema-2020-12");
    });
  });
});

test("what the page links to is what `chat schema` prints", async () => {
  await withServer({}, async (server) => {
    const names = chat("schema").trim().split("\n");
    assert.ok(names.includes("openapi") && names.includes("asyncapi") && names.includes("operation"));
    for (const name of names) {
      const path = ["openapi", "asyncapi"].includes(name) ? name : `schema/${name}`;
      const response = await fetch(`${server.origin}/docs/${path}.json`);
      assert.equal(response.status, 200, name);
      assert.equal(response.headers.get("content-type"), "application/json", name);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff", name);
      assert.equal(await response.text(), chat("schema", name), name);
    }
    const page = await (await fetch(`${server.origin}/docs`)).text();
    const links = [...page.matchAll(/(?:href|src|data-openapi)="([^"]+)"/g)].map(([, link]) => link);
    for (const name of names) {
      const path = ["openapi", "asyncapi"].includes(name) ? name : `schema/${name}`;
      assert.ok(links.includes(`docs/${path}.json`), `${path}.json is not linked`);
    }
    assert.ok(links.includes("docs/types.d.ts"));
    for (const link of links) {
      assert.ok(!/^[a-z]+:|^\//.test(link), `${link} is not beside the page`);
      assert.equal((await fetch(new URL(link, `${server.origin}/docs`))).status, 200, link);
    }
  });
});
