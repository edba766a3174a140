// One chat as an agent sees it: who takes part, what was said, what can be done, and the user data. What can
// be done is what the chat's capabilities say, and nothing is guessed.

import { announce, followEnd, h, inWords, newId } from "./dom.js";
import { lineOf } from "./line.js";
import { chooseTarget } from "./target.js";
import { UserData } from "./user-data.js";

/** The operations with a button of their own, in the order of the buttons. Those with `target` ask whom. */
const ACTIONS = [
  { name: "Accept", class: "primary" },
  { name: "Reject" },
  { name: "Transfer", target: true },
  { name: "Consult", target: true },
  { name: "Invite", target: true },
  { name: "SwitchToMonitor", label: "Only listen" },
  { name: "SwitchToCoach", label: "Coach the agent" },
  { name: "SwitchBargeIn", label: "Talk to everybody" },
  { name: "Leave" },
  { name: "Complete" },
];

// Typing is told once, and taken back after this many milliseconds without a key.
const TYPING_MS = 4_000;

/** Who the chat is with, for people. */
export function nameOf({ participants = [] }) {
  // Who has not joined sees no participants (DEC-32).
  return participants.find(({ type }) => type === "Customer")?.nickname ?? "A customer";
}

export class ChatView {
  #chat;
  #desk;
  #title = h("h2", { tabindex: "-1" });
  #about = h("p", { class: "about" });
  #people = h("ul", { class: "people", "aria-label": "Participants" });
  #actions = h("div", { class: "actions", role: "group", "aria-label": "Actions" });
  #buttons = new Map();
  #problem = h("p", { class: "problem", role: "alert" });
  #hint = h("p", { class: "hint" }, "Accept, and what was said so far is shown here.");
  #lines = h("ol", { class: "lines" });
  #log;
  #typing = h("p", { class: "typing" });
  #text;
  #audience;
  #audienceField;
  #composer;
  #userData;
  // What was told of this agent's typing, and the timer that takes it back.
  #told;
  #timer;

