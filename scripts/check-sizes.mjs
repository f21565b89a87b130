// The size rules: at most 500 lines a file and 80 a function. In src/codec a function may have 200 when the comment above
// it says why and gives a number that was measured. Tests and generated code do not count.

import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const maxFileLines = 500
const maxFunctionLines = 80
const maxCodecFunctionLines = 200

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a reader calls the function: its own name, or that of the variable, property or call it belongs to. */
function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (node.name !== undefined) return node.name.getText()
  const { parent } = node
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) {
    return parent.name.getText()
  }
  return '(function without a name)'
}

function commentAbove(node, text) {
  let statement = node
  while (!ts.isStatement(statement) && !ts.isClassElement(statement) && statement.parent !== undefined) {
    statement = statement.parent
  }
  const ranges = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? []
  return ranges.map(({ pos, end }) => text.slice(pos, end)).join('\n')
}

/** Findings of one file, as sentences, and its number of lines. */
function measure(path) {
  const text = readFileSync(`${root}/${path}`, 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line
  const lines = text.endsWith('\n') ? text.split('\n').length - 1 : text.split('\n').length
  const findings = []
  if (lines > maxFileLines) findings.push(`${path}: ${lines} lines, at most ${maxFileLines}`)

  function visit(node) {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const start = lineOf(node.getStart())
      const length = lineOf(node.end) - start + 1
      const excused = path.startsWith('src/codec/') && /\d/.test(commentAbove(node, text))
      const limit = excused ? maxCodecFunctionLines : maxFunctionLines
      if (length > limit) {
        findings.push(`${path}:${start + 1}: ${nameOf(node)} has ${length} lines, at most ${limit}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { lines, findings }
}

function main() {
  const paths = globSync(['src/**/*.ts', 'scripts/**/*.mjs'], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.endsWith('.test.ts') && !path.includes('/generated/'))
    .sort()
  const measured = paths.map(measure)
  const findings = measured.flatMap((file) => file.findings)
  for (const finding of findings) console.log(finding)
  const sizes = measured.map((file) => file.lines).sort((a, b) => a - b)
  const total = sizes.reduce((sum, lines) => sum + lines, 0)
  console.log(
    `${sizes.length} files, ${total} lines, median ${sizes[sizes.length >> 1]}, p95 ${sizes[Math.floor(sizes.length * 0.95)]}, largest ${sizes.at(-1)}`,
  )
  return findings.length === 0 ? 0 : 1
}

process.exitCode = main()
