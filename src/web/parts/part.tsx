import type { VNode } from 'preact';
import type { LiveParts } from '../live/parts.tsx';

/** Where a part of a page stands that changes while somebody looks at it. */
export const Part = ({ of, name }: { readonly of: LiveParts; readonly name: string }): VNode => (
  <div id={name} data-part>
    {of[name]}
  </div>
);
