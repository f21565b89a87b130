// SubstitutionFormatString of envoy.config.core.v3: a text or JSON format with its options.

import type { SubstitutionFormatString } from '../../envoy/generated/envoy/config/core/v3/substitution_format_string_pb.js'
import type { DataSource } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileFormat } from './compile-format.ts'
import type { Format } from './compile-format.ts'
import { compileJsonFormat } from './json-format.ts'
import type { FormatEnvironment } from './operator.ts'

export function compileSubstitutionFormat(
  config: SubstitutionFormatString,
  environment: FormatEnvironment,
  problems: Problems,
): Format {
  checkFormatters(config, problems.at('formatters'))
  const { format, omitEmptyValues } = config
  switch (format.case) {
    case 'textFormat':
      return compileFormat(format.value, environment, problems.at('text_format'), { omitEmptyValues })
    case 'textFormatSource': {
      const at = problems.at('text_format_source')
      return compileFormat(inlineText(format.value, environment, at), environment, at, { omitEmptyValues })
    }
    case 'jsonFormat':
      return compileJsonFormat(format.value, environment, problems.at('json_format'), omitEmptyValues)
    default:
      problems.add('a format needs text_format_source, text_format or json_format')
      return () => ''
  }
}

/** METADATA and REQ_WITHOUT_QUERY are extensions in Envoy; here the first is built in, the second is not there. */
function checkFormatters(config: SubstitutionFormatString, problems: Problems): void {
  for (const [i, extension] of config.formatters.entries()) {
    if (!extension.typedConfig?.typeUrl.endsWith('/envoy.extensions.formatter.metadata.v3.Metadata')) {
      problems.at(i).add(`the formatter extension "${extension.name}" is not supported`)
    }
  }
}

function inlineText(source: DataSource, environment: FormatEnvironment, problems: Problems): string {
  const { specifier } = source
  if (specifier.case === 'inlineString') return specifier.value
  if (specifier.case === 'inlineBytes') return Buffer.from(specifier.value).toString('utf8')
  const value = specifier.case === 'environmentVariable' ? environment.variables[specifier.value] : undefined
  if (value === undefined) problems.add('a format is read from inline_string, inline_bytes or environment_variable')
  return value ?? ''
}
