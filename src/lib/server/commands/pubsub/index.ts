import type {Command} from '../command.js'
import {publishCommands} from './publish.js'
import {pubsubCommand} from './pubsub-command.js'
import {subscribeCommands} from './subscribe.js'

export const pubsubCommands: readonly Command[] = [...publishCommands, pubsubCommand, ...subscribeCommands]