  constructor(chat, desk) {
    this.#chat = chat;
    this.#desk = desk;
    this.#title.id = newId("chat");
    this.#log = h("div", { class: "log", role: "log", tabindex: "0" }, this.#hint, this.#lines);
    followEnd(this.#log, this.#lines);
    this.#composer = this.#makeComposer();
    this.#userData = new UserData({ act: (name, ...words) => this.#try(() => desk[name](chat, ...words)) });
    for (const action of ACTIONS) {
      const act = () => this.#act(action);
      const label = (action.label ?? action.name) + (action.target ? " …" : "");
      const button = h("button", { type: "button", class: action.class ?? "", hidden: true, onclick: act }, label);
      this.#buttons.set(action.name, button);
      this.#actions.append(button);
    }
    this.element = h(
      "article",
      { class: "chat", "aria-labelledby": this.#title.id, hidden: true },
      h("header", {}, h("div", { class: "heading" }, this.#title, this.#about), this.#actions, this.#people),
      this.#problem,
      h("div", { class: "halves" }, h("div", { class: "talk" }, this.#log, this.#typing, this.#composer), this.#userData.element),
    );
  }

  focus() {
    this.#title.focus();
  }

  fail(message) {
    this.#problem.textContent = message;
  }

  /** Shows the chat as it is; `change` is what `Desk` says of it. */
  show({ entries, isNew, before }) {
    const { resource } = this.#chat;
    const capabilities = resource.capabilities ?? [];
    const name = nameOf(resource);
    this.#title.textContent = name;
    const subject = resource.userData?.Subject;
    this.#about.replaceChildren(h("span", { class: `state ${resource.state}` }, resource.state), subject ? ` ${subject}` : "");
    this.#log.setAttribute("aria-label", `Conversation with ${name}`);
    this.#people.replaceChildren(...(resource.participants ?? []).map((one) => this.#person(one)));
    this.#permit(capabilities);
    this.#hint.hidden = resource.state !== "Invited";
    if (entries.length > 0) {
      const sorted = [...this.#chat.entries.values()].sort((a, b) => a.index - b.index);
      this.#showLines(sorted);
    }
    const typing = [...this.#chat.typing].filter(([id]) => id !== this.#me()?.participantId).map(([, who]) => who);
    this.#typing.textContent = typing.length > 0 ? `${typing.join(" and ")} is typing …` : "";
    // A line of the transcript leaves the user data as they are.
    if (resource.userData !== before.userData || isNew) {
      this.#userData.show(resource.userData ?? {}, { isChange: !isNew, capabilities });
    } else if (entries.length === 0) {
      this.#userData.show(resource.userData ?? {}, { isChange: false, capabilities });
    }
  }

  #me() {
    return this.#chat.resource.participants?.find(({ path }) => path === this.#desk.user.path);
  }

  #person({ nickname, type, visibility, path }) {
    const isMe = path === this.#desk.user.path;
    const seen = visibility === "All" ? "" : `, seen by ${visibility === "Agents" ? "agents" : "supervisors"} only`;
    return h("li", { class: type }, nickname, h("span", { class: "quiet" }, ` ${isMe ? "you" : type.toLowerCase()}${seen}`));
  }

  // Buttons stay the elements they are, so that nobody loses the one that has the focus.
  #permit(capabilities) {
    const active = document.activeElement;
    for (const [name, button] of this.#buttons) {
      button.hidden = !capabilities.includes(name);
    }
    this.#composer.hidden = !capabilities.includes("SendMessage");
    this.#audienceField.hidden = !capabilities.includes("SendToAgents");
    if (this.#audienceField.hidden) this.#audience.value = "SendMessage";
    if (active.hidden && this.#actions.contains(active)) {
      (capabilities.includes("SendMessage") ? this.#text : this.#title).focus();
    }
  }

  #showLines(sorted) {
    const shown = new Map([...this.#lines.children].map((line) => [line.dataset.index, line]));
    for (const entry of sorted) {
      if (shown.has(String(entry.index))) continue;
      const line = lineOf(entry, this.#me()?.participantId);
      if (!line) continue;
      const next = [...this.#lines.children].find(({ dataset }) => Number(dataset.index) > entry.index);
      this.#lines.insertBefore(line, next ?? null);
    }
  }

  #makeComposer() {
    const [text, audience] = [newId("text"), newId("audience")];
    this.#text = h("textarea", {
      id: text,
      rows: 2,
      oninput: () => this.#tellTyping(),
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.#composer.requestSubmit();
        }
      },
    });
    this.#audience = h(
      "select",
      { id: audience },
      h("option", { value: "SendMessage" }, "Everybody"),
      h("option", { value: "SendToAgents" }, "Agents only"),
    );
    this.#audienceField = h("div", { class: "audience", hidden: true }, h("label", { for: audience }, "To"), this.#audience);
    const submit = (event) => {
      event.preventDefault();
      this.#send();
    };
    return h(
      "form",
      { class: "composer", hidden: true, onsubmit: submit },
      h("label", { for: text }, "Message", h("span", { class: "quiet" }, " Enter sends, Shift+Enter begins a line")),
      h("div", { class: "row" }, this.#audienceField, this.#text, h("button", { type: "submit", class: "primary" }, "Send")),
    );
  }

  async #send() {
    const text = this.#text.value;
    if (text.trim() === "") return;
    this.#text.value = "";
    this.#forgetTyping();
    if (!(await this.#try(() => this.#desk.operate(this.#chat, this.#audience.value, { text })))) {
      // Nothing that was written is lost, not even what was written meanwhile.
      this.#text.value = this.#text.value ? `${text}\n${this.#text.value}` : text;
    }
  }

  #tellTyping() {
    const isToAgents = this.#audience.value === "SendToAgents";
    const [start, stop] = isToAgents
      ? ["SendStartTypingToAgentsNotification", "SendStopTypingToAgentsNotification"]
      : ["SendStartTypingNotification", "SendStopTypingNotification"];
    if (!this.#chat.resource.capabilities.includes(start)) return;
    // Typing is a courtesy: a refusal is to be seen among the events and is no error here.
    const tell = (operation) => this.#desk.operate(this.#chat, operation).catch(() => undefined);
    if (!this.#told) tell(start);
    this.#told = stop;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#told = undefined;
      tell(stop);
    }, TYPING_MS);
  }

  // A message ends the typing before it.
  #forgetTyping() {
    this.#told = undefined;
    clearTimeout(this.#timer);
  }

  async #act({ name, target }) {
    const parameters = target ? await chooseTarget(name, this.#desk) : {};
    if (!parameters) return;
    if (await this.#try(() => this.#desk.operate(this.#chat, name, parameters))) {
      announce(`${name}: accepted`);
    }
  }

  /** Says what was refused, where it is seen and heard; answers whether it was accepted. */
  async #try(operate) {
    this.#problem.textContent = "";
    try {
      await operate();
      return true;
    } catch (error) {
      this.#problem.textContent = inWords(error);
      return false;
    }
  }
}
