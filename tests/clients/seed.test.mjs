// The AttachUserData page, live: its request, its reply and its notification, in each client that
// nobody here wrote.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ANY, WAYS } from "./clients.mjs";
import { Agent } from "./people.mjs";
import { withServer } from "./server.mjs";

const SEED = JSON.parse(
  readFileSync(new URL("../samples/seed/attach_user_data.json", import.meta.url), "utf8"),
);

// The page's own URL names another chat than its notification; the notification's it is.
const PATH = "/me/chats/0000Wa9CAM6W00J";

// What differs from the page, and why. Everything else that the page prints must be there with its
// printed value.
const DIFFERENT = {
  referenceId: "counts the requests of this user (DEC-31)",
  "chat.uri": "has the host and port of this server",
};

// What the page does not print and may be there (DEC-32).
const FURTHER = {
  "": [],
  chat: ["path"],
  "chat.participants": ["uri", "path", "id", "visibility"],
};

for (const way of [...WAYS, { ...ANY, name: `${ANY.name}, no cookies`, cookies: false }]) {
  test(`the page's request gives the page's notification to ${way.name}`, async () => {
    await withServer({}, async (server) => {
      const agent = new Agent(server, "agent1");
      await agent.listen(way);
      const [handshake] = agent.watcher.handshakes;
      assert.equal(Boolean(handshake.ext?.ack), way.ack);
      const before = (await agent.get(PATH)).json.chat.userData;

      const reply = await agent.post(PATH, SEED.request);
      assert.equal(reply.status, 200);
      assert.equal(reply.text, '{"statusCode":0}');
      assert.deepEqual(reply.json, SEED.response);

      const told = await agent.hears();
      isAsPrinted(told, SEED.notification, server);
      // The page prints the order of a hash; DEC-1 has one: what was there, then what is new.
      assert.deepEqual(Object.keys(told.chat.userData), [...Object.keys(before), "UserData1", "UserData2"]);
    });
  });
}

// DEC-45 and NOTIF-1: a user may have several windows open.
test("two sessions of one user hear each event once", async () => {
  await withServer({}, async (server) => {
    const windows = [new Agent(server, "agent1"), new Agent(server, "agent1")];
    for (const window of windows) {
      await window.listen();
    }
    const numbers = [];
    for (const value of [1, 2, 3]) {
      const body = { operationName: "UpdateUserData", userData: { UserData1: value } };
      await windows[value % 2].succeeds(PATH, body);
    }
    for (const window of windows) {
      const heard = [await window.hears(), await window.hears(), await window.hears()];
      assert.deepEqual(heard.map((told) => told.chat.userData.UserData1), [1, 2, 3]);
      numbers.push(heard.map((told) => told.referenceId));
    }
    // The requester is the user, whichever window the request came from (DEC-31).
    assert.deepEqual(numbers[0], numbers[1]);
    assert.ok(numbers[0].every((number, at) => number > (numbers[0][at - 1] ?? 0)));
  });
});

function isAsPrinted(told, printed, server) {
  assert.deepEqual(Object.keys(DIFFERENT), ["referenceId", "chat.uri"]);
  assert.ok(Number.isInteger(told.referenceId) && told.referenceId > 0, String(told.referenceId));
  const { pathname } = new URL(printed.chat.uri);
  assert.equal(told.chat.uri, new URL(server.url).origin + pathname);
  assert.notEqual(told.chat.uri, printed.chat.uri);

  const same = (of, expected, except) => {
    for (const [name, value] of Object.entries(expected)) {
      if (!except.includes(name)) {
        assert.deepEqual(of[name], value, name);
      }
    }
  };
  const nothingFurther = (of, expected, where) => {
    const allowed = [...Object.keys(expected), ...FURTHER[where]];
    assert.deepEqual(Object.keys(of).filter((name) => !allowed.includes(name)), [], where);
  };
  same(told, printed, ["referenceId", "chat"]);
  nothingFurther(told, printed, "");
  // deepEqual compares objects as maps, which is what user data is here.
  same(told.chat, printed.chat, ["uri", "participants"]);
  nothingFurther(told.chat, printed.chat, "chat");
  assert.equal(told.chat.participants.length, printed.chat.participants.length);
  for (const [at, participant] of printed.chat.participants.entries()) {
    same(told.chat.participants[at], participant, []);
    nothingFurther(told.chat.participants[at], participant, "chat.participants");
  }
}
