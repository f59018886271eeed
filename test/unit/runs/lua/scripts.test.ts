import { describe, expect, test } from 'vitest';
import { preludeOf, scriptText } from '../../../../src/runs/lua/scripts.ts';
import { HEADER_FIELDS } from '../../../../src/runs/run.ts';
import { readSource } from '../../../support/sourceFiles.ts';

const read = (files: Readonly<Record<string, string>>) => (name: string) => {
  const text = files[name];
  if (text === undefined) throw new Error(`no file ${name}`);
  return text;
};

describe('a script', () => {
  test('has what it needs in front of it, each part once, whatever the order of its needs', () => {
    const files = {
      top: '-- needs: one, two\ntop()',
      one: '-- needs: two\none()',
      two: 'two()',
    };
    expect(
      scriptText('top', read(files))
        .split('\n')
        .filter((line) => line.endsWith('()')),
    ).toEqual(['two()', 'one()', 'top()']);
  });

  test('that needs what is not there, or itself, is refused with the way to it', () => {
    expect(() => scriptText('top', read({ top: '-- needs: gone' }))).toThrow('top → gone');
    const circle = { top: '-- needs: one', one: '-- needs: two', two: '-- needs: one' };
    expect(() => scriptText('top', read(circle))).toThrow('top → one → two → one');
  });

  test('gets the names that it uses, and is refused for one that no table has', () => {
    expect(preludeOf('x = STATE.failed, FIELD.canaryUsed, FIELD.left, FIELD.left')).toContain(
      'local STATE = { failed = 6 }\nlocal FIELD = { canaryUsed = "canaryUsed", left = "left" }',
    );
    for (const typo of ['STATE.faild', 'FIELD.gateUsd', 'RUN.pasued', 'REASON.canry', 'FIELD.toString'])
      expect(() => preludeOf(`x = ${typo}`)).toThrow(`there is no ${typo}`);
  });
});

/** What a line of a script must say by a name of the tables, and says itself. */
function literals(code: string): string[] {
  const fields = HEADER_FIELDS.join('|');
  const found = [
    // A field of a header, where one is read or written.
    ...code.matchAll(new RegExp(`call\\('H\\w+', [^\\n]*(?:HEADER|header)\\w*[^\\n]*'(?:${fields})'`, 'g')),
    // Any field of a header that is no table entry.
    ...code.matchAll(/call\('H\w+', (?:HEADER|header|args\.headers \.\. \w+), '[^\n]*/g),
    // The number of a state.
    ...code.matchAll(/(?:% 16|\b(?:row|state|before|low|byte)\b) *(?:==|~=|<=|>=|<|>) *(?:1[0-5]|\d)\b/g),
    ...code.matchAll(/\[\d+\] = (?:true|')/g),
    // A state of a run.
    ...code.matchAll(/[=~]= *'(?:loading|queued|running|paused|completed|cancelled|aborted)'/g),
  ];
  return found.map(([text]) => text);
}

describe('the scripts', () => {
  const scripts = readSource().filter(({ path }) => path.endsWith('.lua'));

  test('spell no field of a header and no number of a state themselves', () => {
    expect(scripts.length).toBeGreaterThan(10);
    expect(scripts.flatMap(({ path, code }) => literals(code).map((text) => `${path}: ${text}`))).toEqual([]);
  });

  test('have no argument but the one with names, and no key but those they name at their top', () => {
    for (const { path, code } of scripts) {
      expect(code, path).not.toContain('ARGV');
      const named = code.split('\n').findLastIndex((line) => /^local [A-Z_, ]+ = .*KEYS/.test(line));
      const used = code.split('\n').findLastIndex((line) => /KEYS\[\d/.test(line));
      expect(used, path).toBeLessThanOrEqual(named);
    }
  });

  test.each([
    `redis.call('HGET', HEADER, 'state')`,
    `redis.call('HSET', header, FIELD.state, x, 'sent', 1)`,
    `redis.call('HGET', args.headers .. other, 'gateUsed')`,
    `if low == 4 then`,
    `if bytes[i] % 16 <= 1 then`,
    `local OPENS = { [4] = true }`,
    `if state == 'paused' then`,
  ])('would be found out by %s', (line) => {
    expect(literals(line)).not.toEqual([]);
  });
});
