"""The kind Framework, which FrameworkController runs, by its names in Kubernetes' API.

Source: FrameworkController's pkg/apis/frameworkcontroller/v1/constants.go.
"""

from __future__ import annotations

GROUP = "frameworkcontroller.microsoft.com"
API_VERSION = f"{GROUP}/v1"
PLURAL = "frameworks"
CRD = f"{PLURAL}.{GROUP}"
"""The name of its CustomResourceDefinition, and what `kubectl get` takes for all of the kind."""
