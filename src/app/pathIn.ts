import { resolve } from 'node:path';
import { fromHome } from '../config.ts';
import type { Host } from './host.ts';

/** The whole path of what somebody gave as one. */
export const pathIn = ({ cwd, env }: Pick<Host, 'cwd' | 'env'>, path: string): string =>
  resolve(cwd, fromHome(path, env));
