// A recorded run is the same stream: tune a rule, or make the report, after the fact.
import { explodingUpdates, ofMeasurement } from 'trainscope';
import { replay, reportSink } from 'trainscope/node';

const events$ = replay('results/run.jsonl'); // cold: reads again for every subscriber
events$
  .pipe(ofMeasurement('parameter-updates'), explodingUpdates({ ratio: 5e-2 }))
  .subscribe((alert) => console.log(alert.message));

const report = reportSink('results/report.html'); // one file: opens offline
events$.subscribe(report);
await report.closed;
