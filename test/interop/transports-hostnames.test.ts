import {describeEveryCommand} from './transports-commands.js'
import {HOSTNAMES} from './transports-support.js'

describeEveryCommand(HOSTNAMES)
