"""The only package that starts programs, Git aside: kustomize, kubectl, docker or podman."""
