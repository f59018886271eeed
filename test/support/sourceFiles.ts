import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));

export interface SourceFile {
  /** Relative to src, as in `worker/worker.ts`. */
  readonly path: string;
  /** Without the lines that are nothing but comment. */
  readonly code: string;
}

export const sourceFile = (path: string, text: string): SourceFile => ({
  path,
  code: text.replace(/^\s*(\/\/|\/?\*|--).*$/gm, ''),
});

export const readSource = (): SourceFile[] =>
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(tsx?|lua)$/.test(path))
    .map((path) => sourceFile(path.replaceAll('\\', '/'), readFileSync(join(SOURCE, path), 'utf8')));

export interface Import {
  /** A file of ours, relative to src and outside it with `../`; or a package; or `node:…`. */
  readonly from: string;
  readonly isOurs: boolean;
  /** What stands between `import` and `from`; empty for `import('…')` and `import '…'`. */
  readonly names: string;
}

/** Static, dynamic and type imports, and re-exports: a type that is shared couples two folders as well. */
export function importsOf({ path, code }: SourceFile): Import[] {
  const found = code.matchAll(
    /\b(?:import|export)\b([\w\s{},*]*?)\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map(([, names = '', from, bare]) => {
    const name = from ?? bare ?? '';
    const isOurs = name.startsWith('.');
    return { from: isOurs ? normalize(join(dirname(path), name)) : name, isOurs, names: names.trim() };
  });
}
