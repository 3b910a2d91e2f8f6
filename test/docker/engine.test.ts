import {DockerEngine} from '../../src/lib/engine/docker/docker-engine.js'
import {describeEngine} from '../contract/engine/contract.js'
import {describeWithDocker} from '../support/docker.js'
import {nodesKept} from './support.js'

describeEngine(
  'docker',
  async () => {
    const folder = '/the/contract'
    return {
      engine: new DockerEngine({folder}),
      isBusHere: false,
      leftovers: nodesKept,
      other: new DockerEngine({folder}),
    }
  },
  describeWithDocker,
)
