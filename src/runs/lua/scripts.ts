import { readFileSync } from 'node:fs';
import type { RedisClient } from '../../redis/connection.ts';
import { LEARNING } from '../learning.ts';
import { RUN_EVENTS } from '../runEvent.ts';
import { DEPARTURE_MS } from '../permit.ts';
import { REASONS, SIGN_IN_REASONS } from '../reason.ts';
import { HEADER_FIELDS, REVERTED_DAYS, RUN_STATES } from '../run.ts';
import { RUN_KEY_ENDINGS } from '../keys.ts';
import { STATE, UNSETTLED_MAX } from '../rowState.ts';
import { packForScript, type Packable } from './msgpack.ts';

/** The scripts that are run; the other files are what they need. */
const SCRIPTS = [
  'acquire',
  'acquireReads',
  'approvalRule',
  'approve',
  'batchView',
  'claimPlanning',
  'farewell',
  'keepIntervals',
  'limiterNow',
  'markReverted',
  'nextRun',
  'publish',
  'queueLeft',
  'record',
  'retry',
  'setRevert',
  'setTerms',
  'settleReads',
  'throttledReads',
  'transition',
] as const;

export type ScriptName = (typeof SCRIPTS)[number];

const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));

/** What TypeScript and the scripts share: each name that a script uses must be in its table here. */
const TABLES: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  /** The low half of a row's state byte. */
  STATE,
  /** The fields of a run's header. */
  FIELD: named(HEADER_FIELDS),
  RUN: named(RUN_STATES),
  REASON: named(REASONS),
  /** What a run tells through channels. */
  EVENT: named(RUN_EVENTS),
  /** How the limiter learns what a tenant takes. */
  LEARNING,
};

const ALWAYS = `local args = cmsgpack.unpack(ARGV[1])
local UNSETTLED_MAX = ${UNSETTLED_MAX}
local DEPARTURE_MS = ${DEPARTURE_MS}
local REVERTED_DAYS = ${REVERTED_DAYS}
local RUN_KEY_ENDINGS = { ${RUN_KEY_ENDINGS.map((ending) => JSON.stringify(ending)).join(', ')} }
local SIGN_IN_REASON = { ${SIGN_IN_REASONS.map((reason) => `${reason} = true`).join(', ')} }`;

/**
 * What stands in front of a text: its one argument, and those entries of the tables that it uses.
 * @throws Error for a name that no table has
 */
export function preludeOf(text: string): string {
  const tables = Object.entries(TABLES).flatMap(([table, entries]) => {
    const uses = text.matchAll(new RegExp(`\\b${table}\\.(\\w+)`, 'g'));
    const lines = [...new Set([...uses].map(([, name = '']) => name))].map((name) => {
      const value = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (value === undefined) throw new Error(`there is no ${table}.${name}`);
      return `${name} = ${JSON.stringify(value)}`;
    });
    return lines.length === 0 ? [] : [`local ${table} = { ${lines.join(', ')} }`];
  });
  return [ALWAYS, ...tables].join('\n');
}

const fileText = (name: string): string => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

/** What the first lines of a file say that it needs, as in `-- needs: limiter, leases`. */
const needsOf = (text: string): string[] =>
  /^-- needs: (.*)$/m
    .exec(text)?.[1]
    ?.split(',')
    .map((name) => name.trim()) ?? [];

/**
 * The text of a script, whole: what it needs stands in front of it, each file once.
 * @throws Error for a need that is not there, or that needs what needs it
 */
export function scriptText(name: string, read: (name: string) => string = fileText): string {
  const parts = new Map<string, string>();
  const add = (part: string, trail: readonly string[]): void => {
    const way = [...trail, part].join(' → ');
    if (trail.includes(part)) throw new Error(`scripts need each other: ${way}`);
    if (parts.has(part)) return;
    let text: string;
    try {
      text = read(part);
    } catch (error) {
      throw new Error(`a script is not there: ${way}`, { cause: error });
    }
    for (const need of needsOf(text)) add(need, [...trail, part]);
    parts.set(part, text);
  };
  add(name, []);
  const text = [...parts.values()].join('\n');
  return `${preludeOf(text)}\n${text}`;
}

/** What a script is told, by name. */
export type ScriptArguments = { readonly [name: string]: Packable };

type Command = (keyCount: number, ...keysAndArguments: (string | Buffer)[]) => Promise<unknown>;

/**
 * Runs the record's scripts on one connection. Answers are lists of bytes: a state byte above 127 is no text.
 * ioredis sends the short form (EVALSHA) and falls back to the text when Redis does not know it.
 */
export class Scripts {
  readonly #commands = new Map<ScriptName, Command>();

  constructor(redis: RedisClient) {
    for (const name of SCRIPTS) {
      redis.defineCommand(`retarget_${name}`, { lua: scriptText(name) });
      // defineCommand adds the method at run time, so its type can't be known.
      const methods = redis as unknown as Record<string, Command>;
      const method = methods[`retarget_${name}Buffer`];
      if (method) this.#commands.set(name, method.bind(redis));
    }
  }

  /** @param keys in the order in which the script names them */
  async run(name: ScriptName, keys: readonly string[], args: ScriptArguments): Promise<Buffer[]> {
    const command = this.#commands.get(name);
    if (!command) throw new Error(`script ${name} is not defined`);
    const answer = await command(keys.length, ...keys, packForScript(args));
    const list = Array.isArray(answer) ? answer : [answer];
    return list.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(String(part))));
  }
}
