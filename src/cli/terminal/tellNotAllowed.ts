import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import type { Printer } from './print.ts';

/** Kinds that a token does not allow, by what they need. Of a sign-in that is meant for some kinds this is no failure. */
export function tellNotAllowed(
  what: string,
  { notAllowed }: { readonly notAllowed: readonly PolicyKind[] },
  print: Printer,
): void {
  const byPermission = Map.groupBy(notAllowed, ({ permissions }) => permissions.read);
  for (const [permission, kinds] of byPermission)
    print.say(
      `${what}, as the sign-in has not ${permission}: ${kinds.map(({ label }) => label.many).join(', ')}.`,
    );
}
