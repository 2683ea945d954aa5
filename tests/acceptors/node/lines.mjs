// Answers one line of JSON for each line of standard input.

import { createInterface } from 'node:readline';

/** Calls `answer` with every line, and prints what it returns, or the error. */
export async function answerLines(answer) {
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  const out = [];
  for await (const line of lines) {
    try {
      out.push(JSON.stringify(await answer(JSON.parse(line))));
    } catch (error) {
      out.push(JSON.stringify({ error: String(error?.stack ?? error) }));
    }
  }
  process.stdout.write(out.map((line) => `${line}\n`).join(''));
}

/** Bytes with one bit of one byte flipped. */
export function flipped(bytes, at) {
  const bad = Uint8Array.from(bytes);
  bad[at % bad.length] ^= 1;
  return bad;
}
