"""components/guardrails/: what other modules must know of it.

Its policies let FrameworkController work only where a Namespace says so.
"""

from __future__ import annotations

POLICIES = ("frameworkcontroller", "frameworkcontroller-submissions")
"""Names of the ValidatingAdmissionPolicies, and of their bindings."""
CONDITIONS = ("frameworkcontroller", "by-others", "new-or-changed")
"""Names of the matchConditions by which the policies know what they judge."""
ALLOWED = {
    "fcgitops.io/frameworks": "allowed",
    # Not `restricted`: FrameworkController (of Kubernetes 1.16's time) drops the seccompProfile
    # from its Pods.
    "pod-security.kubernetes.io/enforce": "baseline",
}
"""Labels of a Namespace in which Frameworks may run."""
ACCOUNTS = "fcgitops.io/service-accounts"
"""Annotation of a Namespace: as whom Frameworks' Pods may run there, separated by commas."""
