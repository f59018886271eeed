/** A key in OData's other spelling: `policies('id')`, its quotes perhaps encoded, a quote within it twice. */
const KEY = /\((?:'|%27)((?:(?!'|%27)[^/]|(?:''|%27%27))*)(?:'|%27)\)(?=\/|$)/gi;

/** A path with its keys as segments of their own: `deviceConfigurations('id')/assignments` as `deviceConfigurations/id/assignments`. */
export const withPlainKeys = (path: string): string =>
  path.replace(KEY, (_, key: string) => `/${key.replace(/''|%27%27/g, '%27')}`);
