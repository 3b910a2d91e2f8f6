import {resolve} from 'node:path'
import envPaths from 'env-paths'

/** The folder of all of Shoal's state: SHOAL_STATE_DIR, else where the system wants such files. */
export function defaultStateFolder(env: Readonly<Record<string, string | undefined>>): string {
  // env-paths calls XDG_STATE_HOME `log`, which is where it keeps logs.
  return resolve(env['SHOAL_STATE_DIR'] || envPaths('shoal', {suffix: ''}).log)
}
