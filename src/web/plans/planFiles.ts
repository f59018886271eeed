import { stat } from 'node:fs/promises';
import { openFile } from '../../app/draft/inputFile.ts';
import { expectSame, planReads } from '../../app/draft/planFileIntake.ts';
import { keptPlanPath } from '../../app/draft/keptPlans.ts';
import { pathIn } from '../../app/pathIn.ts';
import type { Services } from '../../app/services.ts';
import type { Run } from '../../runs/run.ts';
import type { Report } from '../../report/report.ts';
import { reportOfPlan } from '../../report/reportOf.ts';
import { plannedRow } from '../../report/plannedRow.ts';
import type { ReportRow } from '../../report/reportRow.ts';
import { Kept } from '../live/kept.ts';

/** Saved plans as they are shown: what one comes to is kept until its file changes. */
export class PlanFiles {
  readonly #services: Services;
  readonly #reports: Kept<string, Report>;

  constructor(services: Services) {
    this.#services = services;
    this.#reports = new Kept(0, async (path) => {
      const report = await reportOfPlan(await openFile(path, 'ndjson', services), services);
      // Rows are read anew for whoever wants them: ten thousand of each plan need not stay.
      return { ...report, shown: [] };
    });
  }

  /** @throws UserError (exit 2) for a file that is gone, damaged, edited, or no plan of this tenant */
  async report(path: string): Promise<Report> {
    const { mtimeMs, size } = await stat(pathIn(this.#services, path)).catch(() => ({ mtimeMs: 0, size: 0 }));
    return this.#reports.of(path, `${mtimeMs} ${size}`, path);
  }

  /** The rows of a plan in the order of its file, a line in memory at a time. */
  async *rows(path: string): AsyncGenerator<ReportRow> {
    const { runs } = this.#services;
    const file = await openFile(path, 'ndjson', this.#services);
    const reads = planReads(file, await runs.sealKey());
    const { header } = await reads.header();
    expectSame(header, this.#services, file);
    const { graphUrl: root, apiVersion, blind, strategy } = header;
    for await (const row of reads.rows()) yield plannedRow(row, { root, apiVersion, blind, strategy }, file);
  }

  /** The plan that a run was published with, where it lies on this machine; undefined: it does not, or is another one. */
  async ofRun({ runId, planFingerprint }: Run): Promise<string | undefined> {
    if (planFingerprint === null) return undefined;
    const path = keptPlanPath(runId, undefined, this.#services);
    const isThere = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    return isThere ? path : undefined;
  }
}
