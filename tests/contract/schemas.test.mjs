// The JSON Schemas before a validator that nobody here wrote, at its strictest: unknown keywords, loose
// types and required members that are not described are errors, not warnings.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import Ajv from "ajv/dist/2020.js";

const ROOT = new URL("../../", import.meta.url);
const SCHEMAS = new URL("docs/api/schema/", ROOT);
const SAMPLES = new URL("tests/samples/", ROOT);

const read = (url) => JSON.parse(readFileSync(url, "utf8"));
const names = readdirSync(SCHEMAS).map((file) => file.replace(/\.json$/, ""));
const schema = (name) => read(new URL(`${name}.json`, SCHEMAS));
const strict = () => new Ajv.default({ strict: true, allErrors: true });

test("all schemas live in one validator: their $ids are theirs alone", () => {
  const ajv = strict();
  for (const name of names) ajv.addSchema(schema(name));
  for (const name of names) assert.ok(ajv.getSchema(`urn:gws-chat:schema:${name}`), name);
  assert.ok(names.length >= 13, `${names.length} schemas`);
});

for (const name of names) {
  test(`${name} is strict and accepts its examples`, () => {
    const ajv = strict();
    const validate = ajv.compile(schema(name));
    const { examples } = schema(name);
    assert.notEqual(examples.length, 0);
    for (const example of examples) {
      assert.ok(validate(example), `${JSON.stringify(example)}: ${ajv.errorsText(validate.errors)}`);
    }
  });
}

// What the documents print, by the ends of the files' names. Damaged and foreign samples are none of ours.
const PRINTED = [
  ["chat/", ".request.json", ["operation", "monitoring-operation", "supervisor-operation"]],
  ["chat/", ".response.json", ["reply"]],
  ["chat/", ".notification.json", ["notification"]],
  ["platform/", "customer.complete.request.json", ["customer-operation"]],
  ["platform/", "customer.request_chat.request.json", ["customer-operation"]],
  ["platform/", "customer.send_message.request.json", ["customer-operation"]],
  ["platform/", "customer.send_start_typing.request.json", ["customer-operation"]],
];

// Slips of the pages that are not followed, and why; the test finds each again.
const SLIPS = {
  "reject.response.json": "the page prints `status` where all others have `statusCode` (DEC-30)",
};

for (const [folder, end, schemas] of PRINTED) {
  test(`what the documents print as ${folder}*${end} fits`, () => {
    const ajv = strict();
    const validators = schemas.map((name) => ajv.compile(schema(name)));
    const files = readdirSync(new URL(folder, SAMPLES)).filter((file) => file.endsWith(end));
    assert.notEqual(files.length, 0);
    for (const file of files) {
      const sample = read(new URL(folder + file, SAMPLES));
      const fits = validators.filter((validate) => validate(sample));
      const why = validators.map((validate) => ajv.errorsText(validate.errors)).join("; ");
      assert.equal(fits.length, file in SLIPS ? 0 : 1, `${file}: ${SLIPS[file] ?? why}`);
    }
  });
}

test("a document that is wrong is refused, and the error says where", () => {
  const ajv = strict();
  const validate = ajv.compile(schema("operation"));
  for (const [body, place] of [
    [{ operationName: "Explode" }, "/operationName"],
    [{ operationName: "AttachUserData" }, ""],
    [{ operationName: "AttachUserData", userData: [] }, "/userData"],
    [{ operationName: "AttachUserData", userData: { "": 1 } }, "/userData"],
    [{ operationName: "Accept", nickname: "n".repeat(257) }, "/nickname"],
    [{ operationName: "Invite", targetPath: "/queues/support" }, "/targetPath"],
    [{ operationName: "Transfer", targetPath: "/users/a", queueName: "support" }, ""],
    [{ operationName: "Leave", text: "Bye", treatAs: "Rude" }, "/treatAs"],
  ]) {
    assert.equal(validate(body), false, JSON.stringify(body));
    const places = validate.errors.map(({ instancePath }) => instancePath);
    assert.ok(places.includes(place), `${JSON.stringify(body)}: ${places}`);
  }
  assert.ok(validate({ operationName: "Leave", text: "", treatAs: "Rude" }), "an empty text has no manner");
});
