// The visitor's page: opens a chat without any login and polls, as a widget on a web page does.

import { byId, followEnd, inWords } from "./dom.js";
import { lineOf } from "./line.js";
import { Refused, Session } from "./session.js";
import { Wire } from "./wire.js";

const POLL_MS = 1_500;
const TYPING_MS = 4_000;
// The id is all that makes a visitor this visitor; it stays in this tab.
const ID = "console.visitor";

const wire = new Wire();
const session = new Session((exchange) => wire.exchange(exchange));
const entries = new Map();
let id;
let state;
let timer;
let typing;

byId("request-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { nickname, subject, queue, email } = event.target.elements;
  byId("request-problem").textContent = "";
  try {
    const reply = await session.post("/chats", {
      operationName: "RequestChat",
      nickname: nickname.value,
      subject: subject.value,
      ...(queue.value && { endpoint: queue.value }),
      ...(email.value && { userData: { EmailAddress: email.value } }),
    });
    begin(reply.id);
  } catch (error) {
    byId("request-problem").textContent = inWords(error);
  }
});

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});

byId("text").addEventListener("input", () => {
  const tell = (operationName) => session.post(`/chats/${id}`, { operationName }).catch(() => undefined);
  if (!typing) tell("SendStartTypingNotification");
  clearTimeout(typing);
  typing = setTimeout(() => {
    typing = undefined;
    tell("SendStopTypingNotification");
  }, TYPING_MS);
});

byId("end").addEventListener("click", () => attempt(() => session.post(`/chats/${id}`, { operationName: "Complete" })));

byId("again").addEventListener("click", () => {
  id = undefined;
  sessionStorage.removeItem(ID);
  byId("talk").hidden = true;
  byId("request").hidden = false;
  byId("nickname").focus();
});

followEnd(byId("log"), byId("lines"));

const before = sessionStorage.getItem(ID);
if (before) begin(before);

function begin(chat) {
  id = chat;
  state = undefined;
  sessionStorage.setItem(ID, id);
  entries.clear();
  byId("lines").replaceChildren();
  byId("problem").textContent = "";
  byId("request").hidden = true;
  byId("talk").hidden = false;
  byId("composer").hidden = false;
  byId("text").focus();
  poll();
}

async function send() {
  const field = byId("text");
  const text = field.value;
  if (text.trim() === "") return;
  field.value = "";
  clearTimeout(typing);
  typing = undefined;
  if (!(await attempt(() => session.post(`/chats/${id}`, { operationName: "SendMessage", text })))) {
    field.value = field.value ? `${text}\n${field.value}` : text;
  }
}

// Does it, shows at once what became of it, and answers whether it was accepted.
async function attempt(operate) {
  byId("problem").textContent = "";
  try {
    await operate();
    poll();
    return true;
  } catch (error) {
    byId("problem").textContent = inWords(error);
    return false;
  }
}

async function poll() {
  clearTimeout(timer);
  const asked = id;
  let next = POLL_MS;
  try {
    // With an index nothing is missed, whatever becomes of an answer on its way (CUST-4.3).
    const from = Math.max(0, ...entries.keys()) + 1;
    const { messages } = await session.get(`/chats/${asked}/messages?index=${from}`);
    const { chat } = await session.get(`/chats/${asked}`);
    if (asked !== id) return;
    show(chat, messages);
    byId("connection").textContent = "";
    if (chat.state === "Idle") next = undefined;
  } catch (error) {
    if (asked !== id) return;
    if (error instanceof Refused && error.statusCode === 6) {
      byId("state").textContent = "The server does not know this chat any more.";
      finish();
      return;
    }
    byId("connection").textContent = `${inWords(error)} Trying again …`;
  }
  clearTimeout(timer);
  if (next) timer = setTimeout(poll, next);
}

function show(chat, messages) {
  const me = chat.participants.find(({ type }) => type === "Customer")?.participantId;
  const fresh = messages.filter(({ index }) => !entries.has(index));
  fresh.forEach((entry) => entries.set(entry.index, entry));
  byId("lines").append(...fresh.map((entry) => lineOf(entry, me ?? "1")).filter(Boolean));
  byId("typing").textContent = typists(me);
  const agents = chat.participants.filter(({ type }) => type !== "Customer").map(({ nickname }) => nickname);
  const words = {
    WaitingForAgent: "Waiting for an agent …",
    Chatting: `You are talking to ${agents.join(" and ")}.`,
    Idle: "The chat has ended.",
  }[chat.state];
  if (state !== words) byId("state").textContent = words ?? chat.state;
  state = words;
  byId("again").hidden = chat.state !== "Idle";
  byId("end").hidden = chat.state === "Idle";
  if (chat.state === "Idle") finish();
}

function typists(me) {
  const now = new Map();
  for (const { type, from } of [...entries.values()].sort((a, b) => a.index - b.index)) {
    if (type === "TypingStarted") now.set(from.participantId, from.nickname);
    else now.delete(from.participantId);
  }
  now.delete(me);
  return now.size > 0 ? `${[...now.values()].join(" and ")} is typing …` : "";
}

function finish() {
  const hadFocus = byId("composer").contains(document.activeElement) || document.activeElement === byId("end");
  byId("composer").hidden = true;
  byId("end").hidden = true;
  byId("again").hidden = false;
  byId("typing").textContent = "";
  if (hadFocus) byId("again").focus();
}
