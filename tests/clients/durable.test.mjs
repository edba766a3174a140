// Nothing that was acknowledged is lost, and nobody misses or hears anything twice, however often one of
// these is killed: a server that keeps its chats in a file, the database that keeps them for two servers, or
// one of the two, whose clients go on with the other.
//
// Agents change their chats without a pause; kills come at moments that chance chooses. A server is
// sometimes killed while it starts, and sometimes asked to end. Afterwards the journal is the judge: of the
// senders, who know what was acknowledged, and of the subscribers. KILLS says how many kills, KILLED which
// of the three, and SEED repeats the choices of a run that printed it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Agent } from "./people.mjs";
import { withServer } from "./server.mjs";
import { withBalancer } from "./sites.mjs";
import { chance, chatsFor, chatsOf, journalOf, Ledger, now } from "./storm.mjs";
import { compareHeard, sayGoodbye, Subscriber } from "./subscribers.mjs";

// Enough to see that nothing has come undone; CONTRIBUTING says how to look further.
const FEW = { file: 6, database: 3, node: 4 };
const killsOf = (kind) => Number(process.env.KILLS ?? FEW[kind]);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

// How each agent's subscribers listen. The first one of each acknowledges.
const LISTENERS = {
  agent1: ["npm cometd 9, long-polling, ack", "npm cometd 9, websocket, ack", "npm cometd 3.1.14, long-polling, ack"],
  agent2: ["npm cometd 9, long-polling, ack", "npm cometd 9, long-polling"],
  agent3: ["npm cometd 9, websocket, ack", "npm cometd 9, websocket"],
};
// How long a server lives at most after it is seen to work.
const LIFE_MS = 800;
// How long somebody may hear nothing before the next end waits for them; a session lives for ten seconds.
const AWAY_MS = 3_000;
const SENDERS_PER_AGENT = 3;
// Of what somebody missed while away, and hears again, 1,000 events wait at most (DEC-45).
const BETWEEN_OPERATIONS_MS = 40;
// User data are told whole with each change, so they are spread.
const CHATS_PER_AGENT = 4 + Math.ceil(killsOf("file") / 2);

const NAMES = Object.keys(LISTENERS);
const CHATS = chatsFor(NAMES, CHATS_PER_AGENT);

// What is killed: how it is lent, with what stays, and how it falls.
const KINDS = {
  file: (work) =>
    withServer({ chats: CHATS, isDurable: true }, (server) =>
      work({ servers: [server], door: server, fall: (ends, random) => fallOfServer(server, ends, random) }),
    ),
  database: (work) =>
    withBalancer(CHATS, (site, database) => work({ ...site, fall: (ends, random) => fallOfDatabase(database, ends, random) })),
  node: (work) =>
    withBalancer(CHATS, (site) => work({ ...site, fall: (ends, random) => fallOfNode(site.servers, ends, random) })),
};
const KILLED = process.env.KILLED ? [process.env.KILLED] : Object.keys(KINDS);

for (const kind of KILLED) {
  test(`what was acknowledged is there once, and heard once, after every kill of a ${kind}`, async (t) => {
    t.diagnostic(`SEED=${SEED} KILLS=${killsOf(kind)}`);
    await KINDS[kind]((site) => storm(t, site, killsOf(kind)));
  });
}

async function storm(t, { servers, door, fall }, kills) {
  const random = chance(SEED);
  const agents = NAMES.map((name) => new Agent(door, name));
  const subscribers = agents.flatMap((agent) =>
    LISTENERS[agent.name].map((name) => new Subscriber(door, agent, name)),
  );
  await Promise.all(subscribers.map(({ watcher }) => watcher.ready()));
  const listening = Promise.all(subscribers.map((one) => one.listen()));

  const ledger = new Ledger();
  const over = new AbortController();
  const sending = Promise.all(
    agents.flatMap((agent) =>
      Array.from({ length: SENDERS_PER_AGENT }, () =>
        ledger.send(agent, chatsOf(agent.name, CHATS_PER_AGENT), random, () => over.signal.aborted, BETWEEN_OPERATIONS_MS),
      ),
    ),
  );
  const storming = killOften(fall, kills, subscribers, chance(SEED ^ 1), over.signal);
  // Whoever fails ends it for all.
  const ends = await Promise.race([storming, sending, listening]).finally(() => {
    over.abort();
    return Promise.allSettled([storming]);
  });
  await sending;
  await sayGoodbye(agents);
  await listening;
  await Promise.all(subscribers.map(({ watcher }) => watcher.hangUp()));
  door.clients.clear();
  for (const server of servers) {
    await server.stop("SIGTERM");
  }

  assert.match(await servers[0].store("check"), /: everything fits together$/);
  const journal = journalOf(await servers[0].store("export"));
  const applied = ledger.compare(journal);
  const repeated = compareHeard(NAMES, CHATS_PER_AGENT, subscribers, journal);

  const delivered = subscribers.reduce((sum, { heard }) => sum + heard.length, 0);
  t.diagnostic(
    `${ends.killed} kills${ends.killedAtStart ? `, and ${ends.killedAtStart} more while it started` : ""}` +
      `${ends.asked ? `; asked to end ${ends.asked} times` : ""}: ` +
      `${ledger.acknowledged.size} operations acknowledged; ` +
      `${ledger.unknown.size} of unknown outcome, ${applied} of them applied; ${ledger.unsent} not sent; ` +
      `${delivered} events delivered to ${subscribers.length} subscribers, ` +
      `${repeated} of them again to those who do not acknowledge; 0 lost, doubled or reordered`,
  );
}

// Lets it fall until it was killed often enough.
async function killOften(fall, kills, subscribers, random, signal) {
  const ends = { killed: 0, killedAtStart: 0, asked: 0 };
  const aborted = once(signal, "abort");
  while (ends.killed + ends.killedAtStart < kills && !signal.aborted) {
    // Half of the time everybody has found back before the next end; and so that nobody is away for as long
    // as a session lives without its client: those wait longer after each try that fails.
    const isAway = subscribers.some(({ heard }) => now() - (heard.at(-1)?.at ?? 0) > AWAY_MS);
    if (isAway || random() < 0.5) {
      const before = subscribers.map(({ heard }) => heard.length);
      const found = Promise.all(subscribers.map((one, at) => one.hearsMoreThan(before[at])));
      await Promise.race([found, aborted]);
    }
    await sleep(random() * LIFE_MS);
    await fall(ends, random);
  }
  return ends;
}

async function fallOfServer(server, ends, random) {
  // However short the run, one end of each kind is part of it.
  const kind = ends.asked === 0 ? 0 : ends.killedAtStart === 0 ? 0.2 : random();
  if (kind < 0.2) {
    ends.asked += 1;
    await server.restart("SIGTERM");
  } else if (kind < 0.35) {
    ends.killed += 1;
    ends.killedAtStart += 1;
    await server.stop("SIGKILL");
    await server.stumble(random() * 60);
    await server.resume();
  } else {
    ends.killed += 1;
    await server.restart("SIGKILL");
  }
}

async function fallOfDatabase(database, ends, random) {
  ends.killed += 1;
  await database.kill();
  await sleep(random() * 300);
  await database.resume();
}

// Each in turn, and while one is gone everybody is with the other.
async function fallOfNode(servers, ends, random) {
  const server = servers[(ends.killed + ends.asked) % servers.length];
  const signal = ends.asked === 0 || random() < 0.2 ? "SIGTERM" : "SIGKILL";
  ends[signal === "SIGTERM" ? "asked" : "killed"] += 1;
  await server.stop(signal);
  await sleep(random() * LIFE_MS);
  await server.resume();
}
