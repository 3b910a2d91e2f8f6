import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {type ComposeProject, composeProject} from '../../src/lib/environment/compose/project.js'
import {NETWORK_SH} from '../../src/lib/environment/compose/shell-scripts.js'
import {planEnvironment} from '../../src/lib/environment/spec.js'
import {isUpdatingGolden, loadGolden, renderGolden, runGolden, writeGolden} from '../support/golden.js'

/**
 * Exported compose projects. A script begins with `project REQUEST [OPTIONS]`, as JSON, which lists the files with their
 * modes; `show FILE` prints one, with `.` for an empty line, and of network.sh only what is the project's own.
 */
const FOLDER = join(import.meta.dirname, 'compose')

class Exporter {
  private project: ComposeProject | undefined

  run(line: string): string {
    const [verb, rest = ''] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)]
    if (verb === 'project') {
      const {options = {}, ...request} = JSON.parse(rest)
      this.project = composeProject(planEnvironment(request), options)
      return this.project.files.map(({mode, name}) => `${mode.toString(8)} ${name}`).join('\n')
    }
    const text = this.project?.files.find(({name}) => name === rest)?.text
    if (verb !== 'show' || text === undefined) throw new Error(`what is ${line}?`)
    return text.replace(NETWORK_SH, '').trimEnd().replaceAll(/^$/gm, '.')
  }
}

describe('compose projects', () => {
  it.each(loadGolden(FOLDER).map((script) => [script.name, script] as const))('%s', (_, script) => {
    const exporter = new Exporter()
    const blocks = runGolden(script, (command) => exporter.run(command))
    if (isUpdatingGolden()) writeGolden(script, blocks)
    else expect(renderGolden(blocks)).toBe(renderGolden(script.blocks))
  })
})
