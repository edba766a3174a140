// The processes of a PostgreSQL, each of which a test may want to end in its own way.

import { readdir, readFile, readlink } from "node:fs/promises";

// Those that work below `folder`, where the data are, and what they call themselves.
export async function processesBelow(folder) {
  const all = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    try {
      const works = await readlink(`/proc/${pid}/cwd`);
      if (works === folder || works.startsWith(`${folder}/`)) {
        const says = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
        all.push({ pid: Number(pid), says });
      }
    } catch {
      // It has ended.
    }
  }
  return all;
}

// Sends `signal` to one that may have ended.
export function signalTo(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") {
      throw error;
    }
  }
}
