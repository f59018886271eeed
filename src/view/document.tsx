import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';

export interface Page {
  readonly title: string;
  /** What goes into the head besides title and encoding: styles, scripts. */
  readonly head?: ComponentChildren;
  readonly children: ComponentChildren;
}

/**
 * A whole HTML document as text. Whatever stands in it as a text or an attribute is escaped; only `dangerouslySetInnerHTML` is not, which
 * is for style sheets and other texts of our own.
 */
export const documentOf = ({ title, head, children }: Page): string =>
  `<!doctype html>\n${renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        {head}
      </head>
      <body>{children}</body>
    </html>,
  )}`;
