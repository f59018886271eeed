import { extname } from 'node:path';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import { openFile, recognised } from '../../app/draft/inputFile.ts';
import { identify } from '../../app/identity.ts';
import { openServices, type Services } from '../../app/services.ts';
import type { Report } from '../../report/report.ts';
import { count } from '../../app/words.ts';
import type { CliCommand, Context } from '../context.ts';
import { oneOf } from '../flags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { writeOutput } from '../terminal/output.ts';

const FORMATS = ['html', 'md'] as const;
type ReportFormat = (typeof FORMATS)[number];

interface ReportFlags extends SharedFlags {
  readonly format?: ReportFormat;
  readonly output?: string;
  readonly planDir?: string;
}

export const report: CliCommand<ReportFlags> = {
  options: (command) =>
    void sharedOptions(command)
      .addOption(oneOf('--format <format>', 'otherwise by the extension of -o, else md', FORMATS))
      .option('-o, --output <file>', 'write to a file, as change.html or change.md')
      .option('--plan-dir <directory>', 'where the plans of runs are kept; otherwise in the data directory'),
  async run([name = ''], flags, context) {
    const { output } = flags;
    const format = formatOfReport(flags);
    await using services = await openServices(identify(flags, context), context);
    // Loaded here, so that no other command loads what draws.
    const { htmlOf } = await import('../../report/html.tsx');
    const { markdownOf } = await import('../../report/markdown.ts');
    const made = await reportOn(name, flags, services, context);
    await writeOutput(streamed(format === 'html' ? htmlOf(made) : markdownOf(made)), output, context);
    if (output !== undefined)
      context.print.say(`Wrote the report of ${count(made.rows, 'row')} to ${output}.`);
    return EXIT.done;
  },
};

/** What has the name of a file is a plan; anything else is a run. */
async function reportOn(
  name: string,
  { planDir }: ReportFlags,
  services: Services,
  context: Context,
): Promise<Report> {
  const { reportOfPlan, reportOfRun } = await import('../../report/reportOf.ts');
  if (!/[./\\]/.test(name)) return reportOfRun(name, planDir, services);
  const file = await recognised(await openFile(name, undefined, context));
  if (file.isPlan) return reportOfPlan(file, services);
  throw new UserError(`${name} is no plan.`, {
    remedy: `Make one with \`retarget plan ${name} -o plan.ndjson\`, and give that; or give the id of a run.`,
    exitCode: EXIT.badInput,
  });
}

function formatOfReport({ format, output }: ReportFlags): ReportFormat {
  if (format !== undefined) return format;
  if (output === undefined) return 'md';
  const extension = extname(output).toLowerCase();
  if (['.html', '.htm'].includes(extension)) return 'html';
  if (['.md', '.markdown'].includes(extension)) return 'md';
  throw new UserError(`The extension of ${output} names no format of reports.`, {
    remedy: 'Let it end in .html or .md, or add --format.',
    exitCode: EXIT.badInput,
  });
}

async function* streamed(pieces: Iterable<string>): AsyncGenerator<string> {
  yield* pieces;
}
