// What others wrote and the program carries is what they published, and nothing else.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { FILES, PACKAGE, TO, kept, keptAs, manifest, published } from "./vendored.mjs";

test("every file is, byte for byte, the one of the package that the lock file pins", () => {
  for (const file of FILES) assert.ok(kept(file).equals(published(file)), file.name);
});

test("the manifest says so, and of which version", () => {
  assert.equal(readFileSync(new URL("manifest.json", TO), "utf8"), manifest());
  const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
  assert.equal(JSON.parse(manifest()).version, packages[`node_modules/${PACKAGE}`].version);
});

test("there is no other file", () => {
  assert.deepEqual(readdirSync(TO).sort(), ["README.md", "manifest.json", ...FILES.map(keptAs)].sort());
});
