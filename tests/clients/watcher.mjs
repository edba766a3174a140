// A client in a process of its own, which does nothing but watch: what it hears comes back as one
// Bayeux message a line. So each language has a small program, and what it should hear is said here.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { within } from "./patience.mjs";

// Whatever happens to the tests, nobody stays behind.
const RUNNING = new Set();
process.once("exit", () => RUNNING.forEach((watcher) => watcher.kill()));

export class Watcher {
  #child;
  #exited;
  #heard = [];
  #unheard = [];
  #subscribed = new Set();
  #channels;
  #changed = new Set();
  #ended = false;

  // How often it shook hands, and how often it was told that its session is not known.
  handshakes = [];
  losses = 0;

  // Where its program had to do what its library does not.
  differences = [];

  constructor(url, authorization, way, channels) {
    this.way = way;
    this.#channels = channels;
    const [program, ...words] = way.command();
    this.#child = spawn(program, words, {
      // A group of its own, to be stopped as a whole.
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        ...process.env,
        WATCH_URL: `${url}/notifications${way.suffix ?? ""}`,
        WATCH_AUTHORIZATION: authorization,
        WATCH_CHANNELS: channels.join(" "),
        WATCH_TRANSPORT: way.transport,
        WATCH_ACK: way.ack ? "yes" : "no",
        WATCH_COOKIES: way.cookies ? "yes" : "no",
        WATCH_COOKIE: way.cookie ?? "",
      },
    });
    this.#exited = once(this.#child, "exit").then(([code, signal]) => {
      this.#ended = code ?? signal;
      this.#tell();
      return this.#ended;
    });
    // It may have ended already when it is told to.
    this.#child.stdin.on("error", () => {});
    RUNNING.add(this);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
  }

  // Waits for the session number `count` and its subscriptions.
  async ready(count = 1) {
    const isReady = () => this.handshakes.length >= count && this.#subscribed.size === this.#channels.length;
    await this.#until(isReady, `session ${count} and its subscriptions`);
    return this.handshakes[count - 1];
  }

  // The next event on /v2/me/chats, in the order of arrival; none is skipped.
  async hears() {
    return (await this.hearsWhen()).data;
  }

  // The same with the time at which it arrived, of those who say it.
  async hearsWhen() {
    await this.#until(() => this.#heard.length > 0, "an event");
    return this.#heard.shift();
  }

  // What came on other channels, since the last time that somebody asked.
  aside() {
    return this.#unheard.splice(0);
  }

  // It goes deaf and dumb, as a laptop does whose lid is closed.
  sleep() {
    this.#signal("SIGSTOP");
  }

  wake() {
    this.#signal("SIGCONT");
  }

  // Ends its session as its library wants that done.
  async hangUp() {
    this.wake();
    this.#child.stdin.end();
    try {
      const code = await within(this.#exited, `${this.way.name}: the end`);
      if (code !== 0) {
        throw new Error(`${this.way.name}: expected to end with 0, ended with ${code}`);
      }
    } finally {
      this.kill();
      RUNNING.delete(this);
    }
  }

  #take(message) {
    if (message.difference) {
      this.differences.push(message.difference);
      return;
    }
    const { channel, successful } = message;
    if (channel === "/meta/handshake" && successful) {
      this.handshakes.push(message);
      this.#subscribed.clear();
    } else if (channel === "/meta/subscribe" && successful) {
      [message.subscription].flat().forEach((one) => this.#subscribed.add(one));
    } else if (channel.startsWith("/meta/") && message.error?.startsWith("402:")) {
      this.losses += 1;
    } else if (channel === "/v2/me/chats") {
      this.#heard.push(message);
    } else if (!channel.startsWith("/meta/")) {
      this.#unheard.push(message);
    }
    this.#tell();
  }

  #tell() {
    this.#changed.forEach((look) => look());
  }

  #until(condition, what) {
    let look;
    const met = new Promise((resolve, reject) => {
      look = () => {
        if (condition()) {
          resolve();
        } else if (this.#ended !== false) {
          reject(new Error(`${this.way.name}: expected ${what}, ended with ${this.#ended}`));
        }
      };
      this.#changed.add(look);
      look();
    });
    return within(met, `${this.way.name}: ${what}`).finally(() => this.#changed.delete(look));
  }

  #signal(name) {
    try {
      process.kill(-this.#child.pid, name);
    } catch (error) {
      if (error.code !== "ESRCH") {
        throw error;
      }
    }
  }

  kill() {
    this.#signal("SIGKILL");
  }
}
