"""The syntax of names, labels and ports: each function returns a complaint, "" where all is well.

Source: k8s.io/apimachinery, pkg/util/validation/validation.go and pkg/api/validation; the function
names there stand in the docstrings.
"""

from __future__ import annotations

from fcgitops.core.lazy import regex

_LONG = "must be no more than 63 characters"
_MIXED = "must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"
_QUALIFIED = regex(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL = regex(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = regex(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = regex(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SEARCH = regex(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*")
_VARIABLE = regex(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_KEY = regex(r"[-._a-zA-Z0-9]+")
_HEADER = regex(r"[-A-Za-z0-9]+")
_PORT = regex(r"[-a-z0-9]+")
_SYSCTL = regex(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_URL_PATH = regex(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")


def dns_label(text: str) -> str:
    """IsDNS1123Label."""
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _LABEL.fullmatch(text):
        return "must be lower case letters, digits and '-', with a letter or digit at both ends"
    return ""


def dns_label_1035(text: str) -> str:
    """IsDNS1035Label."""
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _LABEL_1035.fullmatch(text):
        return "must be lower case letters, digits and '-', begin with a letter, not end with '-'"
    return ""


def dns_subdomain(text: str) -> str:
    """IsDNS1123Subdomain."""
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not _SUBDOMAIN.fullmatch(text):
        return (
            "must be lower case letters, digits, '-' and '.', each part with a letter or digit "
            "at both ends"
        )
    return ""


def search_domain(text: str) -> str:
    """IsDNS1123SubdomainWithUnderscore, the rule since Kubernetes 1.33."""
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not _SEARCH.fullmatch(text):
        return "must be lower case letters, digits, '_', '-' and '.'"
    return ""


def qualified(text: str) -> str:
    """IsQualifiedName: NAME or PREFIX/NAME, as the keys of labels are."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return "must have one '/' at most"
    if slash and not prefix:
        return "must have a prefix before its '/'"
    if prefix and (complaint := dns_subdomain(prefix)):
        return f"what is before '/' {complaint}"
    if not name:
        return "must have a name"
    if len(name) > 63:
        return "what is after '/' must be no more than 63 characters" if slash else _LONG
    if not _QUALIFIED.fullmatch(name):
        return f"what is after '/' {_MIXED}" if slash else _MIXED
    return ""


def label_value(text: str) -> str:
    """IsValidLabelValue."""
    if len(text) > 63:
        return "must be no more than 63 characters"
    if text and not _QUALIFIED.fullmatch(text):
        return _MIXED
    return ""


def port_name(text: str) -> str:
    """IsValidPortName."""
    if len(text) > 15:
        return "must be no more than 15 characters"
    if not _PORT.fullmatch(text):
        return "must be lower case letters, digits and '-'"
    if not any("a" <= letter <= "z" for letter in text):
        return "must have a letter"
    if "--" in text or text[0] == "-" or text[-1] == "-":
        return "must not begin or end with '-', nor have two in a row"
    return ""


def port_number(number: int) -> str:
    """IsValidPortNum."""
    return "" if 1 <= number <= 65535 else "must be 1 to 65535"


def old_variable(text: str) -> str:
    """IsEnvVarName, the rule before Kubernetes 1.32."""
    if not _VARIABLE.fullmatch(text):
        return "must be letters, digits, '-', '_' and '.', and begin with no digit"
    return _hidden(text)


def variable(text: str) -> str:
    """IsRelaxedEnvVarName, the rule since Kubernetes 1.32: RelaxedEnvironmentVariableValidation."""
    if not text:
        return "must not be empty"
    if not all(" " <= letter <= "~" and letter != "=" for letter in text):
        return "must be printable ASCII characters other than '='"
    return ""


def key(text: str) -> str:
    """IsConfigMapKey."""
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not _KEY.fullmatch(text):
        return "must be letters, digits, '-', '_' and '.'"
    return _hidden(text)


def _hidden(text: str) -> str:
    """What no file may be called: hasChDirPrefix."""
    if text == "." or text.startswith(".."):
        return "must not be '.', nor begin with '..'"
    return ""


def header(text: str) -> str:
    """IsHTTPHeaderName."""
    return "" if _HEADER.fullmatch(text) else "must be letters, digits and '-'"


def path_segment(text: str) -> str:
    """IsValidPathSegmentName: the names of RBAC's objects."""
    if text in (".", ".."):
        return f"must not be '{text}'"
    return "must not contain '/' or '%'" if "/" in text or "%" in text else ""


def sysctl(text: str) -> str:
    """IsValidSysctlName."""
    if len(text) > 253 or not _SYSCTL.fullmatch(text):
        return "must be lower case letters, digits, '-' and '_' between '.' or '/'"
    return ""


def domain_prefixed_path(text: str) -> str:
    """IsDomainPrefixedPath: example.com/what."""
    host, slash, path = text.partition("/")
    if not host or not slash or not path:
        return "must be a domain-prefixed path, such as example.com/name"
    return dns_subdomain(host) or ("" if _URL_PATH.fullmatch(path) else "its path is invalid")


def identity(number: int) -> str:
    """IsValidUserID and IsValidGroupID."""
    return "" if 0 <= number <= 2147483647 else "must be 0 to 2147483647"


def relative_path(text: str) -> str:
    """ValidateLocalDescendingPath."""
    if text.startswith("/"):
        return "must be a relative path"
    return no_backsteps(text)


def no_backsteps(text: str) -> str:
    """ValidatePathNoBacksteps."""
    return "must not contain '..'" if ".." in text.split("/") else ""


def file_path(text: str) -> str:
    """ValidateLocalNonReservedPath: the path of a file in a volume."""
    if complaint := relative_path(text):
        return complaint
    return "must not start with '..'" if text.startswith("..") else ""
