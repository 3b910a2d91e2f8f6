import type {Command} from '../command.js'
import {debug} from './debug.js'
import {digestCommands} from './digest.js'
import {explain} from './explain.js'
import {flush} from './flush.js'
import {crdtStreamCommands} from './stream.js'
import {crdtPeerCommands} from './sync.js'
import {vectors} from './vectors.js'

/** Added to a node's table when it becomes an instance of an active-active database; CRDT.CONFIG alone is always there. */
export const crdtCommands: readonly Command[] = [
  debug,
  ...digestCommands,
  explain,
  flush,
  ...crdtPeerCommands,
  ...crdtStreamCommands,
  vectors,
]
