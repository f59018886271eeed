import type { ApprovalDemand } from '../approval.ts';
import type { Keys } from '../keys.ts';
import { encodeHeader, type Header } from '../run.ts';
import type { Scripts } from './scripts.ts';

export interface PublishArgs {
  readonly runId: string;
  readonly fileSha256: string;
  /** How many writes its staging was sent to Redis in. */
  readonly writes: number;
  /** The same file may be at work twice. */
  readonly again: boolean;
  /** The header's last fields. */
  readonly fields: Partial<Header>;
  /** What the header counts of each of several families, as `countsByFamily` has it. */
  readonly byFamily?: Readonly<Record<string, string>>;
  /** It takes another run back, as the time of that has come. */
  readonly reverts?: Reverts | undefined;
}

/** What a run takes back whose time has come, and of which no more than one run is made. */
export interface Reverts {
  readonly run: string;
  /** How often that had moved when its rows were read: one that was opened again since has written more, or will. */
  readonly moves: number;
  readonly rows: number;
  /** What it leaves: somebody has changed it since, or no write of it is on record. */
  readonly left: number;
}

/** Why nobody could approve a run. */
export type Unapprovable = 'noPlan' | 'unknownSubmitter';

export type Published =
  | { readonly kind: 'published' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'unapprovable'; readonly why: Unapprovable }
  | { readonly kind: 'sameFile'; readonly runId: string }
  /** What it was to take back is taken back already, or has another time by now. */
  | { readonly kind: 'notDue' };

export async function publish(
  scripts: Scripts,
  keys: Keys,
  { runId, fileSha256, writes, again, fields, byFamily = {}, reverts }: PublishArgs,
  approval: ApprovalDemand,
): Promise<Published> {
  const { header, inputs, states, ...others } = keys.run(runId);
  const [kind, other] = await scripts.run(
    'publish',
    [keys.open, keys.runs, header, inputs, states, keys.staged(runId), ...Object.values(others)],
    {
      ...{ runId, fileSha256, writes, again, approval },
      headers: keys.run('').header,
      reverts: reverts === undefined ? null : { ...reverts },
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
    case 'notDue':
      return { kind: 'notDue' };
    default:
      return { kind: 'lost' };
  }
}
