import type { RunEventType } from '../runs/runEvent.ts';

/** What a channel is told, in words and as data. Times are ms since the epoch. */
export interface Message {
  /** Of the event: whoever gets it twice can tell by it. */
  readonly id: string;
  readonly type: RunEventType;
  readonly at: number;
  readonly tenant: string;
  readonly run: string | null;
  /** One sentence. */
  readonly title: string;
  /** What there is to be known besides, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What can be typed next, by what it does. */
  readonly commands: readonly (readonly [what: string, command: string])[];
  /** The same for programs. */
  readonly data: Readonly<Record<string, unknown>>;
}
