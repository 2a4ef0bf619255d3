"""An experiment: its run.yaml, what its manager gets, and what its Job is called."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yamls
from fcgitops.core.errors import InputError
from fcgitops.manifests import nni_experiment, nni_starter
from fcgitops.model import environment as model
from fcgitops.model import experiment
from fcgitops.model.experiment import Experiment
from fcgitops.repository import agreement

NFS = {"nni.namespace": "nni", "nni.storage": "nfs://10.0.0.2/exports/nni"}
AZURE = NFS | {"nni.storage": "azure://account1/share-1?keyVault=v1&key=k1"}
COMPONENT = {"manager": b"m", "sudo": b"s", "kustomization.yaml": b"k"}
FILES = {"experiment.yaml": b"e", "search_space.json": b"{}", "code/trial.py": b"t"}


def environment(given: dict[str, Any]) -> model.Environment:
    """The environment prod."""
    return model.environment("prod", given, {}, "hardened", "f")


def problems(text: str | bytes, name: str = "mnist") -> list[str]:
    """Why a run.yaml is none."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InputError) as error:
        experiment.parse(name, data, "f")
    return [str(problem) for problem in error.value.problems]


def test_what_run_yaml_says() -> None:
    """Every key, and what stands for one that is not given."""
    assert experiment.parse("mnist", b"environment: prod\n", "f") == Experiment("mnist", "prod")
    text = (
        "environment: prod\n"
        "image: registry.example.com:5000/ml/nni:v1\n"
        "run: 3\n"
        "resources: {cpu: 250m, memory: 1Gi}\n"
        "nodeSelector: {disk: ssd}\n"
        "tolerations: [{key: gpu, operator: Exists}]\n"
    )
    assert experiment.parse("mnist", text.encode(), "f") == Experiment(
        "mnist",
        "prod",
        image="registry.example.com:5000/ml/nni:v1",
        run=3,
        cpu="250m",
        memory="1Gi",
        node_selector={"disk": "ssd"},
        tolerations=[{"key": "gpu", "operator": "Exists"}],
    )


@pytest.mark.parametrize("text", ["\ufeffenvironment: prod\n", "environment: prod\r\nrun: 1\r\n"])
def test_what_editors_leave_in_run_yaml(text: str) -> None:
    """A byte order mark and Windows' line ends are no mistakes."""
    assert experiment.parse("mnist", text.encode(), "f") == Experiment("mnist", "prod")


def test_a_quantity_needs_no_quotes() -> None:
    """As in environment.yaml."""
    text = b"environment: prod\nresources: {cpu: 1, memory: 129e6}\n"
    found = experiment.parse("mnist", text, "f")
    assert (found.cpu, found.memory) == ("1", "129e6")


def test_a_new_run_yaml_reads_back() -> None:
    """What it shows is what was meant; empty values are not shown."""
    found = Experiment("mnist", "prod", run=2, node_selector={"a": "true"})
    text = experiment.source(found)
    assert "`make experiment NAME=mnist`" in text
    assert "tolerations" not in text
    assert experiment.parse("mnist", text.encode(), "f") == found


