"""Where a Pod may run: tolerations, affinity, spread over nodes, and DNS.

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go; the function names there stand in
the docstrings.
"""

from __future__ import annotations

from fcgitops.kubernetes import addresses, metadata, names
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import REQUIRED

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def tolerations(found: Field) -> None:
    """ValidateTolerations."""
    for toleration in found:
        key, operator = toleration["key"], toleration["operator"]
        value, effect = toleration["value"], toleration["effect"]
        if key:
            key.must_be(names.qualified)
        elif operator.text != "Exists":
            operator.invalid("must be Exists without a key: it tolerates every taint")
        if toleration["tolerationSeconds"].given and effect.text != "NoExecute":
            effect.invalid("must be NoExecute with tolerationSeconds")
        if operator.text in ("Equal", ""):
            value.must_be(names.label_value)
        elif operator.text == "Exists":
            if value:
                value.forbidden("with the operator Exists")
        else:
            operator.unsupported(("Equal", "Exists"))
        if effect:
            effect.one_of(EFFECTS)


def affinity(found: Field) -> None:
    """ValidateAffinity."""
    node = found["nodeAffinity"]
    if node[REQUIRED].given:
        terms = node[REQUIRED]["nodeSelectorTerms"]
        if not terms:
            terms.required("one term at least")
        for term in terms:
            node_term(term, required=True)
    for weighted in node[_PREFERRED]:
        _weight(weighted["weight"])
        node_term(weighted["preference"], required=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        for term in found[kind][REQUIRED]:
            _pod_term(term)
        for weighted in found[kind][_PREFERRED]:
            _weight(weighted["weight"])
            _pod_term(weighted["podAffinityTerm"])


def _weight(weight: Field) -> None:
    if not 1 <= weight.number <= 100:
        weight.invalid("must be 1 to 100")


def node_term(term: Field, *, required: bool) -> None:
    """ValidateNodeSelectorTerm."""
    for rule in term["matchExpressions"]:
        metadata.operator(rule, compares=True)
        rule["key"].must_be(names.qualified)
        if required:
            for value in rule["values"]:
                with value.refused_since(33):
                    value.must_be(names.label_value)
    for rule in term["matchFields"]:
        rule["operator"].one_of(("In", "NotIn"))
        if len(rule["values"]) != 1:
            rule["values"].required("a single value")
        if rule["key"].text != "metadata.name":
            rule["key"].invalid("must be metadata.name")
        for value in rule["values"]:
            value.must_be(names.dns_subdomain)


def _pod_term(term: Field) -> None:
    """ValidatePodAffinityTerm."""
    metadata.selector(term["labelSelector"])
    metadata.selector(term["namespaceSelector"])
    for name in term["namespaces"]:
        name.must_be(names.dns_label)
    _label_keys(term)
    term["topologyKey"].must_be(names.qualified)


def _label_keys(term: Field) -> None:
    """ValidateMatchLabelKeysAndMismatchLabelKeys."""
    chosen = term["labelSelector"]
    for listed in (term["matchLabelKeys"], term["mismatchLabelKeys"]):
        if listed and not chosen.given:
            listed.forbidden("without labelSelector")
            continue
        for key in listed:
            key.must_be(names.qualified)
    wanted, unwanted = (term[key].texts() for key in ("matchLabelKeys", "mismatchLabelKeys"))
    seen = {key for key, _ in chosen["matchLabels"].entries()}
    for rule in chosen["matchExpressions"]:
        label = rule["key"].text
        if label in wanted and label in seen:
            term["matchLabelKeys"].invalid(f"{label} is in labelSelector, too")
        seen.add(label)
    if both := set(wanted) & set(unwanted):
        term["matchLabelKeys"].invalid(f"{', '.join(sorted(both))} is in mismatchLabelKeys, too")


def spread(found: Field) -> None:
    """ValidateTopologySpreadConstraints."""
    seen: set[tuple[str, str]] = set()
    for item in found:
        key, action = item["topologyKey"], item["whenUnsatisfiable"]
        if item["maxSkew"].number <= 0:
            item["maxSkew"].invalid("must be 1 or more")
        if not key:
            key.required()
        action.one_of(("DoNotSchedule", "ScheduleAnyway"))
        if (key.text, action.text) in seen:
            item.fault("another constraint has the same topologyKey and whenUnsatisfiable")
        seen.add((key.text, action.text))
        if item["minDomains"].given:
            item["minDomains"].at_least(1)
            if action.text != "DoNotSchedule":
                item["minDomains"].forbidden("it takes whenUnsatisfiable: DoNotSchedule")
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            item[policy].one_of_if_given(("Honor", "Ignore"))
        if item.since(34):  # MatchLabelKeysInPodTopologySpreadSelectorMerge
            _label_keys(item)
        else:
            _own_keys(item)
        metadata.selector(item["labelSelector"])


def merged_keys(spec: Field, labels: Field, severity: str) -> None:
    """Where `matchLabelKeys` cannot be merged with `labelSelector`, as each Pod has it done.

    A key becomes one more requirement, by the Pod's own label, and the Pod is judged after that:
    applyMatchLabelKeysAndMismatchLabelKeys of pkg/registry/core/pod/strategy.go.

    Args:
        spec: of a Pod, or of the template of Pods.
        labels: of the Pod.
        severity: what it is to the object that is judged.
    """
    terms = list(spec["topologySpreadConstraints"]) if spec.since(34) else []
    for kind in ("podAffinity", "podAntiAffinity"):
        found = spec["affinity"][kind]
        terms += [*found[REQUIRED], *(term["podAffinityTerm"] for term in found[_PREFERRED])]
    for term in terms:
        chosen = term["labelSelector"]
        there = {key for key, _ in chosen["matchLabels"].entries()}
        there |= {rule["key"].text for rule in chosen["matchExpressions"]}
        for key in term["matchLabelKeys"]:
            if key.text in there and labels[key.text].given:
                key.fault("is in labelSelector, too: no Pod can be made of it", severity)


def _own_keys(item: Field) -> None:
    """ValidateMatchLabelKeysInTopologySpread: what held before such keys were merged."""
    chosen, listed = item["labelSelector"], item["matchLabelKeys"]
    if listed and not chosen.given:
        listed.forbidden("without labelSelector")
    there = {key for key, _ in chosen["matchLabels"].entries()}
    there |= {rule["key"].text for rule in chosen["matchExpressions"]}
    for key in listed:
        if key.must(names.qualified(key.text)) and key.text in there:
            key.invalid("is in labelSelector, too")


def host_aliases(found: Field) -> None:
    """ValidateHostAliases."""
    for alias in found:
        alias["ip"].must(addresses.ip_of(alias["ip"]))
        for name in alias["hostnames"]:
            name.must_be(names.dns_subdomain)


def dns(policy: Field, config: Field) -> None:
    """validateDNSPolicy, validatePodDNSConfig."""
    policy.one_of(("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"), "ClusterFirst")
    servers, searches = config["nameservers"], config["searches"]
    if policy.text == "None" and not servers:
        servers.required("with dnsPolicy: None")
    if len(servers) > 3:
        servers.fault(f"are {len(servers)}; 3 is the most")
    for server in servers:
        server.must(addresses.ip_of(server))
    if len(searches) > 32 or len(" ".join(searches.texts())) > 2048:
        searches.fault("are too many; 32 of 2048 characters together are the most")
    for search in searches:
        text = search.text.removesuffix(".")
        if not search.since(33):  # RelaxedDNSSearchValidation
            search.must(names.dns_subdomain(text))
        elif search.text != ".":
            search.must(names.search_domain(text))
    for option in config["options"]:
        if not option["name"]:
            option["name"].required()
