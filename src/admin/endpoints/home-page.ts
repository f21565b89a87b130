// GET /: every endpoint as a form, in one page without anything from elsewhere.

import { escapeHtml } from '../escape-html.ts'
import { htmlAnswer } from '../endpoint.ts'
import type { Endpoint, Parameter } from '../endpoint.ts'

export function homePage(endpoints: () => readonly Endpoint[]): Endpoint {
  return {
    path: '/',
    help: 'Admin home page',
    answer: () => htmlAnswer(page(endpoints().filter(({ path }) => path !== '/'))),
  }
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color-scheme: light dark }
  form { border-top: 1px solid #8886; padding: .6rem 0; display: grid; grid-template-columns: 14rem 1fr; gap: .2rem 1rem }
  button { font: inherit; text-align: left; cursor: pointer }
  button.post { font-weight: bold }
  label { grid-column: 2 }
  small { opacity: .75 }
`

/** What changes the server is a POST, whose parameters go in the body. */
function page(endpoints: readonly Endpoint[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Cairn admin</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Cairn admin</h1>
<p>The paths are those of Envoy's admin interface. Commands in bold change the server.</p>
${endpoints.map(form).join('\n')}
</body>
</html>
`
}

function form({ path, help, changesServer, parameters = [] }: Endpoint): string {
  const [method, style] = changesServer ? ['post', ' class="post"'] : ['get', '']
  const rows = parameters.map(
    (parameter) => `  <label>${input(parameter)} <small>${escapeHtml(parameter.help)}</small></label>\n`,
  )
  return `<form action="${path.slice(1)}" method="${method}">
  <button${style}>${path}</button><span>${escapeHtml(help)}</span>
${rows.join('')}</form>`
}

function input({ name, isFlag, choices }: Parameter): string {
  if (isFlag) return `<input type="checkbox" name="${name}"> ${name}`
  if (choices === undefined) return `${name} <input name="${name}">`
  const options = ['', ...choices.filter((choice) => choice !== '')]
  return `${name} <select name="${name}">${options.map((choice) => `<option>${choice}</option>`).join('')}</select>`
}
