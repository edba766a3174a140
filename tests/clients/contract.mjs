// What goes over the wire, compared with the generated contract by a validator that is not ours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import Ajv from "ajv/dist/2020.js";

const DOCUMENT = new URL("../../docs/api/openapi.json", import.meta.url);
const SCHEMAS = new URL("../../docs/api/schema/", import.meta.url);
const ajv = new Ajv.default({ strict: true, allErrors: true });
const validators = new Map();

// How many documents of each kind were compared: a test that compares none shows nothing.
export const compared = {};

export function fits(name, value) {
  if (!validators.has(name)) {
    const schema = JSON.parse(readFileSync(new URL(`${name}.json`, SCHEMAS), "utf8"));
    validators.set(name, ajv.compile(schema));
  }
  const validate = validators.get(name);
  const valid = validate(value);
  assert.ok(valid, `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
  compared[name] = (compared[name] ?? 0) + 1;
  return value;
}

// What is answered over HTTP, compared with the OpenAPI document: its status, and the form of its body.
export function isDocumented(method, url, status, json) {
  const path = new URL(url).pathname.replace(/\/$/, "");
  const parts = path.split("/");
  const fitting = Object.keys(document.paths).filter((template) => {
    const other = template.split("/");
    return other.length === parts.length && other.every((part, at) => part === parts[at] || part.startsWith("{"));
  });
  const [template] = fitting.sort((one, other) => one.split("{").length - other.split("{").length);
  let response = document.paths[template]?.[method.toLowerCase()]?.responses[status];
  assert.ok(response, `${method} ${path}: ${status} is not documented`);
  if (response.$ref) {
    response = response.$ref.slice(2).split("/").reduce((at, name) => at[name], document);
  }
  const key = `${method} ${template} ${status}`;
  if (!answers.has(key)) {
    const { schema } = response.content["application/json"];
    answers.set(key, lenient.compile({ ...schema, components: document.components }));
  }
  const validate = answers.get(key);
  assert.ok(validate(json), `${key}: ${lenient.errorsText(validate.errors)} in ${JSON.stringify(json)}`);
}

const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
const answers = new Map();
// OpenAPI has words that JSON Schema does not know.
const lenient = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
