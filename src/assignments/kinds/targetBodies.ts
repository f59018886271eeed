import { everybodyIn } from '../targets/currentTarget.ts';
import { targetBody, type Target } from '../targets/target.ts';
import { ALL_USERS_GROUP } from '../values/guid.ts';
import type { JsonObject } from '../values/json.ts';
import type { PolicyKind } from './registry.ts';

type KindOfUsers = Pick<PolicyKind, 'usersAsGroup'>;

/** Graph's wording of a target for a policy of this kind, without its filter. */
export const targetBodyFor = ({ usersAsGroup }: KindOfUsers, target: Target): JsonObject =>
  usersAsGroup && target.type === 'allLicensedUsers'
    ? targetBody({ type: 'group', groupId: ALL_USERS_GROUP })
    : targetBody(target);

/** Whether a target is the group that stands for all users, where a kind has no other word for them. */
export const isUsersGroup = ({ usersAsGroup }: KindOfUsers, target: JsonObject): boolean =>
  usersAsGroup === true && everybodyIn(target) === 'allLicensedUsers';
