// A PostgreSQL of its own, started for a test on data and a socket of its own, killed and started again.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { processesBelow, signalTo } from "./processes.mjs";

const run = promisify(execFile);

// Nobody else's is in the folder, so the number only has to be one.
const PORT = 5432;

// Lends `work` a database. `programs` is the folder with PostgreSQL's programs.
export async function withDatabase(programs, work) {
  const database = await Database.start(programs);
  try {
    await work(database);
  } finally {
    await database.end();
  }
}

class Database {
  #programs;
  #folder;
  #account = {};
  #child;
  #exited;

  static async start(programs) {
    if (!programs) {
      throw new Error("expected PostgreSQL's programs in CLIENTS_POSTGRES; `cargo xtask test` sets it");
    }
    const database = new Database();
    database.#programs = programs;
    // A process that is killed loses nothing that the system has, so the data may lie in memory; on a disk
    // that others use PostgreSQL takes many seconds to come back, because it writes all its files first.
    const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    database.#folder = await mkdtemp(join(place, "chat-database-"));
    await chmod(database.#folder, 0o755);
    // PostgreSQL refuses to run as the administrator.
    if (process.getuid() === 0) {
      const [uid, gid] = await Promise.all(["-u", "-g"].map(async (of) => Number((await run("id", [of, "postgres"])).stdout)));
      database.#account = { uid, gid };
      await chown(database.#folder, uid, gid);
    }
    const words = ["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres", "--auth=trust"];
    words.push("--pgdata", database.#data);
    await run(join(programs, "initdb"), words, { ...database.#account, cwd: database.#folder });
    await database.resume();
    return database;
  }

  get url() {
    return `postgres://postgres@${encodeURIComponent(this.#folder)}:${PORT}/postgres`;
  }

  get #data() {
    return join(this.#folder, "data");
  }

  // Kills all its processes in the middle of what they do.
  async kill() {
    // Stopped, the first one starts no other.
    this.#child.kill("SIGSTOP");
    const dying = await processesBelow(this.#data);
    dying.forEach(({ pid }) => signalTo(pid, "SIGKILL"));
    await this.#exited;
  }

  // Starts it on its data and waits until it takes connections.
  async resume() {
    for (let tries = 0; tries < 200; tries += 1) {
      const log = openSync(join(this.#folder, "log"), "a");
      const words = ["-D", this.#data, "-k", this.#folder, "-p", `${PORT}`, "-c", "listen_addresses="];
      this.#child = spawn(join(this.#programs, "postgres"), words, {
        ...this.#account,
        cwd: this.#folder,
        stdio: ["ignore", "ignore", log],
      });
      closeSync(log);
      let ended = false;
      this.#exited = once(this.#child, "exit").then(() => (ended = true));
      // What a killed one leaves behind takes a moment to go, and until then this one ends.
      while (!ended) {
        const ready = ["-q", "-h", this.#folder, "-p", `${PORT}`];
        if (await run(join(this.#programs, "pg_isready"), ready).then(() => true, () => false)) {
          return;
        }
        await sleep(10);
      }
      await sleep(50);
    }
    throw new Error(`PostgreSQL did not start:\n${readFileSync(join(this.#folder, "log"), "utf8")}`);
  }

  async end() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      // Without letting anything finish.
      this.#child.kill("SIGQUIT");
      await this.#exited;
    }
    await rm(this.#folder, { recursive: true, maxRetries: 10, retryDelay: 50 });
  }
}
