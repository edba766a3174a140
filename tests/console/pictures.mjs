// Takes the pictures in docs/images: what a person sees of the console. `cargo xtask pictures` runs it; what the
// pages say is the same each time, but for the times of day and the identifiers.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { eventually } from "../clients/patience.mjs";
import { BRISK, withServer } from "../clients/server.mjs";
import { withBrowser } from "./browser.mjs";
import { expect } from "./expect.mjs";
import { AgentWindow, CustomerWindow, SUBJECT } from "./people.mjs";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const CONFIG = BRISK.replace("[notifications]", "console = true\n\n[notifications]");

mkdirSync(FOLDER, { recursive: true });

async function take({ page }, name) {
  await page.screenshot({ path: `${FOLDER}console-${name}.png`, animations: "disabled", caret: "hide" });
  console.log(`docs/images/console-${name}.png is taken`);
}

await withServer({ config: CONFIG }, async (server) => {
  await withBrowser(server, { mayComplain: (text) => text.includes("net::ERR_") }, async (windows, profile) => {
    await take({ page: await windows.open("/console") }, "login");
    const amy = await AgentWindow.open(windows, "agent1");
    await amy.becomeReady();
    const chris = await CustomerWindow.open(await profile(), { email: "chris@example.com" });
    await amy.choose(SUBJECT);
    await take(amy, "invitation");

    await amy.accept(SUBJECT);
    await chris.says("Hello? My order should have been here on Monday.");
    await amy.says("Hello Chris, I am sorry to hear that. What is its number?");
    await chris.says("4711");
    await amy.attach("OrderNumber", "4711");
    await expect(amy.pair("OrderNumber")).toHold("4711");
    await amy.attach("Parcels", "2", { json: true });
    await expect(amy.pair("Parcels")).toHold("2");

    const bobsWindows = await profile({ colorScheme: "dark" });
    const bob = await AgentWindow.open(bobsWindows, "agent2");
    await amy.asks("Consult", "agent2");
    await bob.accept(SUBJECT);
    await amy.chat.getByLabel("To", { exact: true }).selectOption("Agents only");
    await amy.says("Bob, can you see where this one is?");
    await bob.says("It is in the depot, and will be there tomorrow.");
    await expect(amy.lines.last()).toSay("It is in the depot, and will be there tomorrow.");
    await bob.pair("OrderNumber").fill("4711-B");
    await bob.chat.getByRole("button", { name: "Save OrderNumber" }).click();
    await expect(amy.pair("OrderNumber")).toHold("4711-B");
    await amy.page.locator("#wire-list .notification summary").first().click();
    await take(amy, "agent");
    await take(bob, "dark");

    await amy.page.locator("#wire-list .notification summary").first().click();
    await amy.button("Transfer").click();
    await expect(amy.page.locator("dialog input").first()).toBeSeen();
    await amy.page.getByRole("dialog").getByLabel("agent2").check();
    await take(amy, "transfer");
    await amy.page.getByRole("dialog").getByRole("button", { name: "Transfer" }).click();
    await expect(chris.state).toSay("You are talking to Agent Two.");
    await bob.says("Agent Two here: your parcels will be with you tomorrow.");
    await chris.says("Thank you!");
    await take(chris, "customer");

    await bobsWindows.context.setOffline(true);
    // Agent One is still listening.
    await eventually(async () => (await server.figure("chat_notification_sessions")) === 1, "the session to be forgotten");
    await chris.says("Will somebody ring me before?");
    await bobsWindows.context.setOffline(false);
    await expect(bob.banner).toSay(/recovered/);
    await bob.page.emulateMedia({ colorScheme: "light" });
    await take(bob, "recovered");
  });
});
