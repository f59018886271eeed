import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** An interface of Microsoft's, with what it inherits. */
export interface MicrosoftType {
  readonly name: string;
  /** From a property to its type, as it is written. */
  readonly properties: ReadonlyMap<string, string>;
  /** Itself and all that it inherits from. */
  readonly lineage: readonly string[];
}

export interface MicrosoftTypes {
  /** @param name as an interface or as Graph spells it: both `MobileApp` and `#microsoft.graph.mobileApp` */
  find(name: string): MicrosoftType | undefined;
  heirsOf(name: string): readonly MicrosoftType[];
  /** The words of an enumeration, without the one that stands for words to come. */
  words(name: string): readonly string[];
}

/** What a type says once `null` and arrays are taken off. */
export const plainType = (written: string): string =>
  written.replace(/^NullableOption<(.*)>$/, '$1').replace(/\[\]$/, '');

/**
 * The interfaces and enumerations of `@microsoft/microsoft-graph-types-beta`, which are made from Graph's beta metadata. They are read as
 * text, as no type is there any more when a test runs.
 */
export function microsoftTypes(): MicrosoftTypes {
  const path = createRequire(import.meta.url).resolve(
    '@microsoft/microsoft-graph-types-beta/microsoft-graph.d.ts',
  );
  const text = readFileSync(path, 'utf8').replaceAll('\r', '');
  const own = new Map<string, { base: string | undefined; properties: [string, string][] }>();
  for (const [, name = '', base, body = ''] of text.matchAll(
    /^export interface (\w+)(?: extends (\w+))? \{(\}|\n[\s\S]*?^\})/gm,
  )) {
    const bare = body.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    const properties = [...bare.matchAll(/^\s+(\w+)\??:\s*([^;]*);/gm)].map(
      ([, property = '', type = '']): [string, string] => [property, type.replace(/\s+/g, ' ')],
    );
    own.set(name, { base, properties });
  }
  const enums = new Map(
    [...text.matchAll(/^export type (\w+) =([^;]*);/gm)].map(([, name = '', members = '']) => [
      name,
      [...members.matchAll(/"(\w+)"/g)].map(([, word = '']) => word),
    ]),
  );
  const known = new Map<string, MicrosoftType>();
  const typeOf = (name: string): MicrosoftType | undefined => {
    const found = own.get(name);
    if (found === undefined) return undefined;
    const base = found.base === undefined ? undefined : typeOf(found.base);
    return {
      name,
      properties: new Map([...(base?.properties ?? []), ...found.properties]),
      lineage: [name, ...(base?.lineage ?? [])],
    };
  };
  for (const name of own.keys()) {
    const type = typeOf(name);
    if (type !== undefined) known.set(name, type);
  }
  return {
    find: (name) => known.get(interfaceName(name)),
    heirsOf: (name) => [...known.values()].filter((each) => each.lineage.slice(1).includes(name)),
    words: (name) => (enums.get(name) ?? []).filter((word) => word !== 'unknownFutureValue'),
  };
}

/** `#microsoft.graph.mobileApp` as its interface is called. */
const interfaceName = (name: string): string =>
  name.replace(/^#?microsoft\.graph\./, '').replace(/^./, (first) => first.toUpperCase());
