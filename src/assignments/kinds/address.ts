import { idFault, idSegment } from '../values/ids.ts';
import { withPlainKeys } from './odataKeys.ts';
import { quoted } from '../values/quoted.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import type { Fault } from '../rows/row.ts';
import type { Via } from './kind.ts';
import { kindOfCollection, KINDS, type PolicyKind, type PolicyType } from './registry.ts';

/** Where an assignment is, or is to be. Built only by `addressFrom…`, so its ids are known to fit their path segments. */
export interface Address {
  readonly kind: PolicyKind;
  readonly policyId: string;
  /** One of the kind's forms. */
  readonly via: Via;
  /** The id inside `via`, for the one form that has one; else ''. */
  readonly viaId: string;
  /** '' when only the list is named: of an assignment that is to come, or that is named by its target. */
  readonly assignmentId: string;
}

/** All policies of a kind, relative and without version. */
export const collectionPath = ({ root, collection }: Pick<PolicyKind, 'root' | 'collection'>): string =>
  `/${root}/${collection}`;

const policyPath = ({ kind, policyId }: Pick<Address, 'kind' | 'policyId'>): string =>
  `${collectionPath(kind)}/${idSegment(policyId)}`;

/** The list that the assignment is in: `/deviceManagement/…/assignments`, relative, without version. */
export function listPath(address: Pick<Address, 'kind' | 'policyId' | 'via' | 'viaId'>): string {
  const via = address.via.map((segment) => `/${segment === '{id}' ? idSegment(address.viaId) : segment}`);
  return `${policyPath(address)}${via.join('')}/assignments`;
}

/** The list of a policy itself. */
export const ownListPath = (policy: Pick<Address, 'kind' | 'policyId'>): string =>
  listPath({ ...policy, via: [], viaId: '' });

/** Equal for two spellings of one list. */
export const listKey = (address: Parameters<typeof listPath>[0]): string => listPath(address).toLowerCase();

/** An address in the words of the input columns, blank ones left out. */
export function addressCells({
  kind,
  policyId,
  via,
  viaId,
  assignmentId,
}: Address): [AddressColumn, string][] {
  const cells: [AddressColumn, string][] = [
    ['policyType', kind.policyType],
    ['policyId', policyId],
    ['assignmentId', assignmentId],
    ['via', via.map((segment) => (segment === '{id}' ? viaId : segment)).join('/')],
  ];
  return cells.filter(([, value]) => value !== '');
}

type AddressColumn = 'policyType' | 'policyId' | 'assignmentId' | 'via';

export const assignmentPath = (address: Address): string =>
  `${listPath(address)}/${idSegment(address.assignmentId)}`;

/** The action that replaces the list of a policy. The nested forms have none. */
export function assignPath(policy: Pick<Address, 'kind' | 'policyId'>): string {
  const { write } = policy.kind;
  const cast = 'assignCast' in write ? write.assignCast : undefined;
  return `${policyPath(policy)}${cast === undefined ? '' : `/${cast}`}/assign`;
}

/** Equal for two spellings of one assignment. Graph compares path segments and ids without case. */
export const addressKey = (address: Address): string => assignmentPath(address).toLowerCase();

/** Equal for all rows of one policy, whatever form they use. */
export const policyKey = ({ kind, policyId }: Pick<Address, 'kind' | 'policyId'>): string =>
  `${kind.collection}/${policyId}`.toLowerCase();

/** A wrong address, and the part of it that is wrong. */
export interface AddressFault extends Fault {
  readonly part: 'policyId' | 'via' | 'assignmentId' | 'url';
}

/** How an id is written. */
export const ID_REMEDY = 'Write the id alone, as Graph shows it, unescaped.';

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function matchVia(
  { forms }: PolicyKind,
  written: readonly string[],
): Pick<Address, 'via' | 'viaId'> | undefined {
  const via = forms.find(
    (form) =>
      form.length === written.length &&
      form.every((segment, i) => segment === '{id}' || same(segment, written[i] ?? '')),
  );
  return via && { via, viaId: written[via.indexOf('{id}')] ?? '' };
}

