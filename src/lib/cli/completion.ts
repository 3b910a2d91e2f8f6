import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Config} from '@oclif/core'

/** From oclif's script for bash: the words before the cursor, arguments and all, as the id of a command. */
const WORDS_AS_ID = 'normalizedCommand="$( printf "%s" "$(join_by ":" "$' + '{COMP_WORDS[@]:1:($COMP_CWORD - 1)}")" )"'

/** Quoted, no character of a word is a pattern. */
const SHORTEN = `
    # Arguments and other flags are no part of the command: the longest beginning that is one counts.
    while [[ "$normalizedCommand" == *:* && $'\\n'"$commands" != *$'\\n'"$normalizedCommand "* ]]; do
      normalizedCommand="\${normalizedCommand%:*}"
    done`

/**
 * Makes oclif's script for bash offer flags after arguments too, where nearly all of ours stand: `reshard SEED --fr<TAB>`.
 *
 * @returns the script as it is if it is another than expected, or has been changed already
 */
export function offerFlagsAfterArguments(script: string): string {
  return script.includes(SHORTEN) ? script : script.replace(WORDS_AS_ID, () => WORDS_AS_ID + SHORTEN)
}

/** Improves the script that `shoal autocomplete` has just written. What is not there is left so. */
export async function improveCompletion({bin, cacheDir}: Pick<Config, 'bin' | 'cacheDir'>): Promise<void> {
  const file = join(cacheDir, 'autocomplete', 'functions', 'bash', `${bin}.bash`)
  const script = await readFile(file, 'utf8').catch(() => undefined)
  if (script !== undefined) await writeFile(file, offerFlagsAfterArguments(script))
}
