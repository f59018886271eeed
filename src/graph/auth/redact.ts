type Environment = Readonly<Record<string, string | undefined>>;

/** Values of these settings are secrets themselves, wherever they turn up. */
const SECRET_SETTING = /^(RETARGET|AZURE|REDIS)_([A-Z_]+_)?(TOKEN|SECRET|PASSWORD)$/;
/** Shorter ones are too likely to be part of ordinary words; in URLs they are found by their place. */
const SECRET_LENGTH_MIN = 6;
/** Before the host, or in a setting behind the address of sentinels. */
const PASSWORD_IN_URL = /:\/\/[^\s:/?#@"']*:([^\s"'/]+)@|[?&]\w*password=([^&\s"']+)/gi;

// A JWT's header is a JSON object, so it starts with `{"` in base64.
const JWT = /\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}/;

/** What looks like a secret, whoever's it is. Each pattern reads a text of any length in linear time. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----(?:[^-]|-(?!----))*(-----END \1-----)?/g, '[private key]'],
  [/\b(Bearer|Basic)[ \t]+[\w\-.~+/]{8,}=*/gi, '$1 [redacted]'],
  [new RegExp(JWT, 'g'), '[token]'],
  [
    /\b((?:access|refresh|id)_token|client_secret|client_assertion|device_code)((?:\\?["'])?[ \t]*[:=][ \t]*(?:\\?["'])?)[^\s"'&,;\\}]+/gi,
    '$1$2[redacted]',
  ],
  // But what our own remedies show in its place.
  [/(:\/\/[^\s:/?#@"']*):(?!password@host\b)[^\s"'/]+@/g, '$1:[redacted]@'],
];

/** `text` without tokens, private keys and passwords in URLs, as far as their form gives them away. */
export const withoutSecretShapes = (text: string): string =>
  SHAPES.reduce((rest, [shape, instead]) => rest.replace(shape, instead), text);

/** Takes one token out of what is said by whom it was sent to. */
export interface TokenGuard {
  /** `text` without the token, and without what looks like any. */
  hidden(text: string): string;
  /** Whether a token stands in it: this one, or what has the form of one. */
  holds(text: string): boolean;
}

/** Shorter tokens exist in tests only, and would be found in ordinary words. */
const TOKEN_LENGTH_MIN = 12;

export function tokenGuard(token: string): TokenGuard {
  const spellings = token.length < TOKEN_LENGTH_MIN ? [] : [...new Set([token, encodeURIComponent(token)])];
  return {
    hidden: (text) =>
      withoutSecretShapes(spellings.reduce((rest, secret) => rest.replaceAll(secret, '[token]'), text)),
    holds: (text) => spellings.some((secret) => text.includes(secret)) || JWT.test(text),
  };
}

/**
 * The one place that takes secrets out of text that is going to be seen: log lines, errors, a run's reasons. It knows
 * the secrets of the settings and those it is told of, such as the ones read from files.
 */
export class Redactor {
  /** Every spelling that is looked for, longest first: one secret may be the start of another. */
  #spellings: readonly string[] = [];

  constructor(env: Environment = {}) {
    this.keepFrom(env);
  }

  /** Settings, or a command line: what is secret by its name, and the passwords in addresses. */
  keepFrom(texts: Environment | readonly string[]): void {
    for (const [name, value] of Object.entries(texts)) {
      if (value === undefined) continue;
      if (SECRET_SETTING.test(name)) this.keep(value);
      else this.#keepPasswordsIn(value);
    }
  }

  /** From now on this is a secret as well. */
  keep(secret: string): void {
    const text = secret.trim();
    // A JWT is known by its shape, and a worker sees a new one each hour.
    if (text.length < SECRET_LENGTH_MIN || withoutSecretShapes(text) === '[token]') return;
    const spellings = [
      text,
      encodeURIComponent(text),
      new URLSearchParams({ '': text }).toString().slice(1),
      JSON.stringify(text).slice(1, -1),
    ];
    this.#spellings = [...new Set([...this.#spellings, ...spellings])].sort((a, b) => b.length - a.length);
  }

  /** A function of its own, to be handed on. */
  readonly redacted = (text: string): string =>
    withoutSecretShapes(
      this.#spellings.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text),
    );

  /** Not by way of `URL`: an address of several hosts is none to it. */
  #keepPasswordsIn(value: string): void {
    for (const [, ofUser, behind] of value.matchAll(PASSWORD_IN_URL)) {
      const password = ofUser ?? behind ?? '';
      this.keep(password);
      try {
        this.keep(decodeURIComponent(password));
      } catch {
        // A stray % is no encoding: the password is as it is written, and that is kept already.
      }
    }
  }
}
