// The AsyncAPI document before its own parser, Spectral and a JSON Schema validator.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Parser } from "@asyncapi/parser";
import spectralCore from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import rulesets from "@stoplight/spectral-rulesets";
import Ajv from "ajv";

const { Document, Spectral } = spectralCore;

const ROOT = new URL("../../", import.meta.url);
const TEXT = readFileSync(new URL("docs/api/asyncapi.json", ROOT), "utf8");
const document = () => JSON.parse(TEXT);

// Rules that are not for this document, and why.
const OFF = {
  "asyncapi-info-contact-properties": "its authors have no site and no mail address of their own",
};

async function parse(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  return { document, problems: diagnostics.map(({ code, message, path }) => `${path.join("/")}: ${code}: ${message}`) };
}

async function lint(text) {
  const spectral = new Spectral();
  const rules = Object.fromEntries(Object.keys(OFF).map((rule) => [rule, "off"]));
  spectral.setRuleset({ extends: [[rulesets.asyncapi, "all"]], rules });
  const results = await spectral.run(new Document(text, parsers.Json));
  return results.map(({ code, message, path }) => `${path.join("/")}: ${code}: ${message}`);
}

test("the parser of AsyncAPI has nothing to say against it", async () => {
  const { document, problems } = await parse(TEXT);
  assert.deepEqual(problems, []);
  assert.equal(document.version(), "3.1.0");
  const channels = document.channels().all();
  const addresses = channels.map((channel) => channel.address());
  assert.ok(addresses.includes("/v2/me/chats") && addresses.includes("/meta/connect"), `${addresses}`);
  // Whatever is said on a channel is said by somebody.
  for (const channel of channels) {
    const isSilent = channel.messages().isEmpty();
    assert.equal(channel.operations().isEmpty(), isSilent, channel.address());
  }
});

test("Spectral has nothing to say against it, with every other rule that it has", async () => {
  assert.deepEqual(await lint(TEXT), []);
});

// That the two look at what they are given.
for (const [what, spoil] of [
  ["an operation without an action", (it) => delete it.operations.tellChats.action],
  ["a channel that is not there", (it) => (it.operations.connect.channel.$ref = "#/channels/nowhere")],
  ["a schema that is none", (it) => (it.components.schemas.Advice.type = "advice")],
  ["a security scheme that is not there", (it) => (it.servers.websocket.security[0].$ref = "#/components/securitySchemes/none")],
]) {
  test(`${what} is noticed by both`, async () => {
    const spoiled = document();
    spoil(spoiled);
    const text = JSON.stringify(spoiled);
    assert.notDeepEqual((await parse(text)).problems, []);
    assert.notDeepEqual(await lint(text), []);
  });
}

// Compiles schemas of the document by their names.
function validators() {
  const ajv = new Ajv.default({ strict: true, allErrors: true });
  // Where they stand in the document; the rest of it is no schema.
  ajv.addVocabulary(["components"]);
  const { components } = document();
  ajv.addSchema({ $id: "document", components });
  return (name) => ajv.compile({ $ref: `document#/components/schemas/${name}` });
}

test("every schema is strict draft 7", () => {
  const validator = validators();
  for (const name of Object.keys(document().components.schemas)) validator(name);
});

test("every example fits the message that it is an example of, and no other channel's", () => {
  const validator = validators();
  const { messages } = document().components;
  const schemaOf = ({ payload }) => payload.$ref.split("/").at(-1);
  let compared = 0;
  for (const [id, message] of Object.entries(messages)) {
    const validate = validator(schemaOf(message));
    for (const { name, payload } of message.examples) {
      assert.ok(validate(payload), `${id}, ${name}: ${JSON.stringify(validate.errors)}`);
      for (const [other, { payload: schema }] of Object.entries(messages)) {
        const isAnother = validator(schema.$ref.split("/").at(-1));
        // What is refused is said on any channel.
        const mayFit = other === id || other.startsWith("publish") || sameMeta(id, other);
        assert.ok(mayFit || !isAnother(payload), `${id}, ${name} fits ${other}`);
      }
      compared += 1;
    }
  }
  assert.ok(compared > 30, `${compared} examples`);
});

// A request and its reply have their channel in common, and members that may be absent.
const sameMeta = (one, other) => one.replace(/Re(quest|ply)$/, "") === other.replace(/Re(quest|ply)$/, "");
