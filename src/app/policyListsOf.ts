import { PolicyLists } from '../graph/reads/policyLists.ts';
import type { Host } from './host.ts';

/**
 * What a command is to see of the tenant's policies. That pages of a kind show other lists than Graph shows by themselves goes to the log.
 * @param base root and version
 */
export const policyListsOf = (base: string, { log }: Pick<Host, 'log'>): PolicyLists =>
  new PolicyLists(base, ({ label }) =>
    log.warn(
      `Graph shows other assignments of ${label.many} in one page with their policies than by themselves: each list is read by itself, which takes longer.`,
    ),
  );
