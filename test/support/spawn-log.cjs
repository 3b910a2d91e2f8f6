// Loaded into a program under test (NODE_OPTIONS=--require): writes down the arguments of every process it starts, as
// JSON lines in the file that SPAWN_LOG names. A process that lives for a blink would not be seen in /proc.
const childProcess = require('node:child_process')
const {appendFileSync} = require('node:fs')
const {syncBuiltinESMExports} = require('node:module')

const note = (...words) => appendFileSync(process.env.SPAWN_LOG, `${JSON.stringify(words)}\n`)

// Every asynchronous way ends here; there is no such place for the synchronous ones.
const {spawn} = childProcess.ChildProcess.prototype
childProcess.ChildProcess.prototype.spawn = function (options) {
  note(options.file, ...(options.args ?? []))
  return spawn.call(this, options)
}
for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
  const original = childProcess[name]
  childProcess[name] = (...args) => {
    note(...args)
    return original(...args)
  }
}
syncBuiltinESMExports()
