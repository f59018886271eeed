/** One tenant's behaviour over time. Limits are writes per window. */
export interface Case {
  readonly name: string;
  /** The limit in force in each step of `windowsPerStep` windows. */
  readonly limits: readonly number[];
  readonly windowsPerStep: number;
  /** What the worker is told. */
  readonly configured: number;
  readonly workers: number;
  /** Flags of `retarget simulate` besides limit and window. */
  readonly flags: readonly string[];
}

const counted = ['--count-refused'];
const decimal = ['--retry-after', 'decimal'];

const one = (name: string, limit: number, windows: number, flags: readonly string[], workers = 2): Case => ({
  name,
  limits: [limit],
  windowsPerStep: windows,
  configured: 100,
  workers,
  flags: [...decimal, ...flags],
});

const moves = (name: string, windowsPerStep: number, flags: readonly string[]): Case => ({
  name,
  limits: [100, 60, 30, 100, 80],
  windowsPerStep,
  configured: 100,
  workers: 2,
  flags: [...decimal, ...flags],
});

/** Runs so small that they are nothing but a start, each on a tenant that has seen no write yet. */
export const SMALL_RUNS: { readonly rows: readonly number[]; readonly on: readonly Case[] } = {
  rows: [20, 60, 100],
  on: [
    one('sliding', 100, 1, ['--window', 'sliding'], 1),
    one('fixed', 100, 1, ['--window', 'fixed'], 1),
    one('token bucket of 40', 100, 1, ['--window', 'bucket', '--bucket-size', '40'], 1),
  ],
};

export const CASES: readonly Case[] = [
  one('constant, sliding, 1 worker', 100, 30, ['--window', 'sliding'], 1),
  one('constant, sliding, counted, 4 workers', 100, 30, ['--window', 'sliding', ...counted], 4),
  one('constant, fixed', 100, 30, ['--window', 'fixed']),
  one('constant, fixed, counted', 100, 30, ['--window', 'fixed', ...counted]),
  one('constant, token bucket of 40', 100, 30, ['--window', 'bucket', '--bucket-size', '40']),
  one('twice too high, sliding', 50, 60, ['--window', 'sliding']),
  one('twice too high, fixed', 50, 60, ['--window', 'fixed']),
  moves('moving, 12 windows a step, sliding', 12, ['--window', 'sliding']),
  moves('moving, 40 windows a step, sliding, counted', 40, ['--window', 'sliding', ...counted]),
  {
    ...one('another app takes half from the middle on', 100, 30, ['--window', 'sliding']),
    limits: [100, 50],
  },
  { ...one('twice too high, Retry-After missing', 50, 60, []), flags: ['--retry-after', 'missing'] },
  { ...one('twice too high, Retry-After always 1', 50, 60, []), flags: ['--retry-after', 'one'] },
  { ...one('twice too high, whole seconds', 50, 60, []), flags: ['--retry-after', 'seconds'] },
];
