// What goes over the wire, compared with the generated contract by a validator that is not ours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import Ajv from "ajv/dist/2020.js";

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
