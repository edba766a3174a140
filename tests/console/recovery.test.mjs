// What the agent's page makes of lost sessions, networks, servers and logins: it says so, and goes on with what
// is true.

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "../clients/patience.mjs";
import { BRISK, withServer } from "../clients/server.mjs";
import { withBrowser } from "./browser.mjs";
import { expect } from "./expect.mjs";
import { AgentWindow, CustomerWindow, SUBJECT } from "./people.mjs";

// In this house a silent client is soon forgotten.
const withSettings = (...lines) => BRISK.replace("[notifications]", `${lines.join("\n")}\n\n[notifications]`);
const FORGETFUL = { config: withSettings("console = true") };

// A browser says so of each request that was refused or came to nothing, and of what CometD's client says to a
// socket that is closing.
const mayComplain = (text) =>
  /^Failed to load resource: (net::ERR_|the server responded with a status of 403)|^WebSocket (connection to|is already in CLOSING)/.test(text);

const DEMO_CHAT = "Customer support";

test("a session that was lost to a 402 is recovered before everybody's eyes, and nothing is missing", async () => {
  await withServer(FORGETFUL, async (server) => {
    await withBrowser(server, { mayComplain }, async (windows, profile) => {
      const bob = await AgentWindow.open(windows, "agent2");
      await bob.becomeReady();
      const chris = await CustomerWindow.open(await profile());
      await bob.accept(SUBJECT);
      await bob.says("Hello.");

      await windows.context.setOffline(true);
      await expect(bob.banner).toSay(/^Nothing is heard from the server/);
      await expect(bob.page.locator("#connection")).toSay("No connection");
      await eventually(async () => (await server.figure("chat_notification_sessions")) === 0, "the session to be forgotten");
      await chris.says("Are you there?");
      const [address] = (await ask("agent2", `${server.url}/me/chats`)).uris;
      await ask("agent2", address, { operationName: "AttachUserData", userData: { Mood: "impatient" } });

      await windows.context.setOffline(false);
      await expect(bob.banner).toSay(
        /^The notification session was lost \(402::.*\) and has been recovered at .*: everything is subscribed again, and the one chat was read again\.$/,
      );
      await expect(bob.page.locator("#connection")).toSay("Connected by long-polling");
      await expect(bob.lines).toSayTogether(["Hello.", "Are you there?"]);
      await expect(bob.pair("Mood")).toHold("impatient");
      await chris.says("Finally.");
      await expect(bob.lines).toSayTogether(["Hello.", "Are you there?", "Finally."]);

      await bob.page.getByLabel("Polls").check();
      const refused = bob.page.locator("#wire-list .session.bad .about").filter({ hasText: "402::" });
      await expect(refused).toBeCounted(1);
      await bob.page.getByRole("button", { name: "Dismiss" }).click();
      await expect(bob.banner).toBeSeen(false);
    });
  });
});

test("a server that was restarted and has forgotten everything is met again", async () => {
  await withServer({}, async (server) => {
    await withBrowser(server, { mayComplain }, async (windows) => {
      const amy = await AgentWindow.open(windows, "agent1");
      const kept = await AgentWindow.open(windows, "agent3", { keep: true });
      await amy.choose(DEMO_CHAT);
      await amy.attach("OrderNumber", "4711");
      await expect(amy.pair("OrderNumber")).toHold("4711");

      await server.restart("SIGKILL");
      await expect(amy.banner).toSay(/recovered at .* The server had forgotten the contact centre session; it was opened anew/);
      await expect(amy.pair("OrderNumber")).toBeCounted(0);
      await amy.attach("OrderNumber", "4712");
      await expect(amy.pair("OrderNumber")).toHold("4712");
      await amy.becomeReady();
      // A cookie is known to the server that made it and to no other.
      await expect(kept.page.locator("#login-message")).toSay(/^The server does not know this login any more/);
    });
  });
});

