import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {requireAgreement} from '../sim/checkers/liveness.js'
import {buildStage} from '../sim/run.js'
import {formationLines, range, replicationLines, type Scenario} from '../sim/scenario.js'
import {runLine, type Stage} from '../sim/script.js'
import {ScriptOutput} from '../sim/script-output.js'
import {CALM_LINK} from '../sim/world.js'
import {isUpdatingGolden, loadGolden, parseGolden, renderGolden, runGolden, writeGolden} from '../support/golden.js'

const FOLDER = join(import.meta.dirname, 'cluster')

/**
 * The rules of the cluster spec as scripts, on the simulator. A script begins with one of
 *   `world nodes=3 timeout=1000 [latency=1] [seed=1] [coverage=no] [migration=no]`: fresh machines, nothing started
 *   `cluster nodes=3 ...`: the same, formed: node i has epoch i and its equal part of the slots; `primaries=2`,
 *   `replica` (the last node replicates node 1), `replicas` (all others replicate the primaries in turn), `streams` (they
 *   really do, and so can take over), `snapshots` (crashes cost data), `validity=10`, `barrier=1`
 */
function openStage(words: readonly string[]): {stage: Stage; output: ScriptOutput} {
  const settings = new Map(words.map((word) => word.split('=') as [string, string]))
  const number = (name: string, otherwise: number): number => Number(settings.get(name) ?? otherwise)
  const nodeCount = number('nodes', 3)
  const latencyMs = number('latency', 1)
  const primaryCount = number('primaries', settings.has('replica') ? nodeCount - 1 : nodeCount)
  const scenario: Scenario = {
    faultPhaseMs: 0,
    givenEpochs: true,
    replicas: range(primaryCount + 1, settings.has('replicas') || settings.has('replica') ? nodeCount : 0).map(
      (node) => ({
        node,
        of: ((node - primaryCount - 1) % primaryCount) + 1,
      }),
    ),
    keysPerMigrate: 10,
    options: {
      codecEvery: 1,
      config: {
        allowReplicaMigration: settings.get('migration') !== 'no',
        migrationBarrier: number('barrier', 1),
        replicaValidityFactor: number('validity', 10),
        replicationPingPeriodMs: 1000,
        requireFullCoverage: settings.get('coverage') !== 'no',
      },
      link: {...CALM_LINK, latencyMaxMs: latencyMs, latencyMinMs: latencyMs},
      nodeCount,
      nodeTimeoutMs: number('timeout', 1000),
      seed: number('seed', 1),
      replication: settings.has('streams'),
      snapshots: settings.has('snapshots'),
      slowFsyncChance: 0,
      slowFsyncMaxMs: 0,
      tellingIds: true,
    },
    primaryCount,
    staysCut: [],
    steps: [],
    whileCut: [],
  }
  const stage = buildStage(scenario)
  const output = new ScriptOutput(stage.world)
  stage.world.checkers.push(output)
  if (words[0] === 'cluster') form(stage, scenario)
  output.verbs['events']?.(stage, [])
  return {output, stage}
}

function form(stage: Stage, scenario: Scenario): void {
  const {nodeCount} = scenario.options
  for (const line of formationLines(scenario)) runLine(stage, line)
  if (nodeCount > 1) runLine(stage, `meet 1 ${range(2, nodeCount).join(' ')}`)
  requireAgreement(stage.world, 'forms', 20_000)
  for (const line of replicationLines(scenario)) runLine(stage, line)
  stage.world.run(10_000 - stage.world.queue.nowMs)
  requireAgreement(stage.world, 'forms', 20_000)
}

describe('cluster rules', () => {
  for (const script of loadGolden(FOLDER)) {
    it(script.name, () => {
      let opened: ReturnType<typeof openStage> | undefined
      const blocks = runGolden(script, (command) => {
        const words = command.split(/\s+/)
        if (words[0] === 'world' || words[0] === 'cluster') {
          opened = openStage(words)
          return undefined
        }
        if (!opened) throw new Error('a script begins with `world` or `cluster`')
        return runLine(opened.stage, command, opened.output.verbs)
      })
      if (isUpdatingGolden()) writeGolden(script, blocks)
      else expect(renderGolden(blocks)).toBe(renderGolden(script.blocks))
    })
  }
})

describe('golden scripts', () => {
  it('are read and written back unchanged', () => {
    const text = '# why\nfirst\nsecond\n----\none\ntwo\n\n# more\nthird\n----\nok\n'
    expect(renderGolden(parseGolden(text))).toBe(text)
    expect(() => parseGolden('first\n')).toThrow('no ----')
  })
})
