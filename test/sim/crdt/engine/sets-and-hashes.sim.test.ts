import {describeHistories} from './describe-histories.js'

describeHistories('sets, hashes, sorted sets', ['set', 'hash', 'zset'], 2500)
