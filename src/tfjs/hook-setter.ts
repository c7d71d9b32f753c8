/**
 * Hear of every assignment to one property of one instance, after it was made. The property is an accessor, as classes
 * have them; a plain one is left alone. Returns what restores the instance exactly, as {@link hookMethod} does.
 */
export function hookSetter<T extends object>(instance: T, name: keyof T, onSet: () => void): () => void {
  const before = Object.getOwnPropertyDescriptor(instance, name);
  const { get, set } = descriptorOf(instance, name) ?? {};
  if (!set) return () => {};
  let active = true;
  const installed = (value: unknown) => {
    set.call(instance, value);
    if (active) onSet();
  };
  Object.defineProperty(instance, name, {
    get: () => get?.call(instance),
    set: installed,
    configurable: true,
    enumerable: before?.enumerable ?? false,
  });
  return () => {
    active = false;
    if (Object.getOwnPropertyDescriptor(instance, name)?.set !== installed) return;
    if (before) Object.defineProperty(instance, name, before);
    else delete instance[name];
  };
}

/** A property's own descriptor, or that of the nearest class that has one. */
function descriptorOf(object: object, name: PropertyKey): PropertyDescriptor | undefined {
  for (let at: object | null = object; at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found) return found;
  }
  return undefined;
}
