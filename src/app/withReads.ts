import type { SendReads } from '../graph/reads/reading.ts';
import { graphOf } from './graphOf.ts';
import { patientReads } from './patientReads.ts';
import type { Services } from './services.ts';

/**
 * Does some work that can't do without Graph, over connections of its own.
 * @param work is given the reads, and root and version for links to further pages
 */
export async function withReads<T>(
  services: Services,
  work: (send: SendReads, base: string) => Promise<T>,
): Promise<T> {
  const graph = graphOf(services.identity, services);
  try {
    const { graphUrl, apiVersion } = services.identity.config;
    return await work(patientReads(services, graph), `${graphUrl}/${apiVersion}`);
  } finally {
    await graph.close();
  }
}
