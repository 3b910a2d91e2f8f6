import {existsSync, readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** Where the build puts Lua, at the top of dist/. */
const FILE = 'liblua5.1.wasm'
const PACKAGED = `wasmoon-lua5.1/dist/${FILE}`
/** dist/lib/node/main.js is the deepest bundle. */
const LEVELS_MAX = 3

/** Lua 5.1 as WebAssembly: beside the bundles, or, where the sources run as they are, from the package. */
export function readLuaModule(): Uint8Array {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let level = 0; level < LEVELS_MAX; level++) {
    const path = join(folder, FILE)
    if (existsSync(path)) return new Uint8Array(readFileSync(path))
    folder = dirname(folder)
  }
  return new Uint8Array(readFileSync(createRequire(import.meta.url).resolve(PACKAGED)))
}
