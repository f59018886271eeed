import type { ComponentChildren, VNode } from 'preact';

/** A name and what there is to say of it; null: nothing, and it is left out. */
export type NamedFact = readonly [name: string, value: ComponentChildren];

export const Facts = ({ facts }: { readonly facts: readonly NamedFact[] }): VNode => (
  <dl class="facts">
    {facts.map(([name, value]) =>
      value === null || value === undefined ? null : (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ),
    )}
  </dl>
);
