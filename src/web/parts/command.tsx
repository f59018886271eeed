import type { VNode } from 'preact';

export interface CommandProps {
  /** As it is pasted. */
  readonly line: string;
  /** What it does; left out: what stands around it says that. */
  readonly what?: string;
}

/** A command to paste. The button is there only where a script can copy. */
export const Command = ({ line, what }: CommandProps): VNode => (
  <div class="command">
    {what !== undefined && <p>{what}</p>}
    <div class="paste">
      <code tabIndex={0}>{line}</code>
      <button type="button" class="copy" hidden data-copy={line} aria-label={`Copy: ${line}`}>
        Copy
      </button>
    </div>
  </div>
);
