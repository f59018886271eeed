/** What is counted of a group. */
export const MEMBER_KINDS = ['users', 'devices'] as const;
export type MemberKind = (typeof MEMBER_KINDS)[number];

/** How many users and devices a group has, those of nested groups included. */
export type Members = Readonly<Record<MemberKind, number>>;

const counted = (n: number, one: string): string[] =>
  n === 0 ? [] : [`${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`];

/** `1,240 users, 12 devices`; `no users or devices`. */
export function membersInWords({ users, devices }: Members): string {
  const words = [...counted(users, 'user'), ...counted(devices, 'device')];
  return words.length === 0 ? 'no users or devices' : words.join(', ');
}

/** What a group holds, as far as it holds one kind only. */
export function onlyOf({ users, devices }: Members): MemberKind | undefined {
  if (users > 0 && devices === 0) return 'users';
  return devices > 0 && users === 0 ? 'devices' : undefined;
}
