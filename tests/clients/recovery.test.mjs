// What happens to a chat's notifications when laptops sleep, networks break and servers end: each
// client goes on by itself, and hears whatever follows once (NOTIF-5.1, NOTIF-5.3, DEC-45).
//
// All of them listen to one agent's chat at the same time, so that many sessions of one user are
// part of it (NOTIF-2.14).

import assert from "node:assert/strict";
import { test } from "node:test";

import { WAYS } from "./clients.mjs";
import { Cutter } from "./cutter.mjs";
import { DIFFERENCES } from "./differences.mjs";
import { eventually } from "./patience.mjs";
import { Agent } from "./people.mjs";
import { BRISK, withServer } from "./server.mjs";
import { Watcher } from "./watcher.mjs";

const CHAT = {
  id: "0000Wa9CAM6W00J",
  state: "Chatting",
  owner: "agent1",
  participants: [
    { nickname: "Chris", type: "Customer", participantId: "007352CE982D031B" },
    { nickname: "Amy", type: "Agent", participantId: "007352CE984F0321" },
  ],
};
const PATH = `/me/chats/${CHAT.id}`;

// In one house a silent client is soon forgotten; in the other, the demo, there is time to come back.
const FORGETFUL = { chats: [CHAT], config: BRISK };
const PATIENT = {};
// Here the next server knows all that the one before did.
const DURABLE = { isDurable: true };

test("clients that were asleep for too long start over", async () => {
  await withListeners(FORGETFUL, async ({ server, agent, everybody, tell, hears }) => {
    const known = (count) => figure(server, "chat_notification_sessions", count);
    await tell(1);
    await hears(1);
    await known(WAYS.length);

    await everybody(({ watcher }) => watcher.sleep());
    await known(0);
    await tell(2);
    await everybody(({ watcher }) => watcher.wake());

    await everybody(async ({ watcher, name }) => {
      await watcher.ready(2);
      assert.ok(watcher.losses > 0, `${name} was not told that it is forgotten`);
      assert.notEqual(watcher.handshakes[0].clientId, watcher.handshakes[1].clientId);
    });
    // What was missed is read, and not sent again (NOTIF-5.1, NOTIF-5.2).
    const { user } = (await agent.get("/me/?subresources=chats")).json;
    assert.deepEqual(user.chats.map(({ id, userData }) => [id, userData]), [[CHAT.id, { said: 2 }]]);
    await tell(3);
    await hears(3);
    await everybody(({ watcher, name }) => assert.equal(watcher.handshakes.length, 2, name));
  });
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`clients start over when the server does, ended by ${signal}`, async () => {
    await withListeners(FORGETFUL, async ({ server, everybody, tell, hears }) => {
      await tell(1);
      await hears(1);
      await server.restart(signal);
      await everybody(({ watcher }) => watcher.ready(2));
      await tell(2);
      await hears(2);
    });
  });
}

// DEC-44: a session is a row in the file, and where its client stands is in what the client sends.
for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`clients go on when a server with a file is restarted, ended by ${signal}`, async () => {
    await withListeners(DURABLE, async ({ server, everybody, tell, hears }) => {
      await tell(1);
      await hears(1);
      await server.restart(signal);
      await tell(2);
      await everybody(async ({ watcher, name }) => {
        let value = said(await watcher.hears());
        // Where a client stands that does not acknowledge is written down every five seconds, and at
        // the end if there is time.
        if (signal === "SIGKILL" && !watcher.way.ack && value === 1) {
          value = said(await watcher.hears());
        }
        assert.equal(value, 2, name);
        assert.equal(watcher.handshakes.length, 1, name);
        assert.equal(watcher.losses, 0, name);
      });
      await tell(3);
      await hears(3);
    });
  });
}

