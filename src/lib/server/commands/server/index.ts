import type {Command} from '../command.js'
import {acl} from './acl/acl-command.js'
import {client} from './client-command.js'
import {command} from './command-command.js'
import {config} from './config-command.js'
import {debug} from './debug/debug-command.js'
import {latency} from './latency-command.js'
import {memory} from './memory-command.js'
import {monitor} from './monitor.js'
import {info, lolwut, shutdown} from './process-commands.js'
import {slowlog} from './slowlog-command.js'

/** Administration: settings, facts about the node, its clients and its commands. */
export const serverCommands: readonly Command[] = [
  acl,
  client,
  command,
  config,
  debug,
  info,
  latency,
  lolwut,
  memory,
  monitor,
  shutdown,
  slowlog,
]
