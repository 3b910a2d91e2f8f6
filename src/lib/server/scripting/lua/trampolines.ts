import {type WasmTable, wasm} from './web-assembly.js'

/** Functions as Lua calls them: a `lua_CFunction` returns the count of its results; a hook's record is left out here. */
export type NativeFunction = (L: number) => number
export type NativeHook = (L: number) => void

const I32 = 0x7f
const CFUNCTION = 0
const HOOK = 1

/**
 * Puts JavaScript functions into a module's function table, where Lua can call them by index.
 *
 * A table takes only functions of WebAssembly, so a module is made that imports each function and exports it again:
 *
 *   magic | types: (i32)->i32, (i32,i32)->() | imports e.0, e.1, ... | exports 0, 1, ...
 *
 * @returns the index of the first; the others follow
 */
export function addToTable(
  table: WasmTable,
  functions: readonly NativeFunction[],
  hooks: readonly NativeHook[],
): number {
  const all = [...functions, ...hooks]
  const types = [2, 0x60, 1, I32, 1, I32, 0x60, 2, I32, I32, 0]
  const imports = leb(all.length)
  const exports = leb(all.length)
  all.forEach((_one, index) => {
    const name = [...String(index)].map((digit) => digit.charCodeAt(0))
    const type = index < functions.length ? CFUNCTION : HOOK
    imports.push(1, 'e'.charCodeAt(0), name.length, ...name, 0, type)
    exports.push(name.length, ...name, 0, ...leb(index))
  })
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const bytes = Uint8Array.from([...magic, ...section(1, types), ...section(2, imports), ...section(7, exports)])
  const entries = Object.fromEntries(all.map((one, index) => [String(index), one]))
  const {exports: made} = new wasm.Instance(new wasm.Module(bytes), {e: entries})
  const base = table.grow(all.length)
  for (let index = 0; index < all.length; index++) table.set(base + index, made[String(index)])
  return base
}

function section(id: number, body: readonly number[]): number[] {
  return [id, ...leb(body.length), ...body]
}

/** An unsigned number in LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}
