// A conversation as people have it, in windows of one browser: two agents and a customer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withServer } from "../clients/server.mjs";
import { accessible, tabTo, withBrowser } from "./browser.mjs";
import { expect } from "./expect.mjs";
import { AgentWindow, CustomerWindow, SUBJECT } from "./people.mjs";

// agent1 by the cookie and a websocket, agent2 by the tab's own login: neither takes the other for itself.
test("two agents and a customer talk, and the chat moves from one to the other", async () => {
  await withServer({}, async (server) => {
    // The refusal below; a browser says so of each.
    const mayComplain = (text) => text.endsWith("status of 400 (Bad Request)");
    await withBrowser(server, { mayComplain }, async (windows) => {
      const amy = await AgentWindow.open(windows, "agent1", { keep: true, transport: "any" });
      assert.match(await amy.page.locator("#connection").textContent(), /websocket/);
      const bob = await AgentWindow.open(windows, "agent2");
      assert.match(await bob.page.locator("#connection").textContent(), /long-polling/);

      await amy.becomeReady();
      const chris = await CustomerWindow.open(windows, { email: "chris@example.com" });
      await amy.accept(SUBJECT);
      await expect(chris.state).toSay("You are talking to Agent One.");
      await chris.says("Hello?");
      await expect(amy.lines.last()).toSay("Hello?");
      await amy.text.pressSequentially("One mom");
      await expect(chris.page.locator("#typing")).toSay("Agent One is typing …");
      await amy.says("Hello Chris, one moment.\nI ask a colleague.");
      await expect(chris.lines.last()).toSay("Hello Chris, one moment.\nI ask a colleague.");
      await expect(amy.pair("EmailAddress")).toHold("chris@example.com");

      // The colleague is asked, out of the customer's sight.
      await amy.asks("Consult", "agent2");
      await expect(bob.page.locator("#chat-list .state")).toSay("Invitation");
      // Refusals are shown with their code: somebody who is invited cannot be asked again (DEC-16).
      await amy.asks("Consult", "agent2");
      await expect(amy.problem).toSay(/^Refused with statusCode 2: ./);
      await bob.accept(SUBJECT);
      await expect(bob.lines).toSayTogether(["Hello?", "Hello Chris, one moment.\nI ask a colleague."]);
      await amy.chat.getByLabel("To", { exact: true }).selectOption("Agents only");
      await amy.says("Can you take over?");
      await expect(bob.lines.last()).toSay("Can you take over?");

      // User data that one edits are the other's at once, and an edit that is not saved is nobody else's to lose.
      await amy.attach("OrderNumber", "4711");
      await expect(bob.pair("OrderNumber")).toHold("4711");
      await bob.pair("OrderNumber").fill("4712");
      await amy.attach("Priority", "[1, 2]", { json: true });
      await expect(bob.pair("Priority")).toHold("[1,2]");
      await expect(bob.pair("OrderNumber")).toHold("4712");
      await amy.pair("OrderNumber").fill("4713");
      await amy.chat.getByRole("button", { name: "Save OrderNumber" }).click();
      await expect(bob.chat.locator(".note:not(:empty)")).toSay("Meanwhile changed to: 4713");
      await bob.chat.getByRole("button", { name: "Save OrderNumber" }).click();
      await expect(amy.pair("OrderNumber")).toHold("4712");
      await amy.chat.getByRole("button", { name: "Delete Priority" }).click();
      await expect(bob.pair("Priority")).toBeCounted(0);

      await amy.asks("Transfer", "agent2");
      await expect(amy.page.locator("#chats-last")).toSay("The chat with Chris is completed.");
      await expect(chris.state).toSay("You are talking to Agent Two.");
      await bob.says("Bob here, I take over.");
      await expect(chris.lines).toSayTogether(["Hello?", "Hello Chris, one moment.\nI ask a colleague.", "Bob here, I take over."]);

      await bob.button("Complete").click();
      await expect(bob.page.locator("#chat-list li")).toBeCounted(0);
      await expect(chris.state).toSay("The chat has ended.");
      await expect(chris.page.getByRole("button", { name: "Open another chat" })).toBeSeen();

      // What crossed the wire stands beside it.
      const events = bob.page.locator("#wire-list .notification");
      const titles = await events.locator(".title").allTextContents();
      for (const title of ["StatusChange Invited", "PropertiesUpdated Chatting", "NewMessages", "StatusChange Completed"]) {
        assert.ok(titles.includes(title), `${title} among ${titles}`);
      }
      await events.first().locator("summary").click();
      await expect(events.first().locator("pre")).toSay(/"channel": "\/v2\/me\/chats"/);
    });
  });
});

