// What the deployment page promises of PostgreSQL under Patroni: with quorum commit nothing that was
// acknowledged is lost when the leader dies, and how long that takes. Without it the same deaths do lose
// something, so that the first test is known to look at the right place.
//
// FAILOVERS says how often the leader dies, and SEED repeats the choices of a run that printed it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Agent } from "../clients/people.mjs";
import { withServer } from "../clients/server.mjs";
import { chance, chatsFor, chatsOf, journalOf, Ledger } from "../clients/storm.mjs";
import { Cluster, TTL_SECONDS } from "./cluster.mjs";

const FAILOVERS = Number(process.env.FAILOVERS ?? 4);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const { CLUSTER_PYTHON: python, CLUSTER_POSTGRES: programs } = process.env;

const NAMES = ["agent1", "agent2"];
const SENDERS_PER_AGENT = 3;
const BETWEEN_OPERATIONS_MS = 20;
// Long enough for dozens of operations to be acknowledged to, or not, before the leader dies.
const MUTE_MS = 400;

const CHATS_PER_AGENT = 40;
const CHATS = chatsFor(NAMES, CHATS_PER_AGENT);

test("with quorum commit nothing is lost, whatever the leader was doing when it died", async (t) => {
  t.diagnostic(`SEED=${SEED} FAILOVERS=${FAILOVERS}`);
  await withCluster({ isSynchronous: true, failovers: FAILOVERS }, async ({ ledger, servers, outages }) => {
    assert.match(await servers[0].store("check"), /: everything fits together$/);
    const applied = ledger.compare(journalOf(await servers[0].store("export")));
    for (const { withPatroni, seconds } of outages) {
      const what = withPatroni ? "the leader's machine" : "the leader's PostgreSQL";
      t.diagnostic(`${what} died: the first operation was accepted ${seconds.toFixed(1)} s later`);
    }
    t.diagnostic(
      `${outages.length} leaders died: ${ledger.acknowledged.size} operations acknowledged, ` +
        `${ledger.unknown.size} of unknown outcome, ${applied} of them applied; 0 lost or doubled ` +
        `(a leader may be silent for ${TTL_SECONDS} s)`,
    );
  });
});

test("without it the same death loses what was acknowledged", async (t) => {
  await withCluster({ isSynchronous: false, failovers: 1 }, async ({ ledger, servers }) => {
    const journal = journalOf(await servers[0].store("export"));
    const there = new Set([...journal.values()].flat().map(({ number }) => number));
    const lost = [...ledger.acknowledged].filter((number) => !there.has(number));
    t.diagnostic(`${lost.length} of ${ledger.acknowledged.size} acknowledged operations were lost`);
    assert.notEqual(lost.length, 0);
    assert.throws(() => ledger.compare(journal), /lost/);
  });
});

// Two servers on a cluster whose leader dies again and again under load; `judge` looks at it afterwards.
async function withCluster({ isSynchronous, failovers }, judge) {
  const random = chance(SEED);
  const cluster = await Cluster.start({ isSynchronous, python, programs });
  const store = isSynchronous ? `${cluster.url}&durability=replicated` : cluster.url;
  try {
    await withServer({ chats: CHATS, store }, (first) =>
      withServer({ store }, async (second) => {
        const servers = [first, second];
        const ledger = new Ledger();
        const over = new AbortController();
        const sending = Promise.all(
          NAMES.flatMap((name, at) => {
            const agent = new Agent(servers[at], name);
            return Array.from({ length: SENDERS_PER_AGENT }, () =>
              ledger.send(agent, chatsOf(name, CHATS_PER_AGENT), random, () => over.signal.aborted, BETWEEN_OPERATIONS_MS),
            );
          }),
        );
        const dying = killLeaders(cluster, ledger, failovers, random).finally(() => over.abort());
        await Promise.all([dying, sending]);
        for (const server of servers) {
          await server.stop("SIGTERM");
        }
        await judge({ ledger, servers, outages: await dying });
      }),
    );
  } finally {
    await cluster.end();
  }
}

async function killLeaders(cluster, ledger, failovers, random) {
  const outages = [];
  for (let death = 0; death < failovers; death += 1) {
    await sleep(1_000 + random() * 1_000);
    // Each kind in turn.
    const withPatroni = death % 2 === 1;
    const dead = await cluster.killLeader({ withPatroni, muteMs: MUTE_MS });
    const died = performance.now();
    // What the dead leader had answered already arrives.
    await sleep(100);
    const before = ledger.acknowledged.size;
    while (ledger.acknowledged.size === before) {
      assert.ok(performance.now() - died < 120_000, "nothing is accepted two minutes after the leader died");
      await sleep(10);
    }
    outages.push({ withPatroni, seconds: (performance.now() - died) / 1_000 });
    cluster.revive(dead);
    await cluster.isWhole();
  }
  return outages;
}
