import type { WebPerson } from '../../app/openId.ts';
import type { Viewer } from '../viewer.ts';
import type { RoleNames } from './address.ts';

const GROUP_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** What a person may do; undefined: nothing. A name that is an id is a group's, any other the value of an app role. */
export function roleOf(person: WebPerson, { operators, readers }: RoleNames): Viewer['role'] | undefined {
  const has = (name: string): boolean =>
    GROUP_ID.test(name) ? person.groups.includes(name.toLowerCase()) : person.roles.includes(name);
  if (operators.some(has)) return 'operator';
  return readers.some(has) ? 'reader' : undefined;
}

/** Why somebody who has signed in may not look, and what is done about it. */
export function withoutRole({ name, lacksGroups }: WebPerson, { operators, readers }: RoleNames): string {
  const wanted = [...operators, ...readers].join(', ');
  return lacksGroups
    ? `${name} is in so many groups that Entra does not name them. Let an administrator assign an app role instead: ${wanted}.`
    : `${name} has none of the roles or groups that may look here: ${wanted}. An administrator assigns them in Entra, under the enterprise application.`;
}
