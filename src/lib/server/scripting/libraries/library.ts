import {GLOBALS, TYPE_TABLE} from '../lua/exports.js'
import type {LuaMachine} from '../lua/machine.js'
import type {NativeFunction} from '../lua/trampolines.js'

export type LibraryFunctions = Readonly<Record<string, NativeFunction>>

/** Makes functions fields of a global table, which need not be there yet. */
export function installLibrary(
  machine: LuaMachine,
  name: string,
  functions: LibraryFunctions,
  texts: Readonly<Record<string, string>> = {},
): void {
  const {L, api} = machine
  api.lua_getfield(L, GLOBALS, machine.name(name))
  if (api.lua_type(L, -1) !== TYPE_TABLE) {
    api.lua_settop(L, -2)
    api.lua_createtable(L, 0, Object.keys(functions).length)
  }
  setFunctions(machine, L, functions)
  for (const [field, text] of Object.entries(texts)) machine.setText(L, field, text)
  api.lua_setfield(L, GLOBALS, machine.name(name))
}

/** Makes functions fields of the table at the top of the stack. */
export function setFunctions(machine: LuaMachine, L: number, functions: LibraryFunctions): void {
  const base = machine.register(Object.values(functions))
  for (const [index, field] of Object.keys(functions).entries()) machine.setFunction(L, field, base + index)
}
