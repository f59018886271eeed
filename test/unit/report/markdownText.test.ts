import { describe, expect, test } from 'vitest';
import { codeSpan, prose, proseCalled } from '../../../src/report/markdownText.ts';

describe('text of others in code', () => {
  test.each([
    ['GRP-Sales', '`GRP-Sales`'],
    ['a | b', '`a \\| b`'],
    // `\|` would end the cell: its backslash is escaped by the one before.
    ['a \\| b', '`a \\\\u007c b`'],
    ['a ` b', '``a ` b``'],
    ['`', '`` ` ``'],
    ['``` a', '```` ``` a ````'],
    ['<img src=x onerror=alert(1)>', '`<img src=x onerror=alert(1)>`'],
    ['', '–'],
  ])('%s is %s', (text, shown) => expect(codeSpan(text)).toBe(shown));

  test('what would end the line is spelled out', () => {
    expect(codeSpan('a\nb\u202e')).toBe('`a\\u000ab\\u202e`');
  });
});

describe('sentences', () => {
  test.each([
    ['3 rows (of 4): done.', '3 rows (of 4): done.'],
    ['<script>alert(1)</script>', '\\<script\\>alert(1)\\</script\\>'],
    ['[click](javascript:alert(1))', '\\[click\\](javascript:alert(1))'],
    ['![x](https://evil.example)', '!\u2060\\[x\\](https\\://evil.example)'],
    ['see www.evil.example', 'see www\\.evil.example'],
    ['@everyone, #12, !7', '@\u2060everyone, #\u206012, !\u20607'],
    ['sam@contoso.com', 'sam@\u2060contoso.com'],
    ['- a', '\\- a'],
    ['1. a', '1\\. a'],
    ['# a', '\\# a'],
    ['a | b', 'a \\| b'],
    ['$x$ & ~y~ `z`', '\\$x\\$ \\& \\~y\\~ \\`z\\`'],
  ])('%s is %s', (text, shown) => expect(prose(text)).toBe(shown));

  test('an id stands in code, with what it is called', () => {
    const id = '11111111-0000-4000-8000-000000000001';
    expect(proseCalled(`group ${id} is gone`, { [id]: '*Sales*' })).toBe(
      `group \`*Sales*\` (\`${id}\`) is gone`,
    );
    expect(proseCalled(`group ${id} is gone`, {})).toBe(`group \`${id}\` is gone`);
  });
});
