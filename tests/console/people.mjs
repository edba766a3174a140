// Who sits in front of the windows: agents and a customer, who see what the page shows and use what it offers.

import { expect } from "./expect.mjs";

export const SUBJECT = "Where is my order?";

export class AgentWindow {
  static async open(windows, name, { keep = false, transport } = {}) {
    const agent = new AgentWindow();
    agent.name = name;
    agent.page = await windows.open("/console");
    await agent.logIn({ keep, transport });
    return agent;
  }

  async logIn({ keep, transport }) {
    const { page } = this;
    await page.getByLabel("Name").fill(this.name);
    await page.getByLabel("Password").fill(this.name);
    if (keep) await page.getByLabel("Stay logged in").check();
    if (transport) await page.getByLabel("Notifications by").selectOption(transport);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.locator("#connection")).toSay(/^Connected by/);
  }

  async becomeReady() {
    await this.page.getByRole("button", { name: "Become ready" }).click();
    await expect(this.page.locator("#readiness")).toSay("Ready");
  }

  get banner() {
    return this.page.locator("#banner-text");
  }

  get chat() {
    return this.page.locator("article.chat:not([hidden])");
  }

  get lines() {
    return this.chat.locator(".said .words");
  }

  get text() {
    return this.chat.getByRole("textbox", { name: /^Message/ });
  }

  get problem() {
    return this.chat.locator("> .problem");
  }

  button(name) {
    return this.chat.getByRole("button", { name });
  }

  // Takes the chat of the list that is about `subject`.
  async choose(subject) {
    await this.page.getByRole("navigation", { name: "Chats" }).getByRole("button", { name: subject }).click();
  }

  async accept(subject) {
    await this.choose(subject);
    await this.button("Accept").click();
    await expect(this.chat.locator(".state")).toSay("Chatting");
  }

  async says(text) {
    await this.text.fill(text);
    await this.chat.getByRole("button", { name: "Send" }).click();
    await expect(this.lines.last()).toSay(text);
  }

  // By one of the operations that ask for a target.
  async asks(operation, target) {
    await this.button(operation).click();
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel(target).check();
    await dialog.getByRole("button", { name: operation }).click();
  }

  pair(key) {
    return this.chat.locator(`.pairs li[data-key="${key}"] input`);
  }

  async attach(key, value, { json = false } = {}) {
    const form = this.chat.locator(".attach");
    await form.getByLabel("Key").fill(key);
    await form.getByLabel("Value").fill(value);
    if (json) await form.getByLabel("JSON").check();
    await form.getByRole("button", { name: "Attach" }).click();
  }
}

export class CustomerWindow {
  static async open(windows, { nickname = "Chris", subject = SUBJECT, email } = {}) {
    const customer = new CustomerWindow();
    const page = (customer.page = await windows.open("/console/customer"));
    await page.getByLabel("Your name").fill(nickname);
    await page.getByLabel("What is it about?").fill(subject);
    if (email) await page.getByLabel("E-mail").fill(email);
    await page.getByRole("button", { name: "Open the chat" }).click();
    await expect(customer.state).toSay("Waiting for an agent …");
    return customer;
  }

  get state() {
    return this.page.locator("#state");
  }

  get lines() {
    return this.page.locator(".said .words");
  }

  async says(text) {
    const field = this.page.getByRole("textbox", { name: /^Message/ });
    await field.fill(text);
    await field.press("Enter");
    await expect(this.lines.last()).toSay(text);
  }
}
