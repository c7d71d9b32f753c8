/** `npm run dashboard`: build the dashboard and keep it in docs/grafana/trainscope.json. */
import { writeFileSync } from 'node:fs';
import { trainscopeDashboard } from './dashboard.js';

const FILE = new URL('../../docs/grafana/trainscope.json', import.meta.url);
writeFileSync(FILE, `${JSON.stringify(trainscopeDashboard(), null, 2)}\n`);
console.log('docs/grafana/trainscope.json');
