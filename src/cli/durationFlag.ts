import { Option } from 'commander';
import { EXIT, UserError } from '../errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An option that takes a time as `90s`, `10m`, `48h` or `2d`. Its value is in ms. */
export const durationOption = (flags: string, description: string): Option => {
  const option = new Option(flags, description);
  return option.argParser((text: string): number => {
    const [, n = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])$/i.exec(text.trim()) ?? [];
    const ms = Number(n) * (UNITS_MS[unit.toLowerCase()] ?? NaN);
    if (ms > 0) return ms;
    throw new UserError(`${option.long} is "${text}".`, {
      remedy: 'Write how long, as 90s, 10m, 48h or 2d.',
      exitCode: EXIT.badInput,
    });
  });
};
