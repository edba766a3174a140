// Senders who do not let up while their server is killed, and who know afterwards what was
// acknowledged to them; and what the journal must hold and subscribers must have heard, then.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

// A stream of numbers in [0, 1) from a seed: mulberry32.
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PARTICIPANTS = [
  { nickname: "Chris", type: "Customer", participantId: "007352CE982D031B" },
  { nickname: "Amy", type: "Agent", participantId: "007352CE984F0321" },
];

// The `count` chats of an agent in which there is a storm, and the one in which its end is told.
export const chatsOf = (name, count) => Array.from({ length: count }, (_, at) => `storm-${name}-${at}`);
export const goodbyeTo = (name) => `goodbye-to-${name}`;

// All of them, as the server is given them.
export function chatsFor(names, count) {
  return names.flatMap((owner) =>
    [...chatsOf(owner, count), goodbyeTo(owner)].map((id) => ({ id, state: "Chatting", owner, participants: PARTICIPANTS })),
  );
}

// Now, by the clock that all processes of the machine share, in milliseconds.
export const now = () => Number(process.hrtime.bigint()) / 1e6;

// What became of operations, each of which has a number of its own.
export class Ledger {
  #last = 0;

  acknowledged = new Set();
  // The connection broke before the reply, or the server could not tell either.
  unknown = new Set();
  // There was no server: these were never sent.
  unsent = 0;
  // When each of the acknowledged was sent, and when its reply was there.
  times = new Map();

  // Sends one operation after the other to `chats` of the agent's, until `isOver`: pairs of user data and
  // messages as chance has it, none of them twice, with a pause before each.
  async send(agent, chats, random, isOver, pauseMs = 0) {
    while (!isOver()) {
      if (pauseMs > 0) {
        await sleep(pauseMs);
      }
      const number = (this.#last += 1);
      const chat = chats[Math.floor(random() * chats.length)];
      const body =
        random() < 0.5
          ? { operationName: "AttachUserData", userData: { [`k${number}`]: number } }
          : { operationName: "SendMessage", text: `m${number}` };
      let reply;
      const sent = now();
      try {
        reply = await agent.post(`/me/chats/${chat}`, body);
      } catch (error) {
        if (error.cause?.code === "ECONNREFUSED") {
          this.unsent += 1;
          await sleep(5);
        } else {
          this.unknown.add(number);
        }
        continue;
      }
      if (reply.status === 200 && reply.json.statusCode === 0) {
        this.acknowledged.add(number);
        this.times.set(number, { sent, acknowledged: now() });
      } else if (reply.status === 503) {
        this.unknown.add(number);
      } else {
        throw new Error(`${agent.name} ${JSON.stringify(body)}: ${reply.status} ${reply.text}`);
      }
    }
  }

  // Finds what was acknowledged once, the rest once or not at all, and nothing else in the journal.
  compare(journal) {
    const times = new Map();
    for (const { number } of [...journal.values()].flat()) {
      times.set(number, (times.get(number) ?? 0) + 1);
    }
    const lost = [...this.acknowledged].filter((number) => !times.has(number));
    const doubled = [...times.keys()].filter((number) => times.get(number) > 1);
    const unheardOf = [...times.keys()].filter(
      (number) => !this.acknowledged.has(number) && !this.unknown.has(number),
    );
    assert.deepEqual({ lost, doubled, unheardOf }, { lost: [], doubled: [], unheardOf: [] });
    return [...this.unknown].filter((number) => times.has(number)).length;
  }
}

// The journal as `chat store export` prints it: what senders did to each chat, in order, and how a
// subscriber hears of it.
export function journalOf(ndjson) {
  const chats = new Map();
  for (const line of ndjson.split("\n").map((line) => JSON.parse(line))) {
    if (!line.chat) {
      continue;
    }
    const told = [];
    let [pairs, messages] = [0, 0];
    for (const event of line.records.flatMap(({ record }) => record.events)) {
      if (event.userDataAttached) {
        for (const [key, number] of Object.entries(event.userDataAttached.pairs)) {
          pairs += 1;
          told.push({ number, hears: `${pairs} pairs up to ${key}` });
        }
      } else if (event.said) {
        const { text } = event.said.content.text;
        messages += 1;
        told.push({ number: Number(text.slice(1)), hears: `message ${messages} ${text}` });
      }
    }
    chats.set(line.chat, told);
  }
  return chats;
}

// A notification as `journalOf` has it: user data are told whole, each time.
export function said(data) {
  if (data.notificationType === "NewMessages") {
    assert.equal(data.messages.length, 1);
    const [{ index, text }] = data.messages;
    return `message ${index} ${text}`;
  }
  assert.equal(data.notificationType, "PropertiesUpdated");
  const keys = Object.keys(data.chat.userData);
  return `${keys.length} pairs up to ${keys.at(-1)}`;
}
