import { z } from 'zod';
import { editSchema, type Edit } from './editSchema.ts';
import { kindOfType } from './policyKinds.ts';
import { inputError } from './settings.ts';
import { idOfTarget, seededTarget } from './target.ts';
import { stored, type Policy, type StoredAssignment, type Tenant } from './tenant.ts';

type List = Map<string, StoredAssignment>;

/**
 * Changes the tenant past Graph: no limit, no fault, and no write that anybody counts.
 * @param changes told of a list just before it changes
 * @returns undefined, or in a sentence why there is nothing to edit
 */
export function applyEdit(
  edit: Edit,
  tenant: Tenant,
  changes: (list: List) => void = () => undefined,
): string | undefined {
  const policy = tenant.policy(kindOfType(edit.type).set, edit.policyId);
  const list = policy?.lists.get(edit.via.toLowerCase())?.assignments;
  if (policy === undefined || list === undefined) {
    return `There is no ${`${edit.type} ${edit.policyId} ${edit.via}`.trim()}.`;
  }
  changes(list);
  if (edit.do === 'add') {
    tenant.learn(edit.assignment.target, policy.set, edit.assignment.own);
    return add(edit, policy, list);
  }
  const assignment = list.get(edit.assignmentId.toLowerCase());
  if (assignment === undefined) {
    return `${edit.type} ${edit.policyId} has no assignment ${edit.assignmentId}.`;
  }
  if (edit.do === 'remove') list.delete(edit.assignmentId.toLowerCase());
  else {
    if (edit.target !== undefined) {
      tenant.learn(edit.target);
      assignment.target = seededTarget(edit.target);
    }
    if (edit.intent !== undefined) assignment.own = { ...assignment.own, intent: edit.intent };
  }
  return undefined;
}

function add(edit: Extract<Edit, { do: 'add' }>, policy: Policy, list: List): string | undefined {
  const id = edit.assignment.id ?? `${policy.id}_${idOfTarget(edit.assignment.target)}`;
  if (list.has(id.toLowerCase())) return `${edit.type} ${edit.policyId} already has an assignment ${id}.`;
  list.set(id.toLowerCase(), stored(policy, edit.via, { ...edit.assignment, id }));
  return undefined;
}

const requestSchema = z.strictObject({ edits: z.array(editSchema) });

/**
 * The edits of `POST /simulator/edit`: `{"edits": [ … ]}`.
 * @throws {SimulatorInputError} with the places that are wrong.
 */
export function readEdits(body: unknown): Edit[] {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) throw inputError('The edits are wrong', parsed.error);
  return parsed.data.edits;
}
