/** The page of all runs: in a browser. */
import { decodeJson } from '../../../events/serial/index.js';
import { brand } from '../head/header.js';
import { el, setText } from '../parts/dom.js';
import { plural } from '../parts/format.js';
import { type Choices, readChoices, writeChoices } from '../state/choices.js';
import { documentPlace } from '../state/place.js';
import { Theme, themeToggle } from '../state/theme.js';
import { type ListedRun, RunsTable } from './runs-table.js';

interface Listed {
  readonly runs: readonly ListedRun[];
  /** Settings that differ, and are not told. */
  readonly settingsLeftOut: number;
}

const ASK_MS = 2_000;

const place = documentPlace();
const { signal } = new AbortController();
const theme = new Theme(place, signal);
const table = new RunsTable(
  () => drawTools(),
  (runsSorting) => choose({ runsSorting }),
);
let choices = addressed();
const state = el('span', { class: 'state', role: 'status' });
const filter = el('input', {
  type: 'search',
  placeholder: 'name, or learning_rate<0.01',
  'aria-label': 'Filter the runs: by name, or by a setting with =, !=, < or >',
});
const compare = el('button', { type: 'button', class: 'tool compare' });
const settings = el('button', { type: 'button', class: 'tool', hidden: true });
const leftOut = el('p', { class: 'hint' });
const empty = el(
  'section',
  { class: 'welcome' },
  el('h2', {}, 'Waiting for a run'),
  el('p', {}, 'A training shows itself here as soon as it begins. In Python:'),
  el('pre', { tabindex: 0, 'aria-label': 'Example' }, el('code', {}, example())),
);

settings.addEventListener('click', () => choose({ allSettings: !choices.allSettings }));
filter.addEventListener('input', () => choose({ runsFilter: filter.value || undefined }));
place.address?.onChange(() => {
  choices = addressed();
  show();
}, signal);
compare.addEventListener('click', () => {
  const { chosen } = table;
  const query = new URLSearchParams(chosen.map((name) => ['run', name]));
  location.href = chosen.length === 1 ? `/run/${encodeURIComponent(chosen[0]!)}/` : `/runs/?${query}`;
});

place.root.classList.add('app');
place.root.append(
  el(
    'header',
    { class: 'top' },
    el(
      'div',
      { class: 'top-row' },
      brand(place),
      el('h1', { class: 'title' }, 'Runs'),
      state,
      el('span', { class: 'space' }),
      themeToggle(theme),
    ),
  ),
  el(
    'main',
    { class: 'main body runs' },
    empty,
    el('div', { class: 'runs-tools' }, filter, compare, settings),
    table.root,
    leftOut,
  ),
);

function example(): string {
  return `import trainscope            # TRAINSCOPE_URL=${location.origin}
trainscope.observe(optimizer, model, run="first")`;
}

function addressed(): Choices {
  return readChoices(place.address?.read() ?? '');
}

function choose(changed: Partial<Choices>): void {
  choices = { ...choices, ...changed };
  place.address?.write(writeChoices(choices));
  show();
}

/** What is chosen: which runs, in which order. */
function show(): void {
  const { runsFilter = '', runsSorting } = choices;
  if (filter.value !== runsFilter) filter.value = runsFilter;
  const error = table.filter(runsFilter);
  filter.setAttribute('aria-invalid', String(error !== undefined));
  filter.title = error ?? '';
  table.sort(runsSorting);
  table.listSettings(choices.allSettings);
  drawTools();
}

function drawTools(): void {
  const { length } = table.chosen;
  compare.disabled = length === 0;
  setText(compare, length < 2 ? 'Show chosen runs' : `Show ${length} runs over each other`);
  settings.hidden = table.moreSettings === 0;
  settings.setAttribute('aria-pressed', String(choices.allSettings));
  setText(settings, `${table.moreSettings} more ${table.moreSettings === 1 ? 'setting' : 'settings'}`);
}

function draw({ runs, settingsLeftOut: more }: Listed): void {
  table.update(runs);
  const others = more === 1 ? 'One more setting that differs has' : `${more} more settings that differ have`;
  setText(leftOut, more > 0 ? `${others} no room here.` : '');
  const running = runs.filter((run) => run.state === 'running').length;
  empty.hidden = runs.length > 0;
  table.root.hidden = runs.length === 0;
  filter.parentElement!.hidden = runs.length === 0;
  state.dataset.state = running > 0 ? 'live' : 'report';
  setText(state, running > 0 ? `${running} of ${plural(runs.length, 'run')} running` : plural(runs.length, 'run'));
  document.title = `${running > 0 ? `${running} running · ` : ''}trainscope`;
  drawTools();
}

async function ask(): Promise<void> {
  try {
    const answer = await fetch('/runs.json');
    if (!answer.ok) throw new Error(answer.statusText);
    draw(decodeJson(await answer.text()) as Listed);
  } catch {
    state.dataset.state = 'lost';
    setText(state, 'connection lost, trying again');
  }
}

async function askAgainAndAgain(): Promise<void> {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void ask();
});
show();
drawTools();
void askAgainAndAgain();
