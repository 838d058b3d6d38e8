"""What counts as a secret: names, and places in texts where one stands."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import unquote_plus

from obskit.redaction import rules as redaction_rules

#: What stands where a secret was.
MASK = "[redacted]"

_LONGEST_NAME = 256
_HALF = _LONGEST_NAME // 2

# Looked for in names of which only letters and digits are left.
_SENSITIVE = re.compile(
    "passw|passphrase|passcode|^pass$|(?:db|user|smtp|mail|admin|root|ldap|proxy)pass$|^pwd|pwd$"
    "|secret|token|authorization|^auth$|^bearer|jwt|cookie|credential|apikey|privatekey|accesskey"
    "|signingkey|encryptionkey|masterkey|sshkey|sessionid|sessid|^session$|usersession|httpsession"
    "|csrf|xsrf|^sid$|connectsid|dsn$|connectionstring|^pin$|^otp$|otpcode|totp|^cvv2?$|^cvc2?$"
    "|^ssn$|cardnumber"
)
_WORDS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


# Names that speak about secrets and hold none, word by word, so that `admin_tokens` is no
# `min_tokens`. What is left of a name after them is still judged.
@cache
def _harmless() -> re.Pattern[str]:
    return re.compile(
        "_(?:(?:max|min|total|num|n|count|prompt|completion|input|output|cached|read|creation|reasoning"
        "|thinking|remaining|context|generated|text|audio|image)(?:_new|_input|_output)?_tokens"
        "|tokens?_(?:count|limit|budget|usage|used|per|total|left|remaining|rate|length|type|ttl"
        "|lifetime|expir[a-z]*|bucket|name|url|uri|endpoint|issued)"
        "|tokeni[sz][a-z]*|secretar[a-z]*|secrets?_(?:count|name|version)"
        "|cookies?_(?:consent|banner|policy|notice|accepted|enabled|allowed|domain|path|name|secure"
        "|samesite|httponly|max_age|count)"
        "|passwords?_(?:changed|age|length|len|strength|policy|expir[a-z]*|updated|required|attempts"
        "|min|max|valid|score|count|reset_(?:at|requested|required|sent|count))|passwordless"
        "|credentials?_(?:count|type|provider|source)|authorization_(?:url|uri|endpoint|status|type)"
        "|csrf_(?:exempt|enabled|failed|failure|valid)|api_?key_(?:id|name|count)"
        "|jwt_(?:alg|algorithm|issuer|audience|ttl)"
        "|(?:has|no|needs|requires|uses)_(?:password|token|secret|cookies?|credentials?|session|api_key)"
        "(?=_$))(?=_)"
    )


# Semantic conventions, `url.query`: signatures of clouds' pre-signed URLs.
_SIGNATURE = re.compile("^sig$|signature$", re.IGNORECASE)
_IN_QUERY = re.compile(r"([?&;#])([^=&;?#]+)=[^&;#]+")
_IN_TEXT = re.compile(r"([?&;#])([^=&;?#\s\"'<>]+)=[^&;#\s\"'<>]+")
_USERINFO = re.compile(r"(://[^\s/?#:@\"'<>]*:)[^\s/?#\"'<>]*@")
# `name='…'`, `'name': …` and `('name', '…')`, as the `repr` of objects has them.
_WRITTEN = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]*)(['\"]?[:=] ?|['\"], )"
    r"([bru]?'(?:[^'\\]|\\.)*'?|[bru]?\"(?:[^\"\\]|\\.)*\"?|[\[({][^\])}]*[\])}]?"
    r"|(?:Basic|Bearer|Digest|Token) [^\s,;)\]}>'\"]+|[^\s,;)\]}>]+)"
)


def is_sensitive(key: str) -> bool:
    """Whether what stands under this key is a secret. Nothing is where redaction is off.

    Args:
        key: A field's, header's or attribute's name. Case and punctuation do not count.

    >>> is_sensitive("X-Api-Key"), is_sensitive("user.password"), is_sensitive("max_tokens")
    (True, True, False)
    """
    if not redaction_rules.active.on:
        return False
    return _judged(key if len(key) <= _LONGEST_NAME else key[:_HALF] + key[-_HALF:])


@lru_cache(maxsize=4_096)
def _judged(key: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(key)]
    if not _SENSITIVE.search("".join(words)):
        return False
    rest = _harmless().sub(" ", f"_{'_'.join(words)}_").replace("_", "")
    return bool(_SENSITIVE.search(rest))


def redact_query(query: str) -> str:
    """A URL's query or a form's body with the values of sensitive names masked.

    >>> redact_query("page=2&access_token=abc")
    'page=2&access_token=[redacted]'
    """
    if "=" not in query or not redaction_rules.active.on:
        return query
    return _IN_QUERY.sub(_mask_parameter, f"?{query}")[1:]


def redact_url(url: str) -> str:
    """A URL, or a text with URLs, without passwords of users and values of sensitive parameters.

    >>> redact_url("postgres://app:hunter2@db/shop?sslmode=require")
    'postgres://app:[redacted]@db/shop?sslmode=require'
    """
    return redact_own_url(url) if redaction_rules.active.on else url


def redact_own_url(url: str) -> str:
    """The same, also where redaction is off: for what obskit says of its own configuration."""
    if "://" in url:
        url = _USERINFO.sub(rf"\1{MASK}@", url)
    if "=" in url and ("?" in url or "#" in url):
        url = _IN_TEXT.sub(_mask_parameter, url)
    return url


def redact_written(text: str) -> str:
    """The `repr` of an object, with what it shows under sensitive names masked.

    >>> redact_written("Login(user='ann', password='hunter2')")
    "Login(user='ann', password=[redacted])"
    """
    if not redaction_rules.active.on:
        return text
    return _WRITTEN.sub(lambda m: f"{m[1]}{m[2]}{MASK}" if is_sensitive(m[1]) else m[0], text)


def _mask_parameter(match: re.Match[str]) -> str:
    name = unquote_plus(match[2])
    if _judged(name[:_LONGEST_NAME]) or _SIGNATURE.search(name):
        return f"{match[1]}{match[2]}={MASK}"
    return match[0]
