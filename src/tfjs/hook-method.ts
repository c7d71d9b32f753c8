/**
 * Replace one method of one instance. Returns what restores the instance exactly: the own property it had, or none.
 * If someone has hooked over ours meanwhile, it stays in the chain and only passes calls on.
 */
export function hookMethod<T extends object, K extends keyof T>(
  instance: T,
  name: K,
  makeHook: (original: T[K]) => T[K],
): () => void {
  const before = Object.getOwnPropertyDescriptor(instance, name);
  const original = instance[name] as T[K] & ((...args: unknown[]) => unknown);
  const bound = function (this: unknown, ...args: unknown[]) {
    return original.apply(instance, args);
  } as T[K] & ((...args: unknown[]) => unknown);
  const hook = makeHook(bound) as T[K] & ((...args: unknown[]) => unknown);
  let active = true;
  const installed = function (this: unknown, ...args: unknown[]) {
    return active ? hook.apply(instance, args) : original.apply(instance, args);
  };
  Object.defineProperty(instance, name, {
    value: installed,
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? false,
  });
  return () => {
    active = false;
    if (instance[name] !== (installed as unknown)) return;
    if (before) Object.defineProperty(instance, name, before);
    else delete instance[name];
  };
}
