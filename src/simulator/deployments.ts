import { page, selected, type Page } from './odata.ts';
import { badModel } from './refused.ts';

export interface DeploymentSettings {
  /** Null: the tenant has no such thing. */
  readonly deployments:
    readonly { readonly payloadId: string; readonly mode: string; readonly state: string }[] | null;
}

/**
 * Answers a GET of `deployments`, one for each policy or app in one. Written down from learn.microsoft.com/graph/api/resources (beta, preview).
 * @param address of the list, absolute and without query
 */
export const answerDeployments = (
  query: URLSearchParams,
  address: string,
  { deployments }: DeploymentSettings,
  pageSize: number,
): Page =>
  deployments === null
    ? { refused: badModel("Resource not found for the segment 'deployments'.") }
    : page(
        deployments.map(({ payloadId, mode, state }, n) => ({
          '@odata.type': '#microsoft.graph.deviceManagementDeployment',
          id: `deployment-${n + 1}`,
          displayName: `Deployment ${n + 1}`,
          ...{ mode, state },
          payloads: [{ payloadId }],
          rings: [],
        })),
        query,
        address,
        pageSize,
        (deployment) => selected(deployment, query),
      );
