import {describeHistories} from './describe-histories.js'
import {ALL_FAMILIES} from './scenario.js'

describeHistories('types that clash', ALL_FAMILIES, 2000)
