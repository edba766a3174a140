// The headers beside the bodies: every operation's example is sent, with the protection against forgery on, and what
// comes back must be in the document.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { withServer } from "../clients/server.mjs";

const read = (file) => readFileSync(new URL(file, import.meta.url), "utf8");
const document = JSON.parse(read("../../docs/api/openapi.json"));
const CENTER = read("center.toml").replace("[server]", "[server]\ncsrf_protection = true");

const BASIC = `Basic ${Buffer.from("agent1:agent1").toString("base64")}`;
const OURS = ["x-csrf-header", "x-csrf-token", "x-request-id", "set-cookie", "retry-after", "allow", "etag"];

const resolve = (it) => (it?.$ref ? it.$ref.slice(2).split("/").reduce((at, name) => at[name], document) : it);

// Every operation with the examples of its body, or none, and its path filled in; what ends the session comes last.
function requests() {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const parts = operation.parameters.map(resolve).filter((parameter) => parameter.in === "path");
      const address = parts.reduce((filled, { name, example }) => filled.replace(`{${name}}`, example), path);
      const examples = operation.requestBody?.content["application/json"].examples;
      const bodies = examples ? Object.values(examples).map(({ value }) => value) : [undefined];
      return bodies.map((body) => ({ method: method.toUpperCase(), path, address, operation, body }));
    }),
  );
  const ends = ({ body }) => body?.operationName === "EndContactCenterSession";
  return [...all.filter((one) => !ends(one)), ...all.filter(ends)];
}

async function send(server, { method, address, body }, headers) {
  return fetch(server.origin + address, {
    method,
    headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
}

// What the document says of the reply to the operation has this header.
function assertDocumented({ method, path, operation }, response) {
  const about = resolve(operation.responses[response.status]);
  assert.ok(about, `${method} ${path}: ${response.status}`);
  const known = Object.keys(about.headers ?? {}).map((name) => name.toLowerCase());
  const sent = OURS.filter((name) => response.headers.has(name));
  assert.deepEqual(sent.filter((name) => !known.includes(name)), [], `${method} ${path}: ${response.status}`);
  return sent;
}

test("every header that a reply has is documented, with the protection against forgery on", async () => {
  await withServer({ config: CENTER }, async (server) => {
    const opened = await fetch(`${server.origin}/api/v2/me`, { headers: { Authorization: BASIC } });
    assert.equal(opened.headers.get("x-csrf-header"), "X-CSRF-TOKEN");
    const token = opened.headers.get("x-csrf-token");
    const session = opened.headers.get("set-cookie").split(";")[0];
    assert.match(session, /^JSESSIONID=/);

    const seen = new Set();
    const all = requests();
    for (const asked of all) {
      const protects = asked.method === "POST" && asked.operation.security.some((way) => "csrf" in way);
      // The visitors' own addresses know no session (DEC-41).
      const bare = await send(server, asked, { Cookie: session });
      if (protects && !asked.operation.security.some((way) => Object.keys(way).length === 0)) {
        const { statusCode, statusMessage } = await bare.clone().json();
        assert.deepEqual([bare.status, statusCode], [403, 3], `${asked.method} ${asked.path}: ${statusMessage}`);
      }
      for (const response of [bare, await send(server, asked, { Cookie: session, "X-CSRF-TOKEN": token })]) {
        for (const name of assertDocumented(asked, response)) seen.add(name);
        await response.arrayBuffer();
      }
    }
    assert.ok(all.length > 60, `${all.length} requests`);
    for (const name of ["x-csrf-header", "x-csrf-token", "x-request-id", "set-cookie", "etag"]) assert.ok(seen.has(name), name);
  });
});

test("a browser is named with its first handshake, and not again", async () => {
  await withServer({}, async (server) => {
    const [path, { post }] = Object.entries(document.paths).find(([path]) => path === "/api/v2/notifications");
    const handshake = post.requestBody.content["application/json"].examples.handshake.value;
    const asked = { method: "POST", path, address: path, operation: post, body: handshake };
    const first = await send(server, asked, { Authorization: BASIC });
    const cookie = first.headers.get("set-cookie").split(";")[0];
    assert.match(cookie, /^BAYEUX_BROWSER=[0-9A-Za-z]+$/);
    assert.ok(post.parameters.map(resolve).some(({ name, in: where }) => name === "BAYEUX_BROWSER" && where === "cookie"));
    assertDocumented(asked, first);
    const second = await send(server, asked, { Authorization: BASIC, Cookie: cookie });
    assert.equal(second.headers.get("set-cookie"), null);
  });
});

test("a method that an address does not have is refused with those that it has", async () => {
  await withServer({}, async (server) => {
    for (const [path, methods] of [["/api/v2/me", ["GET", "HEAD", "POST"]], ["/api/v2/queues", ["GET", "HEAD"]]]) {
      const response = await fetch(server.origin + path, { method: "PUT", headers: { Authorization: BASIC } });
      assert.equal(response.status, 405);
      assert.equal((await response.json()).statusCode, 3);
      assert.deepEqual(response.headers.get("allow").split(/, ?/).sort(), methods);
    }
  });
});
