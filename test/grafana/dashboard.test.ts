import { describe, expect, it } from 'vitest';
import { trainscopeDashboard } from '../../scripts/dashboard/dashboard.js';
import { readPage } from './expressions.js';
import type { AnyPanel } from './page.js';

const page = readPage();
const panels = page.panels.filter((panel): panel is AnyPanel => panel.type !== 'row');

describe('docs/grafana/trainscope.json', () => {
  it('is what npm run dashboard writes', () => {
    expect(page).toEqual(JSON.parse(JSON.stringify(trainscopeDashboard())));
  });

  it('fills its rows without gaps or overlaps', () => {
    const taken = new Set<string>();
    for (const { gridPos } of page.panels) {
      const { x, y, w, h } = gridPos!;
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(taken.has(`${column} ${line}`)).toBe(false);
          taken.add(`${column} ${line}`);
        }
      }
      expect(x + w).toBeLessThanOrEqual(24);
    }
    expect(taken.size).toBe(24 * Math.max(...page.panels.map(({ gridPos }) => gridPos!.y + gridPos!.h)));
  });

  it('has an id a panel, and says of every one what it shows', () => {
    expect(new Set(page.panels.map(({ id }) => id)).size).toBe(page.panels.length);
    for (const { title, description } of panels)
      expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
  });

  it('asks the chosen Prometheus of the chosen runs and ranks only', () => {
    const asked = [...panels, page.annotations.list[0]!];
    for (const { datasource } of asked) expect(datasource).toEqual({ type: 'prometheus', uid: '$datasource' });
    for (const { expr } of panels.flatMap(({ targets }) => targets)) {
      const selectors = expr!.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.length).toBeGreaterThan(0);
      for (const selector of selectors) expect(selector).toContain('ml_run_id=~"$run",ml_worker_rank=~"$rank"');
    }
  });
});