def test_all_that_is_wrong_is_told_at_once() -> None:
    """The name, keys that are not known, and each value."""
    text = (
        "enviroment: prod\n"
        "image: 'a b'\n"
        "run: 0\n"
        "resources: {cpu: $(id), disk: 1Gi}\n"
        "nodeSelector: {'a b': '{{ x }}'}\n"
        "tolerations: [{operator: Is, x: 1}]\n"
    )
    found = problems(text, "Mnist")
    assert [line.split(": ")[:2] for line in found] == [
        ["f", "'Mnist' is not valid (a DNS label"],
        ["f", "enviroment"],
        ["f", "resources.disk"],
        ["f", "image"],
        ["f", "run"],
        ["f", "resources.cpu"],
        ["f", "nodeSelector"],
        ["f", "nodeSelector"],
        ["f", "tolerations"],
        ["f", "tolerations"],
        ["f", "tolerations"],
        ["f", "environment"],
    ]
    assert found[1] == "f: enviroment: is not known (did you mean 'environment'?)"
    assert found[-1] == "f: environment: is not given (the environment's name)"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "f: environment: is not given (the environment's name)"),
        ("- prod\n", "f: [prod] is not a mapping (KEY: VALUE lines)"),
        ("environment: [prod\n", "f:2: is not valid YAML: "),
        ("environment: a\nenvironment: b\n", "f:2: repeats the key 'environment'"),
        ("environment: a\n---\nenvironment: b\n", "f:2: holds a second document"),
        ("environment: &a prod\nimage: *a\n", "f:2: has an alias, *a"),
        (b"environment: prod\nimage: \xff\n", "f:2: is not UTF-8 text"),
        ("environment: null\n", "f: environment: null is not text"),
        ("environment: {{ env }}\n", "f:1: a key is not a plain name"),
        ("environment: '$(id)'\n", "f: environment: '$(id)' is not valid (a DNS label"),
        ("environment: ../prod\n", "f: environment: '../prod' is not valid (a DNS label"),
        ("environment: prod\nrun: yes\n", "f: run: true is not valid (a whole number"),
        ("environment: prod\nimage: -x\n", "f: image: '-x' is not valid (an image"),
        ("environment: prod\nimage: a:b:c\n", "f: image: 'a:b:c' is not valid (an image"),
        ("environment: prod\nimage: nni:v3\\n\n", "f: image: 'nni:v3\\\\n' is not valid"),
        ('environment: prod\nimage: "nni:v3\\n"\n', "f: image: 'nni:v3\\n' is not valid, it has U"),
        ("environment: prod\nresources: {cpu: x}\n", "f: resources.cpu: 'x' is no quantity"),
        ("environment: prod\nresources: {memory: 2}\n", "f: resources.memory: 2 is 2 bytes (2Mi?)"),
        ("environment: prod\nresources: 1\n", "f: resources: 1 is not a mapping"),
        ("a: " * 60, "f:1: "),
        ("environment: " + "p" * (1 << 20), "f: has 1048589 bytes (at most 1048576)"),
    ],
)
def test_a_run_yaml_that_is_none(text: str | bytes, wrong: str) -> None:
    """Each way to spoil it has a line of its own, with its place."""
    assert problems(text)[0].startswith(wrong)


@pytest.mark.parametrize(
    "image",
    [
        "nni",
        "msranni/nni:v3.0",
        "registry.example.com/team/nni:v1",
        "localhost:5000/nni@sha256:" + "0" * 64,
        "a.b/c__d/e--f:v_1.2-3@sha256:" + "f" * 64,
    ],
)
def test_images(image: str) -> None:
    """As a container's `image` takes them."""
    assert experiment.KEYS["image"].check(image) == ""


@pytest.mark.parametrize(
    "image",
    ["", "NNI", "nni:", "nni:-v", "nni@sha256:0", "a//b", "/nni", "nni ", "nni$(id)", "nni;id",
     "h:123456/nni", "https://h/nni", "a" * 256, "nni:" + "a" * 129, 3, None],
)  # fmt: skip
def test_no_images(image: object) -> None:
    """What no registry has is refused before a Pod waits for it."""
    assert "image" in experiment.KEYS["image"].check(image)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("", "NAME: has no name (such as mnist; with make: NAME=mnist)"),
        ("m" * 41, f"NAME: {'m' * 41!r} has 41 letters (at most 40)"),
        ("2024", "NAME: '2024' cannot name a Service (a letter first)"),
        ("1st-try", "NAME: '1st-try' cannot name a Service (a letter first)"),
        *((name, f"NAME: {name!r} is not valid") for name in (
            "Mnist", "m_1", "-m", "m-", "m/n", "..", ".", "m n", "m;id", "$(id)", "`id`", "{{ m }}",
            "m'", "m.n", "--help", "#m", "~", "*",
        )),
        ("m\n", "NAME: 'm\\n' is not valid, it has U+000A"),
        ("ｍnist", "NAME: 'ｍnist' is not valid, it has U+FF4D"),
    ],
)  # fmt: skip
def test_names_that_are_refused(name: str, wrong: str) -> None:
    """What names a Job, a Service, a ConfigMap, a folder, and stands in a shell's line."""
    (found,) = experiment.check_name(name, "NAME")
    assert str(found).startswith(wrong)


@pytest.mark.parametrize("name", ["m", "m1", "a-b-c", "m" * 40, "null", "true", "e1"])
def test_names(name: str) -> None:
    """Words that YAML or a shell might read otherwise are names too."""
    assert experiment.check_name(name, "NAME") == []


