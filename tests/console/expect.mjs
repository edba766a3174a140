// Waiting for what a page is to show, and saying what it showed instead.

import { eventually } from "../clients/patience.mjs";

const fits = (found, wanted) => (wanted instanceof RegExp ? wanted.test(found ?? "") : found === wanted);

export function expect(locator) {
  const until = async (read, wanted) => {
    let found;
    try {
      await eventually(async () => {
        found = await read();
        return fits(found, wanted);
      }, `${locator} to be ${wanted}`);
    } catch (error) {
      throw new Error(`${error.message}; it was ${JSON.stringify(found)}`);
    }
  };
  const one = async (read) => ((await locator.count()) === 1 ? read() : `${await locator.count()} elements`);
  return {
    toSay: (wanted) => until(() => one(async () => (await locator.textContent()).trim()), wanted),
    toHold: (wanted) => until(() => one(() => locator.inputValue()), wanted),
    toSayTogether: (wanted) => until(async () => (await locator.allTextContents()).join("|"), wanted.join("|")),
    toBeCounted: (wanted) => until(() => locator.count(), wanted),
    toBeSeen: (wanted = true) => until(async () => (await locator.count()) === 1 && locator.isVisible(), wanted),
  };
}
