// Whom a chat goes to: the dialog in front of Transfer, Consult and Invite.

import { h, inWords, newId } from "./dom.js";

/** What the dialog is asked for, by the operation. */
const KINDS = {
  Transfer: { title: "Transfer the chat", queues: true },
  Consult: { title: "Consult somebody, unseen by the customer", queues: true },
  Invite: { title: "Invite somebody into the chat", queues: false },
};

/** Asks for a target of `operation` and answers the operation's parameters, or undefined. */
export function chooseTarget(operation, desk) {
  const { title, queues: withQueues } = KINDS[operation];
  const heading = newId("target");
  const choices = h("div", { class: "choices" }, h("p", {}, "Looking who is there …"));
  const submit = h("button", { type: "submit", class: "primary", disabled: true }, operation);
  const dialog = h(
    "dialog",
    { "aria-labelledby": heading },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: heading }, title),
      choices,
      h(
        "div",
        { class: "buttons" },
        submit,
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();

  const parameters = new Map();
  const choice = (name, about, of) => {
    const id = newId("choice");
    parameters.set(id, of);
    const radio = h("input", { type: "radio", name: "target", id, value: id, required: true });
    return h("div", { class: "choice" }, radio, h("label", { for: id }, name, about && h("span", { class: "quiet" }, about)));
  };
  desk.targets().then(
    ({ users, queues }) => {
      // Consult takes a queue by its address, Transfer by its name (CHAT-7.0-18, CHAT-7.0-19).
      const ofQueue = ({ name, uri }) => (operation === "Transfer" ? { queueName: name } : { targetUri: uri });
      const people = users.map(({ name, uri, state }) => choice(name, state ?? "not at work", { targetUri: uri }));
      const places = withQueues ? queues.map((queue) => choice(queue.name, "", ofQueue(queue))) : [];
      const group = (legend, all) => all.length > 0 && h("fieldset", {}, h("legend", {}, legend), all);
      choices.replaceChildren(...[group("People", people), group("Queues", places)].filter(Boolean));
      submit.disabled = false;
      choices.querySelector("input")?.focus();
    },
    (error) => choices.replaceChildren(h("p", { class: "problem", role: "alert" }, inWords(error))),
  );

  return new Promise((resolve) => {
    let chosen;
    dialog.querySelector("form").addEventListener("submit", () => {
      chosen = parameters.get(choices.querySelector("input:checked")?.id);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(chosen);
    });
  });
}
