/** The part of WebAssembly's API used here, which the types of neither ES2023 nor Node.js tell. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

export type WasmFunction = (...numbers: number[]) => number | undefined

export interface WasmTable {
  get(index: number): WasmFunction
  set(index: number, entry: unknown): void
  grow(count: number): number
}

export interface WasmModule {
  /** Compiled code; says nothing of itself. */
  readonly kind?: 'module'
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

interface WasmApi {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule
    imports(module: WasmModule): {readonly module: string; readonly name: string}[]
  }
  readonly Instance: new (module: WasmModule, imports: object) => WasmInstance
}

export const wasm = (globalThis as unknown as {readonly WebAssembly: WasmApi}).WebAssembly
