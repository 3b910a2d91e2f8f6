import {FakeEngine} from '../../support/env-fake-engine.js'
import {describeEngine} from './contract.js'

describeEngine('fake', () => {
  const engine = new FakeEngine()
  const leftovers = (environment: string) =>
    [...engine.kept].filter((key) => key.startsWith(`${environment}/`)).map((key) => key.split('/')[1] ?? '')
  return {engine, isBusHere: true, leftovers, other: engine}
})
