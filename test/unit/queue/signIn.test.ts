import { expect, test } from 'vitest';
import type { Credentials } from '../../../src/graph/credentials.ts';
import { SignIn } from '../../../src/queue/signIn.ts';

const NEVER = new AbortController().signal;

function signInThat(brings: () => Promise<boolean>): { signIn: SignIn; renewals: () => number } {
  let renewals = 0;
  const credentials: Credentials = {
    token: async () => 'token',
    claims: async () => undefined,
    renew: async () => {
      renewals += 1;
      return brings();
    },
  };
  return { signIn: new SignIn(credentials), renewals: () => renewals };
}

test('a refused token is answered with one new token, and when that is refused too with none', async () => {
  const { signIn, renewals } = signInThat(async () => true);
  expect(await signIn.renewed(signIn.asks('writes'), NEVER)).toBe(true);
  expect(await signIn.renewed(signIn.asks('writes'), NEVER)).toBe(false);
  expect(renewals()).toBe(1);
});

test('batches that were refused together share one new token', async () => {
  const renewal = Promise.withResolvers<boolean>();
  const { signIn, renewals } = signInThat(() => renewal.promise);
  const asked = [signIn.asks('writes'), signIn.asks('writes'), signIn.asks('reads')];
  const late = signIn.asks('writes');
  const answers = Promise.all(asked.map((each) => signIn.renewed(each, NEVER)));
  renewal.resolve(true);
  expect(await answers).toEqual([true, true, true]);
  // Its refusal arrives when the new token is there already.
  expect(await signIn.renewed(late, NEVER)).toBe(true);
  expect(renewals()).toBe(1);
});

test('a token that worked may be renewed again when it ends', async () => {
  const { signIn, renewals } = signInThat(async () => true);
  for (let hour = 0; hour < 3; hour += 1) {
    expect(await signIn.renewed(signIn.asks('reads'), NEVER)).toBe(true);
    signIn.worked(signIn.asks('reads'));
  }
  expect(renewals()).toBe(3);
});

test('reads that are allowed do not hide that writes are refused', async () => {
  const { signIn } = signInThat(async () => true);
  expect(await signIn.renewed(signIn.asks('writes'), NEVER)).toBe(true);
  signIn.worked(signIn.asks('reads'));
  expect(await signIn.renewed(signIn.asks('writes'), NEVER)).toBe(false);
});

test('without a new token the run must pause, and after that a new one is asked for again', async () => {
  let isMended = false;
  const { signIn } = signInThat(async () => isMended);
  expect(await signIn.renewed(signIn.asks('reads'), NEVER)).toBe(false);
  expect(await signIn.renewed(signIn.asks('reads'), NEVER)).toBe(false);
  isMended = true;
  expect(await signIn.renewed(signIn.asks('reads'), NEVER)).toBe(true);
});
