import {CliError} from '../../kernel/errors.js'
import type {LinkControl} from '../links.js'

const reason = 'nodes in Docker have no faults between them yet'
export const noLinks: LinkControl = {
  apply: async () => {
    throw new CliError('ENVIRONMENT_LACKS', reason)
  },
  probe: async () => [],
  supports: async () => ({available: false, reason}),
}
