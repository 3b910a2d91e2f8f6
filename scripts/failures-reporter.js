// A vitest reporter: what failed, and why, as soon as it did. Vitest tells why at the end of a run, and a run that is
// ended before (by a time limit, by Ctrl-C) never tells.

function tell(name, errors) {
  const why = errors.flatMap(({diff, message, stack}) => {
    const frames = (stack ?? message).split('\n').filter((line) => !line.includes('node_modules'))
    return diff ? [...frames, diff] : frames
  })
  process.stdout.write(`FAILED ${name}\n${why.join('\n')}\n\n`)
}

export default class FailuresReporter {
  onTestCaseResult(test) {
    const {errors, state} = test.result()
    if (state === 'failed') tell(`${test.module.relativeModuleId}: ${test.fullName}`, errors)
  }

  /** A hook of the group failed. */
  onTestSuiteResult(suite) {
    if (suite.errors().length > 0) tell(`${suite.module.relativeModuleId}: ${suite.fullName}`, suite.errors())
  }

  /** The file could not be loaded, or a hook outside of its groups failed. */
  onTestModuleEnd(file) {
    if (file.errors().length > 0) tell(file.relativeModuleId, file.errors())
  }
}
