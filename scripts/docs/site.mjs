import { basename, relative } from 'node:path';
import GithubSlugger from 'github-slugger';
import { Comment, Converter, ReflectionKind, Renderer } from 'typedoc';
import GUIDES from './guides.json' with { type: 'json' };

const REPOSITORY = 'https://github.com/trainscope/trainscope/blob/main';
const IMAGE = /\.(svg|png)$/;

/** What the site has besides what typedoc makes by itself. @param {import('typedoc').Application} app */
export function site(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, nameDocument);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) finishReflection(project, reflection);
    if (project.readme) leadOut(project, project.readme);
    for (const module of project.children ?? []) if (module.kind === ReflectionKind.Module) nameModule(module);
  });
  app.renderer.on(Renderer.EVENT_BEGIN, ({ project }) => nameHeadingsAsGithub(app.renderer.router.getSlugger(project)));
}

function finishReflection(project, reflection) {
  if (reflection.kindOf(ReflectionKind.Property)) documentDiscriminator(reflection);
  if (reflection.comment) leadOut(project, reflection.comment.summary);
  if (reflection.isDocument()) leadOut(project, reflection.content);
}

/** Headings are named as on GitHub, where the same links lead to them: all sluggers get it by their prototype. */
function nameHeadingsAsGithub(slugger) {
  Object.getPrototypeOf(slugger).serialize = (text) => new GithubSlugger().slug(text) || '_';
}

/**
 * What is in backticks in a heading belongs to its name: typedoc takes the name from tokens of text only, so that code
 * becomes one that is drawn as code.
 */
export function readHeadings(parser) {
  parser.core.ruler.push('code_in_headings', ({ tokens }) => {
    for (const [i, { type }] of tokens.entries()) {
      if (type !== 'heading_open') continue;
      for (const token of tokens[i + 1].children) {
        if (token.type === 'code_inline') Object.assign(token, { type: 'text', meta: { isCode: true } });
      }
    }
  });
  const { escapeHtml } = parser.utils;
  parser.renderer.rules.text = (tokens, i) => {
    const { content, meta } = tokens[i];
    return meta?.isCode ? `<code>${escapeHtml(content)}</code>` : escapeHtml(content);
  };
}

/** A module is called as one imports it. */
function nameModule(module) {
  module.name = module.name === 'index' ? 'trainscope' : `trainscope/${module.name}`;
}

/** A page is called as its heading says, and in the group that guides.json has it in. */
function nameDocument(_context, document) {
  const guide = basename(document.name, '.md');
  const text = document.content.map((part) => part.text).join('');
  const heading = /^# (.+)$/m.exec(text);
  if (heading) document.name = heading[1].replaceAll('`', '');
  const group = Object.entries(GUIDES).find(([, guides]) => guides.includes(guide))?.[0];
  document.frontmatter.group = group ?? 'The project';
}

/**
 * The discriminator of a union says by its type all that there is to say (`type: 'alert'`): nobody should have to write
 * it again, for any of them.
 */
function documentDiscriminator(property) {
  const isOne = /^(type|kind|name)$/.test(property.name) && !property.hasComment();
  if (!isOne || !['literal', 'reference', 'intrinsic'].includes(property.type?.type)) return;
  const text = property.type.type === 'literal' ? `Always \`'${property.type.value}'\`.` : 'What kind of record it is.';
  property.comment = new Comment([{ kind: 'text', text }]);
}

/** Links to files that are no pages of the site, such as sources and examples, lead to the repository. */
function leadOut(project, parts) {
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'relative-link' || part.target === undefined) continue;
    const path = project.files.resolvePath(part.target);
    if (typeof project.files.resolve(part.target, project) !== 'string' || IMAGE.test(path)) continue;
    const inRepository = relative(process.cwd(), path);
    if (inRepository.startsWith('..') || basename(path) === 'README.md') continue;
    parts[i] = {
      kind: 'text',
      text: `${REPOSITORY}/${inRepository}${part.targetAnchor ? `#${part.targetAnchor}` : ''}`,
    };
  }
}
