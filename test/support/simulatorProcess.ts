import type { SimulatorStats } from '../../src/simulator/stats.ts';
import type { SettingsChange } from '../../src/simulator/settings.ts';
import type { Child } from './processes.ts';

/** The simulator in a process of its own, so that nothing that is done to the others is done to it. */
export interface SimulatorProcess {
  readonly url: string;
  stats(): Promise<SimulatorStats>;
  configure(change: SettingsChange): Promise<void>;
  /** The targets of a policy's list, as a GET of its path shows them. */
  targetsAt(listPath: string): Promise<Readonly<Record<string, unknown>>[]>;
}

/** @param child `simulate`, just started */
export async function simulatorOf(child: Child): Promise<SimulatorProcess> {
  await child.said('Point retarget at it');
  const url = child.stdout().trim();
  const json = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, init);
    if (!response.ok)
      throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    stats: async () => (await json('/stats')) as SimulatorStats,
    async configure(change) {
      await json('/simulator/configure', { method: 'POST', body: JSON.stringify(change) });
    },
    async targetsAt(listPath) {
      // The app of its own keeps this read out of what the watched one is charged.
      const page = (await json(`/beta${listPath}`, {
        headers: { authorization: 'Bearer checker' },
      })) as { value: { target: Record<string, unknown> }[] };
      return page.value.map(({ target }) => target);
    },
  };
}
