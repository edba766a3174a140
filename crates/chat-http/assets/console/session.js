// Who asks, and how: every request of the pages to the interface goes through here, so that refusals, the
// CSRF token and what the list of events shows are the same for all.

/** Where the interface is: beside the console, whatever stands in front of both. */
export const API = new URL("../../api/v2", import.meta.url).href;

/** A request was answered, and the answer is no. */
export class Refused extends Error {
  constructor(status, { statusCode, statusMessage } = {}) {
    super(`HTTP ${status}, statusCode ${statusCode}: ${statusMessage}`);
    this.status = status;
    this.statusCode = statusCode ?? `none (HTTP ${status})`;
    this.statusMessage = statusMessage ?? "the answer is none of the interface";
  }

  /** Nobody is logged in any more, or not with these credentials (PLAT-1.2-c20). */
  get isNobody() {
    return this.statusCode === 20;
  }
}

/** A request was not answered. */
export class Unreachable extends Error {
  constructor(why) {
    super(`The server cannot be reached (${why}).`);
  }
}

/** Requests of somebody: a visitor, until `logIn` makes it an agent. */
export class Session {
  #authorization;
  #keepsCookie = false;
  // What changes something by a cookie has to show it, where the server wants that (PLAT-2.2).
  #csrfToken;
  #onExchange;

  /** `onExchange` hears of each request and its answer. */
  constructor(onExchange = () => {}) {
    this.#onExchange = onExchange;
  }

  /** What the notification client has to send along; undefined where the cookie does it. */
  get authorization() {
    return this.#authorization;
  }

  get keepsCookie() {
    return this.#keepsCookie;
  }

  /**
   * Logs in and answers the user. With `keep` the server's cookie says from then on who asks, for all tabs
   * of the browser and over reloads; without, this tab says it by itself and touches no cookie, so that
   * several agents can be at work in one browser.
   */
  async logIn(name, password, keep) {
    const bytes = new TextEncoder().encode(`${name}:${password}`);
    const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
    this.#authorization = authorization;
    this.#keepsCookie = keep;
    try {
      return (await this.get("/me?subresources=channels")).user;
    } finally {
      if (keep) {
        this.#authorization = undefined;
      }
    }
  }

  /** Goes on with the cookie of an earlier login; refused if there is none. */
  async resume() {
    this.#keepsCookie = true;
    return (await this.get("/me?subresources=channels")).user;
  }

  get(path) {
    return this.#ask("GET", path);
  }

  /** `body` is an object, or JSON already. */
  post(path, body) {
    return this.#ask("POST", path, typeof body === "string" ? body : JSON.stringify(body));
  }

  async #ask(method, path, body) {
    const headers = {};
    if (this.#authorization) headers.Authorization = this.#authorization;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.#csrfToken && method !== "GET") headers["X-CSRF-TOKEN"] = this.#csrfToken;
    const exchange = { method, path, body, at: Date.now() };
    let response;
    let text;
    try {
      response = await fetch(API + path, {
        method,
        headers,
        body,
        cache: "no-store",
        credentials: this.#keepsCookie ? "same-origin" : "omit",
      });
      text = await response.text();
    } catch (error) {
      this.#onExchange({ ...exchange, failure: error.message });
      throw new Unreachable(error.message);
    }
    this.#csrfToken = response.headers.get("X-CSRF-TOKEN") ?? this.#csrfToken;
    let reply;
    try {
      reply = JSON.parse(text);
    } catch {
      reply = undefined;
    }
    this.#onExchange({ ...exchange, status: response.status, reply: reply ?? text });
    if (!response.ok || reply?.statusCode !== 0) {
      throw new Refused(response.status, reply);
    }
    return reply;
  }
}
