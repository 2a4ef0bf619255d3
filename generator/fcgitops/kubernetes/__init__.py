"""Kubernetes' own judgement of an object, without a cluster: its schema and its value rules.

Nothing here knows FrameworkController, a repository or a finding: an object goes in, faults with
their places come out. `check.faults` is the way in.
"""
