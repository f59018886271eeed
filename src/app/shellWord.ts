/** As a shell takes it for one word. */
export const shellWord = (text: string): string =>
  /^[\w.:/@=,%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A command of ours, so that it can be pasted. */
export const commandLine = (argv: readonly string[]): string =>
  ['retarget', ...argv.map(shellWord)].join(' ');
