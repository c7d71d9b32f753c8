const compiled = new Map<string, WebAssembly.Module | null>();

/**
 * A kernel's compiled module, of its base64 text, or null where WebAssembly or its SIMD is missing. Kernels are small
 * enough to compile at once.
 */
export function kernelModule(base64: string): WebAssembly.Module | null {
  let module = compiled.get(base64);
  if (module !== undefined) return module;
  try {
    module = new WebAssembly.Module(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    module = null;
  }
  compiled.set(base64, module);
  return module;
}