// The server says that it has forgotten the session, and cannot be reached right then.
test("clients start over although their first handshake fails", async () => {
  await withListeners(FORGETFUL, async ({ server, everybody, tell, hears }) => {
    await tell(1);
    await hears(1);
    await everybody(({ cutter }) => cutter.cutAfter("402::"));
    await server.restart("SIGKILL");
    await everybody(async ({ watcher, cutter, name }) => {
      await eventually(() => cutter.refused > 0, `another try of ${name}`);
      cutter.mend();
      await watcher.ready(2);
    });
    await tell(2);
    await hears(2);
    await everybody(({ watcher, name }) => {
      const { way, differences } = watcher;
      const known = DIFFERENCES[way.client]?.handshakeFailed ?? [];
      // By web socket it depends on what the client notices first, the reply or the end behind it.
      if (way.transport === "long-polling" || differences.length > 0) {
        assert.deepEqual(differences, known, name);
      }
    });
  });
});

test("clients whose connections break keep their sessions and miss nothing", async () => {
  await withListeners(PATIENT, async ({ server, everybody, tell, hears }) => {
    await tell(1);
    await hears(1);
    await everybody(({ cutter }) => cutter.cut());
    await noticed(server);
    await tell(2);
    await tell(3);
    await everybody(({ cutter }) => cutter.mend());
    await hears(2, 3);
    await tell(4);
    await hears(4);
    await everybody(({ watcher, name }) => assert.equal(watcher.handshakes.length, 1, name));
  });
});

// BAYEUX-4.7, BAYEUX-9.2-4 and NOTIF-5.4.
test("what a connection takes with it comes again for those who acknowledge", async () => {
  await withListeners(PATIENT, async ({ server, everybody, tell, hears }) => {
    await tell(1);
    await hears(1);
    // By web socket news come without a poll that waits for them, or with the next one.
    const polling = WAYS.filter(({ transport }) => transport === "long-polling").length;
    await figure(server, "chat_held_polls", polling);
    await everybody(({ cutter }) => cutter.swallow());
    await tell(2);
    await everybody(async ({ cutter, name }) => {
      await eventually(() => cutter.swallowed > 0, `a reply to ${name}`);
      cutter.cut();
    });
    await noticed(server);
    await tell(3);
    await everybody(({ cutter }) => cutter.mend());
    await everybody(async ({ watcher, name }) => {
      for (const value of watcher.way.ack ? [2, 3] : [3]) {
        assert.equal(said(await watcher.hears()), value, name);
      }
      assert.equal(watcher.handshakes.length, 1, name);
    });
    await tell(4);
    await hears(4);
  });
});

// Lends `work` an agent with a chat, to which every client listens in each of its ways, each by a
// network of its own.
async function withListeners(house, work) {
  await withServer(house, async (server) => {
    const agent = new Agent(server, "agent1");
    const listeners = [];
    for (const way of WAYS) {
      const cutter = await Cutter.before(server.url);
      server.afterwards.push(() => cutter.close());
      const watcher = new Watcher(cutter.url, agent.authorization, way, ["/v2/me/chats"]);
      server.clients.add(watcher);
      listeners.push({ name: way.name, watcher, cutter });
    }
    const everybody = (does) => Promise.all(listeners.map(does));
    await everybody(({ watcher }) => watcher.ready());

    const tell = (value) =>
      agent.succeeds(PATH, { operationName: "UpdateUserData", userData: { said: value } });
    // Everybody hears these next, and nothing in between.
    const hears = (...values) =>
      everybody(async ({ watcher, name }) => {
        for (const value of values) {
          assert.equal(said(await watcher.hears()), value, name);
        }
      });
    await work({ server, agent, everybody, tell, hears });
    await tell("goodbye");
    await hears("goodbye");
  });
}

const said = ({ chat }) => chat.userData.said;

// The server has seen that all connections are cut: nothing more goes into one of them.
async function noticed(server) {
  await figure(server, "chat_held_polls", 0);
  await figure(server, "chat_websockets", 0);
}

function figure(server, name, count) {
  return eventually(async () => (await server.figure(name)) === count, `${name} ${count}`);
}
