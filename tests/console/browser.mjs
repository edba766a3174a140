// Debian's Chromium with windows on the console, watched: what a page complains of, what its policy refused,
// and whom it asked other than the server.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

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

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const SIZE = { width: 1360, height: 860 };

// Lends `work` a browser with windows on `server`; afterwards nothing may have been asked of anybody else, no
// policy may have refused anything, and no page may have complained, unless `mayComplain` knows why.
export async function withBrowser(server, { mayComplain = () => false, ...options } = {}, work) {
  assert.ok(existsSync(BROWSER), `expected a browser at ${BROWSER}`);
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  const watch = { complaints: [], refused: [], elsewhere: [] };
  const profile = async (more = {}) => {
    const context = await browser.newContext({
      viewport: SIZE,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      ...options,
      ...more,
    });
    await observe(context, server, watch);
    return new Windows(context, server);
  };
  try {
    await work(await profile(), profile);
    watch.complaints = watch.complaints.filter((text) => !mayComplain(text));
    assert.deepEqual(watch, { complaints: [], refused: [], elsewhere: [] });
  } finally {
    await browser.close();
  }
}

async function observe(context, server, { complaints, refused, elsewhere }) {
  const host = new URL(server.origin).host;
  const look = (address) => {
    const url = new URL(address);
    if (url.host !== host && url.protocol !== "data:") elsewhere.push(address);
  };
  context.on("request", (request) => look(request.url()));
  await context.exposeBinding("violated", (_, violation) => refused.push(violation));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violated(`${event.violatedDirective}: ${event.blockedURI}`),
    );
  });
  context.on("page", (page) => {
    page.on("websocket", (socket) => look(socket.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
  });
}

// The windows of one profile: they have their cookies in common.
class Windows {
  constructor(context, server) {
    this.context = context;
    this.server = server;
  }

  async open(path) {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(this.server.origin + path);
    return page;
  }
}

// What axe has to say of the page as it is now, in both colour schemes.
export async function accessible(page, where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
    });
    assert.deepEqual(violations, [], `${where}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

// Goes on with Tab until what has the focus matches `selector`, and sees to it that the focus can be seen.
export async function tabTo(page, selector, key = "Tab") {
  for (let steps = 0; steps < 150; steps += 1) {
    const found = await page.evaluate((wanted) => {
      const { activeElement } = document;
      if (!activeElement?.matches(wanted)) return undefined;
      const style = getComputedStyle(activeElement);
      return { outline: style.outlineStyle, width: parseFloat(style.outlineWidth) };
    }, selector);
    if (found) {
      assert.ok(found.outline !== "none" && found.width >= 2, `the focus on ${selector} is not to be seen`);
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`expected to come to ${selector} with ${key}, did not`);
}
