import {CliError} from '../../kernel/errors.js'

/**
 * A line of an env file. Values are quoted unless they are plain.
 *
 * @throws {CliError} PREFLIGHT_FAILED for a value that docker-compose 1 and 2 would read differently, whatever the quotes
 */
export function renderVariable(name: string, value: string): string {
  if (/^[\w.:/@%+,=-]*$/.test(value)) return `${name}=${value}`
  // Inside single quotes one of them knows escapes, the other does not; and one replaces variables even there.
  if (/['\\\p{Cc}]|\$\{/u.test(value)) {
    throw new CliError('PREFLIGHT_FAILED', `${name} cannot be written so that all versions of docker-compose read it`, {
      suggestions: ["Use a password without ', \\, ${ and control characters: SHOAL_PASSWORD=PASSWORD shoal compose"],
    })
  }
  return `${name}='${value}'`
}
