/** What people call groups and filters, by their ids in lower case. */
export type Called = Readonly<Record<string, string>>;

const GUID = /(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/gi;
/** With the word for what it is before it. */
const SORTED = new RegExp(`((?:\\b(?:group|filter) )?)(${GUID.source})`, 'gi');
/** Also as a part of another id, as those of assignments are made. */
const ANY_GUID =
  /(?<![0-9a-z])([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4})(?![0-9a-z])/gi;

const nameOf = (id: string, called: Called): string | undefined => {
  const name = called[id.toLowerCase()];
  return name === undefined || name === '' ? undefined : name;
};

/** A sentence with the names that people know beside the ids in it: `group GRP-Sales (c2411c5e-…-9f0e)`, the id whole. */
export const withCalled = (sentence: string, called: Called): string =>
  sentence.replace(GUID, (id) => {
    const name = nameOf(id, called);
    return name === undefined ? id : `${name} (${id})`;
  });

/**
 * The same for a screen: an id beside a name is there to tell two of one name apart, and the name says what sort of thing it is,
 * `GRP-Sales (c241…)`; other ids stand as `group c2411c5e…9f0e`.
 * @param shownName a name as there is room for it
 */
export function shortCalled(
  sentence: string,
  called: Called,
  shownName: (name: string) => string = (name) => name,
): string {
  let shown = '';
  let end = 0;
  for (const { 0: whole, 1: sort = '', 2: id = '', index } of sentence.matchAll(SORTED)) {
    const name = nameOf(id, called);
    // The name is shown as it is, whatever it looks like.
    shown +=
      shortIds(sentence.slice(end, index)) +
      (name === undefined ? sort + shortIds(id) : `${shownName(name)} (${id.slice(0, 4)}…)`);
    end = index + whole.length;
  }
  return shown + shortIds(sentence.slice(end));
}

/** The beginning and the end of a GUID tell two of them apart, and the whole of both would not fit. */
const shortIds = (text: string): string => text.replace(ANY_GUID, '$1…$2');
