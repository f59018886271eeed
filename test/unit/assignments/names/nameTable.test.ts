import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldedName, NameTable } from '../../../../src/assignments/names/nameTable.ts';

const table = (...names: string[]) => new NameTable(names.map((name, i) => ({ id: `${i + 1}`, name })));
const ids = (items: readonly { readonly id: string }[]): string => items.map(({ id }) => id).join();

describe('a name', () => {
  test('is found as it is, with blanks around it or not', () => {
    expect(table('Sales ', 'Kiosk').find(' Sales')).toEqual({
      ...{ kind: 'one', found: { id: '1', name: 'Sales ' } },
      isFolded: false,
    });
  });

  test('is found in another letter case and Unicode form, which is said', () => {
    expect(table('Köln').find('KÖLN'.normalize('NFD'))).toMatchObject({ kind: 'one', isFolded: true });
  });

  test('that is exact wins over one that is only alike', () => {
    expect(table('SALES', 'Sales').find('Sales')).toMatchObject({ found: { id: '2' }, isFolded: false });
  });

  test('that several have is nobody’s', () => {
    const found = table('Sales', 'sales', 'Kiosk').find('SALES');
    expect(found.kind === 'several' && ids(found.candidates)).toBe('1,2');
  });

  test('that several have is found where one of them fits', () => {
    expect(table('Sales', 'Sales').find('Sales', ({ id }) => id === '2')).toMatchObject({
      found: { id: '2' },
    });
  });

  test('that nobody has brings the nearest, never a part of a name as if it were the whole', () => {
    const found = table('WIN - Edge', 'WIN - Edge Pilot', 'iOS').find('WIN - Egde');
    expect(found.kind === 'none' && found.nearest.map(({ name }) => name)).toEqual(['WIN - Edge']);
    expect(table('WIN - Edge').find('WIN').kind).toBe('none');
    expect(table('*').find('Sales').kind).toBe('none');
  });
});

test('whatever it is, one of a name is found by any spelling of it, and never another', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: 'binary' }), { selector: foldedName, minLength: 1 }),
      (names) => {
        const all = table(...names);
        for (const [i, name] of names.entries())
          expect(all.find(` ${name.normalize('NFD')} `)).toMatchObject({
            kind: 'one',
            found: { id: `${i + 1}` },
          });
      },
    ),
  );
});
