/** What most scripts do: batches through Microsoft's own client, one after the other, waiting as a 429 says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@microsoft/microsoft-graph-client';
import { BATCH_SIZE, readPatches, retryAfterSeconds, throttledOf, withIds, type InnerReply } from './rows.ts';

const [url = '', file = ''] = process.argv.slice(2);
const client = Client.init({
  baseUrl: url,
  defaultVersion: 'beta',
  authProvider: (done) => done(null, 'peer'),
});
let open = readPatches(file);
while (open.length > 0) {
  const sent = open.slice(0, BATCH_SIZE);
  // The client adds its token to Microsoft's own addresses only.
  const { responses } = (await client
    .api('/$batch')
    .header('authorization', 'Bearer peer')
    .post({ requests: withIds(sent) })) as { responses: InnerReply[] };
  open = [...throttledOf(sent, responses), ...open.slice(BATCH_SIZE)];
  await sleep(retryAfterSeconds(responses) * 1000);
}
