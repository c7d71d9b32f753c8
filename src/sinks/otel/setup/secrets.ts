import { base64 } from '../../base64.js';

/** A text from elsewhere, such as an error's or an endpoint's, without these secrets. */
export function withoutSecrets(secrets: readonly string[], text: string): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

/** What of an endpoint's address and of the headers that are sent there may be a secret, longest first. */
export function secretsOf(url: string, headers: Readonly<Record<string, string>>): readonly string[] {
  const found = [...secretsOfUrl(url), ...Object.values(headers).flatMap(secretsOfHeader)];
  return [...new Set(found)].filter((text) => text !== '').sort((a, b) => b.length - a.length);
}

function secretsOfUrl(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { username, password, search, searchParams } = new URL(url);
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => pair.split('=').at(-1)!);
  // A query's `1` is no secret, and would be found everywhere.
  const values = [search.slice(1), ...written, ...searchParams.values()].filter(({ length }) => length > 3);
  const user = [username, password].map(safelyDecoded);
  // As the request has them.
  const basic = username + password === '' ? '' : base64(new TextEncoder().encode(user.join(':')));
  return [...values, username, password, ...user, basic];
}

/** Whole, and the words that may be one behind that of a scheme: `Bearer …`. */
function secretsOfHeader(value: string): string[] {
  return [value, ...value.split(/\s+/)].filter(({ length }) => length > 'Bearer'.length);
}

export function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
