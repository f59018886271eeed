import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { PlanHeader, PlanRow } from '../../formats/planFile.ts';
import { PlanWriter } from '../../formats/writePlanFile.ts';
import { cannotWrite } from '../cannotWrite.ts';

/** A plan that is being made: its rows, then what was found in all of them, which answers its fingerprint. */
interface OpenPlan extends AsyncDisposable {
  row(row: PlanRow): Promise<void>;
  end(findings: Readonly<Record<string, number>>, names: Called): Promise<string>;
}

/** Where a plan is written to. */
export interface PlanPlaces {
  /** Files that somebody has named: in directories that are there. */
  readonly saveTo: readonly string[];
  /** Where the plan of a run is kept: its directory is made. */
  readonly keptPlan: string | undefined;
}

/** @throws UserError (exit 2 or 4) when a plan can't be kept where it is wanted. */
export async function openPlan(
  { saveTo, keptPlan }: PlanPlaces,
  header: PlanHeader,
  key: Buffer,
): Promise<OpenPlan> {
  const paths = keptPlan === undefined ? saveTo : [...saveTo, keptPlan];
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cannotWrite(error, notKept(paths));
    }
  };
  const writer = await told(async () => {
    if (keptPlan !== undefined) await mkdir(dirname(keptPlan), { recursive: true, mode: 0o700 });
    return PlanWriter.create(paths, header, key);
  });
  return {
    row: (row) => told(() => writer.row(row)),
    end: (findings, names) => told(() => writer.end(findings, names)),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

const notKept = (paths: readonly string[]) => ({
  what: `The plan can't be written to ${paths.join(' or ')}`,
  remedy: 'Give -o or --plan-dir a directory that you can write to, with room for it; nothing was queued.',
});
