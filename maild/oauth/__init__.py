"""OAuth 2 for mail servers that take no password: access tokens, and how to sign in for them.

`access_token` fetches one when it is needed (RFC 6749); `signin` gets the first refresh token.
"""

from maild.oauth.access_tokens import access_token

__all__ = ["access_token"]
