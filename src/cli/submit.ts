import { EXIT } from '../errors.ts';
import type { CliCommand } from './context.ts';
import { count } from './print.ts';
import { sharedOptions } from './session.ts';
import { fileOptions, publish, withStagedFile, type FileFlags } from './stage.ts';

const TENANT_UNKNOWN =
  'Neither a sign-in nor --tenant says which tenant this is: only workers without both will take it.';

export const submit: CliCommand<FileFlags> = {
  options: (command) => fileOptions(sharedOptions(command)),
  run: ([path = ''], flags, context) =>
    withStagedFile(path, flags, context, async (staged) => {
      const { session, staging, leftOut } = staged;
      const runId = await publish(staged, flags.again === true);
      context.print.data(runId);
      context.print.say(`${count(staging.rows, 'row')} queued for tenant ${session.identity.tenant}.`);
      if (!session.identity.tenantIsKnown) context.print.say(TENANT_UNKNOWN);
      if (!(await session.producer.hasWorkers())) {
        const command = session.identity.hint('worker');
        context.print.say(`No worker is at work for this tenant: start one with \`${command}\`.`);
      }
      return leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    }),
};
