import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { EXIT, UserError } from './errors.ts';

/** What a `.env` file sets. */
export interface DotEnv {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** Why it may say nothing about where secrets go; undefined when it is this user's own. */
  readonly stranger: string | undefined;
  /** Why nothing of it was read; undefined when it was. */
  readonly unread: string | undefined;
}

const UTF8_BOM = '\ufeff';

/**
 * The `.env` of a directory; undefined when there is none.
 * @throws UserError (exit 2) for a file of which not every line is a setting: what would be passed over might be the one
 * that says where the token goes.
 */
export function readDotEnv(directory: string): DotEnv | undefined {
  const path = join(directory, '.env');
  const read = contentOf(path);
  if (read === undefined) return undefined;
  if ('unread' in read) return { path, values: {}, stranger: undefined, unread: read.unread };
  const text = textOf(read.bytes, path);
  const line = firstStrayLine(text);
  if (line !== undefined) throw strayLine(path, line);
  return {
    path,
    values: parseEnv(text) as Record<string, string>,
    stranger: read.stranger,
    unread: undefined,
  };
}

type Content =
  { readonly bytes: Buffer; readonly stranger: string | undefined } | { readonly unread: string };

function contentOf(path: string): Content | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES' ? { unread: 'this user may not read it' } : undefined;
  }
  try {
    const stats = fstatSync(file);
    // Python keeps its surroundings in a directory of this name.
    if (stats.isDirectory()) return { unread: 'it is a directory' };
    if (!stats.isFile()) return { unread: 'it is no file' };
    return { bytes: readFileSync(file), stranger: strangerOf(stats) };
  } finally {
    closeSync(file);
  }
}

/** Who else has a say in a file, in words; undefined: nobody. A group of the user's own, as most systems give one, is no other person. */
export function strangerOf({
  uid,
  gid,
  mode,
}: {
  uid: number;
  gid: number;
  mode: number;
}): string | undefined {
  const self = process.getuid?.();
  if (uid !== self && uid !== 0) return `belongs to user ${uid}`;
  const isShared = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.() && gid !== 0);
  return isShared ? 'may be written by others' : undefined;
}

function textOf(bytes: Buffer, path: string): string {
  const isUtf16 = [0xfffe, 0xfeff].includes(bytes.length < 2 ? 0 : bytes.readUInt16BE(0));
  if (isUtf16 || bytes.includes(0) || !isUtf8(bytes)) {
    throw new UserError(
      `${path} is ${isUtf16 || bytes.includes(0) ? 'UTF-16' : 'not UTF-8'} text: nothing of it can be read.`,
      {
        remedy:
          'Save it as UTF-8. Windows PowerShell writes UTF-16 with `>`; `Set-Content -Encoding ascii .env` does not.',
        exitCode: EXIT.badInput,
      },
    );
  }
  const text = bytes.toString();
  return text.startsWith(UTF8_BOM) ? text.slice(UTF8_BOM.length) : text;
}

/** `NAME=value` as Node reads it, `export` before it or not. Other blanks than these are part of a name there. */
const SETTING = /^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=[ \t]*/;
const NOTHING = /^[ \t\r]*(?:#|$)/;

/** The number of the first line that is neither a setting, nor within one in quotes, nor a comment. */
function firstStrayLine(text: string): number | undefined {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (NOTHING.test(line)) continue;
    const start = SETTING.exec(line)?.[0];
    if (start === undefined) return at + 1;
    at += linesWithin(line.slice(start.length), lines.slice(at + 1));
  }
  return undefined;
}

/** How many of the following lines a value in quotes goes on over; one whose quote is never closed ends with its line. */
function linesWithin(value: string, following: readonly string[]): number {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) !== -1) return 0;
  return following.findIndex((line) => line.includes(quote)) + 1;
}

/** The line itself may be a secret, so it is not shown. */
const strayLine = (path: string, line: number): UserError =>
  new UserError(`${path}:${line}: this line is no setting.`, {
    remedy:
      'Write NAME=value, or # before a comment. `$env:NAME = "…"`, `set NAME=…` and `NAME: …` are for other programs.',
    exitCode: EXIT.badInput,
  });
