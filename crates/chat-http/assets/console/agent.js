// The agent's page: who is at work, the list of chats, and what is to be said about the connection. Puts the
// other modules together.

import { ChatView, nameOf } from "./chat.js";
import { Desk } from "./desk.js";
import { announce, byId, h, inWords, time } from "./dom.js";
import { Refused, Session } from "./session.js";
import { Wire } from "./wire.js";

// Set in a tab whose login the cookie keeps: a reload goes on with it, another tab asks who is there.
const KEPT = "console.login-is-kept";
// One cookie, one agent: a tab that logs in by it tells the others.
const tabs = new BroadcastChannel("console.login");

const wire = new Wire();
const views = new Map();
const buttons = new Map();
let session;
let desk;
let selected;
// Invitations that were opened by somebody, so that a new one does not take the page from under them.
let isChosen = false;

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password, keep, transport } = event.target.elements;
  const submit = event.target.querySelector("button");
  submit.disabled = true;
  byId("login-problem").textContent = "";
  try {
    session = new Session((exchange) => wire.exchange(exchange));
    const user = await session.logIn(name.value, password.value, keep.checked);
    password.value = "";
    if (keep.checked) {
      sessionStorage.setItem(KEPT, transport.value);
      tabs.postMessage(user.userName);
    }
    begin(user, transport.value);
  } catch (error) {
    byId("login-problem").textContent =
      error instanceof Refused && error.isNobody ? "Name or password is wrong (statusCode 20)." : inWords(error);
    name.focus();
  } finally {
    submit.disabled = false;
  }
});

byId("login-keep").addEventListener("change", ({ target }) => {
  byId("login-transport").disabled = !target.checked;
});

tabs.addEventListener("message", ({ data }) => {
  if (desk && session.keepsCookie && data !== desk.user.userName) {
    end(`${data} has logged in by the cookie in another tab, so this one is logged out.`);
  }
});

byId("log-out").addEventListener("click", async () => {
  const leaving = desk;
  end("You are logged out.");
  try {
    await leaving.leave();
  } catch (error) {
    showLogin(`You are logged out here; the server was not told: ${inWords(error)}`);
  }
});

byId("readiness-switch").addEventListener("click", async ({ target }) => {
  try {
    await desk.become(target.dataset.becomes);
  } catch (error) {
    tell("bad", inWords(error));
  }
});

byId("banner-close").addEventListener("click", () => {
  byId("banner").hidden = true;
  (selected ? views.get(selected) : byId("chats-title")).focus();
});

resume();

// Goes on after a reload.
async function resume() {
  const transport = sessionStorage.getItem(KEPT);
  if (transport === null) {
    showLogin();
    return;
  }
  session = new Session((exchange) => wire.exchange(exchange));
  try {
    begin(await session.resume(), transport);
  } catch (error) {
    if (error instanceof Refused && error.isNobody) sessionStorage.removeItem(KEPT);
    showLogin(error instanceof Refused && error.isNobody ? "The login is over." : inWords(error));
  }
}

function showLogin(message = "") {
  byId("desk").hidden = true;
  byId("who").hidden = true;
  byId("login").hidden = false;
  byId("login-message").textContent = message;
  byId("login-name").focus();
}

function begin(user, transport) {
  byId("login").hidden = true;
  byId("desk").hidden = false;
  byId("who").hidden = false;
  byId("banner").hidden = true;
  byId("agent").textContent = user.userName;
  document.title = `${user.userName} – Console`;
  desk = new Desk({
    session,
    user,
    transport,
    wire: (direction, message) => wire.message(direction, message),
    on: { chat: showChat, gone: dropChat, failed, readiness, connection, over: end },
  });
  byId("chats-title").focus();
  desk.open();
}

function end(why) {
  for (const view of views.values()) view.element.remove();
  views.clear();
  buttons.clear();
  byId("chat-list").replaceChildren();
  selected = undefined;
  desk = undefined;
  sessionStorage.removeItem(KEPT);
  document.title = "Console";
  wire.clear();
  showLogin(why);
}

// The connection.

const WORDS = {
  connecting: "Connecting …",
  connected: "Connected",
  broken: "No connection",
  lost: "Session lost",
  recovered: "Connected",
};
let transportType = "";

