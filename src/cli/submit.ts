import { EXIT, UserError } from '../errors.ts';
import type { CliCommand, Context } from './context.ts';
import { count } from './print.ts';
import { sharedOptions, signIn, type Identity } from './identity.ts';
import { fileOptions, publish, withStagedFile, type FileFlags } from './stage.ts';

const TENANT_UNKNOWN =
  'Neither the token nor --tenant says which tenant this is: only workers without both will take it.';

export const submit: CliCommand<FileFlags> = {
  options: (command) => fileOptions(sharedOptions(command)),
  run: ([path = ''], flags, context) =>
    withStagedFile(path, flags, context, tenantForSure, async (staged) => {
      const { session, staging, leftOut } = staged;
      const runId = await publish(staged, flags.again === true);
      context.print.data(runId);
      context.print.say(`${count(staging.rows, 'row')} queued for tenant ${session.identity.tenant}.`);
      if (session.identity.tenantFrom === 'nothing') context.print.say(TENANT_UNKNOWN);
      if (!(await session.producer.hasWorkers())) {
        const command = session.identity.hint('worker');
        context.print.say(`No worker is at work for this tenant: start one with \`${command}\`.`);
      }
      return leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    }),
};

/** A run is recorded under its tenant's id. Who gives that needs no sign-in; a domain's id is the token's to tell. */
async function tenantForSure(identity: Identity, context: Context): Promise<Identity> {
  if (identity.isReadyToken || identity.tenantFrom === 'id') return identity;
  try {
    return await signIn(identity, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      remedy: `Give the tenant's id with --tenant: then submit needs no sign-in. Or: ${error.remedy}`,
      exitCode: error.exitCode,
    });
  }
}
