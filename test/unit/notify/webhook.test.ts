import { expect, test } from 'vitest';
import { signature } from '../../../src/notify/webhook.ts';

test('the signature is that of Standard Webhooks, as its authors verify it', () => {
  // From the tests of github.com/standard-webhooks/standard-webhooks.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(signature('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', secret, 1_614_265_330)).toEqual({
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('another body, another id or another time has another signature', () => {
  const of = (id: string, body: string, at: number) => signature(id, body, 'secret', at)['webhook-signature'];
  const all = [of('a', 'b', 1), of('a', 'c', 1), of('b', 'b', 1), of('a', 'b', 2)];
  expect(new Set(all).size).toBe(4);
});
