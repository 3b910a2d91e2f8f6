import {spawn} from 'node:child_process'
import {constants} from 'node:os'
import type {Execution} from '../../engine/engine.js'
import {CliError, messageOf} from '../../kernel/errors.js'

/** What shells say of a process that a signal ended: 128 and its number. */
const BY_SIGNAL = 128

/**
 * Runs a program in place of this one: same terminal, same input and output. Ctrl-C is the program's business; when this process is
 * asked to end otherwise, so is the program.
 *
 * @returns its exit code, as a shell would say it
 * @throws {CliError} ENVIRONMENT_LACKS if it cannot be run
 */
export function runInPlace({args, cwd, env, file}: Execution, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {env: {...process.env, ...env}, stdio: 'inherit', ...(cwd !== undefined && {cwd})})
    // At a terminal it has heard of Ctrl-C itself, and may live on.
    const onAbort = () => {
      if (process.stdin.isTTY !== true) child.kill('SIGTERM')
    }
    signal.addEventListener('abort', onAbort, {once: true})
    child.once('error', (error) => {
      signal.removeEventListener('abort', onAbort)
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const what = isMissing ? 'there is no such program' : messageOf(error)
      reject(new CliError('ENVIRONMENT_LACKS', `${file} cannot be run: ${what}`, {cause: error}))
    })
    child.once('exit', (code, by) => {
      signal.removeEventListener('abort', onAbort)
      resolve(code ?? BY_SIGNAL + (by === null ? 0 : constants.signals[by]))
    })
  })
}
