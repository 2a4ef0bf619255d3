"""Where the files of a generated repository lie."""

BASE_RECORD = ".fcgitops/base"
"""What the generator wrote last time of all that belongs to no environment."""

RECORD_FILE = ".fcgitops"
"""The same of one environment or experiment, within its folder."""

CLUSTER_ROLE = "base/clusterrole.yaml"
"""What FrameworkController may do; the profile `upstream` has none."""

READ = (".fcgitops", "base", "clusters", "components", "experiments", "fcgitops.yaml", "overlays")
"""What a change is made of: each command that writes reads of all of these."""
