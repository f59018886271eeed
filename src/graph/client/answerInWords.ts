import { strangeCoding } from './contentEncoding.ts';
import { oneLine } from './graphError.ts';
import type { TokenGuard } from '../auth/redact.ts';
import { headerOf } from './headers.ts';

/** Characters of a title or a header that are shown. */
const SHOWN_MAX = 100;
/** Where the title of a page is looked for. */
const TITLE_WITHIN = 10_000;

/** An answer that is none of Graph's, so that whoever reads it knows what stands in between: its kind, its server, its title. */
export function answerInWords(
  {
    status,
    headers,
    text,
  }: {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly text: string;
  },
  { hidden }: Pick<TokenGuard, 'hidden'>,
): string {
  const shown = (value: string | undefined): string => oneLine(value, SHOWN_MAX, hidden);
  const type = shown(headerOf(headers, 'content-type')?.replace(/;.*/, ''));
  const server = shown(headerOf(headers, 'server') ?? headerOf(headers, 'via'));
  const coding = strangeCoding(headers);
  const to = shown(headerOf(headers, 'location')?.replace(/[?#].*/, ''));
  const title = shown(/<title[^>]{0,100}>([^<]{1,200})/i.exec(text.slice(0, TITLE_WITHIN))?.[1]);
  return [
    `HTTP ${status}`,
    ...(to === '' ? [] : [`to ${to}`]),
    ...(type === '' ? [] : [type]),
    ...(coding === undefined ? [] : [`encoded as ${shown(coding)}`]),
    ...(server === '' ? [] : [`from ${server}`]),
    ...(title === '' ? [] : [`"${title}"`]),
  ].join(', ');
}
