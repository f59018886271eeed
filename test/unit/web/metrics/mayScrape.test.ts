import { describe, expect, test } from 'vitest';
import { whyNotScraped, type Scraper } from '../../../../src/web/metrics/mayScrape.ts';

const from = (remoteAddress: string, headers: Record<string, string> = {}): Scraper =>
  ({ socket: { remoteAddress }, headers: { host: 'localhost:9464', ...headers } }) as unknown as Scraper;

describe('without a token', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('this machine may, from %s', (address) => {
    expect(whyNotScraped(from(address), undefined, false)).toBeUndefined();
  });

  test.each([
    ['another machine', from('192.0.2.7')],
    ['a page of another site, under a name that leads here', from('127.0.0.1', { host: 'evil.example' })],
    ['whoever comes through a proxy on this machine', from('127.0.0.1', { 'x-forwarded-for': '192.0.2.7' })],
  ])('%s may not, and is told what to do', (_, scraper) => {
    expect(whyNotScraped(scraper, undefined, false)).toContain('set RETARGET_METRICS_TOKEN_FILE');
  });

  test('everybody may who reaches an address that was opened on purpose', () => {
    expect(whyNotScraped(from('192.0.2.7', { host: '10.1.2.3:9464' }), undefined, true)).toBeUndefined();
  });
});

test('with a token whoever has it may, from anywhere, and nobody else, from this machine neither', () => {
  const withToken = (token: string): Scraper => from('192.0.2.7', { authorization: `Bearer ${token}` });
  for (const isOpen of [true, false]) {
    expect(whyNotScraped(withToken('s3cret'), 's3cret', isOpen)).toBeUndefined();
    expect(whyNotScraped(withToken('s3cre'), 's3cret', isOpen)).toContain('with a token');
    expect(whyNotScraped(from('127.0.0.1'), 's3cret', isOpen)).toContain('with a token');
  }
});
