// Three PostgreSQL servers under Patroni, which chooses the one that takes writes, and an etcd in which it
// keeps who that is: started for a test on ports of its own, ended by their process ids.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { processesBelow, signalTo } from "../clients/processes.mjs";

const run = promisify(execFile);

// How long Patroni lets a leader be silent, its least; 30 unless it is told otherwise. A leader that dies
// alone is noticed by its own Patroni, one that dies with it only after this.
export const TTL_SECONDS = 20;

// PostgreSQL refuses to run as the administrator.
const USER = process.getuid() === 0 ? "postgres" : undefined;

export class Cluster {
  #folder;
  #isSynchronous;
  #etcd;
  #nodes = [];
  #logs = [];

  // With `isSynchronous` a commit is acknowledged when two of the three have it (quorum commit).
  static async start({ isSynchronous, python, programs }) {
    const cluster = new Cluster();
    try {
      await cluster.#start(isSynchronous, python, programs);
      return cluster;
    } catch (error) {
      await cluster.end();
      throw error;
    }
  }

  async #start(isSynchronous, python, programs) {
    this.#isSynchronous = isSynchronous;
    this.#folder = await mkdtemp(join(tmpdir(), "chat-cluster-"));
    const [uid, gid] = await owner();
    await chmod(this.#folder, 0o755);
    const [client, peer, ...ports] = await freePorts(8);
    const log = (name) => {
      this.#logs.push(openSync(join(this.#folder, `${name}.log`), "w"));
      return this.#logs.at(-1);
    };
    const at = (port) => `http://127.0.0.1:${port}`;
    const words = ["--data-dir", join(this.#folder, "etcd"), "--listen-peer-urls", at(peer)];
    words.push("--listen-client-urls", at(client), "--advertise-client-urls", at(client));
    const output = log("etcd");
    this.#etcd = spawn("etcd", words, { stdio: ["ignore", output, output] });
    for (let number = 0; number < 3; number += 1) {
      const folder = join(this.#folder, `n${number}`);
      await mkdir(folder, { mode: 0o700 });
      if (uid !== undefined) {
        await chown(folder, uid, gid);
      }
      const [port, api] = ports.splice(0, 2);
      const settings = join(this.#folder, `n${number}.yml`);
      await writeFile(settings, configuration({ number, port, api, folder, client, isSynchronous, programs }));
      this.#nodes.push({ number, port, api, folder, settings, python, output: log(`n${number}`) });
    }
    for (const node of this.#nodes) {
      this.#wake(node);
    }
    await this.isWhole();
  }

  // What `chat serve --store` is given.
  get url() {
    const hosts = this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
    return `postgres://postgres@${hosts}/postgres?sslmode=disable`;
  }

  // Waits until there is a leader and two others follow it, as closely as it waits for them.
  async isWhole() {
    await patiently(120, "the cluster is not whole", async () => {
      const members = await this.#members();
      const leader = members.filter(({ role, state }) => role === "leader" && state === "running");
      const role = this.#isSynchronous ? "quorum_standby" : "replica";
      const following = members.filter((member) => member.state === "streaming" && member.role === role);
      return leader.length === 1 && following.length === 2;
    });
  }

  // Kills the leader in the middle of what it does: PostgreSQL alone, or with its Patroni, as a machine
  // dies. For `muteMs` before that the others do not hear what it writes.
  async killLeader({ withPatroni, muteMs }) {
    const leader = await this.#leader();
    const senders = (await processesBelow(join(leader.folder, "data"))).filter(({ says }) => says.includes("walsender"));
    senders.forEach(({ pid }) => process.kill(pid, "SIGSTOP"));
    await sleep(muteMs);
    const [postmaster] = (await readFile(join(leader.folder, "data/postmaster.pid"), "utf8")).split("\n");
    if (withPatroni) {
      leader.patroni.kill("SIGKILL");
      await leader.ended;
    }
    const dying = await processesBelow(join(leader.folder, "data"));
    process.kill(Number(postmaster), "SIGKILL");
    dying.forEach(({ pid }) => signalTo(pid, "SIGKILL"));
    return leader.number;
  }

  // Brings a killed one back; it follows whoever leads by now.
  revive(number) {
    const node = this.#nodes[number];
    if (node.patroni.exitCode !== null || node.patroni.signalCode !== null) {
      this.#wake(node);
    }
  }

  async end() {
    for (const { patroni, ended } of this.#nodes.filter(({ patroni }) => patroni)) {
      patroni.kill("SIGTERM");
      await Promise.race([ended, sleep(20_000)]);
      patroni.kill("SIGKILL");
    }
    for (const { folder } of this.#nodes) {
      (await processesBelow(join(folder, "data"))).forEach(({ pid }) => signalTo(pid, "SIGKILL"));
    }
    this.#etcd?.kill("SIGKILL");
    this.#logs.forEach((log) => closeSync(log));
    if (this.#folder) {
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  #wake(node) {
    const stdio = ["ignore", node.output, node.output];
    const words = ["-m", "patroni", node.settings];
    node.patroni = USER
      ? spawn("setpriv", [`--reuid=${USER}`, `--regid=${USER}`, "--init-groups", node.python, ...words], { stdio })
      : spawn(node.python, words, { stdio });
    node.ended = once(node.patroni, "exit");
  }

  async #leader() {
    const members = await this.#members();
    const { name } = members.find(({ role }) => role === "leader");
    return this.#nodes[Number(name.slice(1))];
  }

  async #members() {
    for (const { api } of this.#nodes) {
      try {
        const response = await fetch(`http://127.0.0.1:${api}/cluster`);
        return (await response.json()).members ?? [];
      } catch {
        // It does not run; the next one knows as much.
      }
    }
    return [];
  }
}

// How Patroni is set up. JSON is YAML.
function configuration({ number, port, api, folder, client, isSynchronous, programs }) {
  const dcs = {
    ttl: TTL_SECONDS,
    loop_wait: 1,
    retry_timeout: 3,
    // Whoever is behind by more is not chosen, if losses are allowed for at all.
    maximum_lag_on_failover: 16 << 20,
    // Another one takes over at once, instead of the same one being started again.
    primary_start_timeout: 0,
    synchronous_mode: isSynchronous ? "quorum" : false,
    synchronous_mode_strict: isSynchronous,
    synchronous_node_count: 1,
    postgresql: {
      use_pg_rewind: true,
      parameters: { synchronous_commit: isSynchronous ? "on" : "local", wal_log_hints: "on", max_connections: 100 },
    },
  };
  return JSON.stringify({
    scope: "chat",
    name: `n${number}`,
    restapi: { listen: `127.0.0.1:${api}`, connect_address: `127.0.0.1:${api}` },
    etcd3: { host: `127.0.0.1:${client}` },
    bootstrap: { dcs, initdb: [{ encoding: "UTF8" }, "no-sync", { auth: "trust" }] },
    postgresql: {
      listen: `127.0.0.1:${port}`,
      connect_address: `127.0.0.1:${port}`,
      data_dir: join(folder, "data"),
      bin_dir: programs,
      pgpass: join(folder, "pgpass"),
      authentication: {
        superuser: { username: "postgres" },
        replication: { username: "replicator" },
        rewind: { username: "rewinder" },
      },
      parameters: { unix_socket_directories: folder },
      pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
    },
  });
}

async function owner() {
  if (!USER) {
    return [];
  }
  const id = async (what) => Number((await run("id", [what, USER])).stdout);
  return [await id("-u"), await id("-g")];
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => (server.close(), once(server, "close"))));
  return ports;
}

async function patiently(seconds, what, look) {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await look())) {
    if (Date.now() > deadline) {
      throw new Error(`${what} after ${seconds} seconds`);
    }
    await sleep(200);
  }
}
