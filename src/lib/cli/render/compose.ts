import type {Style} from './style.js'

export interface ComposeSummary {
  /** As the operator would type it. */
  readonly folder: string
  readonly files: readonly {readonly name: string; readonly change: string}[]
  readonly image: string
}

/** What was written. */
export function renderCompose({files, folder, image}: ComposeSummary, style: Style): string {
  const written = files.filter(({change}) => change !== 'unchanged').map(({name}) => name)
  const what =
    written.length === 0 ? `${folder} holds this project already, nothing to do` : `${folder}: ${written.join(', ')}`
  return `${what}\n${style.dim(`Nodes run ${image}; nothing of it needs Shoal.`)}`
}

/** What to do with it. */
export function renderComposeNext(folder: string, start: string, style: Style): string {
  return [style.bold('Try this:'), `  cd ${folder}`, `  ${start}`, '  sh split.sh --help'].join('\n')
}