function connection(word, detail) {
  if (detail?.type) transportType = detail.type;
  const place = byId("connection");
  place.className = `connection ${word}`;
  const isUp = word === "connected" || word === "recovered";
  place.textContent = WORDS[word] + (isUp && transportType ? ` by ${transportType}` : "");
  if (word === "broken") {
    tell("bad", `Nothing is heard from the server (${detail}). Trying again …`);
  } else if (word === "lost") {
    tell("bad", `The notification session was lost: ${detail}. Opening a new one …`);
  } else if (word === "recovered") {
    tell(
      "good",
      `The notification session was lost (${detail.error}) and has been recovered at ${time(Date.now())}: ` +
        `everything is subscribed again, and ${chatsRead(detail.count)}.${reopened(detail)}`,
    );
  } else if (word === "connected" && byId("banner").classList.contains("bad")) {
    tell("good", `The connection is back since ${time(Date.now())}.`);
  }
}

const chatsRead = (count) => (count === 1 ? "the one chat was read again" : `the ${count} chats were read again`);

const reopened = ({ opened }) =>
  opened ? " The server had forgotten the contact centre session; it was opened anew, and you are not ready." : "";

function tell(mood, text) {
  const banner = byId("banner");
  banner.className = `banner ${mood}`;
  banner.hidden = false;
  byId("banner-text").textContent = text;
}

function readiness(channel) {
  const state = channel?.userState;
  const isReady = state?.state === "Ready";
  byId("readiness").textContent = state?.displayName ?? "Logged off";
  byId("readiness").className = `readiness ${isReady ? "good" : ""}`;
  const button = byId("readiness-switch");
  button.dataset.becomes = isReady ? "NotReady" : "Ready";
  button.textContent = isReady ? "Stop being ready" : "Become ready";
}

// The chats.

function showChat(chat, change) {
  let view = views.get(chat.id);
  const isInvited = chat.resource.state === "Invited";
  const isNews = change.isNew && (isInvited || views.size === 0);
  if (!view) {
    view = new ChatView(chat, desk);
    views.set(chat.id, view);
    byId("chats").append(view.element);
    const button = h("button", { type: "button", onclick: () => select(chat.id, true) });
    buttons.set(chat.id, button);
    byId("chat-list").append(h("li", {}, button));
  }
  view.show(change);
  label(chat);
  if (change.isNew && isInvited) {
    announce(`Invitation: ${nameOf(chat.resource)}, ${chat.resource.userData?.Subject ?? "no subject"}`);
  }
  if (selected !== chat.id) {
    for (const { type, from, text } of change.entries) {
      if (type === "Text") announce(`${from.nickname}: ${text}`);
    }
  }
  if (!selected || (isNews && !isChosen)) select(chat.id, false);
  emptyOrNot();
}

function label({ id, resource }) {
  const subject = resource.userData?.Subject;
  buttons
    .get(id)
    .replaceChildren(
      h("span", { class: "name" }, nameOf(resource)),
      h("span", { class: `state ${resource.state}` }, resource.state === "Invited" ? "Invitation" : resource.state),
      subject ? h("span", { class: "subject" }, subject) : "",
    );
}

function select(id, byPerson) {
  isChosen ||= byPerson;
  selected = id;
  for (const [other, view] of views) {
    view.element.hidden = other !== id;
    buttons.get(other).setAttribute("aria-current", other === id ? "true" : "false");
  }
  if (byPerson) views.get(id)?.focus();
}

function dropChat(chat) {
  const view = views.get(chat.id);
  if (!view) return;
  const hadFocus = view.element.contains(document.activeElement) || document.activeElement === buttons.get(chat.id);
  view.element.remove();
  views.delete(chat.id);
  buttons.get(chat.id).parentElement.remove();
  buttons.delete(chat.id);
  const how = { Completed: "is completed", Revoked: "was taken away" }[chat.resource.state] ?? "is gone";
  const words = `The chat with ${nameOf(chat.resource)} ${how}.`;
  announce(words);
  byId("chats-last").textContent = words;
  if (selected === chat.id) {
    isChosen = false;
    select([...views.keys()][0], false);
  }
  emptyOrNot();
  if (hadFocus) byId("chats-title").focus();
}

function failed(chat, message) {
  views.get(chat.id)?.fail(`The server could not do it: ${message}`);
}

function emptyOrNot() {
  byId("no-chat").hidden = views.size > 0;
}
