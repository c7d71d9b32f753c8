/** What is searched for: whether a name is meant, or why the text says nothing. */
export type NamePattern =
  | { readonly matches: (name: string) => boolean; readonly error?: undefined }
  | { readonly matches?: undefined; readonly error: string };

/**
 * What a person means by a text: `/…/` is a regular expression; with `*`, `?`, `[…]` or `{…}` it is a glob of the name or
 * of its end from a separator on, where `/` and `.` both separate, as in `selectParameters`; anything else is a part of
 * the name, in any case of letters.
 */
export function namePattern(text: string): NamePattern {
  const wanted = text.trim();
  const expression = /^\/(.+)\/([imsu]*)$/.exec(wanted);
  if (expression) return tested(() => new RegExp(expression[1]!, expression[2]));
  if (/[*?[{]/.test(wanted)) return tested(() => globExpression(wanted));
  const part = wanted.toLowerCase();
  return { matches: (name) => name.toLowerCase().includes(part) };
}

function tested(make: () => RegExp): NamePattern {
  try {
    const expression = make();
    return { matches: (name) => expression.test(name) };
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : String(cause) };
  }
}

const TOKENS = /[/.]\*\*$|\*\*[/.]?|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|[/.]|[^*?[{/.]+|./gsu;

function globExpression(glob: string): RegExp {
  return new RegExp(`(?:^|[/.])${piecesOf(glob)}$`, 'su');
}

function piecesOf(glob: string): string {
  return Array.from(glob.matchAll(TOKENS), ([token]) => pieceOf(token)).join('');
}

function pieceOf(token: string): string {
  if (token === '*') return '[^/.]*';
  if (token === '?') return '[^/.]';
  if (token === '/' || token === '.') return '[/.]';
  if (token === '**') return '.*';
  if (token.startsWith('**')) return '(?:.*[/.])?';
  // A name is among all that is below it.
  if (token.endsWith('**')) return '(?:[/.].*)?';
  if (token.startsWith('[') && token.length > 2) return `[${token[1] === '!' ? '^' : ''}${classOf(token)}]`;
  if (token.startsWith('{') && token.length > 1) return `(?:${token.slice(1, -1).split(',').map(piecesOf).join('|')})`;
  return escaped(token);
}

/** `-` stays, as it means a range. */
function classOf(token: string): string {
  return token.slice(token[1] === '!' ? 2 : 1, -1).replace(/[\\[\]^&]/g, '\\$&');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
