import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Config} from '@oclif/core'
import {DEFAULTS} from '../environment/spec.js'
import {defaultStateFolder} from '../environment/state-folder.js'

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

/** From oclif's script for bash: before it looks at anything. */
const BEGINNING = '\n  COMPREPLY=()\n'

const NAMES = `
  # Names of environments and of their nodes, as the state folder has them; nothing where there is none.
  function __shoal_names()
  {
    local state="\${SHOAL_STATE_DIR:-}" environment=DEFAULT_NAME at file
    [[ -n "$state" ]] || state=DEFAULT_STATE
    if [[ "\${COMP_WORDS[COMP_CWORD - 1]}" == --name ]]; then
      for file in "$state"/environments/*/environment.json; do
        [[ -f "$file" ]] && file="\${file%/*}" && printf '%s\\n' "\${file##*/}"
      done
      return
    fi
    [[ "$cur" != -* && " logs exec cli start stop restart kill pause unpause " == *" \${COMP_WORDS[1]} "* ]] || return
    for ((at = 2; at < COMP_CWORD; at++)); do
      [[ "\${COMP_WORDS[at]}" == -- ]] && return
      [[ "\${COMP_WORDS[at]}" == --name ]] && environment="\${COMP_WORDS[at + 1]}"
    done
    file="$state/environments/$environment/environment.json"
    [[ -f "$file" ]] && sed -n '/^    "nodes": \\[$/,/^    \\]/s/^        "name": "\\([^"]*\\)".*/\\1/p' "$file" 2>/dev/null
  }
  if ((COMP_CWORD > 1)); then
    COMPREPLY=($(compgen -W "$(__shoal_names)" -- "$cur"))
    ((\${#COMPREPLY[@]})) && return
  fi
`

/**
 * Makes oclif's script for bash offer the names of environments after `--name`, and those of nodes where a command takes nodes.
 *
 * @param stateFolder - where SHOAL_STATE_DIR is not set
 * @returns the script as it is if it is another than expected, or has been changed already
 */
export function offerNames(script: string, stateFolder: string): string {
  if (script.includes('__shoal_names')) return script
  const state = `'${stateFolder.replaceAll("'", "'\\''")}'`
  const names = NAMES.replace('DEFAULT_NAME', DEFAULTS.name).replace('DEFAULT_STATE', () => state)
  return script.replace(BEGINNING, () => BEGINNING + names)
}

/** Improves the script that `shoal autocomplete` has just written. What is not there is left so. */
export async function improveCompletion({bin, cacheDir}: Pick<Config, 'bin' | 'cacheDir'>): Promise<void> {
  const file = join(cacheDir, 'autocomplete', 'functions', 'bash', `${bin}.bash`)
  const script = await readFile(file, 'utf8').catch(() => undefined)
  if (script === undefined) return
  // Whoever has another state folder sets the variable, for the completion as for the commands.
  const stateFolder = defaultStateFolder({})
  await writeFile(file, offerNames(offerFlagsAfterArguments(script), stateFolder))
}
