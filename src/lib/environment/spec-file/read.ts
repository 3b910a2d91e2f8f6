import {readFile} from 'node:fs/promises'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {EnvironmentRequest} from '../spec.js'
import {parseSpecFile} from './parse.js'
import {requestOf, type SpecFileOverrides} from './to-request.js'

/**
 * Reads what an environment is to be. Its parts are loaded with this module alone: most runs read no such file.
 *
 * @param flags - what the same command says otherwise; they prevail
 * @throws {CliError} NOT_FOUND if there is no such file; BAD_FLAG naming every problem with its line
 */
export async function readSpecFile(path: string, flags: SpecFileOverrides): Promise<EnvironmentRequest> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT'
    throw new CliError(
      'NOT_FOUND',
      isMissing ? `there is no file ${path}` : `${path} cannot be read: ${messageOf(error)}`,
      {
        cause: error,
        details: {file: path},
        suggestions: ['docs/environments.md shows such a file; without one: shoal up'],
      },
    )
  })
  const file = parseSpecFile(text, path)
  try {
    return requestOf(file, flags)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const {code, details, suggestions} = error
    throw new CliError(code, `${path}: ${error.message}`, {
      cause: error,
      details: {...details, file: path},
      suggestions,
    })
  }
}