def test_what_the_manager_gets() -> None:
    """All of the folder but what is generated, or about it."""
    files = dict.fromkeys(
        ["job.yaml", "kustomization.yaml", "service.yaml", "work.yaml", ".fcgitops", "run.yaml",
         "README.md", "readme", "__pycache__/a.pyc", "code/__pycache__/a.pyc",
         "experiment.yaml", "code/README.md", "code/job.yaml", "code/run.yaml", "jobs.yaml"], b""
    )  # fmt: skip
    assert list(experiment.inputs(files)) == [
        "experiment.yaml", "code/README.md", "code/job.yaml", "code/run.yaml", "jobs.yaml",
    ]  # fmt: skip


BAD_NAME = (
    "has a name that a ConfigMap cannot keep (letters, digits, '-', '_' and '.', at most 253)"
)


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({}, []),
        ({"a/b/c.d": b"", "-x_Y.9": b""}, []),
        ({"a" * 253: b""}, []),
        ({"null": b"", "1_000": b"", "on": b""}, []),
        ({"1": b"", "_1": b"", "__1": b""}, []),
        ({"a" * 254: b""}, [f"d/{'a' * 254}: {BAD_NAME}"]),
        ({"/".join(["a" * 99] * 3): b""}, [f"d/{'/'.join(['a' * 99] * 3)}: {BAD_NAME}"]),
        ({"a b": b"", "ü": b""}, [f"d/a b: {BAD_NAME}", f"d/ü: {BAD_NAME}"]),
        ({"a\nb": b""}, [f"d/a\\nb: {BAD_NAME}"]),
        ({"a=b": b""}, [f"d/a=b: {BAD_NAME}"]),
        ({"a..b": b""}, [f"d/a..b: {BAD_NAME}"]),
        ({"$(id)/x": b""}, [f"d/$(id)/x: {BAD_NAME}"]),
        ({"{{a}}": b""}, [f"d/{{{{a}}}}: {BAD_NAME}"]),
        ({"\udcff": b""}, [f"d/\\udcff: {BAD_NAME}"]),
        (
            {"a/b.c": b"", "a.b/c": b"", "a.b.c": b""},
            [
                "d/a.b/c: and a/b.c would be one key of a ConfigMap (another name for one of them)",
                "d/a.b.c: and a/b.c would be one key of a ConfigMap (another name for one of them)",
            ],
        ),
    ],
)
def test_file_names(files: dict[str, bytes], wrong: list[str]) -> None:
    """What cannot be the key of a ConfigMap is told, and what would be the same key."""
    found = experiment.check_inputs({"experiment.yaml": b""} | files, "d")
    assert [str(problem) for problem in found] == wrong


def test_a_file_that_begins_with_a_tab() -> None:
    """It is told: kustomize 5.8 writes a block for it that no YAML parser reads again."""
    files = {"experiment.yaml": b"", "code/a.tsv": b"\tone\n", "code/b": b"one\n\ttwo\n"}
    (found,) = experiment.check_inputs(files, "d")
    assert str(found) == (
        "d/code/a.tsv: begins with a tab, of which kustomize makes no YAML "
        "(a first line that does not)"
    )


@pytest.mark.parametrize("character", ["\x7f", "\x80", "\x85", "\x9f", "\ufffe", "\uffff"])
def test_characters_that_kustomize_cannot_write(character: str) -> None:
    """They are told with their file; in what is no UTF-8 text any byte may be."""
    files = {"experiment.yaml": b"", "code/a.py": f"a = '{character}'\n".encode()}
    (found,) = experiment.check_inputs(files, "d")
    assert str(found) == (
        f"d/code/a.py: has the character U+{ord(character):04X}, of which kustomize makes no YAML "
        "(an escape of your language's in its place)"
    )
    files["code/a.py"] += b"\xff"
    assert experiment.check_inputs(files, "d") == []


def test_an_experiment_has_its_file() -> None:
    """NNI's own."""
    (found,) = experiment.check_inputs({"code/experiment.yaml": b""}, "d")
    assert str(found) == ("d/experiment.yaml: is missing (NNI's configuration of the experiment)")


