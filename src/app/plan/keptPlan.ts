import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT, UserError } from '../../errors.ts';
import type { PlanHeader, PlanRow } from '../../formats/planFile.ts';
import { PlanWriter } from '../../formats/writePlanFile.ts';

/** A plan that is being made: its rows, then what was found in all of them, which answers its fingerprint. */
interface OpenPlan extends AsyncDisposable {
  row(row: PlanRow): Promise<void>;
  end(findings: Readonly<Record<string, number>>): Promise<string>;
}

/** @throws UserError (exit 2) when a plan can't be kept where it is wanted. */
export async function openPlan(paths: readonly string[], header: PlanHeader, key: Buffer): Promise<OpenPlan> {
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cannotKeep(paths.join(' or '), error);
    }
  };
  const writer = await told(async () => {
    for (const path of paths) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return PlanWriter.create(paths, header, key);
  });
  return {
    row: (row) => told(() => writer.row(row)),
    end: (findings) => told(() => writer.end(findings)),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

function cannotKeep(path: string, error: unknown): Error {
  if (!(error instanceof Error) || !('syscall' in error))
    return error instanceof Error ? error : new Error(String(error));
  return new UserError(`The plan can't be written to ${path}: ${error.message}.`, {
    remedy: 'Give -o or --plan-dir a directory that you can write to, with room for it; nothing was queued.',
    exitCode: EXIT.environment,
    cause: error,
  });
}
