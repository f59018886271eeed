import type { RequestBody } from './patch.ts';
import type { ApiVersion } from './apiVersion.ts';

/** One request to Graph, from an envelope or by itself. */
export interface GraphRequest {
  readonly version: ApiVersion;
  readonly method: string;
  /** Path and query without root and version. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody;
}