def test_size() -> None:
    """1 MiB, keys counted; one byte more is refused, and says what to do."""
    room = (1 << 20) - len("experiment.yaml") - len("data.bin")
    files = {"experiment.yaml": b"", "data.bin": b"\0" * room}
    assert experiment.check_inputs(files, "d") == []
    (found,) = experiment.check_inputs(files | {"experiment.yaml": b"\n"}, "d")
    assert str(found) == (
        "d: has 1048577 bytes, and a ConfigMap takes 1048576; the largest is data.bin with "
        f"{room} (keep data on the share or in the trials' image (dockerImage), and here only the "
        "code that starts it)"
    )


def run_and_job(
    files: dict[str, bytes] | None = None,
    given: dict[str, Any] | None = None,
    component: dict[str, bytes] | None = None,
    **changes: Any,
) -> tuple[str, str]:
    """The run ID in a Job, and the Job's name."""
    found = dataclasses.replace(Experiment("mnist", "prod"), **changes)
    made = nni_experiment.files(
        found, environment(given or NFS), files or FILES, component or COMPONENT
    )
    document = yamls.load(made["job.yaml"])
    (container,) = document["spec"]["template"]["spec"]["containers"]
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert variables["RUN"] == experiment.run_id(found, files or FILES)
    return variables["RUN"], document["metadata"]["name"]


CHANGES: dict[str, tuple[bool, dict[str, Any]]] = {
    # what changes: whether it is another run
    "cpu": (False, {"cpu": "2"}),
    "memory": (False, {"memory": "4Gi"}),
    "image": (False, {"image": "nni:v1"}),
    "node_selector": (False, {"node_selector": {"a": "b"}}),
    "user": (False, {"user": 1000}),
    "tolerations": (False, {"tolerations": [{"operator": "Exists"}]}),
    "manager": (False, {"component": COMPONENT | {"manager": b"m2"}}),
    "sudo": (False, {"component": COMPONENT | {"sudo": b"s2"}}),
    "share": (False, {"given": AZURE}),
    "name": (True, {"name": "mnist2"}),
    "run": (True, {"run": 2}),
    "content": (True, {"files": FILES | {"code/trial.py": b"t2"}}),
    "file": (True, {"files": FILES | {"code/more.py": b""}}),
    "file_name": (True, {"files": {**FILES, "code/trial.py": b"", "code/trial2.py": b"t"}}),
    "fewer": (True, {"files": {"experiment.yaml": b"e"}}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_runs_again(what: str) -> None:
    """Any change is another Job, which cannot be changed; only what it tries is another run.

    A Job of the same run finds that it has ended, or goes on with it.
    """
    other_run, changes = CHANGES[what]
    run, name = run_and_job()
    new_run, new_name = run_and_job(**changes)
    assert new_name != name
    assert (new_run != run) is other_run


def test_the_namespace_is_neither() -> None:
    """It is the kustomization's, so that the same content has the same name in it."""
    assert run_and_job(given=NFS | {"nni.namespace": "trials"}) == run_and_job()


def test_no_file_stands_for_something_else() -> None:
    """A file called `run` hides no number, and contents do not flow into names."""
    files = FILES | {"run": b"1"}
    assert run_and_job(files)[0] != run_and_job(files, run=2)[0]
    assert run_and_job({"ab": b"c"})[0] != run_and_job({"a": b"bc"})[0]
    assert run_and_job({"a": b"b", "c": b"d"})[0] != run_and_job({"a": b"bc", "d": b""})[0]
    component = FILES | {"component/sudo": b"s"}
    assert run_and_job(component)[1] != run_and_job()[1]


def test_names_fit() -> None:
    """The longest name still makes a Job's name and labels of at most 63 letters."""
    name = "m" * experiment.NAME_LENGTH
    made = nni_experiment.files(Experiment(name, "prod"), environment(NFS), FILES, COMPONENT)
    document = yamls.load(made["job.yaml"])
    assert len(f"{name}-{document['metadata']['name']}") <= 63
    assert len(f"fc-experiment-{name}") <= 63


def test_job() -> None:
    """The manager: its account, its mounts, its exit statuses, and no privilege."""
    found = Experiment("mnist", "prod", node_selector={"b": "1", "a": "2"})
    made = nni_experiment.files(
        found, environment(NFS), {"experiment.yaml": b"e", "code/t.py": b""}, {}
    )
    assert list(made) == ["job.yaml", "kustomization.yaml", "service.yaml"]
    document = yamls.load(made["job.yaml"])
    spec = document["spec"]
    assert spec["backoffLimit"] == 3
    assert spec["podFailurePolicy"]["rules"][0] == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }
    assert spec["podFailurePolicy"]["rules"][1] == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "nni-manager", "operator": "In", "values": [1, 2]},
    }
    pod = spec["template"]["spec"]
    assert spec["template"]["metadata"]["labels"] == {"app": "nni-manager", "experiment": "mnist"}
    assert pod["serviceAccountName"] == "nni-manager"
    assert pod["restartPolicy"] == "Never"
    assert pod["terminationGracePeriodSeconds"] >= 75
    assert list(pod["nodeSelector"].items()) == [("a", "2"), ("b", "1")]
    assert pod["volumes"] == [
        {
            "name": "files",
            "configMap": {
                "name": "files",
                "defaultMode": 0o755,
                "items": [
                    {"key": "code.t.py", "path": "code/t.py"},
                    {"key": "experiment.yaml", "path": "experiment.yaml"},
                ],
            },
        },
        {"name": "manager", "configMap": {"name": "manager", "defaultMode": 0o555}},
        {"name": "share", "nfs": {"server": "10.0.0.2", "path": "/exports/nni"}},
    ]
    (container,) = pod["containers"]
    assert container["command"] == ["python3", "/opt/nni-manager/manager.py"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    }
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert variables["WORK"] == "/nni-share/experiments/mnist"
    assert variables["PATH"].startswith("/opt/nni-manager:")


