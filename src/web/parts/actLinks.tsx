import type { VNode } from 'preact';
import type { Run } from '../../runs/run.ts';
import { actsFor, type Act } from '../acts/act.ts';
import type { Viewer } from '../viewer.ts';
import { runPath } from './runCard.tsx';

const WORDS: Readonly<Record<Act, string>> = { pause: 'Pause', resume: 'Resume', approve: 'Approve' };

/** What may be done with a run here: each leads to a page that says first what will happen. Who only reads sees nothing of it. */
export function ActLinks({ run, role }: { readonly run: Run; readonly role: Viewer['role'] }): VNode | null {
  const acts = role === 'operator' ? actsFor(run) : [];
  if (acts.length === 0) return null;
  return (
    <p class="choices">
      {acts.map((act, i) => (
        <a key={act} class={i === 0 ? 'button main' : 'button'} href={`${runPath(run.runId)}/${act}`}>
          {WORDS[act]} …
        </a>
      ))}
    </p>
  );
}
