/**
 * A URL to be shown and kept: without user, password, query and fragment, any of which may be a secret. What is no URL
 * loses all that could be one of them.
 */
export function redactUrl(url: string): string {
  const bare = url.replace(/[?#].*$/s, '');
  if (!URL.canParse(bare) || !/^https?:/i.test(bare)) return bare.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1');
  const parsed = new URL(bare);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

/** A text from elsewhere, such as an error's, without the secrets of a URL. */
export function withoutSecretsOf(url: string | undefined, text: string): string {
  return secretsOf(url).reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

function secretsOf(url: string | undefined): string[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { username, password, search, searchParams } = new URL(url);
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => pair.split('=').at(-1)!);
  // A query's `1` is no secret, and would be found everywhere.
  const values = [search.slice(1), ...written, ...searchParams.values()].filter(({ length }) => length > 3);
  const secrets = [username, password].flatMap((text) => [text, safelyDecoded(text)]).filter((text) => text !== '');
  return [...new Set([...values, ...secrets])].sort((a, b) => b.length - a.length);
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
