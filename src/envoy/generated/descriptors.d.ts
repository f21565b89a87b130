// Generated from the Envoy API (Apache-2.0, see NOTICE in generated/). Do not edit: npm run generate.
import type { DescFile, FileRegistry } from '@bufbuild/protobuf'

/** Every file, message and enum of this folder, and the well-known types. */
export declare const registry: FileRegistry
export declare function descriptorOf(protoFileName: string): DescFile
