// What of the pages at /console others wrote: which files of which package, and where they are kept.
// `node vendored.mjs` writes them; the tests compare them with the package of the lock file.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PACKAGE = "cometd";
const FROM = new URL(`node_modules/${PACKAGE}/`, import.meta.url);
export const TO = new URL("../../crates/chat-http/assets/console/cometd/", import.meta.url);

// Every module, because each names others, and the licence.
export const FILES = readdirSync(FROM).filter((name) => name.endsWith(".js") || name === "LICENSE");

/** The file as its makers publish it. */
export const published = (name) => readFileSync(new URL(name, FROM));

/** What is kept of it, for people: which version, under which licence, and what the files are. */
export function manifest() {
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", FROM), "utf8"));
  const sha256 = (name) => createHash("sha256").update(published(name)).digest("hex");
  const files = Object.fromEntries(FILES.map((name) => [name, sha256(name)]));
  return `${JSON.stringify({ package: PACKAGE, version, license, sha256: files }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  FILES.forEach((name) => writeFileSync(new URL(name, TO), published(name)));
  writeFileSync(new URL("manifest.json", TO), manifest());
}
