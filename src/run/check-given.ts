import { type AlertEvent, type ControlRequest, describeValue, isTrainingEvent } from '../events/index.js';

/** @throws TypeError for what is no alert. */
export function checkAlert(alert: AlertEvent): AlertEvent {
  if (isTrainingEvent(alert) && alert.type === 'alert') return alert;
  throw new TypeError(`alerts$: expected alerts, as rules give them; got ${describeValue(alert)}`);
}

/** @throws TypeError for what is no request. What its kind is, and the rest of its command, the loop checks. */
export function checkRequest(request: ControlRequest): ControlRequest {
  const given: Partial<Record<keyof ControlRequest, unknown>> = isObject(request) ? request : {};
  const { command, source, message } = given;
  const isRequest = isObject(command) && [command.kind, source, message].every((text) => typeof text === 'string');
  if (isRequest) return request;
  const shape = '{ command: { kind: "stop" }, source: "me", message: "why" }';
  throw new TypeError(`requests$: expected requests such as ${shape}; got ${describeValue(request)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
