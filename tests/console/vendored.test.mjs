// What others wrote and the program carries is what they published, and nothing else; and all of it is served.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { withServer } from "../clients/server.mjs";
import { FILES, PACKAGE, TO, manifest, published } from "./vendored.mjs";

test("every file is, byte for byte, the one of the package that the lock file pins", () => {
  for (const name of FILES) assert.ok(readFileSync(new URL(name, TO)).equals(published(name)), name);
  assert.deepEqual(readdirSync(TO).sort(), ["README.md", "manifest.json", ...FILES].sort());
});

test("the manifest says so, and of which version", () => {
  assert.equal(readFileSync(new URL("manifest.json", TO), "utf8"), manifest());
  const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
  assert.equal(JSON.parse(manifest()).version, packages[`node_modules/${PACKAGE}`].version);
});

// The program lists the files by name; one that is missing there would be missing in the browser.
test("the server serves what is kept, and every part of its own", async () => {
  await withServer({}, async ({ origin }) => {
    const own = readdirSync(new URL("../", TO)).filter((name) => !name.endsWith(".html") && name !== "cometd");
    const paths = [...FILES.map((name) => [`cometd/${name}`, TO, name]), ...own.map((name) => [`assets/${name}`, new URL("../", TO), name])];
    for (const [path, folder, name] of paths) {
      const response = await fetch(`${origin}/console/${path}`);
      assert.equal(response.status, 200, path);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(readFileSync(new URL(name, folder))), path);
    }
  });
});
