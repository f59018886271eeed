import type { VNode } from 'preact';
import { visible } from '../../assignments/values/visible.ts';

/** A sentence as a terminal says it, with the commands in it set apart. */
export const Prose = ({ text }: { readonly text: string }): VNode => (
  <>
    {visible(text)
      .split('`')
      .map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}
  </>
);
