// The TypeScript types: they are those of the document, a whole conversation compiles with them, and the wrong uses
// beside it do not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import ts from "typescript";

import { types } from "./types.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const WRONG = here("wrong-uses.ts");
const MARK = "// @ts-expect-error: ";

// What the compiler has against the files, as `file:line`, with `read` in place of what it finds on disk.
function problems(read = ts.sys.readFile) {
  const { config } = ts.readConfigFile(here("tsconfig.json"), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, here("."));
  assert.equal(options.strict, true);
  const host = ts.createCompilerHost(options);
  host.readFile = read;
  const program = ts.createProgram(fileNames, options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => ({
    file: file?.fileName ?? "",
    line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}

test("the committed types are those of the committed document", async () => {
  const committed = readFileSync(new URL("../../docs/api/types.d.ts", import.meta.url), "utf8");
  assert.equal(committed, await types(), "run `cargo xtask gen` and commit the result");
});

test("a whole conversation compiles, and each wrong use is an error", () => {
  assert.deepEqual(problems(), []);
});

// The marks hide what they mark; without them it comes to light, each in the line below its mark.
test("without their marks the wrong uses are errors where the marks were", () => {
  const text = ts.sys.readFile(WRONG);
  const marks = text.split("\n").flatMap((line, at) => (line.trim().startsWith(MARK) ? [at + 2] : []));
  assert.ok(marks.length >= 20, `${marks.length} marks`);
  const unmarked = text.replaceAll(MARK, "// ");
  const found = problems((file) => (file === WRONG ? unmarked : ts.sys.readFile(file)));
  assert.deepEqual(
    found.filter(({ file }) => file !== WRONG),
    [],
  );
  assert.deepEqual([...new Set(found.map(({ line }) => line))], marks);
});

test("a use that is not wrong any more is found", () => {
  const text = ts.sys.readFile(WRONG).replace('operationName: "Explode"', 'operationName: "Reject"');
  const found = problems((file) => (file === WRONG ? text : ts.sys.readFile(file)));
  assert.deepEqual(
    found.map(({ text }) => text),
    ["Unused '@ts-expect-error' directive."],
  );
});
