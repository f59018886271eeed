import type { Strategy } from '../../assignments/kinds/kind.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { ApiVersion } from '../../assignments/values/apiVersion.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { FileFormat } from '../../formats/format.ts';
import type { RunOptions } from '../../runs/run.ts';
import type { Identity } from '../identity.ts';

/** How a file is to be read, as somebody asked for it; undefined: nothing was said. A plan file has all of it decided. */
export interface GivenRules {
  readonly inputFormat?: FileFormat | undefined;
  readonly strategy?: Strategy | undefined;
  readonly apiVersion?: string | undefined;
  readonly blind?: boolean | undefined;
  readonly offline?: boolean | undefined;
  readonly skipInvalid?: boolean | undefined;
  /** Ids of the file are another tenant's: what has a name is found by it alone. */
  readonly byName?: boolean | undefined;
  /** What the file calls its columns: pairs, or the path of a file of them. */
  readonly columns?: string | undefined;
  /** A file of old and new names or ids. */
  readonly rename?: string | undefined;
  /** What is done with what a file of another tool lists. */
  readonly action?: StatedAction | undefined;
  /** Where rows with problems are written to. */
  readonly problems?: string | undefined;
}

/** What the run is to be that a draft becomes. */
export interface RunTerms {
  readonly options: RunOptions;
  readonly keepDays: number;
  /** Where its plan is kept for an undo without Redis; undefined: in the data directory. */
  readonly planDir: string | undefined;
  /** Channels that are told of it, as they were given; undefined: those that this machine tells of every run. */
  readonly notify?: readonly string[] | undefined;
  /** The channels stand in the options: they were another run's, and this machine need not know them. */
  readonly tellsAsSaid?: boolean;
}

/** What is wanted of a draft. */
export interface DraftTerms {
  readonly given: GivenRules;
  /** The rows become a run without being compared with the tenant. */
  readonly unplanned?: boolean;
  /** Undefined: it is planned and forgotten. */
  readonly run?: RunTerms | undefined;
}

/** @throws UserError (exit 2) for rules that exclude each other */
export function readingRules({ given, unplanned }: DraftTerms, { config }: Identity): ReadingRules {
  const rules: ReadingRules = {
    root: config.graphUrl,
    apiVersion: config.apiVersion,
    blind: given.blind === true,
    strategy: given.strategy ?? 'patch',
    ...(unplanned && { unplanned: true }),
  };
  refuseUnfitStrategy(rules);
  return rules;
}

/** Whole lists are written only as they were read, and v1.0 shows no filters. @throws UserError (exit 2) */
export function refuseUnfitStrategy({
  strategy,
  blind,
  apiVersion,
}: {
  readonly strategy?: Strategy | undefined;
  readonly blind: boolean;
  readonly apiVersion: ApiVersion;
}): void {
  if (strategy !== 'assign' || (!blind && apiVersion === 'beta')) return;
  const [what, remedy] = blind
    ? ['--blind', 'Leave --blind out.']
    : [`--api-version ${apiVersion}`, 'Run with --api-version beta.'];
  throw new UserError(`--strategy assign does not go with ${what}: a list is written back as it was read.`, {
    remedy,
    exitCode: EXIT.badInput,
  });
}
