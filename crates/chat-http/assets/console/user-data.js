// The user data of a chat, to look at and to edit, while others may do the same: what somebody is typing is
// never overwritten by what comes in, and what came in is said beside it.

import { h, newId } from "./dom.js";

// A value that is no text is shown, and sent, as the JSON it is.
const isJson = (value) => typeof value !== "string";
const shown = (value) => (isJson(value) ? JSON.stringify(value) : value);

function asJson(text, json) {
  if (!json) return JSON.stringify(text);
  JSON.parse(text);
  return text;
}

/** The panel; `act` performs an operation and says whether it was accepted. */
export class UserData {
  #rows = new Map();
  #list = h("ul", { class: "pairs" });
  #empty = h("p", { class: "quiet" }, "There are no user data.");
  #act;
  #fields;

  constructor({ act }) {
    this.#act = act;
    this.element = h(
      "section",
      { class: "data", "aria-labelledby": "" },
      this.#title(),
      this.#form(),
      this.#empty,
      this.#list,
    );
    this.element.setAttribute("aria-labelledby", this.element.firstChild.id);
  }

  #title() {
    return h("h3", { id: newId("data") }, "User data");
  }

  #form() {
    const [key, value, json] = [newId("key"), newId("value"), newId("json")];
    const keyField = h("input", { id: key, required: true, autocomplete: "off", spellcheck: "false" });
    const valueField = h("input", { id: value, autocomplete: "off", spellcheck: "false" });
    const jsonBox = h("input", { id: json, type: "checkbox" });
    const problem = h("p", { class: "problem", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      problem.textContent = "";
      let text;
      try {
        text = asJson(valueField.value, jsonBox.checked);
      } catch (error) {
        problem.textContent = `The value is no JSON: ${error.message}`;
        valueField.focus();
        return;
      }
      // Emptied at once, for the next one; what was refused comes back, unless the next one has begun.
      const written = [keyField.value, valueField.value, jsonBox.checked];
      const fill = (values) => ([keyField.value, valueField.value, jsonBox.checked] = values);
      fill(["", "", false]);
      keyField.focus();
      const isAccepted = await this.#act("attach", written[0], text);
      if (!isAccepted && keyField.value + valueField.value === "") fill(written);
    };
    this.#fields = h(
      "fieldset",
      {},
      h("legend", { class: "unseen" }, "Attach"),
      h("div", { class: "field" }, h("label", { for: key }, "Key"), keyField),
      h("div", { class: "field" }, h("label", { for: value }, "Value"), valueField),
      h("div", { class: "tick" }, jsonBox, h("label", { for: json }, "JSON")),
      h("button", { type: "submit" }, "Attach"),
    );
    return h("form", { class: "attach", onsubmit: submit }, this.#fields, problem);
  }

  /** Shows `pairs`; `isChange` marks what is different from what was shown. */
  show(pairs, { isChange, capabilities }) {
    const may = (name) => capabilities.includes(name);
    this.#fields.disabled = !may("AttachUserData");
    this.#empty.hidden = Object.keys(pairs).length > 0;
    if (isChange) this.#rows.forEach((row) => row.element.classList.remove("fresh"));
    for (const [key, row] of this.#rows) {
      if (!Object.hasOwn(pairs, key)) {
        this.#leave(row);
        this.#rows.delete(key);
      }
    }
    for (const [key, value] of Object.entries(pairs)) {
      let row = this.#rows.get(key);
      if (!row) {
        row = new Row(key, this.#act);
        this.#rows.set(key, row);
        this.#list.append(row.element);
      }
      row.show(value, isChange);
      row.permit(may("UpdateUserData"), may("DeleteUserData"));
    }
  }

  // Whoever was in it is not thrown back to the beginning of the page.
  #leave(row) {
    const { element } = row;
    if (element.contains(document.activeElement)) {
      const next = element.nextElementSibling ?? element.previousElementSibling;
      (next?.querySelector("input") ?? this.element.querySelector("input")).focus();
    }
    element.remove();
  }
}

class Row {
  #key;
  #act;
  #value;
  #field;
  #tag = h("span", { class: "tag", hidden: true }, "JSON");
  #save;
  #revert;
  #delete;
  #note = h("p", { class: "note", role: "status" });

  constructor(key, act) {
    this.#key = key;
    this.#act = act;
    const id = newId("pair");
    this.#field = h("input", { id, autocomplete: "off", spellcheck: "false", oninput: () => this.#edited() });
    const named = (name, words, onclick, type = "button") =>
      h("button", { type, "aria-label": `${words} ${key}`, class: "small", onclick }, name);
    this.#save = named("Save", "Save", undefined, "submit");
    this.#revert = named("Undo", "Undo the edit of", () => this.#undo());
    this.#delete = named("Delete", "Delete", () => this.#act("remove", this.#key));
    this.element = h(
      "li",
      {},
      h(
        "form",
        { class: "pair", onsubmit: (event) => this.#submit(event) },
        h("label", { for: id }, key, this.#tag),
        this.#field,
        this.#save,
        this.#revert,
        this.#delete,
        this.#note,
      ),
    );
    this.element.dataset.key = key;
    this.#edited();
  }

  show(value, isChange) {
    const isSame = this.#value !== undefined && shown(this.#value) === shown(value) && isJson(this.#value) === isJson(value);
    const isEdited = this.#isEdited();
    this.#value = value;
    this.#tag.hidden = !isJson(value);
    if (isSame) return;
    if (isEdited && this.#field.value !== shown(value)) {
      this.#note.textContent = `Meanwhile changed to: ${shown(value)}`;
    } else {
      this.#field.value = shown(value);
      this.#note.textContent = "";
    }
    this.#edited();
    if (isChange) this.#mark();
  }

  permit(update, remove) {
    this.#field.readOnly = !update;
    this.#delete.hidden = !remove;
  }

  #mark() {
    this.element.classList.remove("fresh");
    // Read, so that the class comes anew and is seen anew.
    void this.element.offsetWidth;
    this.element.classList.add("fresh");
  }

  #isEdited() {
    return this.#value !== undefined && this.#field.value !== shown(this.#value);
  }

  #edited() {
    const isEdited = this.#isEdited();
    this.#save.hidden = !isEdited;
    this.#revert.hidden = !isEdited;
    if (!isEdited) this.#note.textContent = "";
  }

  #undo() {
    this.#field.value = shown(this.#value);
    this.#edited();
    this.#field.focus();
  }

  async #submit(event) {
    event.preventDefault();
    if (!this.#isEdited()) return;
    let text;
    try {
      text = asJson(this.#field.value, isJson(this.#value));
    } catch (error) {
      this.#note.textContent = `This value is JSON: ${error.message}`;
      return;
    }
    this.#field.focus();
    await this.#act("update", this.#key, text);
  }
}
