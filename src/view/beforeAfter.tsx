import type { VNode } from 'preact';
import type { PartDiff, Side } from './rowDiff.ts';

/** How differences look, beside THEME. They are told by signs and words, not by colours alone. */
export const DIFF_STYLE = `
.diff { margin: 0; padding: 0; list-style: none; }
.diff .part { color: var(--quiet); font-size: 0.875em; }
.diff del, .diff ins { text-decoration: none; }
.diff del::before { content: "− "; color: var(--bad); font-weight: 700; }
.diff ins::before { content: "+ "; color: var(--good); font-weight: 700; }
.diff del, .diff ins, .diff .same { display: block; padding-inline-start: 1.1em; text-indent: -1.1em; }
.diff .same { padding-inline-start: 1.1em; text-indent: 0; color: var(--quiet); }
.diff .id { color: var(--quiet); font-size: 0.8em; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

export interface BeforeAfterProps {
  readonly parts: readonly PartDiff[];
  /** Also what stays as it is. */
  readonly isWhole?: boolean;
}

/** What a row makes of its assignment, part by part: what was there, what comes in its place. Needs DIFF_STYLE. */
export const BeforeAfter = ({ parts, isWhole = true }: BeforeAfterProps): VNode => (
  <ul class="diff">
    {parts
      .filter(({ isChanged }) => isWhole || isChanged)
      .map(({ part, before, after, isChanged }) => (
        <li>
          {isChanged && !SPEAKS_FOR_ITSELF.has(part) && <span class="part">{part}</span>}
          {isChanged ? (
            <>
              {before.map((side) => (
                <del>
                  <span class="unseen">before: </span>
                  <OneSide {...side} />
                </del>
              ))}
              {after !== undefined && (
                <ins>
                  <span class="unseen">after: </span>
                  <OneSide {...after} />
                </ins>
              )}
            </>
          ) : (
            after !== undefined && (
              <span class="same">
                {SPEAKS_FOR_ITSELF.has(part) ? '' : `${part} `}
                <OneSide {...after} /> stays
              </span>
            )
          )}
        </li>
      ))}
  </ul>
);

/** `include filter …`, `no filter`: no heading tells more. */
const SPEAKS_FOR_ITSELF: ReadonlySet<string> = new Set(['target', 'filter']);

const OneSide = ({ words, name, id }: Side): VNode => (
  <>
    {words}
    {name !== undefined && <b> {name}</b>}
    {id !== undefined && <span class="id"> {id}</span>}
  </>
);
