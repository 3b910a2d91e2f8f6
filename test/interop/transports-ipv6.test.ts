import {describeEveryCommand} from './transports-commands.js'
import {IPV6} from './transports-support.js'

describeEveryCommand(IPV6)
