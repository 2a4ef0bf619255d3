"""What must be true of NNI experiments: their own files, and what NNI's kustomizations render."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.kubernetes import podsecurity
from fcgitops.kubernetes.field import Field, dotted
from fcgitops.manifests import nni_environment
from fcgitops.model import experiment as model
from fcgitops.repository import outcome
from fcgitops.verify.in_line import out_of_line
from fcgitops.verify.registry import Fault, Faults, fault
from fcgitops.verify.subjects import EXPERIMENT, NNI, Experiment, RenderedForNni, name_of


@EXPERIMENT.check("FCG12", HAZARD)
def in_line(experiment: Experiment) -> Faults:
    """An experiment's generated files are in line with its own."""
    if experiment.planned is None:
        return
    merged = outcome.of_experiments(experiment.repository, [experiment.planned])
    root = experiment.repository.root
    hint = shell.line("make", "experiment", f"NAME={experiment.name}")
    yield from out_of_line(merged, root, "its files", hint)


@EXPERIMENT.check("FCG16", REJECT)
def can_run(experiment: Experiment) -> Faults:
    """An experiment's files are there, pass `nni check`, and fit its environment.

    Its namespace, account and share are the environment's.
    """
    for problem in experiment.problems:
        yield fault(problem)


@NNI.check("FCG17", HAZARD)
def belongs_together(r: RenderedForNni) -> Faults:
    """NNI's objects are in NNI's namespace, and the Job finds what it mounts."""
    namespace = r.environment.nni_namespace
    for o in r.objects:
        if o["kind"] == "Namespace":
            continue
        if (found := o["metadata"].get("namespace")) != namespace:
            place = f"{o['kind']} {name_of(o)}"
            hint = "namespace: in kustomization.yaml"
            message = f"{place} is in {found or 'no namespace'}, not in {namespace}"
            yield Fault(message, hint, object=place, cause="metadata.namespace")
    there = {(o["kind"], name_of(o)) for o in r.objects}
    for job in (o for o in r.objects if o["kind"] == "Job"):
        pod = job.get("spec", {}).get("template", {}).get("spec", {})
        what = f"Job {name_of(job)}"
        if (account := pod.get("serviceAccountName") or "default") != nni_environment.MANAGER:
            message = f"the manager runs as {account}, which has other rights"
            field = "spec.template.spec.serviceAccountName"
            yield Fault(message, nni_environment.MANAGER, object=what, cause=field)
        for volume in pod.get("volumes", []):
            wanted = volume.get("configMap", {}).get("name")
            if wanted and ("ConfigMap", wanted) not in there:
                message = f"the Job mounts the ConfigMap {wanted}, which is not rendered"
                hint = "take kustomization.yaml back from Git"
                yield Fault(message, hint, object=what, cause="spec.template.spec.volumes")


@NNI.check("FCG19", HAZARD)
def bounded(r: RenderedForNni) -> Faults:
    """An experiment renders no rights, and its Pod passes the Pod Security Standard `baseline`.

    ConfigMaps, a Job, Services and PersistentVolumeClaims are all that it may render: whoever may
    write an experiment may not bring rights with it, a Pod that leaves its bounds, or a Service
    that takes the whole cluster's traffic to an address for itself (`externalIPs`).
    """
    if not r.of_experiment:
        return
    for o in r.objects:
        group = o["apiVersion"].rpartition("/")[0]
        what = f"{o['kind']} {name_of(o)}"
        if (group, o["kind"]) not in model.KINDS:
            kinds = ", ".join(kind for _, kind in model.KINDS)
            yield Fault(f"renders {what}", f"an experiment may have {kinds}", object=what)
        addresses = Field.of(o)["spec"]["externalIPs"]
        if o["kind"] == "Service" and addresses:
            place = dotted(addresses.path)
            wrong = f"{what}: {place} takes others' traffic"
            yield Fault(wrong, "leave it out", object=what, cause=place)
        if o["kind"] == "Job":
            pod = Field.of(o)["spec"]["template"]
            for field, complaint in podsecurity.complaints(pod, podsecurity.BASELINE):
                wrong = f"{dotted(field.path)} {complaint}"
                yield Fault(f"{what}: {wrong}", "Pod Security `baseline`", object=what)
