import type { TokenCredentialOptions } from '@azure/identity';
import { isJsonObject } from '../../assignments/values/json.ts';
import { parsedJson } from '../client/parsedJson.ts';

/** Time for one request to the sign-in service. Azure's libraries would wait for ever. */
const REQUEST_TIMEOUT_MS = 20_000;

type Policies = NonNullable<TokenCredentialOptions['additionalPolicies']>;

/** What the sign-in service said no with (RFC 6749, 5.2, and Entra's own numbers). */
export interface SignInRefusal {
  readonly status: number;
  readonly error: string | undefined;
  /** 7000215 for AADSTS7000215. */
  readonly codes: readonly number[];
  readonly description: string | undefined;
}

/**
 * Sees each request of a sign-in and what came of it. The libraries in between put what they meet into sentences and
 * lose the codes, and prose must not decide.
 */
export class Witness {
  /** Of the last answer, unless that was a yes. */
  refusal: SignInRefusal | undefined;
  /** Of the last request that brought no answer at all. */
  unreached: Error | undefined;
  readonly policies: Policies;

  #signal: AbortSignal | undefined;

  /** @param isDirect nothing goes through a proxy, whatever the environment says to the libraries */
  constructor({ isDirect }: { readonly isDirect: boolean }) {
    this.policies = [
      {
        position: 'perRetry',
        policy: {
          name: 'retargetWitness',
          sendRequest: async (request, next) => {
            request.timeout = REQUEST_TIMEOUT_MS;
            // Azure's own policy, which came before, reads the environment of the process, and NO_PROXY in another way.
            if (isDirect) delete request.agent;
            if (this.#signal !== undefined) request.abortSignal = this.#signal;
            this.refusal = undefined;
            this.unreached = undefined;
            try {
              const response = await next(request);
              if (response.status >= 400)
                this.refusal = refusalIn(response.status, response.bodyAsText ?? '');
              return response;
            } catch (error) {
              this.unreached = error instanceof Error ? error : new Error(String(error));
              throw error;
            }
          },
        },
      },
    ];
  }

  /** Forgets what was before. From now on the requests end with this signal. */
  watch(signal: AbortSignal): void {
    this.#signal = signal;
    this.refusal = undefined;
    this.unreached = undefined;
  }
}

function refusalIn(status: number, text: string): SignInRefusal {
  const body = parsedJson(text);
  if (!isJsonObject(body)) return { status, error: undefined, codes: [], description: undefined };
  const { error, error_codes: codes, error_description: description } = body;
  return {
    status,
    error: typeof error === 'string' ? error : undefined,
    codes: Array.isArray(codes) ? codes.filter((code) => typeof code === 'number') : [],
    description: typeof description === 'string' ? description : undefined,
  };
}
