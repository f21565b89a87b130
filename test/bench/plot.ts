// Draws what a request costs as horizontal bars: per workload both proxies, in shares of Envoy's cost, with the target marked.

import type { WorkloadResult } from './paired-load.ts'

const width = 900
const labelWidth = 230
const barHeight = 15
const groupHeight = 48
const top = 56
const colours: Record<string, string> = { envoy: '#8a94a6', cairn: '#d9622b' }

export function plotCosts(results: WorkloadResult[]): string {
  const widest = Math.max(1.1, ...results.flatMap(shares))
  const scale = (width - labelWidth - 150) / widest
  const height = top + results.length * groupHeight + 16
  const groups = results.map((result, i) => drawGroup(result, top + i * groupHeight, scale))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(16, 24, 'CPU per request, relative to Envoy (shorter is better; the line is the target)', '#1c2330', 'bold'),
    ...groups,
    `</svg>\n`,
  ].join('\n')
}

function shares({ summaries }: WorkloadResult): number[] {
  return summaries.map((summary) => summary.costOfEnvoy ?? 0)
}

function drawGroup(result: WorkloadResult, y: number, scale: number): string {
  const relative = shares(result)
  const parts = [text(16, y + 20, result.workload.title, '#1c2330')]
  result.summaries.forEach((summary, i) => {
    const length = relative[i] * scale
    const barY = y + i * (barHeight + 2)
    const label = `${summary.usPerRequest.toFixed(summary.usPerRequest < 100 ? 1 : 0)} us  ${summary.subject}`
    parts.push(
      `<rect x="${labelWidth}" y="${barY}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colours[summary.subject] ?? '#5577aa'}"/>`,
      text(labelWidth + length + 6, barY + 12, label, '#444c5c'),
    )
  })
  const target = result.workload.target.cpu
  if (target !== undefined) {
    const x = (labelWidth + target * scale).toFixed(1)
    parts.push(
      `<line x1="${x}" x2="${x}" y1="${y + barHeight}" y2="${y + 2 * barHeight + 5}" stroke="#1c2330" stroke-width="2"/>`,
    )
  }
  return parts.join('\n')
}

function text(x: number, y: number, content: string, colour: string, weight = 'normal'): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${colour}" font-weight="${weight}">${content}</text>`
}
