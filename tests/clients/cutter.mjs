// A small TCP proxy between clients and the server, which cuts connections and swallows replies as
// networks do.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Cutter {
  #listener = createServer((client) => this.#join(client));
  #pairs = new Set();
  #target;
  #mode = "open";

  #last;

  // On how many connections replies were swallowed, and how many came in vain.
  swallowed = 0;
  refused = 0;

  // In front of the server at `url`.
  static async before(url) {
    const cutter = new Cutter();
    cutter.#target = new URL(url);
    cutter.#listener.listen(0, "127.0.0.1");
    await once(cutter.#listener, "listening");
    const own = new URL(url);
    own.port = cutter.#listener.address().port;
    cutter.url = own.href;
    return cutter;
  }

  // Cuts every connection, and each new one, until `mend`.
  cut() {
    this.#mode = "cut";
    this.#pairs.forEach((pair) => pair.cut());
  }

  // Lets requests through, and no reply back, until `cut`.
  swallow() {
    this.#mode = "swallow";
    this.swallowed = 0;
  }

  // Lets everything through up to the reply that has `text` in it, and then cuts until `mend`.
  cutAfter(text) {
    this.#last = text;
  }

  mend() {
    this.#mode = "open";
    this.#last = undefined;
  }

  close() {
    this.cut();
    this.#listener.close();
  }

  #join(client) {
    if (this.#mode === "cut") {
      this.refused += 1;
      client.destroy();
      return;
    }
    const server = connect(this.#target.port, this.#target.hostname);
    let hasSwallowed = false;
    const pair = {
      cut: () => {
        client.destroy();
        server.destroy();
        this.#pairs.delete(pair);
      },
    };
    this.#pairs.add(pair);
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      if (this.#mode === "swallow") {
        this.swallowed += hasSwallowed ? 0 : 1;
        hasSwallowed = true;
      } else if (this.#last && bytes.includes(this.#last)) {
        this.#pairs.delete(pair);
        client.end(bytes);
        server.destroy();
        this.cut();
      } else {
        client.write(bytes);
      }
    });
    for (const end of [client, server]) {
      end.setNoDelay(true);
      end.on("error", pair.cut);
    }
    client.on("close", pair.cut);
    server.on("close", () => this.#pairs.has(pair) && pair.cut());
  }
}
