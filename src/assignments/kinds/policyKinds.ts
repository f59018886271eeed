import { idFault, idSegment } from '../values/ids.ts';
import { withPlainKeys } from './odataKeys.ts';
import { odataType } from '../targets/odataTypes.ts';
import { quoted } from '../values/quoted.ts';
import type { Fault } from '../rows/row.ts';

export const POLICY_TYPES = ['deviceConfiguration', 'deviceCompliancePolicy'] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

export const API_VERSIONS = ['beta', 'v1.0'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

/** One URL form under which Intune lists and updates assignments. */
export interface EndpointForm {
  readonly policyType: PolicyType;
  readonly collection: 'deviceConfigurations' | 'deviceCompliancePolicies';
  /** The segments between policy id and `assignments`; `{id}` stands for an id of the caller's. */
  readonly via: readonly string[];
  readonly assignmentType: string;
}

const configuration = (...via: string[]): EndpointForm => ({
  policyType: 'deviceConfiguration',
  collection: 'deviceConfigurations',
  via,
  assignmentType: odataType('deviceConfigurationAssignment'),
});

/**
 * The eleven documented forms. The nested ones exist in beta only and address the certificate profile behind the policy.
 * Source: learn.microsoft.com/graph/api/intune-deviceconfig-deviceconfigurationassignment-update (ten forms) and
 * …-devicecompliancepolicyassignment-update (one).
 */
export const ENDPOINT_FORMS: readonly EndpointForm[] = [
  configuration(),
  configuration('rootCertificate'),
  configuration('identityCertificate'),
  configuration('identityCertificate', 'rootCertificate'),
  configuration('microsoft.graph.iosScepCertificateProfile', 'rootCertificate'),
  configuration('microsoft.graph.windowsPhone81VpnConfiguration', 'identityCertificate'),
  configuration('microsoft.graph.macOSWiredNetworkConfiguration', 'rootCertificateForServerValidation'),
  configuration(
    'microsoft.graph.macOSWiredNetworkConfiguration',
    'identityCertificateForClientAuthentication',
  ),
  configuration(
    'microsoft.graph.windowsWifiEnterpriseEAPConfiguration',
    'identityCertificateForClientAuthentication',
  ),
  configuration(
    'microsoft.graph.windowsWifiEnterpriseEAPConfiguration',
    'rootCertificatesForServerValidation',
    '{id}',
  ),
  {
    policyType: 'deviceCompliancePolicy',
    collection: 'deviceCompliancePolicies',
    via: [],
    assignmentType: odataType('deviceCompliancePolicyAssignment'),
  },
];

/** Where an assignment is, or is to be. Built only by `addressFrom…`, so its ids are known to fit their path segments. */
export interface Address {
  readonly form: EndpointForm;
  readonly policyId: string;
  /** The id inside `via`, for the one form that has one; else ''. */
  readonly viaId: string;
  /** '' when only the list is named: of an assignment that is to come, or that is named by its target. */
  readonly assignmentId: string;
}

/** The list that the assignment is in: `/deviceManagement/…/assignments`, relative, without version. */
export function listPath({ form, policyId, viaId }: Address): string {
  const via = form.via.map((segment) => `/${segment === '{id}' ? idSegment(viaId) : segment}`).join('');
  return `/deviceManagement/${form.collection}/${idSegment(policyId)}${via}/assignments`;
}

/** An address in the words of the input columns, blank ones left out. */
export function addressCells({ form, policyId, viaId, assignmentId }: Address): [AddressColumn, string][] {
  const via = form.via.map((segment) => (segment === '{id}' ? viaId : segment)).join('/');
  const cells: [AddressColumn, string][] = [
    ['policyType', form.policyType],
    ['policyId', policyId],
    ['assignmentId', assignmentId],
    ['via', via],
  ];
  return cells.filter(([, value]) => value !== '');
}

type AddressColumn = 'policyType' | 'policyId' | 'assignmentId' | 'via';

export const assignmentPath = (address: Address): string =>
  `${listPath(address)}/${idSegment(address.assignmentId)}`;

/** The action that replaces the list of a policy. The nested forms have none. */
export const assignPath = ({ form, policyId }: Address): string =>
  `/deviceManagement/${form.collection}/${idSegment(policyId)}/assign`;

/** Equal for two spellings of one assignment. Graph compares path segments and ids without case. */
export const addressKey = (address: Address): string => assignmentPath(address).toLowerCase();

/** Equal for all rows of one policy, whatever form they use. */
export const policyKey = ({ form, policyId }: Pick<Address, 'form' | 'policyId'>): string =>
  `${form.collection}/${policyId}`.toLowerCase();

/** A wrong address, and the part of it that is wrong. */
export interface AddressFault extends Fault {
  readonly part: 'policyId' | 'via' | 'assignmentId' | 'url';
}

/** How an id is written. */
export const ID_REMEDY = 'Write the id alone, as Graph shows it, unescaped.';

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function matchVia(
  policyType: PolicyType,
  via: readonly string[],
): { form: EndpointForm; viaId: string } | undefined {
  for (const form of ENDPOINT_FORMS) {
    if (form.policyType !== policyType || form.via.length !== via.length) continue;
    const fits = form.via.every((segment, i) => segment === '{id}' || same(segment, via[i] ?? ''));
    if (fits) return { form, viaId: via[form.via.indexOf('{id}')] ?? '' };
  }
  return undefined;
}

/** The address that the columns `policyType`, `policyId`, `via`, `assignmentId` spell; '' for no assignment. */
export function addressFromParts(parts: {
  policyType: PolicyType;
  policyId: string;
  via: string;
  assignmentId: string;
}): Address | AddressFault {
  const segments = parts.via.replace(/^\/|\/$/g, '').split('/');
  const found = matchVia(parts.policyType, parts.via === '' ? [] : segments);
  if (found === undefined) {
    return {
      part: 'via',
      message: `${quoted(parts.via)} is no way from a ${parts.policyType} to assignments.`,
      remedy:
        parts.policyType === 'deviceCompliancePolicy'
          ? 'Leave via blank: compliance policies have one form only.'
          : `Write one of: ${ENDPOINT_FORMS.flatMap(({ via }) => (via.length > 0 ? [via.join('/')] : [])).join(', ')}.`,
    };
  }
  const ids = [
    ['policyId', parts.policyId],
    ...(parts.assignmentId === '' ? [] : [['assignmentId', parts.assignmentId] as const]),
    ...(found.form.via.includes('{id}') ? [['via', found.viaId] as const] : []),
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
  return { form: found.form, policyId: parts.policyId, viaId: found.viaId, assignmentId: parts.assignmentId };
}

export const URL_REMEDY =
  'Write /deviceManagement/deviceConfigurations/{policyId}/assignments/{assignmentId} or another of the documented forms, relative and without version.';

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
  const [management = '', collection = '', policyId = '', ...rest] = decoded;
  const isList = same(rest.at(-1) ?? '', 'assignments') && !same(rest.at(-2) ?? '', 'assignments');
  const assignmentId = isList ? '' : (rest.pop() ?? '');
  const assignments = rest.pop() ?? '';
  const policyType = ENDPOINT_FORMS.find((form) => same(form.collection, collection))?.policyType;
  if (
    !same(management, 'deviceManagement') ||
    !same(assignments, 'assignments') ||
    policyType === undefined
  ) {
    return fault('The URL is none of the forms of an assignment.');
  }
  if (!isList && assignmentId === '') return fault('The URL ends with a slash.');
  // A decoded slash would make two segments of one: it must fail as an id, not match as a path.
  if (rest.some((segment) => segment.includes('/')))
    return fault('The URL has an encoded slash between its ids.');
  const address = addressFromParts({ policyType, policyId, via: rest.join('/'), assignmentId });
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
  const [, collection = '', encodedId = ''] =
    /(deviceConfigurations|deviceCompliancePolicies)(?:\/|\(')([^/?#']+)/i.exec(url) ?? [];
  const keys = ENDPOINT_FORMS.flatMap((form) => [
    ...(policyId !== undefined && types.includes(form.policyType) ? [policyKey({ form, policyId })] : []),
    ...(same(form.collection, collection) ? [policyKey({ form, policyId: decodedOrAsIs(encodedId) })] : []),
  ]);
  return [...new Set(keys)];
}

function decodedOrAsIs(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
