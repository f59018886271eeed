import type { TeamsChannel } from './channel.ts';
import { addressFrom, authorities, type Surroundings } from './elsewhere.ts';
import type { Message } from './message.ts';
import { call } from './post.ts';

interface TextRun {
  readonly type: 'TextRun';
  readonly text: string;
  readonly weight?: 'Bolder';
  readonly fontType?: 'Monospace';
}

/** Texts of runs are shown as they are; those of text blocks would be read as Markdown, and a file's name could be a link. */
const line = (...inlines: readonly Omit<TextRun, 'type'>[]) => ({
  type: 'RichTextBlock',
  inlines: inlines.map((inline): TextRun => ({ type: 'TextRun', ...inline })),
});

/**
 * What a Workflows webhook ("When a Teams webhook request is received") posts as a card. Sources: learn.microsoft.com/microsoftteams/platform/
 * webhooks-and-connectors/how-to/connectors-using; adaptivecards.io, version 1.4.
 */
export const teamsCard = ({ title, facts, commands }: Message) => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        fallbackText: title,
        body: [
          line({ text: title, weight: 'Bolder' }),
          ...facts.map(([name, value]) => line({ text: `${name}: `, weight: 'Bolder' }, { text: value })),
          ...commands.map(([what, command]) =>
            line({ text: `${what}: ` }, { text: command, fontType: 'Monospace' }),
          ),
        ],
      },
    },
  ],
});

/** @throws NotTold */
export async function postToTeams(
  message: Message,
  { url, ca }: TeamsChannel,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  await call(
    {
      url: await addressFrom(url, surroundings),
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      body: JSON.stringify(teamsCard(message)),
      ca: await authorities(ca),
    },
    { env: surroundings.env, signal },
  );
}