const MOOD = ".pairs li[data-key=Mood] input";

test("a whole conversation needs no mouse, and the focus is always to be seen", async () => {
  await withServer({}, async (server) => {
    await withBrowser(server, {}, async (windows) => {
      const agent = await windows.open("/console");
      const { keyboard } = agent;
      await tabTo(agent, "#login-name");
      await keyboard.type("agent2");
      await tabTo(agent, "#login-password");
      await keyboard.type("agent2");
      await keyboard.press("Enter");
      await expect(agent.locator("#connection")).toSay(/^Connected/);
      await tabTo(agent, "#readiness-switch", "Shift+Tab");
      await keyboard.press("Enter");
      await expect(agent.locator("#readiness")).toSay("Ready");

      const customer = await windows.open("/console/customer");
      await tabTo(customer, "#nickname");
      await customer.keyboard.type("Chris");
      await customer.keyboard.press("Enter");
      await expect(customer.locator("#state")).toSay("Waiting for an agent …");

      await tabTo(agent, "#chat-list button");
      await keyboard.press("Enter");
      await tabTo(agent, "article:not([hidden]) .actions button.primary");
      await keyboard.press("Space");
      // Where the Accept was, the message is next.
      await expect(agent.locator("article textarea:focus")).toBeCounted(1);
      await keyboard.type("What can I do for you?");
      await keyboard.press("Enter");
      await expect(customer.locator(".said .words")).toSay("What can I do for you?");
      await tabTo(customer, "#text");
      await customer.keyboard.type("Nothing, thank you.");
      await customer.keyboard.press("Enter");
      await expect(agent.locator(".said.Customer .words")).toSay("Nothing, thank you.");

      await tabTo(agent, ".attach input");
      await keyboard.type("Mood");
      await keyboard.press("Tab");
      await keyboard.type("good");
      await keyboard.press("Enter");
      await expect(agent.locator(MOOD)).toHold("good");
      await tabTo(agent, MOOD);
      await keyboard.press("End");
      await keyboard.type(" enough");
      await keyboard.press("Enter");
      await expect(agent.locator(MOOD)).toHold("good enough");

      // A transfer, thought better of.
      const act = async (label) => {
        await tabTo(agent, "article .actions button:not([hidden])", "Shift+Tab");
        while (!(await agent.evaluate(() => document.activeElement.textContent)).startsWith(label)) {
          await keyboard.press("Shift+Tab");
        }
        await keyboard.press("Enter");
      };
      await act("Transfer");
      await expect(agent.locator("dialog input:focus")).toBeCounted(1);
      await keyboard.press("Escape");
      await expect(agent.locator("dialog")).toBeCounted(0);
      assert.match(await agent.evaluate(() => document.activeElement.textContent), /^Transfer/);
      await act("Complete");
      await expect(agent.locator("#chats-title:focus")).toBeCounted(1);
      await expect(customer.locator("#state")).toSay("The chat has ended.");
      await expect(customer.locator("#again:focus")).toBeCounted(1);
    });
  });
});

test("axe finds nothing on any page, in either colour scheme", async () => {
  await withServer({}, async (server) => {
    await withBrowser(server, {}, async (windows) => {
      const login = await windows.open("/console");
      await accessible(login, "the login");
      await login.close();
      const bob = await AgentWindow.open(windows, "agent2");
      await accessible(bob.page, "the empty desk");
      await bob.becomeReady();
      const blank = await windows.open("/console/customer");
      await accessible(blank, "the customer's form");
      await blank.close();
      const chris = await CustomerWindow.open(windows);
      await bob.choose(SUBJECT);
      await accessible(bob.page, "an invitation");
      await bob.accept(SUBJECT);
      await chris.says("Hello?");
      await bob.says("Hello.");
      await bob.attach("OrderNumber", "4711");
      await expect(bob.pair("OrderNumber")).toHold("4711");
      await bob.pair("OrderNumber").fill("4712");
      await bob.page.locator("#wire-session").check();
      await bob.page.locator("#wire-list summary").first().click();
      await accessible(bob.page, "a chat");
      await accessible(chris.page, "the customer's chat");
      await bob.button("Transfer").click();
      await expect(bob.page.locator("dialog input").first()).toBeSeen();
      await accessible(bob.page, "the dialog");
      await bob.page.keyboard.press("Escape");
      await bob.page.setViewportSize({ width: 390, height: 800 });
      await accessible(bob.page, "a chat on a narrow screen");
    });
  });
});
