import { hash } from 'node:crypto';
import type { ComponentChild } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What changes of a page, by the ids of the elements that it stands in. */
export type LiveParts = Readonly<Record<string, ComponentChild>>;

/** The same as markup, and what this state is called: the same on every server that sees the same. */
export interface Rendered {
  readonly id: string;
  readonly parts: ReadonlyMap<string, string>;
}

export function rendered(parts: LiveParts): Rendered {
  // A fragment's type is no element's.
  const markup = Object.entries(parts).map(([name, part]) => [name, renderToString(<>{part}</>)] as const);
  return { id: hash('sha256', JSON.stringify(markup)).slice(0, 16), parts: new Map(markup) };
}
