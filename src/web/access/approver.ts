import type { KnownPerson } from '../../runs/approval.ts';
import type { Viewer } from '../viewer.ts';

/**
 * Who says yes to a run on a page; undefined: nobody does. A link proves no person, and a reader acts on nothing.
 */
export const approverOf = ({ how, role, oid, name }: Viewer): KnownPerson | undefined =>
  how === 'openid' && role === 'operator' && oid !== null ? { oid, name } : undefined;
