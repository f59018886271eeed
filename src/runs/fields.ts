/**
 * How the values of a run stand in the text of its header, a Redis hash, both ways. A blank field is one that is not there.
 */
import { z } from 'zod';

export const text = z.string();
export const textOrNull = z.codec(text, z.string().nullable(), {
  decode: (field) => field || null,
  encode: (value) => value ?? '',
});
export const number = z.codec(text, z.number(), { decode: Number, encode: String });
export const numberOrNull = z.codec(text, z.number().nullable(), {
  decode: (field) => (field === '' ? null : Number(field)),
  encode: (value) => (value === null ? '' : String(value)),
});
export const flag = z.codec(text, z.boolean(), {
  decode: (field) => field === '1',
  encode: (value) => (value ? '1' : '0'),
});
export const oneOfField = <const T extends readonly [string, ...string[]]>(names: T, otherwise: T[number]) =>
  z.codec(text, z.enum(names), {
    decode: (field) => names.find((name) => name === field) ?? otherwise,
    encode: (value) => value,
  });
export const numberOr = (otherwise: number) =>
  z.codec(text, z.number(), { decode: (field) => Number(field) || otherwise, encode: String });
export const textOr = (otherwise: string) =>
  z.codec(text, z.string(), { decode: (field) => field || otherwise, encode: (value) => value });
export const oneOfFieldOrNull = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.codec(text, z.enum(names).nullable(), {
    decode: (field) => names.find((name) => name === field) ?? null,
    encode: (value) => value ?? '',
  });
/** The record's own JSON, of a type that is not looked at again. */
export const jsonOf = <T>(otherwise: T) =>
  z.codec(text, z.custom<T>(), {
    decode: (field) => (field === '' ? otherwise : (JSON.parse(field) as T)),
    encode: (value) => JSON.stringify(value),
  });
