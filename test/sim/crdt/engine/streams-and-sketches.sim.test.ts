import {describeHistories} from './describe-histories.js'

describeHistories('streams and sketches', ['stream', 'hll'], 1500)
