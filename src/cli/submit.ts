import { EXIT } from '../errors.ts';
import type { CliCommand } from './context.ts';
import { count } from './print.ts';
import { sharedOptions } from './session.ts';
import { fileOptions, publish, withStagedFile, type FileFlags } from './stage.ts';

export const submit: CliCommand<FileFlags> = {
  options: (command) => fileOptions(sharedOptions(command)),
  run: ([path = ''], flags, context) =>
    withStagedFile(path, flags, context, async (staged) => {
      const { session, staging, leftOut } = staged;
      const runId = await publish(staged, flags.again === true);
      context.print.data(runId);
      context.print.say(`${count(staging.rows, 'row')} queued for tenant ${session.identity.tenant}.`);
      if (!(await session.producer.hasWorkers())) {
        context.print.say('No worker is at work for this tenant: start one with `retarget worker`.');
      }
      return leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    }),
};
