import { type Command, Option } from 'commander';
import { SEVERITIES, type Severity } from '../../events/index.js';
import { serveRuns } from '../../server/index.js';
import { portNumber } from '../port-number.js';
import { say } from '../terminal.js';

interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly stopOnAlert?: Severity | true;
  readonly metrics?: boolean;
  readonly metricsPort?: number;
  readonly otlp?: string | true;
}

const EXAMPLES = `
Trainings of any language send their runs here (TRAINSCOPE_URL=http://127.0.0.1:4555). Each is recorded as NAME.jsonl in
the folder, which every other command reads. Only this machine can reach it, unless --host says more; give a --token then.

Examples:
  $ trainscope serve
  $ trainscope serve results --port 4600
  $ trainscope serve results --stop-on-alert
  $ trainscope serve results --host 0.0.0.0 --token "$TOKEN" --allowed-hosts gpu-7 --metrics`;

/** `trainscope serve`: runs of other processes, recorded in a folder and shown on one page. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('take the runs of other processes, record them, and show all on a page')
    .description('Take the runs of other processes, record each in a folder, and show all of the folder on one page.')
    .argument('[folder]', 'where the runs are recorded', 'trainscope')
    .option('-p, --port <number>', 'the port for runs and pages; 0 for any that is free', portNumber, 4555)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addOption(new Option('--token <text>', 'what senders and readers have to know').env('TRAINSCOPE_TOKEN'))
    .option('--allowed-origins <origins...>', 'origins of pages that may send runs, such as http://localhost:5173')
    .option('--allowed-hosts <names...>', 'names by which this machine may be called besides its own')
    .addOption(
      new Option(
        '--stop-on-alert [severity]',
        'stop a run when such an alert begins; without a severity: error',
      ).choices(SEVERITIES),
    )
    .option('--metrics', 'metrics of all runs for Prometheus, at /metrics')
    .option('--metrics-port <number>', 'the same, at a port of their own', portNumber)
    .option(
      '--otlp [url]',
      'metrics of all runs to an OTLP collector (default: the OTEL_* variables, else localhost:4318)',
    )
    .addHelpText('after', EXAMPLES)
    .action(serve);
}

async function serve(folder: string, flags: ServeFlags): Promise<void> {
  const { port, host, token, allowedHosts, allowedOrigins, stopOnAlert, metrics, metricsPort, otlp } = flags;
  const ended = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const server = await serveRuns(folder, {
    port,
    host,
    ...(token && { token }),
    ...(allowedHosts && { allowedHosts }),
    ...(allowedOrigins && { allowedOrigins }),
    ...(stopOnAlert && { stopOnAlert: stopOnAlert === true ? 'error' : stopOnAlert }),
    ...(metricsPort === undefined ? metrics && { metrics } : { metrics: { port: metricsPort } }),
    ...(otlp && { otlp }),
  });
  process.stdout.write(`${server.url}/\n`);
  say(`runs are recorded in ${folder}; TRAINSCOPE_URL=${server.url} on the other side`);
  if (server.metricsUrl) say(`metrics: ${server.metricsUrl}`);
  say('Ctrl-C ends it; the trainings go on');
  await ended;
  await server.close();
}