/** The address that the columns `policyType`, `policyId`, `via`, `assignmentId` spell; '' for no assignment. */
export function addressFromParts(parts: {
  kind: PolicyKind;
  policyId: string;
  via: string;
  assignmentId: string;
}): Address | AddressFault {
  const { kind, policyId, assignmentId } = parts;
  const segments = parts.via.replace(/^\/|\/$/g, '').split('/');
  const found = matchVia(kind, parts.via === '' ? [] : segments);
  if (found === undefined) return viaFault(kind, parts.via);
  const ids = [
    ['policyId', policyId],
    ...(assignmentId === '' ? [] : [['assignmentId', assignmentId] as const]),
    ...(found.via.includes('{id}') ? [['via', found.viaId] as const] : []),
  ] as const;
  for (const [part, id] of ids) {
    const fault = id === '' ? 'is missing' : idFault(id);
    if (fault !== undefined) {
      return {
        part,
        message: `The id ${quoted(id)} ${fault}.`,
        remedy: ID_REMEDY,
      };
    }
  }
  return { kind, policyId, ...found, assignmentId };
}

function viaFault({ policyType, label, forms }: PolicyKind, written: string): AddressFault {
  const nested = forms.filter((via) => via.length > 0).map((via) => via.join('/'));
  return {
    part: 'via',
    message: `${quoted(written)} is no way from a ${policyType} to assignments.`,
    remedy:
      nested.length === 0
        ? `Leave via blank: ${label.many} have one form only.`
        : `Write one of: ${nested.join(', ')}.`,
  };
}

export const URL_REMEDY = `Write ${KINDS.map(collectionPath)[0]}/{policyId}/assignments/{assignmentId} or another of the documented forms, relative and without version.`;

/**
 * The address that a `url` of an assignment, or of a list of them, spells. Absolute URLs are taken only under `base` (root and version of this run), so that no
 * file can send the token elsewhere.
 */
export function addressFromUrl(
  url: string,
  base: { root: string; apiVersion: ApiVersion },
): Address | AddressFault {
  const fault = (message: string, remedy = URL_REMEDY): AddressFault => ({ part: 'url', message, remedy });
  let path = url;
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    const ours = `${base.root}/${base.apiVersion}/`;
    if (!url.toLowerCase().startsWith(ours.toLowerCase())) {
      return fault(
        `The URL is not under ${ours}.`,
        'Write it relative, or run with the --graph-url and --api-version it belongs to.',
      );
    }
    path = url.slice(ours.length - 1);
  }
  if (/[?#]/.test(path)) return fault('The URL has a query or fragment.');
  const segments = withPlainKeys(path).replace(/^\//, '').split('/');
  const decoded: string[] = [];
  for (const segment of segments) {
    try {
      decoded.push(decodeURIComponent(segment));
    } catch {
      return fault(`${quoted(segment)} is no valid percent-encoding.`);
    }
  }
  const [root = '', collection = '', policyId = '', ...rest] = decoded;
  const isList = same(rest.at(-1) ?? '', 'assignments') && !same(rest.at(-2) ?? '', 'assignments');
  const assignmentId = isList ? '' : (rest.pop() ?? '');
  const assignments = rest.pop() ?? '';
  const kind = kindOfCollection(collection);
  if (kind === undefined || !same(root, kind.root) || !same(assignments, 'assignments'))
    return fault('The URL is none of the forms of an assignment.');
  if (!isList && assignmentId === '') return fault('The URL ends with a slash.');
  // A decoded slash would make two segments of one: it must fail as an id, not match as a path.
  if (rest.some((segment) => segment.includes('/')))
    return fault('The URL has an encoded slash between its ids.');
  const address = addressFromParts({ kind, policyId, via: rest.join('/'), assignmentId });
  return 'part' in address ? { ...address, part: 'url', remedy: URL_REMEDY } : address;
}

/**
 * The policies that columns or a URL name, by `policyKey`, however wrong the rest of them is. For what must not be touched,
 * so rather one too many: a URL of another host counts as well.
 */
export function policiesNamedBy(written: {
  /** What the column `policyType` may mean. */
  readonly types: readonly PolicyType[];
  readonly policyId: string | undefined;
  readonly url: string | undefined;
}): readonly string[] {
  const { types, policyId, url = '' } = written;
  const [, collection = '', encodedId = ''] = POLICY_IN_URL.exec(url) ?? [];
  const keys = KINDS.flatMap((kind) => [
    ...(policyId !== undefined && types.includes(kind.policyType) ? [policyKey({ kind, policyId })] : []),
    ...(same(kind.collection, collection) ? [policyKey({ kind, policyId: decodedOrAsIs(encodedId) })] : []),
  ]);
  return [...new Set(keys)];
}

/** A collection and the id behind it, as OData writes it in either way. */
const POLICY_IN_URL = new RegExp(
  `(?<![a-z])(${KINDS.map(({ collection }) => collection).join('|')})(?:\\/|\\(')([^/?#']+)`,
  'i',
);

function decodedOrAsIs(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
