// No test waits for time to pass; this bounds the wait for what never comes.

import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 20_000;

export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected ${what}, it did not come`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Asks again and again until the answer is yes: for what nobody is told of.
export async function eventually(question, what) {
  const latest = Date.now() + PATIENCE_MS;
  while (!(await question())) {
    if (Date.now() > latest) {
      throw new Error(`expected ${what}, it did not come`);
    }
    await sleep(20);
  }
}
