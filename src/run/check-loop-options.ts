import { type Config, checkNames, checkThat } from '../events/index.js';
import { type CommandHandlers, HANDLER_NAMES } from './loop-control.js';
import { type LoopPlan, PLAN_NAMES } from './training-span.js';

/** @throws TypeError for a part of a plan that there is not, a config that is no object, or a handler for what control never asks. */
export function checkLoopOptions(
  user: string,
  {
    plan,
    config,
    handlers,
  }: { readonly plan?: LoopPlan; readonly config?: Config; readonly handlers?: CommandHandlers },
): void {
  if (config)
    checkThat('config', typeof config === 'object' && !Array.isArray(config), 'hyperparameters by name', config);
  if (plan) checkNames(`the parts of a plan of ${user}()`, plan, PLAN_NAMES);
  // An object of a class may have fields besides.
  if (handlers && Object.getPrototypeOf(handlers) === Object.prototype) {
    checkNames(`the handlers of ${user}()`, handlers, HANDLER_NAMES);
  }
}