test("a server that was restarted and remembers is met again without a new session", async () => {
  await withServer({ isDurable: true }, async (server) => {
    await withBrowser(server, { mayComplain }, async (windows) => {
      const amy = await AgentWindow.open(windows, "agent1", { keep: true, transport: "any" });
      await amy.choose(DEMO_CHAT);
      await server.restart("SIGTERM");
      await expect(amy.page.locator("#connection")).toSay(/^Connected by/);
      await amy.attach("OrderNumber", "4711");
      await expect(amy.pair("OrderNumber")).toHold("4711");
      assert.doesNotMatch(await amy.banner.textContent(), /forgotten/);
    });
  });
});

test("a login goes on over reloads if the cookie keeps it, with CSRF protection too", async () => {
  const config = withSettings("console = true", "csrf_protection = true");
  await withServer({ config }, async (server) => {
    await withBrowser(server, { mayComplain }, async (windows) => {
      const amy = await AgentWindow.open(windows, "agent1", { keep: true, transport: "any" });
      await amy.becomeReady();
      await amy.page.reload();
      await expect(amy.page.locator("#connection")).toSay("Connected by websocket");
      await expect(amy.page.locator("#agent")).toSay("agent1");
      const posted = amy.page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/channels/chat"));
      await amy.page.getByRole("button", { name: "Stop being ready" }).click();
      const { "x-csrf-token": token, authorization } = (await posted).headers();
      assert.match(token ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(authorization, undefined);
      await expect(amy.page.locator("#readiness")).toSay("Not Ready");
      // One without the cookie starts with the login.
      const bob = await windows.open("/console");
      await expect(bob.getByRole("button", { name: "Log in" })).toBeSeen();
    });
  });
});

test("whoever is logged out elsewhere is told so", async () => {
  await withServer({}, async (server) => {
    await withBrowser(server, { mayComplain }, async (windows) => {
      const message = (of) => expect(of.page.locator("#login-message"));
      const [here, there] = [
        await AgentWindow.open(windows, "agent1", { keep: true }),
        await AgentWindow.open(windows, "agent1", { keep: true, transport: "any" }),
      ];
      await here.page.getByRole("button", { name: "Log out" }).click();
      await message(here).toSay("You are logged out.");
      await message(there).toSay(/^This login was ended elsewhere|^The server does not know this login any more/);

      // One cookie, one agent.
      await here.logIn({ keep: true });
      const bob = await AgentWindow.open(windows, "agent2", { keep: true });
      await message(here).toSay("agent2 has logged in by the cookie in another tab, so this one is logged out.");
      await bob.becomeReady();
    });
  });
});

test("who is not let in is told why, and what was written is not lost to a refusal", async () => {
  const known = (text) => mayComplain(text) || text.endsWith("status of 413 (Payload Too Large)");
  await withServer({}, async (server) => {
    await withBrowser(server, { mayComplain: known }, async (windows) => {
      const page = await windows.open("/console");
      await page.getByLabel("Name").fill("agent1");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Log in" }).click();
      await expect(page.locator("#login-problem")).toSay("Name or password is wrong (statusCode 20).");

      const amy = await AgentWindow.open(windows, "agent1");
      await amy.choose(DEMO_CHAT);
      const long = "a".repeat(2_000_000);
      await amy.text.evaluate((field, text) => (field.value = text), long);
      await amy.text.press("Enter");
      await expect(amy.problem).toSay(/^Refused with statusCode 10: expected a body of at most/);
      await expect(amy.text).toHold(long);
      await amy.text.fill("");
      const form = amy.chat.locator(".attach");
      await amy.attach("Broken", "{", { json: true });
      await expect(form.locator(".problem")).toSay(/^The value is no JSON/);
    });
  });
});

// What another client of the same agent asks.
async function ask(name, url, body) {
  const response = await fetch(url, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Basic ${btoa(`${name}:${name}`)}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const reply = await response.json();
  assert.equal(reply.statusCode, 0, `${url}: ${JSON.stringify(reply)}`);
  return reply;
}
