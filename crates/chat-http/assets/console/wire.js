// What crosses the wire, beside what the page makes of it: notifications, requests with their answers and, if
// somebody wants to see them, the messages that hold the session.

import { byId, h, time } from "./dom.js";

// More than anybody reads; older ones go.
const MOST = 300;

/** The list of events of a page that has the elements of `aside.wire`. */
export class Wire {
  #list = byId("wire-list");
  #isPaused = false;

  constructor() {
    const pause = byId("wire-pause");
    pause.addEventListener("click", () => {
      this.#isPaused = !this.#isPaused;
      pause.textContent = this.#isPaused ? "Go on" : "Pause";
    });
    byId("wire-clear").addEventListener("click", () => this.clear());
    // Which ones are shown is a class of the list; those hidden are there when they are wanted.
    for (const kind of ["notification", "request", "read", "session"]) {
      const box = byId(`wire-${kind}`);
      if (!box) continue;
      const show = () => this.#list.classList.toggle(`without-${kind}`, !box.checked);
      box.addEventListener("change", show);
      show();
    }
  }

  /** Forgets what was shown: it was one person's. */
  clear() {
    this.#list.replaceChildren();
  }

  /** A request to the interface and its answer. */
  exchange({ method, path, body, at, status, reply, failure }) {
    const sent = body && parsed(body);
    const name = sent?.operationName ?? path.split("?")[0].replace(/\/chats\/[^/]+/, "/chats/…");
    const outcome = failure ? "no answer" : `statusCode ${reply?.statusCode ?? `? (HTTP ${status})`}`;
    const isRead = method === "GET" && reply?.statusCode === 0;
    this.#add({
      kind: isRead ? "request read" : "request",
      isBad: failure !== undefined || reply?.statusCode !== 0,
      at,
      mark: "→",
      title: `${method === "GET" ? "GET " : ""}${name}`,
      about: outcome,
      text: [
        `${method} /api/v2${path}`,
        sent && pretty(sent),
        failure ? `no answer: ${failure}` : `HTTP ${status}\n${typeof reply === "string" ? reply : pretty(reply)}`,
      ],
    });
  }

  /** A message of the notification protocol. */
  message(direction, message) {
    const isEvent = direction === "in" && !message.channel.startsWith("/meta/");
    if (isEvent) {
      const { data } = message;
      const said = data?.messages?.map(({ type, text }) => (text === undefined ? type : `${type}: ${text}`)).join(", ");
      const about = said ?? data?.chat?.id ?? message.channel;
      const state = data?.chat?.state ? ` ${data.chat.state}` : "";
      const title = (data?.notificationType ?? data?.messageType ?? message.channel) + state;
      this.#add({ kind: "notification", mark: "←", title, about, text: [pretty(message)] });
      return;
    }
    const failed = message.successful === false;
    this.#add({
      kind: "session",
      isBad: failed,
      mark: direction === "in" ? "←" : "→",
      title: message.channel,
      about: message.error ?? message.subscription ?? "",
      text: [pretty({ ...message, clientId: message.clientId && "(secret)" })],
    });
  }

  #add({ kind, isBad, at = Date.now(), mark, title, about, text }) {
    if (this.#isPaused) return;
    this.#list.prepend(
      h(
        "li",
        { class: `${kind}${isBad ? " bad" : ""}` },
        h(
          "details",
          {},
          h(
            "summary",
            {},
            h("span", { class: "mark", "aria-hidden": "true" }, mark),
            h("span", { class: "title" }, title),
            h("span", { class: "about" }, about),
            h("time", {}, time(at)),
          ),
          h("pre", { tabindex: "0", role: "group", "aria-label": `${title}, the text` }, text.filter(Boolean).join("\n\n")),
        ),
      ),
    );
    while (this.#list.childElementCount > MOST) {
      this.#list.lastElementChild.remove();
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const pretty = (value) => JSON.stringify(value, null, 2);
