// The OpenAPI document before the validators of its field: Redocly at its strictest, Spectral, and the validator of
// PyPI, which goes by the specification's own schema.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import spectralCore from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import rulesets from "@stoplight/spectral-rulesets";

const { Document, Spectral } = spectralCore;

const TEXT = readFileSync(new URL("../../docs/api/openapi.json", import.meta.url), "utf8");

// By its program, which is told in redocly.yaml and here to call nobody.
const REDOCLY = fileURLToPath(new URL("node_modules/@redocly/cli/bin/cli.js", import.meta.url));
const SETTINGS = fileURLToPath(new URL("redocly.yaml", import.meta.url));

async function redocly(text) {
  return inFile(text, async (file) => {
    const words = ["lint", file, "--config", SETTINGS, "--format", "json", "--max-problems", "1000"];
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
    // It prints what is wrong, and ends with another code than 0 then.
    const { stdout } = await promisify(execFile)(process.execPath, [REDOCLY, ...words], { env }).catch((error) => error);
    const { problems, totals } = JSON.parse(stdout);
    assert.equal(problems.length, totals.errors + totals.warnings + totals.ignored);
    return problems.map(({ ruleId, message, location }) => `${location[0]?.pointer}: ${ruleId}: ${message}`);
  });
}

async function spectral(text) {
  const spectral = new Spectral();
  spectral.setRuleset({ extends: [rulesets.oas] });
  const results = await spectral.run(new Document(text, parsers.Json));
  return results.map(({ code, message, path }) => `${path.join("/")}: ${code}: ${message}`);
}

async function specification(text) {
  const python = process.env.CONTRACT_PYTHON;
  assert.ok(python, "expected a Python in CONTRACT_PYTHON; `cargo xtask test` sets it");
  return inFile(text, async (file) => {
    const words = ["-m", "openapi_spec_validator", "--subschema-errors", "all", file];
    const { code, stdout, stderr } = await promisify(execFile)(python, words).catch((error) => error);
    return code ? [`${code}: ${stdout}${stderr}`] : [];
  });
}

async function inFile(text, look) {
  const folder = await mkdtemp(join(tmpdir(), "chat-contract-"));
  try {
    const file = join(folder, "openapi.json");
    await writeFile(file, text);
    return await look(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const JUDGES = { redocly, spectral, specification };

for (const [name, judge] of Object.entries(JUDGES)) {
  test(`${name} has nothing to say against it`, async () => {
    assert.deepEqual(await judge(TEXT), []);
  });
}

// That they look at what they are given: each of these is seen by at least one of them.
for (const [what, judges, spoil] of [
  ["a response without a description", ["redocly", "specification"], (it) => delete it.paths["/api/v2/me"].get.responses[200].description],
  ["two operations of one name", ["redocly", "spectral"], (it) => (it.paths["/api/v2/me"].get.operationId = "listUsers")],
  ["a part of a path without a parameter", ["redocly", "spectral"], (it) => (it.paths["/api/v2/queues/{id}"].get.parameters = [])],
  ["a reference to nowhere", ["redocly", "spectral"], (it) => (it.components.schemas.ChatReply.properties.chat.$ref = "#/components/schemas/None")],
  ["a type that is none", ["redocly", "spectral", "specification"], (it) => (it.components.schemas.Setting.type = "setting")],
  [
    "an example that does not fit",
    ["redocly"],
    (it) => {
      const { examples } = it.paths["/api/v2/me/chats/{id}"].post.requestBody.content["application/json"];
      examples.Accept.value.nickname = 7;
    },
  ],
  ["a security scheme that is not there", ["redocly", "spectral"], (it) => delete it.components.securitySchemes.session],
]) {
  test(`${what} is found`, async () => {
    const document = JSON.parse(TEXT);
    spoil(document);
    for (const name of judges) {
      assert.notEqual((await JUDGES[name](JSON.stringify(document))).length, 0, name);
    }
  });
}
