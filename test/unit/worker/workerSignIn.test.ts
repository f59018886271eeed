import { expect, test } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { Credentials } from '../../../src/graph/auth/credentials.ts';
import { SignIn, type Asked } from '../../../src/worker/workerSignIn.ts';

const NEVER = new AbortController().signal;

interface Tried {
  readonly signIn: SignIn;
  readonly mayTryAgain: (asked: Asked, waitMs?: number, signal?: AbortSignal) => Promise<boolean>;
  readonly renewals: () => number;
}

function signInThat(brings: () => Promise<boolean>): Tried {
  let renewals = 0;
  const credentials: Credentials = {
    token: async () => 'token',
    claims: async () => undefined,
    renew: async () => {
      renewals += 1;
      return brings();
    },
  };
  const signIn = new SignIn(credentials);
  return {
    signIn,
    mayTryAgain: (asked, waitMs = 0, signal = NEVER) => signIn.mayTryAgain(asked, waitMs, signal),
    renewals: () => renewals,
  };
}

test.each([
  ['one new token', true],
  ['one more try with the same one', false],
])('a refused token is answered with %s, and when that is refused too with none', async (_, isNew) => {
  const { signIn, mayTryAgain, renewals } = signInThat(async () => isNew);
  expect(await mayTryAgain(signIn.asks('writes'))).toBe(true);
  expect(await mayTryAgain(signIn.asks('writes'))).toBe(false);
  expect(renewals()).toBe(1);
});

test('the same token is tried again after a wait, a new one at once', async () => {
  const stopped = AbortSignal.abort();
  const renewing = signInThat(async () => true);
  expect(await renewing.mayTryAgain(renewing.signIn.asks('reads'), 60_000, stopped)).toBe(true);
  const ready = signInThat(async () => false);
  // Only a wait hears of the stop.
  await expect(ready.mayTryAgain(ready.signIn.asks('reads'), 60_000, stopped)).rejects.toThrow('abort');
});

test('batches that were refused together share one new token', async () => {
  const renewal = Promise.withResolvers<boolean>();
  const { signIn, mayTryAgain, renewals } = signInThat(() => renewal.promise);
  const asked = [signIn.asks('writes'), signIn.asks('writes'), signIn.asks('reads')];
  const late = signIn.asks('writes');
  const answers = Promise.all(asked.map((each) => mayTryAgain(each)));
  renewal.resolve(true);
  expect(await answers).toEqual([true, true, true]);
  // Its refusal arrives when the new token is there already.
  expect(await mayTryAgain(late)).toBe(true);
  expect(renewals()).toBe(1);
});

test('a token that worked may be refused again later', async () => {
  const { signIn, mayTryAgain, renewals } = signInThat(async () => true);
  for (let hour = 0; hour < 3; hour += 1) {
    expect(await mayTryAgain(signIn.asks('reads'))).toBe(true);
    signIn.worked(signIn.asks('reads'));
  }
  expect(renewals()).toBe(3);
});

test('reads that are allowed do not hide that writes are refused', async () => {
  const { signIn, mayTryAgain } = signInThat(async () => true);
  expect(await mayTryAgain(signIn.asks('writes'))).toBe(true);
  signIn.worked(signIn.asks('reads'));
  expect(await mayTryAgain(signIn.asks('writes'))).toBe(false);
});

test('after the run has paused it is tried again, as somebody has mended something', async () => {
  const { signIn, mayTryAgain, renewals } = signInThat(async () => false);
  for (let pauses = 1; pauses <= 3; pauses += 1) {
    expect(await mayTryAgain(signIn.asks('reads'))).toBe(true);
    expect(await mayTryAgain(signIn.asks('reads'))).toBe(false);
    expect(renewals()).toBe(pauses);
  }
});

test('a sign-in that fails for all is told to all, and may work the next time', async () => {
  let isMended = false;
  const { signIn, mayTryAgain } = signInThat(async () => {
    if (!isMended) throw new UserError('The secret has expired.', { remedy: 'Renew it.', exitCode: 4 });
    return true;
  });
  const asked = [signIn.asks('reads'), signIn.asks('writes')];
  const answers = await Promise.allSettled(asked.map((each) => mayTryAgain(each)));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isMended = true;
  signIn.worked(signIn.asks('reads'));
  expect(await mayTryAgain(signIn.asks('reads'))).toBe(true);
});

test('a write that left before all were refused does not show that they go through again', () => {
  const { signIn } = signInThat(async () => false);
  const early = signIn.asks('writes');
  signIn.wrote(early);
  expect(signIn.writesGoThrough).toBe(true);
  signIn.allWritesRefused();
  signIn.wrote(early);
  expect(signIn.writesGoThrough).toBe(false);
  signIn.wrote(signIn.asks('writes'));
  expect(signIn.writesGoThrough).toBe(true);
});
