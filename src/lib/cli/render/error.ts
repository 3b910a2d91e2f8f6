import type {ErrorDocument} from '../../kernel/errors.js'
import type {Style} from './style.js'

/** A failure as people read it: what is wrong, then each way forward on its own line. */
export function renderError({error}: ErrorDocument, style: Style): string {
  const lines = [`${style.red('Error:')} ${error.message}`]
  for (const suggestion of error.suggestions) lines.push(`  ${style.dim('Try:')} ${suggestion}`)
  return lines.join('\n')
}
