import { expect, test } from 'vitest';
import { sendMail } from '../../../src/notify/mail.ts';
import type { Message } from '../../../src/notify/message.ts';
import { call } from '../../../src/notify/post.ts';
import { deadPort } from '../../support/receivers.ts';

const MESSAGE: Message = {
  ...{ id: 'r1-1', type: 'begun', at: 0, tenant: 't', run: 'r1', title: 'Run r1 has begun.' },
  ...{ facts: [], commands: [], data: {} },
};
const MAIL = {
  ...{ type: 'email' as const, host: 'mail.contoso.example', port: 587 },
  ...{ from: 'retarget@example.com', to: ['night@example.com'] as [string, ...string[]] },
};
const { signal } = new AbortController();
const keepSecret = (): void => undefined;

test('mail that does not get through says that there is a proxy before the server, and by which setting', async () => {
  const env = { ALL_PROXY: `http://127.0.0.1:${await deadPort()}` };
  await expect(sendMail(MESSAGE, MAIL, { env, keepSecret }, signal)).rejects.toThrow(
    'mail.contoso.example, or the proxy of ALL_PROXY before it, refused the connection (ECONNREFUSED)',
  );
});

test('so does a call that does not get through', async () => {
  const env = { HTTPS_PROXY: `http://127.0.0.1:${await deadPort()}` };
  const url = new URL('https://hook.contoso.example/night');
  await expect(call({ url, method: 'POST', ca: undefined }, { env, signal })).rejects.toThrow(
    'hook.contoso.example, or the proxy of HTTPS_PROXY before it, refused the connection (ECONNREFUSED)',
  );
});

test('where nothing is before it, the host alone is named', async () => {
  const host = `127.0.0.1:${await deadPort()}`;
  const url = new URL(`http://${host}/hook`);
  const env = { ALL_PROXY: 'http://proxy.contoso.example:8080' };
  await expect(call({ url, method: 'POST', ca: undefined }, { env, signal })).rejects.toThrow(
    `${host} refused the connection (ECONNREFUSED)`,
  );
});
