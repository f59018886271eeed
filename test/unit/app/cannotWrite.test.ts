import { expect, test } from 'vitest';
import { cannotWrite } from '../../../src/app/cannotWrite.ts';

const NOT_WRITTEN = { what: 'Cannot write /x', begun: ' The old one is as it was.', remedy: 'Take another.' };
const failed = (syscall: string, code: string) => Object.assign(new Error(code), { syscall, code });

test.each([
  ['open', 'ENOENT', 2],
  ['open', 'EACCES', 2],
  ['mkdir', 'ENOTDIR', 2],
  ['open', 'ENOSPC', 4],
  ['mkdir', 'EDQUOT', 4],
  ['write', 'ENOSPC', 4],
  ['rename', 'EACCES', 4],
])('where %s fails with %s the command ends with %i', (syscall, code, exitCode) => {
  expect(cannotWrite(failed(syscall, code), NOT_WRITTEN)).toMatchObject({ exitCode });
});

test('that nothing is lost is said where something was begun, and what is no file’s failure stays as it is', () => {
  expect(cannotWrite(failed('write', 'EIO'), NOT_WRITTEN).message).toBe(
    'Cannot write /x: EIO. The old one is as it was.',
  );
  expect(cannotWrite(failed('open', 'ENOENT'), NOT_WRITTEN).message).toBe('Cannot write /x: ENOENT.');
  const bug = new TypeError('a bug');
  expect(cannotWrite(bug, NOT_WRITTEN)).toBe(bug);
});
