import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {shoalEnv} from '../support/cli.js'

const run = promisify(execFile)

/** What bash offers on Tab, with the completion that a `shoal` has set up. */
export interface Completion {
  /** @param words - of the command line, the last of them unfinished */
  offers(...words: string[]): Promise<string[]>
  readonly instructions: string
}

/**
 * Sets up the completion as the instructions say.
 *
 * @param program - the command line of shoal
 * @param cacheFolder - where the scripts go
 */
export async function setUpCompletion(program: readonly string[], cacheFolder: string): Promise<Completion> {
  const [file = '', ...args] = program
  const env = {...shoalEnv(), XDG_CACHE_HOME: cacheFolder}
  const {stdout: instructions} = await run(file, [...args, 'autocomplete', 'bash'], {env})
  const {stdout: line} = await run(file, [...args, 'autocomplete', 'script', 'bash'], {env})
  // As bash calls it, a colon being a word of its own.
  const script = `${line}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _shoal_autocomplete
    printf '%s\\n' "\${COMPREPLY[@]}"`
  return {
    instructions,
    async offers(...words) {
      const {stdout} = await run('bash', ['-c', script, 'bash', 'shoal', ...words], {env})
      return stdout.trim().split('\n')
    },
  }
}
