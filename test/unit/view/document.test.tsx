import { expect, test } from 'vitest';
import { documentOf } from '../../../src/view/document.tsx';

const HOSTILE = `</title><script>alert(1)</script>" onload="alert(2)`;

test('names that would be markup are text in a page, wherever they stand', () => {
  const page = documentOf({
    title: HOSTILE,
    head: <meta name="description" content={HOSTILE} />,
    children: <p title={HOSTILE}>{HOSTILE}</p>,
  });
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(page).not.toMatch(/<script|" onload=/);
  expect(page.match(/&lt;script>alert\(1\)|&lt;script&gt;alert\(1\)/g)).toHaveLength(4);
});
