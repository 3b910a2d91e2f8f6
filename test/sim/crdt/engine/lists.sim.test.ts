import {describeHistories} from './describe-histories.js'

describeHistories('lists', ['list'], 2000)
