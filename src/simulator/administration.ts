import type { IncomingMessage, ServerResponse } from 'node:http';
import { readCode } from './approvals.ts';
import { readEdits } from './edit.ts';
import { REDIRECT_PATH } from './exchange.ts';
import { readJson, writeJson } from './json.ts';
import { SimulatorInputError } from './settings.ts';
import { snapshotOf } from './snapshot.ts';
import { readText, send } from './transport.ts';
import { editTenant, reconfigureWorld, resetWorld, type SimulatorState } from './simulatorState.ts';

/** What can be asked of the simulator itself, besides what it answers as Graph. `body` is the JSON that was sent. */
const ROUTES: Readonly<Record<string, (world: SimulatorState, body: unknown) => unknown>> = {
  'GET /stats': (world) => world.account.stats(),
  'POST /simulator/reset': (world) => {
    resetWorld(world);
    return world.account.stats();
  },
  'POST /simulator/configure': (world, body) => {
    reconfigureWorld(world, body);
    return world.settings;
  },
  'GET /simulator/approvals': (world) => world.approvals.list(),
  'POST /simulator/approve': (world, body) => world.approvals.decide(readCode(body), 'approved'),
  'POST /simulator/reject': (world, body) => world.approvals.decide(readCode(body), 'rejected'),
  'GET /simulator/tenant': (world) => snapshotOf(world.tenant),
  'POST /simulator/edit': (world, body) => {
    const edits = readEdits(body);
    editTenant(world, edits);
    return { edited: edits.length };
  },
};

/** Answers a request that is about the simulator. `asked` is method and path. No token is needed. */
export async function administer(
  http: IncomingMessage,
  response: ServerResponse,
  world: SimulatorState,
  asked: string,
): Promise<void> {
  const text = await readText(http);
  const answer = (status: number, value: unknown): void =>
    send(response, status, { 'Content-Type': 'application/json' }, `${writeJson(value, 2)}\n`);
  const route = Object.hasOwn(ROUTES, asked) ? ROUTES[asked] : undefined;
  if (route === undefined) {
    if (asked.endsWith(` ${REDIRECT_PATH}`)) world.account.redirectFollowed();
    const message = `Ask for /beta/… or /v1.0/…, or for one of: ${Object.keys(ROUTES).join(', ')}.`;
    return answer(404, { error: { code: 'UnknownPath', message } });
  }
  try {
    return answer(
      200,
      route(world, asked.startsWith('POST') && text !== '' ? readJson(text ?? '') : undefined),
    );
  } catch (error) {
    if (!(error instanceof SimulatorInputError || error instanceof SyntaxError)) throw error;
    return answer(400, { error: { code: 'BadRequest', message: error.message } });
  }
}
