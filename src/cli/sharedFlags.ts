import type { Command } from 'commander';
import { API_VERSIONS } from '../assignments/values/apiVersion.ts';
import { SIGN_IN_CHOICES } from '../config.ts';
import { oneOf } from './flags.ts';

/** The flags that every command has which knows a tenant. */
export function sharedOptions(command: Command): Command {
  return command
    .option('--verbose', 'show each request to Graph with its ids (RETARGET_LOG=debug)')
    .option('--tenant <id>', 'tenant id or domain (AZURE_TENANT_ID); the token must be of it')
    .addOption(oneOf('--sign-in <way>', 'who signs in to Graph', SIGN_IN_CHOICES, 'default'))
    .option('--redis-url <url>', 'Redis to use (REDIS_URL); without one, an embedded Redis is started')
    .option('--graph-url <url>', 'root of Microsoft Graph (RETARGET_GRAPH_URL)')
    .addOption(
      oneOf(
        '--api-version <version>',
        'beta (default) or v1.0; v1.0 knows no filters and no intent',
        API_VERSIONS,
      ),
    );
}
