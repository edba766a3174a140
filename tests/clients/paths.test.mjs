// The same behaviour at the base path, with a slash behind it and with any suffix (NOTIF-1.2): clients
// append the name of what they send, or are configured with an address that ends in a slash.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { Agent } from "./people.mjs";
import { withServer } from "./server.mjs";
import { Watcher } from "./watcher.mjs";

const PATH = "/me/chats/0000Wa9CAM6W00J";

for (const suffix of ["/", "/some/where"]) {
  test(`every client finds the notifications with ${suffix} behind their path`, async () => {
    await withServer({}, async (server) => {
      const agent = new Agent(server, "agent1");
      const watchers = WAYS.map((way) => {
        const there = { ...way, suffix };
        return new Watcher(server.url, agent.authorization, there, ["/v2/me/chats"]);
      });
      watchers.forEach((watcher) => server.clients.add(watcher));
      await Promise.all(watchers.map((watcher) => watcher.ready()));
      await agent.succeeds(PATH, { operationName: "UpdateUserData", userData: { UserData1: suffix } });
      for (const watcher of watchers) {
        const { chat } = await watcher.hears();
        assert.equal(chat.userData.UserData1, suffix, watcher.way.name);
      }
    });
  });
}
