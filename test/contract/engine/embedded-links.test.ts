import {EmbeddedEngine} from '../../../src/lib/engine/embedded.js'
import {temporaryFolder} from '../../support/processes.js'
import {describeLinks} from './links.js'

describeLinks('embedded', () => ({engine: new EmbeddedEngine({folder: temporaryFolder('links')})}))
