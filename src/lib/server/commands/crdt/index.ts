import type {Command} from '../command.js'
import {crdtStreamCommands} from './stream.js'

/** Added to a node's table when it becomes an instance of an active-active database; CRDT.CONFIG alone is always there. */
export const crdtCommands: readonly Command[] = [...crdtStreamCommands]
