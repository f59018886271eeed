/** Why a request is refused, before it is worded as a reply. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Graph's gateway says it plainly; Intune behind it puts JSON text into the message. */
  readonly born: 'gateway' | 'intune';
  /** Those that only this refusal has. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const badModel = (message: string): Refused => ({
  status: 400,
  code: 'BadRequest',
  message,
  born: 'gateway',
});

export const badForIntune = (message: string): Refused => ({
  status: 400,
  code: 'BadRequest',
  message,
  born: 'intune',
});

export const notFound = (what: string): Refused => ({
  status: 404,
  code: 'ResourceNotFound',
  message: `${what} not found`,
  born: 'intune',
});

export const noSuchProperty = (property: string, type: string): Refused =>
  badModel(
    `The property '${property}' does not exist on type 'microsoft.graph.${type}'. Make sure to only use property ` +
      'names that are defined by the type or mark the type as open type.',
  );

/** What Intune answers to the documented verbs that it does not take. */
export const noRoute = (method: string, template: string): Refused => ({
  status: 400,
  code: 'No method match route template',
  message: `No OData route exists that match template ${template} with http verb ${method} for service `,
  born: 'intune',
});

/** The `error` object of a reply. */
export function errorBody(
  refused: Refused,
  ids: { requestId: string; clientRequestId: string },
  url: string,
  wallMs: number,
): unknown {
  const message =
    refused.born === 'gateway'
      ? refused.message
      : JSON.stringify({
          _version: 3,
          Message:
            `${refused.message} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - ` +
            `Activity ID: ${ids.requestId} - Url: https://intune.simulator/StatelessDeviceConfigurationFEService${url}`,
          CustomApiErrorPhrase: '',
          RetryAfter: null,
          ErrorSourceService: '',
          HttpHeaders: '{}',
        });
  return {
    error: {
      code: refused.code,
      message,
      innerError: {
        date: new Date(wallMs).toISOString().slice(0, 19),
        'request-id': ids.requestId,
        'client-request-id': ids.clientRequestId,
      },
    },
  };
}
