import type { Services } from '../../app/services.ts';
import type { KnownPerson } from '../../runs/approval.ts';
import { awaitsSignIn, type Run } from '../../runs/run.ts';
import type { Viewer } from '../viewer.ts';

/** What can be done with a run on its page. Everything else is a command to paste. */
export const ACTS = ['pause', 'resume', 'approve'] as const;
export type Act = (typeof ACTS)[number];

/** What is offered for a run as it stands; whether it is taken the record decides when it is done. */
export function actsFor({ state, reason, counts }: Run): readonly Act[] {
  switch (state) {
    case 'queued':
      return reason === 'approval' ? ['approve', 'pause'] : ['pause'];
    case 'running':
      return ['pause'];
    case 'paused':
      // One that waits for the sign-in goes on by itself, which a pause ends.
      return awaitsSignIn({ state, reason }) ? ['resume', 'pause'] : ['resume'];
    case 'aborted':
      return ['resume'];
    case 'completed':
      return counts.awaitingApproval > 0 ? ['resume'] : [];
    case 'cancelled':
    case 'loading':
      return [];
  }
}

/** The services as this person uses them: the log of a run names who looked at the page, not who started the server. */
export const onBehalfOf = (viewer: Viewer, services: Services): Services => ({
  ...services,
  identity: { ...services.identity, operator: viewer.name },
});

/** Who says yes to a plan on a page; undefined: nobody does. A link proves no person, and who only reads acts on nothing. */
export const approverOf = ({ how, role, oid, name }: Viewer): KnownPerson | undefined =>
  how === 'openid' && role === 'operator' && oid !== null ? { oid, name } : undefined;
