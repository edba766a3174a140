// The parts of the page at /docs that others wrote: which files of which package, and where they are
// kept. `node vendored.mjs` writes them; the tests compare them with the package of the lock file.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const ROOT = new URL("../../", import.meta.url);

export const PACKAGE = "swagger-ui-dist";
const FROM = new URL(`node_modules/${PACKAGE}/`, import.meta.url);
export const TO = new URL("crates/chat-http/assets/docs/swagger-ui/", ROOT);

// Those that are long are kept compressed, as they are sent.
export const FILES = [
  { name: "swagger-ui-bundle.js", compressed: true },
  { name: "swagger-ui.css", compressed: true },
  { name: "LICENSE" },
  { name: "NOTICE" },
  { name: "swagger-ui-bundle.js.LICENSE.txt" },
];

export const keptAs = ({ name, compressed }) => (compressed ? `${name}.gz` : name);

/** The file as its makers publish it. */
export const published = ({ name }) => readFileSync(new URL(name, FROM));

/** What is kept of it, for people: which version, under which licence, and what the files are. */
export function manifest() {
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", FROM), "utf8"));
  const sha256 = (file) => createHash("sha256").update(published(file)).digest("hex");
  const files = Object.fromEntries(FILES.map((file) => [file.name, sha256(file)]));
  return `${JSON.stringify({ package: PACKAGE, version, license, sha256: files }, null, 2)}\n`;
}

export function kept(file) {
  const bytes = readFileSync(new URL(keptAs(file), TO));
  return file.compressed ? gunzipSync(bytes) : bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of FILES) {
    const bytes = published(file);
    writeFileSync(new URL(keptAs(file), TO), file.compressed ? gzipSync(bytes, { level: 9 }) : bytes);
    console.log(`${keptAs(file)} is written`);
  }
  writeFileSync(new URL("manifest.json", TO), manifest());
}
