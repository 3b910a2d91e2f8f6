import {wordsOf} from './typed.js'

/** Settings whose values nobody else may see are called so: requirepass, masterauth, masteruser, tls-key-file-pass. */
const SECRET_SETTING = /auth|pass|user/

/**
 * Whether a line may hold a password, and so is not remembered. Rather one too many: a mistyped AUTH holds one as well.
 *
 * @param line - as typed, closed quotes or not
 */
export function holdsSecret(line: string): boolean {
  const words = (wordsOf(line) ?? line.split(/[\s"']+/)).map((word) => word.toLowerCase()).filter((word) => word !== '')
  const [name = '', ...others] = /^[+-]?\d+$/.test(words[0] ?? '') ? words.slice(1) : words
  switch (name) {
    case 'auth':
      return true
    case 'hello':
    case 'migrate':
      return others.some((word) => word === 'auth' || word === 'auth2')
    case 'acl':
      return others[0] === 'setuser'
    case 'config':
      return others[0] === 'set' && others.some((word) => SECRET_SETTING.test(word))
    default:
      return false
  }
}
