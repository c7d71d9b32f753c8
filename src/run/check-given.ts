import {
  type AlertEvent,
  type ControlCommand,
  type ControlRequest,
  checkNotNegative,
  checkThat,
  describeValue,
  isTrainingEvent,
} from '../events/index.js';

/** @throws TypeError for what is no alert. */
export function checkAlert(alert: AlertEvent): AlertEvent {
  if (isTrainingEvent(alert) && alert.type === 'alert') return alert;
  throw new TypeError(`alerts$: expected alerts, as rules give them; got ${describeValue(alert)}`);
}

/** @throws TypeError for what is no request. What it asks for, {@link checkCommand} looks at. */
export function checkRequest(request: ControlRequest): ControlRequest {
  const given: Partial<Record<keyof ControlRequest, unknown>> = isObject(request) ? request : {};
  const { command, source, message } = given;
  const isRequest = isObject(command) && [command.kind, source, message].every((text) => typeof text === 'string');
  if (isRequest) return request;
  const shape = '{ command: { kind: "stop" }, source: "me", message: "why" }';
  throw new TypeError(`requests$: expected requests such as ${shape}; got ${describeValue(request)}`);
}

const KINDS: Readonly<Record<ControlCommand['kind'], true>> = {
  'set-learning-rate': true,
  'scale-learning-rate': true,
  stop: true,
  'skip-step': true,
  save: true,
  evaluate: true,
  rollback: true,
};

/** @throws TypeError for a command that there is not, and for a rate or a step that is no number: of every source. */
export function checkCommand(command: ControlCommand): void {
  if (!Object.hasOwn(KINDS, command.kind)) {
    throw new TypeError(`kind: expected a command that there is, got ${describeValue(command.kind)}`);
  }
  if (command.kind === 'set-learning-rate') checkNotNegative('learningRate', command.learningRate);
  if (command.kind === 'scale-learning-rate') {
    checkThat('factor', typeof command.factor === 'number', 'a positive number', command.factor);
  }
  if (command.kind === 'skip-step') checkStep('step', command.step);
  if (command.kind !== 'rollback') return;
  const { learningRate, beforeStep } = command;
  if (learningRate !== undefined) checkNotNegative('learningRate', learningRate);
  checkStep('beforeStep', beforeStep);
}

function checkStep(name: string, step: number | undefined): void {
  checkThat(name, step === undefined || typeof step === 'number', 'a number of steps', step);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
