import { readFileSync } from 'node:fs';
import type { RedisClient } from '../redis/connection.ts';

const lua = (name: string): string => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

/** Each script with the parts that stand in front of it. */
const PARTS = {
  leave: ['ledger', 'budget', 'leases', 'details', 'gate', 'leave'],
  batchView: ['leases', 'batchView'],
  record: ['ledger', 'budget', 'details', 'gate', 'failures', 'runEnd', 'record'],
  readLeave: ['ledger', 'budget', 'readLeave'],
  readReply: ['ledger', 'readReply'],
  ledgerNow: ['ledger', 'budget', 'ledgerNow'],
  publish: ['publish'],
  nextRun: ['nextRun'],
  transition: ['gate', 'failures', 'runEnd', 'transition'],
  retry: ['details', 'gate', 'failures', 'retry'],
} as const satisfies Record<string, readonly string[]>;

export type ScriptName = keyof typeof PARTS;

/** The text of a script, whole. */
export const scriptText = (name: ScriptName): string => PARTS[name].map(lua).join('\n');

export type ScriptArgument = string | number | Buffer;

type Command = (keyCount: number, ...keysAndArguments: ScriptArgument[]) => Promise<unknown>;

/**
 * Runs the record's scripts on one connection. Answers are lists of bytes: a state byte above 127 is no text.
 * ioredis sends the short form (EVALSHA) and falls back to the text when Redis does not know it.
 */
export class Scripts {
  readonly #commands = new Map<ScriptName, Command>();

  constructor(redis: RedisClient) {
    for (const name of Object.keys(PARTS) as ScriptName[]) {
      redis.defineCommand(`retarget_${name}`, { lua: scriptText(name) });
      // defineCommand adds the method at run time, so its type can't be known.
      const methods = redis as unknown as Record<string, Command>;
      const method = methods[`retarget_${name}Buffer`];
      if (method) this.#commands.set(name, method.bind(redis));
    }
  }

  async run(name: ScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<Buffer[]> {
    const command = this.#commands.get(name);
    if (!command) throw new Error(`script ${name} is not defined`);
    const answer = await command(keys.length, ...keys, ...args);
    const list = Array.isArray(answer) ? answer : [answer];
    return list.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(String(part))));
  }
}
