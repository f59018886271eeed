import type { Registry } from 'prom-client';

/** What is told to whoever scrapes. */
export interface Metrics {
  readonly registry: Registry;
  /** Brings those up to date that are read when somebody asks. */
  refresh(): Promise<void>;
}
