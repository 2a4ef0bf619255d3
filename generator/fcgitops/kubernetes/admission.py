"""ValidatingAdmissionPolicies and their bindings. What their CEL says is not judged.

Source: k8s.io/kubernetes, pkg/apis/admissionregistration/validation/validation.go.
"""

from __future__ import annotations

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import metadata, names
from fcgitops.kubernetes.field import Field

_IDENTIFIER = regex(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = {
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
    "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
}  # fmt: skip
_VARIABLE = regex(r"(?<![\w.])variables\.([_a-zA-Z][_a-zA-Z0-9]*)")
_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
_MOST_ANNOTATIONS, _LONGEST = 20, 5 * 1024


def policy(item: Field) -> None:
    """ValidateValidatingAdmissionPolicy."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    spec = item["spec"]
    spec["failurePolicy"].one_of_if_given(("Fail", "Ignore"))
    if spec["paramKind"].given:
        _param_kind(spec["paramKind"])
    constraints = spec["matchConstraints"]
    if not constraints.given:
        constraints.required()
    else:
        _match(constraints)
        if not constraints["resourceRules"]:
            constraints["resourceRules"].required("one at least")
    declared = _variables(spec["variables"])
    _conditions(spec["matchConditions"])
    validations, annotations = spec["validations"], spec["auditAnnotations"]
    if not validations and not annotations:
        validations.required("validations or auditAnnotations")
    for validation in validations:
        _expression(validation["expression"], declared)
        _message(validation)
    _audit_annotations(annotations, item["metadata"]["name"].text, declared)


def _variables(found: Field) -> set[str]:
    """ValidateVariable, of each; what they are called. One sees those before it alone."""
    declared: set[str] = set()
    for variable in found:
        name = variable["name"]
        if not name.text.strip():
            name.required()
        elif not _IDENTIFIER.fullmatch(name.text) or name.text in _RESERVED:
            name.invalid("must be an identifier of CEL")
        _expression(variable["expression"], declared)
        declared.add(name.text)
    return declared


def _audit_annotations(found: Field, of: str, declared: set[str]) -> None:
    """ValidateAuditAnnotation, of each; `of` is the policy's name, which each key follows."""
    if len(found) > _MOST_ANNOTATIONS:
        found.fault(f"are more than {_MOST_ANNOTATIONS}")
    seen: set[str] = set()
    for annotation in found:
        key, value = annotation["key"], annotation["valueExpression"]
        key.must(names.qualified(f"{of}/{key.text}"))
        key.unique_in(seen)
        _expression(value, declared)
        if len(value.text.strip()) > _LONGEST:
            value.fault(f"is longer than {_LONGEST} bytes")


def _expression(found: Field, declared: set[str]) -> None:
    """An expression that is there, and whose variables are declared before it."""
    if not found.text.strip():
        found.required()
    for name in _VARIABLE.findall(found.text):
        if name not in declared:
            found.fault(f"no variable {name} is declared before it")


def _message(validation: Field) -> None:
    """validateValidation, but for the expression."""
    message, by_expression = validation["message"], validation["messageExpression"]
    for text in (message, by_expression):
        if text and not text.text.strip():
            text.invalid("must not be blank")
    if "\n" in message.text.strip() or "\r" in message.text.strip():
        message.invalid("must be one line")
    validation["reason"].one_of_if_given(("Forbidden", "Invalid", "RequestEntityTooLarge"))


def _conditions(found: Field) -> None:
    """ValidateMatchConditions."""
    if len(found) > 64:
        found.fault("are more than 64")
    for condition in found:
        if not condition["expression"].text.strip():
            condition["expression"].required()
        condition["name"].must_be(names.qualified)


def _param_kind(found: Field) -> None:
    """ValidateParamKind."""
    version, kind = found["apiVersion"], found["kind"]
    group, slash, last = version.text.rpartition("/")
    if not version:
        version.required()
    elif "/" in group or (slash and not group):
        version.invalid("must be GROUP/VERSION, or v1")
    else:
        if group:
            version.must(names.dns_subdomain(group))
        version.must(names.dns_label_1035(last))
    if not kind:
        kind.required()
    else:
        kind.must(names.dns_label_1035(kind.text.lower()))


def _match(found: Field) -> None:
    """ValidateMatchResources."""
    found["matchPolicy"].one_of_if_given(("Equivalent", "Exact"))
    metadata.selector(found["namespaceSelector"])
    metadata.selector(found["objectSelector"])
    for rule in [*found["resourceRules"], *found["excludeResourceRules"]]:
        _rule(rule)


def _rule(rule: Field) -> None:
    """ValidateNamedRuleWithOperations."""
    seen: set[str] = set()
    for name in rule["resourceNames"]:
        name.must_be(names.path_segment)
        name.unique_in(seen)
    for key in ("operations", "apiGroups", "apiVersions", "resources"):
        if not rule[key]:
            rule[key].required()
        elif key != "resources" and "*" in rule[key].texts() and len(rule[key]) > 1:
            rule[key].invalid("* is alone")
    for operation in rule["operations"]:
        operation.one_of(_OPERATIONS)
    for key in ("apiVersions", "resources"):
        for one in rule[key]:
            if not one:
                one.required()
    rule["scope"].one_of_if_given(("*", "Cluster", "Namespaced"))
    _resources(rule["resources"])


def _resources(found: Field) -> None:
    """ValidateResources."""
    every, of_resource, of_part = found.texts(), set[str](), set[str]()
    plain = False
    for one in found:
        name, slash, part = one.text.partition("/")
        if not slash:
            plain = one.text != "*"
            continue
        if name in of_resource or part in of_part:
            one.invalid("another one includes it")
        if part == "*":
            of_resource.add(name)
        if name == "*":
            of_part.add(part)
    if len(every) > 1 and "*/*" in every:
        found.invalid("*/* is alone")
    if "*" in every and plain:
        found.invalid("* includes all without a subresource")


def binding(item: Field) -> None:
    """ValidateValidatingAdmissionPolicyBinding."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    spec = item["spec"]
    spec["policyName"].required_as(names.dns_subdomain)
    if spec["paramRef"].given:
        _param_ref(spec["paramRef"])
    if spec["matchResources"].given:
        _match(spec["matchResources"])
    actions = spec["validationActions"]
    if not actions:
        actions.required("Deny, Warn or Audit")
    for action in actions:
        action.one_of(("Audit", "Deny", "Warn"))
    if {"Deny", "Warn"} <= set(actions.texts()):
        actions.invalid("Deny and Warn exclude each other")


def _param_ref(found: Field) -> None:
    """ValidateParamRef."""
    name, selector = found["name"], found["selector"]
    if name:
        name.must_be(names.path_segment)
    if bool(name) == selector.given:
        found.required("one of name and selector")
    metadata.selector(selector)
    found["parameterNotFoundAction"].one_of(("Allow", "Deny"))
