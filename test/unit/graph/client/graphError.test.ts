import { expect, test } from 'vitest';
import { ERROR_TEXT_MAX, graphError } from '../../../../src/graph/client/graphError.ts';

const says = (message: unknown, code: unknown = 'BadRequest') => graphError({ error: { code, message } });

const INTUNE_SENTENCE =
  'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000' +
  ' - Activity ID: 5d0c7b9e-86b6-4b6e-b7f9-9b3b2a6f7c11 - Url: https://fef.msub06.manage.microsoft.com/x?api-version=5018';

test("Graph's code and message are shown as they are", () => {
  expect(says('Tenant is not allowed.', 'Forbidden')).toEqual({
    code: 'Forbidden',
    message: 'Tenant is not allowed.',
  });
});

test.each([
  [
    'once',
    JSON.stringify({ _version: 3, Message: INTUNE_SENTENCE, CustomApiErrorPhrase: '', RetryAfter: null }),
  ],
  ['twice', JSON.stringify({ Message: JSON.stringify({ Message: INTUNE_SENTENCE }) })],
  ['after line breaks', `\r\n  ${JSON.stringify({ message: INTUNE_SENTENCE }, null, 2)}`],
  ['not at all', INTUNE_SENTENCE],
])("Intune's sentence is dug out when nested %s, with what its support asks for", (_how, message) => {
  expect(says(message)?.message).toBe(
    'An error has occurred (Activity ID 5d0c7b9e-86b6-4b6e-b7f9-9b3b2a6f7c11)',
  );
});

test("without a sentence inside, Intune's phrase is shown, then the text itself", () => {
  expect(says('{"Message":"","CustomApiErrorPhrase":"PolicyLocked"}')?.message).toBe('PolicyLocked');
  expect(says('{"_version":3}')?.message).toBe('{"_version":3}');
  expect(says('{"Message":"cut')?.message).toBe('{"Message":"cut');
  expect(says('Operation ID 5 is unknown')?.message).toBe('Operation ID 5 is unknown');
});

test('the error also counts when its body came as text', () => {
  expect(graphError('{"error":{"code":"NotFound","message":"Gone."}}')).toEqual({
    code: 'NotFound',
    message: 'Gone.',
  });
});

test('what is missing is worded, as an empty cell would look like a fault of ours', () => {
  expect(says('', 'UnknownError')).toEqual({ code: 'UnknownError', message: 'Graph gave no message.' });
  expect(says('Why.', null)).toEqual({ code: 'UnknownError', message: 'Why.' });
});

test('control characters do not reach terminals and cells', () => {
  expect(says('a\u001b[31mb\r\n\tc\u0000d\u2028e', 'x\ny')).toEqual({
    code: 'x y',
    message: 'a [31mb c d e',
  });
});

test('a long message is cut, and not within a character', () => {
  const message = says('é'.repeat(ERROR_TEXT_MAX - 2) + '😀'.repeat(9))?.message ?? '';
  expect(message).toBe(`${'é'.repeat(ERROR_TEXT_MAX - 2)}…`);
});

test.each([
  undefined,
  null,
  '',
  '<html>',
  5,
  [],
  {},
  { error: null },
  { error: 'invalid' },
  { error: {} },
  { error: { code: 5 } },
])('%j is no error of Graph', (body) => {
  expect(graphError(body)).toBeUndefined();
});

test('a token that comes back in a message is taken out', () => {
  const error = graphError({
    error: { code: 'Bad', message: 'no Bearer eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0.c2ln here' },
  });
  expect(error?.message).toBe('no Bearer [redacted] here');
});
