import {describeEveryCommand} from './transports-commands.js'
import {ADDRESS_MAP} from './transports-support.js'

describeEveryCommand(ADDRESS_MAP)
