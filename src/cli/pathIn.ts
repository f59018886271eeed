import { resolve } from 'node:path';
import { fromHome } from '../config.ts';
import type { Io } from './context.ts';

/** The whole path of what somebody gave as one on the command line. */
export const pathIn = ({ cwd, env }: Pick<Io, 'cwd' | 'env'>, path: string): string =>
  resolve(cwd, fromHome(path, env));
