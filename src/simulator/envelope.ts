import type { GraphRequest } from './requestToGraph.ts';
import type { RequestBody } from './patch.ts';
import { badModel, type Refused } from './refused.ts';
import type { ApiVersion } from './apiVersion.ts';
import { isObject } from './target.ts';

/** Source: learn.microsoft.com/graph/json-batching, "Batch size limitations". */
export const ENVELOPE_REQUESTS_MAX = 20;

export interface InnerRequest {
  readonly id: string;
  /** The request that has to succeed first. */
  readonly dependsOn: string | undefined;
  readonly request: GraphRequest;
}

/** The requests of a `$batch` body in the order of their execution, or why Graph refuses the whole. */
export function readEnvelope(
  body: RequestBody,
  version: ApiVersion,
): { requests: InnerRequest[] } | { refused: Refused } {
  const listed = body.kind === 'json' && isObject(body.value) ? body.value.requests : undefined;
  if (!Array.isArray(listed) || listed.length === 0)
    return { refused: badModel('Invalid batch payload format.') };
  if (listed.length > ENVELOPE_REQUESTS_MAX) {
    return {
      refused: {
        ...badModel(`Number of batch request steps exceeds the maximum value of ${ENVELOPE_REQUESTS_MAX}.`),
        code: 'MaximumValueExceeded',
      },
    };
  }
  const requests: InnerRequest[] = [];
  const ids = new Set<string>();
  for (const entry of listed) {
    const read = readInner(entry, version);
    if ('refused' in read) return read;
    if (ids.has(read.id.toLowerCase())) {
      return { refused: badModel(`Request Id ${read.id} has to be unique in a batch.`) };
    }
    ids.add(read.id.toLowerCase());
    requests.push(read);
  }
  return inOrder(requests);
}

const TAKES_BODY = ['POST', 'PATCH', 'PUT'];

function readInner(entry: unknown, version: ApiVersion): InnerRequest | { refused: Refused } {
  const refused = (message: string): { refused: Refused } => ({ refused: badModel(message) });
  if (!isObject(entry)) return refused('Invalid batch payload format.');
  const { id, method, url, headers = {}, body, dependsOn } = entry;
  if (typeof id !== 'string' || id === '')
    return refused('Every request of a batch needs an id that is a string.');
  if (typeof method !== 'string' || typeof url !== 'string') {
    return refused(`Request Id ${id} needs a method and a url.`);
  }
  if (url === '' || /^([a-z][a-z\d+.-]*:|\/\/)/i.test(url)) {
    return refused(`The url of request Id ${id} has to be relative, and without the version.`);
  }
  if (!isObject(headers)) return refused(`The headers of request Id ${id} have to be an object.`);
  const lowerCased: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) lowerCased[name.toLowerCase()] = String(value);
  const hasBody = body !== undefined && body !== null;
  if (TAKES_BODY.includes(method.toUpperCase()) && (!hasBody || lowerCased['content-type'] === undefined)) {
    return refused(`Write request id : ${id} does not contain Content-Type header or body.`);
  }
  const parents = dependsOn ?? [];
  if (
    !Array.isArray(parents) ||
    parents.length > 1 ||
    !parents.every((parent) => typeof parent === 'string')
  ) {
    return refused(`The dependsOn of request Id ${id} has to be a list with one id.`);
  }
  return {
    id,
    dependsOn: parents[0],
    request: {
      version,
      method: method.toUpperCase(),
      url,
      headers: lowerCased,
      body: hasBody ? { kind: 'json', value: body } : { kind: 'none' },
    },
  };
}

/** Graph takes requests that are wholly serial, wholly parallel, or all dependent on one. */
function inOrder(requests: InnerRequest[]): { requests: InnerRequest[] } | { refused: Refused } {
  const dependents = requests.filter(({ dependsOn }) => dependsOn !== undefined);
  if (dependents.length === 0) return { requests };
  const heads = requests.filter(({ dependsOn }) => dependsOn === undefined);
  const [head] = heads;
  const allOnHead = dependents.every(({ dependsOn }) => dependsOn === head?.id);
  const eachOnPrevious = requests.every(({ dependsOn }, index) => dependsOn === requests[index - 1]?.id);
  if (head === undefined || heads.length !== 1 || !(allOnHead || eachOnPrevious)) {
    return {
      refused: badModel(
        'The requests of a batch have to be wholly serial, wholly parallel, or all dependent on one.',
      ),
    };
  }
  return { requests: [head, ...dependents] };
}
