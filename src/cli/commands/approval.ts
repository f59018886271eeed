import { identify, signIn } from '../../app/identity.ts';
import { PERSON_SCOPES, personSignedIn } from '../../app/person.ts';
import { ruleInWords, changeApprovalRule } from '../../app/runs/approvalRule.ts';
import { openServices } from '../../app/services.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, UserError } from '../../errors.ts';
import { NO_APPROVAL, type ApprovalRule, type KeptApprovalRule } from '../../runs/approval.ts';
import type { CliCommand } from '../context.ts';
import { controlOptions, type ControlFlags } from '../controlFlags.ts';
import type { Printer } from '../terminal/print.ts';

interface ApprovalFlags extends ControlFlags {
  readonly require?: boolean;
  readonly lift?: boolean;
  readonly rollbackFree?: boolean;
}

export const approval: CliCommand<ApprovalFlags> = {
  options: (command) =>
    void controlOptions(command)
      .option(
        '--require',
        'from now on a second person has to approve the plan of each run, also of those at work',
      )
      .option(
        '--rollback-free',
        'with --require: what takes back a recorded run, without --force, goes without',
      )
      .option('--lift', 'no more; two people have to ask for it, one after the other within a day'),
  async run(_args, flags, context) {
    const { print } = context;
    const wanted = wantedBy(flags);
    const known = identify(flags, context);
    const identity = wanted === undefined ? known : await signIn(known, context, PERSON_SCOPES);
    await using services = await openServices(identity, context);
    if (wanted === undefined) {
      const rule = await services.runs.approvalRule();
      show(rule, services.identity.tenant, print, flags.json === true);
      return EXIT.done;
    }
    const by = await personSignedIn(services.identity, context);
    const { answer, rule } = await changeApprovalRule(wanted, by, flags.reason, services);
    if (answer === 'asked')
      print.say(
        `Asked for: ${ruleInWords(wanted)}. It holds when somebody else gives the same command within a day, with a sign-in of their own.`,
      );
    show(rule, services.identity.tenant, print, flags.json === true);
    return EXIT.done;
  },
};

/** What is asked for; undefined: only what is so. */
function wantedBy({ require: isRequired, lift, rollbackFree }: ApprovalFlags): ApprovalRule | undefined {
  if (isRequired === lift && isRequired !== undefined) throw notBoth();
  if (rollbackFree && !isRequired) throw notBoth();
  if (lift) return NO_APPROVAL;
  return isRequired ? { isRequired, isRollbackFree: rollbackFree === true } : undefined;
}

const notBoth = (): UserError =>
  new UserError('What is demanded is not clear.', {
    remedy: 'Give --require, --require --rollback-free, --lift, or none of them to see what is so.',
    exitCode: EXIT.badInput,
  });

function show(rule: KeptApprovalRule | undefined, tenant: string, print: Printer, isJson: boolean): void {
  const { isRequired, isRollbackFree } = rule ?? NO_APPROVAL;
  if (isJson) return print.json({ tenant, isRequired, isRollbackFree, ...rule });
  const since =
    rule === undefined ? '' : `, by ${rule.by.name} at ${new Date(rule.at).toISOString()} (${rule.reason})`;
  print.data(visible(`Tenant ${tenant}: ${ruleInWords(rule ?? NO_APPROVAL)}${since}`));
  const lowering = rule?.lowering;
  if (lowering)
    print.data(
      visible(
        `Asked for by ${lowering.by.name} until ${new Date(lowering.until).toISOString()}: ${ruleInWords(lowering)} (${lowering.reason})`,
      ),
    );
}
