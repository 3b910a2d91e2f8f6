import {ProcessEngine} from '../../../src/lib/engine/process/process-engine.js'
import {describeWithPeers, requirePeers} from '../../support/peers.js'
import {temporaryFolder} from '../../support/processes.js'
import {describeLinks} from './links.js'

describeWithPeers('with redis-server', () => {
  describeLinks('process', () => ({
    engine: new ProcessEngine({folder: temporaryFolder('links'), searchPath: requirePeers().folder}),
  }))
})
