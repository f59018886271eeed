import type { ApprovalDemand } from '../approval.ts';
import type { Keys } from '../keys.ts';
import { encodeHeader, type Header } from '../run.ts';
import type { Scripts } from './scripts.ts';

export interface PublishArgs {
  readonly runId: string;
  readonly fileSha256: string;
  /** The same file may be at work twice. */
  readonly again: boolean;
  /** The header's last fields. */
  readonly fields: Partial<Header>;
  /** What the header counts of each of several families, as `countsByFamily` has it. */
  readonly byFamily?: Readonly<Record<string, string>>;
}

/** Why nobody could approve a run. */
export type Unapprovable = 'noPlan' | 'unknownSubmitter';

export type Published =
  | { readonly kind: 'published' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'unapprovable'; readonly why: Unapprovable }
  | { readonly kind: 'sameFile'; readonly runId: string };

export async function publish(
  scripts: Scripts,
  keys: Keys,
  { runId, fileSha256, again, fields, byFamily = {} }: PublishArgs,
  approval: ApprovalDemand,
): Promise<Published> {
  const { header, inputs, states, ...others } = keys.run(runId);
  const [kind, other] = await scripts.run(
    'publish',
    [keys.open, keys.runs, header, inputs, states, ...Object.values(others)],
    {
      ...{ runId, fileSha256, again, approval },
      headers: keys.run('').header,
      fields: Object.entries({ ...encodeHeader(fields), ...byFamily }).flat(),
    },
  );
  switch (String(kind)) {
    case 'published':
      return { kind: 'published' };
    case 'sameFile':
      return { kind: 'sameFile', runId: String(other) };
    case 'unapprovable':
      return { kind: 'unapprovable', why: String(other) === 'noPlan' ? 'noPlan' : 'unknownSubmitter' };
    default:
      return { kind: 'lost' };
  }
}