def test_a_user_of_its_own() -> None:
    """It is no other name of a Job that has none: what runs is another Pod."""
    given = Experiment("mnist", "prod", user=1000)
    pods = [
        yamls.load(nni_experiment.files(e, environment(NFS), {}, {})["job.yaml"])["spec"][
            "template"
        ]["spec"]
        for e in (given, Experiment("mnist", "prod"))
    ]
    assert pods[0]["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert pods[0]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"name": "tmp", "emptyDir": {}} in pods[0]["volumes"]
    assert pods[1]["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert "readOnlyRootFilesystem" not in pods[1]["containers"][0]["securityContext"]
    parsed = experiment.parse("mnist", b"environment: prod\nuser: 1000\n", "f")
    assert parsed == given


def test_azure_has_a_claim() -> None:
    """NNI uploads to Azure's share by itself, so the manager keeps its work on a claim."""
    made = nni_experiment.files(Experiment("mnist", "prod"), environment(AZURE), FILES, COMPONENT)
    kustomization = yamls.load(made["kustomization.yaml"])
    assert kustomization["resources"] == ["job.yaml", "service.yaml", "work.yaml"]
    claim = yamls.load(made["work.yaml"])
    assert claim["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    }
    volumes = yamls.load(made["job.yaml"])["spec"]["template"]["spec"]["volumes"]
    assert volumes[2] == {"name": "work", "persistentVolumeClaim": {"claimName": "work"}}


@pytest.mark.parametrize("given", [NFS, AZURE, NFS | {"nni.namespace": "trials"}])
def test_the_starter_is_in_order(given: dict[str, Any]) -> None:
    """What `nni experiment` scaffolds has no fault by NNI's rules and by its environment's."""
    env = environment(given)
    files = nni_starter.files("mnist", env, {}, "")
    assert list(files) == ["experiment.yaml", "search_space.json", "code/trial.py"]
    assert experiment.check_inputs(files, "d") == []
    assert agreement.check(files, env, "d") == []


def test_code_of_the_users() -> None:
    """Its search space moves to the top, the rest to code/."""
    given = {"trial.py": b"t", "lib/a.py": b"a", "search_space.json": b'{"z": 1}'}
    files = nni_starter.files("mnist", environment(NFS), given, "d")
    assert list(files) == ["experiment.yaml", "search_space.json", "code/trial.py", "code/lib/a.py"]
    assert files["search_space.json"] == b'{"z": 1}'
    with pytest.raises(InputError) as error:
        nni_starter.files("mnist", environment(NFS), {"train.py": b""}, "d")
    assert str(error.value) == (
        "d: has neither experiment.yaml nor trial.py: what would a trial run? "
        "(its trialCommand is `python3 trial.py`)"
    )


FOREIGN = """\
# mine
trialCommand: python3 trial.py  # so
trialCodeDirectory: code
trialConcurrency: 1
maxTrialNumber: 1
searchSpaceFile: search_space.json
tuner: {name: Random}
trainingService:
  platform: frameworkcontroller
  namespace: theirs
  serviceAccountName: admin
  storage: {storageType: nfs, server: 1.2.3.4, path: /}
  taskRoles:
  - {name: worker, dockerImage: a, taskNumber: 1, command: x, gpuNumber: 0, cpuNumber: 1,
     memorySize: 1gb, frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 1}}
"""  # noqa: E501


def test_an_experiment_of_the_users() -> None:
    """It gets the environment's namespace, account and share, and keeps all else."""
    env = environment(NFS)
    given = nni_starter.files("x", env, {}, "") | {
        "experiment.yaml": FOREIGN.encode(),
        "more": b"m",
    }
    found = [str(p) for p in agreement.check(given, env, "d")]
    assert found == [
        "d/experiment.yaml: trainingService.namespace: is not what prod has (namespace: nni)",
        "d/experiment.yaml: trainingService.serviceAccountName: is not what prod has "
        "(serviceAccountName: nni-trial)",
        "d/experiment.yaml: trainingService.storage: is not what prod has (storage: "
        "{storageType: nfs, server: 10.0.0.2, path: /exports/nni})",
    ]
    files = nni_starter.files("mnist", env, given, "d")
    assert files == given | {
        "experiment.yaml": FOREIGN.replace("theirs", "nni")
        .replace("admin", "nni-trial")
        .replace("storage: {storageType: nfs, server: 1.2.3.4, path: /}", (
            "storage:\n    storageType: nfs\n    server: 10.0.0.2\n    path: /exports/nni"
        )).encode()
    }  # fmt: skip
    assert agreement.check(files, env, "d") == []


@pytest.mark.parametrize("text", ["", "- a\n", "trainingService: local\n", "a: b\n"])
def test_what_is_no_experiment_stays_as_it_is(text: str) -> None:
    """The check says what is wrong with it."""
    env = environment(NFS)
    given = {"experiment.yaml": text.encode()}
    assert nni_starter.files("mnist", env, given, "d") == given
    assert agreement.check(given, env, "d")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trialCodeDirectory: code", "/usr"),
        ("trialCodeDirectory: code", ".."),
        ("trial_code_directory: code", "code/../../x"),
        ("searchSpaceFile: search_space.json", "/etc/passwd"),
        ("searchSpaceFile: search_space.json", "~/.ssh/id_rsa"),
    ],
)
def test_what_it_names_must_be_in_its_folder(key: str, value: str) -> None:
    """The manager has nothing else; nor is a file elsewhere read, and shown in a message."""
    env = environment(NFS)
    files = nni_starter.files("mnist", env, {}, "")
    name = key.partition(":")[0]
    original = {"trial_code_directory: code": "trialCodeDirectory: code"}.get(key, key)
    text = files["experiment.yaml"].decode()
    assert original in text
    files["experiment.yaml"] = text.replace(original, f"{name}: {value}").encode()
    (found,) = agreement.check(files, env, "d")
    assert found.where == f"d/experiment.yaml: {original.partition(':')[0]}"
    assert found.what == f"{value!r} is not in the experiment's folder"


def test_the_code_of_its_algorithms_is_in_its_folder() -> None:
    """A tuner of the user's own, for one."""
    env = environment(NFS)
    files = nni_starter.files("mnist", env, {}, "")
    text = files["experiment.yaml"].decode()
    own = text.replace("  name: TPE\n", "  className: t.T\n  codeDirectory: /opt\n")
    (found,) = agreement.check(files | {"experiment.yaml": own.encode()}, env, "d")
    assert str(found) == (
        "d/experiment.yaml: tuner.codeDirectory: '/opt' is not in the experiment's folder "
        "(put it there)"
    )


@pytest.mark.parametrize("text", ["a: [\n", "&a [*a]\n", "a: 1\na: 2\n"])
def test_what_cannot_be_read_has_its_own_fault(text: str) -> None:
    """NNI's reading of the file is judged, and nothing else."""
    found = agreement.check({"experiment.yaml": text.encode()}, environment(NFS), "d")
    assert all(problem.where.startswith("d/experiment.yaml") for problem in found)
    assert found
