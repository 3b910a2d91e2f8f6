import {describeHistories} from './describe-histories.js'

describeHistories('strings and counters', ['string'], 2000)
