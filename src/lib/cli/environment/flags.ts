import {Flags} from '@oclif/core'
import {DEFAULTS} from '../../environment/spec.js'

/** Which environment a command is about. */
export const environmentNameFlag = () =>
  Flags.string({default: DEFAULTS.name, helpValue: 'NAME', summary: 'Name of the environment.'})

/** The password of a new environment. Unlike other commands, `up` gives it to the nodes. */
export const environmentPasswordFlag = () =>
  Flags.string({
    aliases: ['pass'],
    char: 'a',
    env: 'SHOAL_PASSWORD',
    helpValue: 'PASSWORD',
    noCacheDefault: true,
    summary: 'Password the nodes require. Better: SHOAL_PASSWORD, which no process list shows.',
  })
