// What becomes of a token. Numbers and texts are Envoy's (source/common/jwt/status.h): both reach users, the text as the
// response's body and details, the number in the metadata of failed_status_in_metadata.

export interface JwtStatus {
  readonly code: number
  readonly text: string
}

export const JWT_OK = status(0, 'OK')
export const JWT_MISSING = status(1, 'Jwt is missing')
export const JWT_NOT_YET_VALID = status(2, 'Jwt not yet valid')
export const JWT_EXPIRED = status(3, 'Jwt is expired')
export const JWT_BAD_FORMAT = status(
  4,
  'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
)
export const HEADER_BAD_BASE64 = status(5, 'Jwt header is an invalid Base64url encoded')
export const HEADER_BAD_JSON = status(6, 'Jwt header is an invalid JSON')
export const HEADER_BAD_ALG = status(7, 'Jwt header [alg] field is required and must be a string')
export const HEADER_UNKNOWN_ALG = status(8, 'Jwt header [alg] is not supported')
export const HEADER_BAD_KID = status(9, 'Jwt header [kid] field is not a string')
export const PAYLOAD_BAD_BASE64 = status(10, 'Jwt payload is an invalid Base64url encoded')
export const PAYLOAD_BAD_JSON = status(11, 'Jwt payload is an invalid JSON')
export const BAD_ISS = status(12, 'Jwt payload [iss] field is not a string')
export const BAD_SUB = status(13, 'Jwt payload [sub] field is not a string')
export const BAD_IAT = status(14, 'Jwt payload [iat] field is not an integer')
export const IAT_OUT_OF_RANGE = status(15, 'Jwt payload [iat] field is not a positive 64 bit integer')
export const BAD_NBF = status(16, 'Jwt payload [nbf] field is not an integer')
export const NBF_OUT_OF_RANGE = status(17, 'Jwt payload [nbf] field is not a positive 64 bit integer')
export const BAD_EXP = status(18, 'Jwt payload [exp] field is not an integer')
export const EXP_OUT_OF_RANGE = status(19, 'Jwt payload [exp] field is not a positive 64 bit integer')
export const BAD_JTI = status(20, 'Jwt payload [jti] field is not a string')
export const BAD_AUD = status(21, 'Jwt payload [aud] field is not a string or string list')
export const SIGNATURE_BAD_BASE64 = status(22, 'Jwt signature is an invalid Base64url encoded')
export const ED25519_WRONG_LENGTH = status(23, 'Jwt ED25519 signature is wrong length')
export const UNKNOWN_ISSUER = status(24, 'Jwt issuer is not configured')
export const AUDIENCE_NOT_ALLOWED = status(25, 'Audiences in Jwt are not allowed')
export const VERIFICATION_FAILED = status(26, 'Jwt verification fails')
export const NO_VALID_KEYS = status(31, "Jwks doesn't have any valid public key")
export const NO_MATCHING_KEY = status(32, "Jwks doesn't have key to match kid or alg from Jwt")
export const FETCH_FAILED = status(39, 'Jwks remote fetch is failed')

function status(code: number, text: string): JwtStatus {
  return Object.freeze({ code, text })
}
