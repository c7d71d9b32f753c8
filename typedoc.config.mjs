import GUIDES from './scripts/docs/guides.json' with { type: 'json' };
import { readHeadings, site } from './scripts/docs/site.mjs';

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  entryPoints: ['index', 'browser', 'node', 'otel', 'remote', 'testing', 'tfjs', 'trainer'].map(
    (entry) => `src/${entry}.ts`,
  ),
  out: 'docs/api',
  name: 'trainscope',
  readme: 'README.md',
  disableGit: true, // the site is the same in every clone; paths are those within src/
  gitRevision: 'main',
  sourceLinkTemplate: 'https://github.com/trainscope/trainscope/blob/{gitRevision}/src/{path}#L{line}',
  projectDocuments: [
    ...Object.values(GUIDES)
      .flat()
      .map((guide) => `docs/${guide}.md`),
    'CHANGELOG.md',
  ],
  plugin: [site],
  customCss: 'scripts/docs/site.css',
  markdownItLoader: readHeadings,
  groupOrder: [...Object.keys(GUIDES), 'The project', 'Modules', '*'],
  navigation: { includeGroups: true },
  headings: { readme: false, document: false },
  searchInDocuments: true,
  highlightLanguages: ['typescript', 'javascript', 'html', 'bash', 'python', 'sql', 'json', 'yaml'],
  excludePrivate: true,
  excludeInternal: true,
  // rxjs has no links that lead anywhere from here; test/docs/links.test.ts holds those of our pages.
  validation: { notExported: true, invalidLink: true, invalidPath: false, notDocumented: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
};
