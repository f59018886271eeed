import { EXIT, UserError } from '../errors.ts';
import { ask, canAsk, nobodyToAsk } from './ask.ts';
import type { CliCommand, Context } from './context.ts';
import { sharedOptions, signIn, type Identity } from './identity.ts';
import { graphClientOf, planStaged, showPlan, type LivePlan } from './livePlan.ts';
import { planCommand } from './plan.ts';
import { count, visible } from './print.ts';
import { fileOptions, publish, withStagedFile, type FileFlags } from './stage.ts';
import { tenantDomain, tenantInWords } from './tenantInWords.ts';
import { warningOfTokenEnd } from './tokenEnd.ts';
import { statusOf, workOn } from './work.ts';

interface ApplyFlags extends FileFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export const apply: CliCommand<ApplyFlags> = {
  options: (command) =>
    fileOptions(sharedOptions(command))
      .option('--yes', 'do not ask')
      .option('--dry-run', 'the same as `retarget plan`')
      .option('--json', 'print the run as JSON when it has ended'),
  async run([path = ''], flags, context) {
    if (flags.dryRun) return planCommand(path, flags, context);
    // Said before the file is read and the tenant is looked at, which may take long.
    if (path === '-' && !flags.yes) throw stdinNeedsYes();
    if (!flags.yes && !canAsk(context)) throw nobodyToAsk();
    return withStagedFile(path, flags, context, signIn, async (staged) => {
      const { session } = staged;
      const plan = await planStaged(staged, context);
      showPlan(plan, context);
      const { identity } = session;
      const warning =
        plan.writes > 0 ? warningOfTokenEnd(identity, plan.secondsAtLeast, Date.now()) : undefined;
      if (warning !== undefined) context.print.say(warning);
      if (plan.writes > 0 && !flags.yes && !(await ask(await question(plan, identity, context), context))) {
        context.print.say('Nothing was changed.');
        return EXIT.stoppedEarly;
      }
      const runId = await publish(staged, flags.again === true);
      context.print.say(`Run ${runId}`);
      const exitCode = await workOn(runId, session, context);
      const run = flags.json ? await session.runs.run(runId) : undefined;
      if (run) context.print.json(await statusOf(run, session));
      return exitCode;
    });
  },
};

/** Whoever says yes must see which tenant it is, by the name that people know it by. */
async function question(plan: LivePlan, identity: Identity, context: Context): Promise<string> {
  const graph = graphClientOf(identity);
  try {
    const domain = await tenantDomain(identity, graph, context.interrupted);
    const where = tenantInWords(identity, domain && visible(domain));
    return `Change ${count(plan.writes, 'assignment')} in ${where}?`;
  } finally {
    await graph.close();
  }
}

const stdinNeedsYes = (): UserError =>
  new UserError('The file comes from stdin, so there is nobody to ask.', {
    remedy: 'Run `retarget plan -` on it first, then `retarget apply - --yes`.',
    exitCode: EXIT.badInput,
  });
