"""The verdict of `fcgitops nni check` against NNI 3.0 itself: NNI_PYTHON is a Python that has it.

NNI loads and validates files that hypothesis makes up, as `nnictl create` does before it starts.
"""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.core.errors import InputError
from fcgitops.core.findings import REJECT, verdict
from fcgitops.nnifile import version1
from fcgitops.nnifile.check import check
from fcgitops.nnifile.rules_algorithm import ASSESSORS, TUNERS, find
from fcgitops.nnifile.rules_service import megabytes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nnifiles import ODD, RIGHT, ROWS, SERVICES, added, altered, dumped, experiment, places, put
from testbed.nnioracle import Nni, interpreter, started

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def nni(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nni]:
    """NNI 3.0 in a process of its own."""
    with started(interpreter(), tmp_path_factory.mktemp("nni")) as running:
        yield running


class Judge:
    """Compares, and counts what it has seen, so that a test of nothing is noticed."""

    def __init__(self, nni: Nni) -> None:
        self.nni = nni
        self.seen: Counter[str] = Counter()

    def __call__(self, text: str | bytes) -> None:
        """NNI refuses the file where the verdict is reject, and nowhere else."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        word, reason = self.nni(data)
        found = check(data, self.nni.folder)
        self.seen[word] += 1
        said = [str(f) for f in found if f.severity == REJECT]
        assert (word == REJECT) is (verdict(found) == REJECT), (data, reason, said)


@pytest.fixture
def judge(nni: Nni, monkeypatch: pytest.MonkeyPatch) -> Judge:
    monkeypatch.setenv("HOME", str(nni.folder / "home"))
    return Judge(nni)


def on(examples: int, files: st.SearchStrategy[str], judge: Judge) -> None:
    """Judges as many files: always the same ones, or with AFRESH=1 new ones."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=not os.environ.get("AFRESH"),
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def run(text: str) -> None:
        judge(text)

    run()
    refused = judge.seen[REJECT]
    assert examples / 20 < refused < examples * 19 / 20, judge.seen  # both are tested


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A right file with one or two values replaced, left out or added, on any platform."""
    value = experiment(draw(st.sampled_from(["frameworkcontroller", *SERVICES])))
    for _ in range(draw(st.integers(1, 2))):
        known = list(places(value))
        new = draw(st.sampled_from([..., *ODD]))
        path = draw(st.sampled_from(known if new is ... else [*known, *added(value)]))
        parent = value
        for key in path[:-1]:
            parent = parent[key] if isinstance(parent, dict | list) else {}
        if isinstance(parent, dict | list):
            value = put(value, path, new)
    return dumped(value)


@st.composite
def mistyped(draw: st.DrawFn) -> str:
    """A right file with slips of the keyboard, odd scalars and other spellings of keys."""
    pick = draw(st.randoms(use_true_random=False))
    text = RIGHT
    for _ in range(draw(st.integers(1, 3))):
        text = altered(text, pick)
    return text


def test_values(judge: Judge) -> None:
    """Every type of value at every key, on every platform of NNI's."""
    on(600, edited(), judge)


def test_texts(judge: Judge) -> None:
    """YAML in every form, as PyYAML reads it."""
    on(600, mistyped(), judge)


def test_recorded_files(judge: Judge) -> None:
    """NNI still gives the recorded verdicts; a look at every tenth."""
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    for row in rows[::10]:
        data = row["yaml"].encode("utf-8", "surrogatepass")
        assert judge.nni(data)[0] == row["verdict"], row
    assert len({row["verdict"] for row in rows[::10]}) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xfe\0",
        RIGHT.encode("utf-16"),
        b"\xef\xbb\xbf" + RIGHT.encode(),
        RIGHT.replace("\n", "\r\n").encode(),
        RIGHT.replace("\n", "\r").encode(),
        RIGHT.encode() + b"# \xe9\n",
        f"{RIGHT}x: &a [*a]\n".encode(),
        f"{RIGHT}<<: {{debug: true}}\n".encode(),
        f"{RIGHT}<<: {{x: true}}\n".encode(),
        f"{RIGHT}trialCodeDirectory: ~/\n".encode(),
        f"{RIGHT}trialCodeDirectory: {'a/' * 3000}\n".encode(),
        f"{RIGHT}experimentWorkingDirectory: {'a/' * 3000}\n".encode(),
        f"{RIGHT}tunerGpuIndices: '1,\u0662, 3_0'\n".encode(),
        f"{RIGHT}tunerGpuIndices: '{'9' * 5000}'\n".encode(),
        f"{RIGHT}maxTrialNumber: {'9' * 4000}\n".encode()[:900],
        f"{RIGHT}searchSpaceFile: space.yaml\n".encode(),
        f"{RIGHT}searchSpaceFile: empty\n".encode(),
        f"{RIGHT}searchSpaceFile: code\n".encode(),
        f"{RIGHT}searchSpace: {'[' * 100}{']' * 100}\n".encode(),
        f"{RIGHT}# {'x' * 40_000}\n".encode(),
        f"{RIGHT}experimentName: {'x' * 40_000}\n".encode(),
        f"{RIGHT}experimentName: [{'x, ' * 20_000}]\n".encode(),
        (RIGHT.partition("trainingService")[0] + "training_service_platform: local\n").encode(),
        (RIGHT.partition("trainingService")[0] + "training_service_platform: [local]\n").encode(),
    ],
)
def test_odd_files(judge: Judge, data: bytes) -> None:
    """What no generator finds soon; over 32 KiB by the other parser."""
    judge(data)


def sources() -> Path:
    """The folder of NNI's own Python code."""
    script = "import nni; print(nni.__path__[0])"
    run = subprocess.run(
        [interpreter(), "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return Path(run.stdout.strip())


def answers(cases: Iterable[object], program: str, *arguments: str) -> list[str]:
    """What a program of NNI's Python prints: a line for each case, which it reads as JSON."""
    ran = subprocess.run(
        [interpreter(), "-W", "ignore", "-c", program, *arguments],
        input="".join(f"{json.dumps(case)}\n" for case in cases),
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    return ran.stdout.splitlines()


def test_algorithms() -> None:
    """The table has NNI's own tuners and assessors, and what their constructors take."""
    folder = sources()
    names = yamls.load(
        (folder / "runtime" / "default_config" / "builtin_algorithms.yml").read_text()
    )
    for kind, known in (("tuners", TUNERS), ("assessors", ASSESSORS)):
        assert {meta["builtinName"] for meta in names[kind]} == set(known)
        for meta in names[kind]:
            algorithm = find(meta.get("alias", meta["builtinName"]).upper(), known)
            assert algorithm is known[meta["builtinName"]]
            assert bool(meta.get("isAdvisor")) is algorithm.advisor
            module, _, name = meta["className"].rpartition(".")
            assert constructor(folder, module, name) == set(algorithm.arguments), name


def constructor(folder: Path, module: str, name: str) -> set[str]:
    """The parameters of a class's __init__, read without importing what may not be there."""
    place = folder.joinpath(*module.split(".")[1:])
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        for node in ast.walk(_parsed(file)):
            if isinstance(node, ast.ClassDef) and node.name == name:
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                        return {argument.arg for argument in item.args.args[1:]}
    raise AssertionError(f"no {name} in {module}")


def _parsed(file: Path) -> ast.Module:
    with warnings.catch_warnings(action="ignore"):  # NNI has invalid escapes
        return ast.parse(file.read_text(encoding="utf-8"))


SPACES = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from nni.common.hpo_utils import validate_search_space
from nni.tools.package_utils.tuner_factory import create_builtin_class_instance
for line in sys.stdin:
    name, space, types = json.loads(line)
    try:
        right = validate_search_space(space, types)
    except Exception:
        right = False
    try:
        tuner = create_builtin_class_instance(name, None, "tuners")
        tuner.update_search_space(space)
        drawn = len(tuner.generate_multiple_parameters([0])) == 1
    except Exception:
        drawn = False
    print(json.dumps([right, drawn]), flush=True)
"""
NO_QUANTUM = [0.1, 1, 0]
"""NNI's check passes it, and tuners divide by it."""
VALUES = [
    [0, 1], [1, 5], [0.1, 1], [1, 0], [1], [], ["a", "b"], [0.1, 1, 0.1], NO_QUANTUM, [[1]],
    [1.5, 2.5], [None], ["0.1", "1"], ["1e-5", 1], [True, False], [{"a": 1}], [1, 1],
]  # fmt: skip


def test_search_spaces() -> None:
    """What a tuner fails on is a hazard; what it draws from and NNI calls right is none."""
    names = ["TPE", "Random", "GridSearch", "Evolution", "Metis", "GP"]
    cases = [
        (name, {"x": {"_type": kind, "_value": values}}, TUNERS[name].types)
        for name in names
        for kind in (*TUNERS["TPE"].types, "unform")
        for values in VALUES
    ]
    told = answers(cases, SPACES)
    seen: Counter[tuple[bool, bool]] = Counter()
    wrong = []
    for (name, space, _), line in zip(cases, told, strict=True):
        right, drawn = json.loads(line)
        value = {**experiment(), "searchSpace": space, "tuner": {"name": name}}
        found = [str(f) for f in check(dumped(value).encode()) if f.rule == "NNI44"]
        seen[drawn, bool(found)] += 1
        fine = right and drawn and space["x"]["_value"] != NO_QUANTUM
        if (not drawn and not found) or (fine and found):
            wrong.append((name, space, right, drawn, found))
    assert not wrong, wrong
    assert seen[True, False] > 100, seen


DRAWS = """
import contextlib, json, logging, sys, numpy
logging.disable(logging.CRITICAL)
import nni
from nni.algorithms.hpo import hyperband_advisor
from nni.tools.package_utils.tuner_factory import create_builtin_class_instance

def raw(value):
    if isinstance(value, dict):
        return ("_type" in value and "_value" in value) or any(map(raw, value.values()))
    return isinstance(value, list) and any(map(raw, value))

def draws(name, space):
    if name == "Hyperband":
        state = numpy.random.RandomState(0)
        yield from (hyperband_advisor.json2parameter(space, state) for _ in range(60))
        return
    arguments = {
        "TPE": {"seed": 0},
        "Random": {"seed": 0},
        "PBT": {"population_size": 4, "resample_probability": 0.5, "all_checkpoint_dir": "/x"},
    }.get(name)
    rounds = 300 if name == "PBT" else 60
    tuner = create_builtin_class_instance(name, arguments, "tuners")
    tuner.update_search_space(space)
    with contextlib.suppress(nni.NoMoreTrialError):
        for number in range(rounds):
            drawn = tuner.generate_multiple_parameters([number], st_callback=print)
            if not drawn:
                return
            yield drawn[0]
            tuner.receive_trial_result(number, drawn[0], number % 7)
            tuner.trial_end(number, True)

for line in sys.stdin:
    name, space = json.loads(line)
    try:
        word = "raw" if any([raw(drawn) for drawn in draws(name, space)]) else "fine"
    except Exception as error:
        word = "fails"
    print(json.dumps(word), flush=True)
"""
NESTING = ["TPE", "Random", "GridSearch", "Evolution", "PBT", "Hyperband", "Batch"]
"""The tuners that choose from anything, and need no further package."""


def parameter(values: list[object]) -> dict[str, object]:
    return {"_type": "choice", "_value": values}


UNIFORM = {"_type": "uniform", "_value": [0, 1]}
DEEP = {"_name": "c", "y": parameter([{"_name": "d", "z": UNIFORM}, {"_name": "e"}])}
NESTED: list[list[object]] = [
    [{"a": UNIFORM}, {"b": UNIFORM}],
    [{"_name": "a", "y": UNIFORM}, {"_name": "b"}],
    [{"_name": "a", "y": UNIFORM}, {"b": UNIFORM}],
    [{"_name": "a", "y": UNIFORM}, "none", 3],
    [3, {"_name": "a", "y": UNIFORM}],
    [DEEP, {"_name": "b"}],
    [DEEP],
    [DEEP, 1],
    [{"_name": "c", "y": parameter([{"_name": "d", "z": UNIFORM}, 1])}, {"_name": "b"}],
    [{"_name": "c", "y": parameter([{"z": UNIFORM}])}, {"_name": "b"}],
    [{"_name": "c", "y": parameter([{"_name": "d", "z": UNIFORM}])}, {"_name": "b"}],
    [{"_name": "c", "y": parameter([{"_name": "d"}, {"_name": "e"}])}, {"_name": "b"}],
    [{"_name": "c", "y": parameter([DEEP, {"_name": "e"}])}],
    [{"_name": "a", "y": 3}, {"_name": "b"}],
    [{"_name": "a", "y": {"z": UNIFORM}}, {"_name": "b"}],
    [{"lr": 0.1, "layers": [1, 2]}, {"lr": 0.2, "layers": [3]}],
    [{"lr": {"low": 1}}, "auto"],
    [[1, 2], [3, 4]],
    [[UNIFORM, 1], [2]],
    [[{"_name": "a", "y": UNIFORM}], 2],
    [UNIFORM, 1],
    [{"_name": UNIFORM}],
    [{"_name": "a"}, None, True],
]
"""Choices with and without `_name`, scalars among them, a choice in a choice and once more."""


def choices(depth: int) -> st.SearchStrategy[object]:
    """What may stand in a choice, and in what stands there."""
    plain = st.sampled_from([1, 0.5, "a", None, True])
    if depth == 0:
        return st.one_of(plain, st.just(UNIFORM))
    deeper = st.deferred(lambda: choices(depth - 1))
    entry = st.one_of(
        plain, st.just(UNIFORM), st.lists(deeper, min_size=1, max_size=3).map(parameter)
    )
    space = st.dictionaries(st.sampled_from(["p", "q"]), entry, max_size=2)
    name = st.sampled_from([{}, {"_name": "n"}, {"_name": "m"}])
    return st.one_of(plain, st.builds(lambda a, b: {**a, **b}, name, space), st.lists(deeper))


def disagreements(cases: list[tuple[str, object]]) -> tuple[list[object], Counter[str]]:
    """The spaces of which NNI's tuners and NNI44 do not say the same, and what NNI's said."""
    told = answers(cases, DRAWS)
    words = [json.loads(line) for line in told]
    wrong = []
    for (name, space), word in zip(cases, words, strict=True):
        value = {**experiment(), "searchSpace": space, "tuner": {"name": name}}
        found = [str(f) for f in check(dumped(value).encode()) if f.rule == "NNI44"]
        if (word == "fine") is bool(found):
            wrong.append((name, space, word, found))
    return wrong, Counter(words)


def test_nested_choices() -> None:
    """After sixty draws and results: a tuner has failed, or handed over _type, or is fine."""
    cases = [(name, {"x": parameter(values)}) for name in NESTING for values in NESTED]
    wrong, seen = disagreements(cases)
    assert wrong == []
    assert min(seen["fine"], seen["raw"], seen["fails"]) >= 20, seen


def test_nested_choices_of_any_form() -> None:
    """The same of spaces that hypothesis makes up, three levels deep."""
    cases: list[tuple[str, object]] = []

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=not os.environ.get("AFRESH"),
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(choices(2), min_size=1, max_size=3))
    def collect(values: list[object]) -> None:
        cases.extend((name, {"x": parameter(values)}) for name in NESTING)

    collect()
    wrong, seen = disagreements(cases)
    assert wrong == []
    assert min(seen["fine"], seen["raw"], seen["fails"]) >= 5, seen


CONVERT = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from nni.experiment.config import ExperimentConfig, convert, utils
utils.get_ipv4_address = lambda: "192.0.2.1"
utils.set_base_path(sys.argv[1])
for line in sys.stdin:
    try:
        new = convert.to_v2(json.loads(line))
    except Exception:
        new = None
    try:
        taken = new is not None and ExperimentConfig(**new).validate() is None
    except Exception:
        taken = False
    print(json.dumps([new, taken]), flush=True)
"""
FIRST = {
    "authorName": "a", "experimentName": "e", "trialConcurrency": 1, "maxExecDuration": "1h",
    "maxTrialNum": 2, "trainingServicePlatform": "frameworkcontroller", "debug": True,
    "searchSpacePath": "space.json", "useAnnotation": False, "nniManagerIp": "192.0.2.1",
    "logDir": "/tmp", "logLevel": "info", "multiPhase": False, "versionCheck": True,
    "tuner": {"builtinTunerName": "TPE", "classArgs": {"optimize_mode": "maximize"},
              "gpuIndices": "0", "includeIntermediateResults": False},
    "assessor": {"codeDir": "code", "classFileName": "m.py", "className": "C"},
    "trial": {
        "codeDir": "code", "command": "python3 a.py", "gpuNum": 0, "nasMode": "x",
        "taskRoles": [
            {"name": "worker", "taskNum": 1, "command": "python3 b.py", "gpuNum": 0, "cpuNum": 1,
             "memoryMB": 512, "image": "example/nni:v3.0", "privateRegistryAuthPath": "/k",
             "frameworkAttemptCompletionPolicy": {"minFailedTaskCount": 1,
                                                  "minSucceededTaskCount": 1}},
        ],
    },
    "frameworkcontrollerConfig": {
        "storage": "nfs", "serviceAccountName": "nni-trial", "reuse": True,
        "nfs": {"server": "10.0.0.2", "path": "/x"},
        "azureStorage": {"accountName": "acc", "azureShare": "share"},
        "keyVault": {"vaultName": "vault", "name": "key"},
    },
    "sharedStorage": {"storageType": "NFS", "nfsServer": "10.0.0.2", "exportedDirectory": "/x",
                      "localMountPoint": "/m", "remoteMountPoint": "/r", "localMounted": "nomount"},
}  # fmt: skip
"""Every key of the first version that has to do with FrameworkController."""


def first_versions() -> list[dict[str, Any]]:
    """The file whole, without each of its keys, with another value at each, and with Azure's."""
    found = [FIRST]
    for path in places(FIRST):
        found += [put(FIRST, path, ...), put(FIRST, path, None), put(FIRST, path, "other")]
    return [*found, put(FIRST, ("frameworkcontrollerConfig", "storage"), "azureStorage")]


def test_files_of_version_1(nni: Nni) -> None:
    """What NNI's own converter makes of them; what it takes then is none to be refused."""
    cases = [case for case in first_versions() if case.get("trainingServicePlatform")]
    told = answers(cases, CONVERT, str(nni.folder))
    seen: Counter[tuple[bool, bool]] = Counter()
    for case, line in zip(cases, told, strict=True):
        theirs, taken = json.loads(line)
        try:
            ours = version1.convert(case, "f")[0]
        except InputError:
            ours = None
        seen[theirs is not None, taken] += 1
        if theirs is None:
            continue
        if ours is None:
            assert not taken, case
            continue
        assert pruned(ours) == pruned(theirs), case
        refused = verdict(check(dumped(ours).encode(), nni.folder)) == REJECT
        assert refused is not taken, (ours, taken)
    assert seen[True, True] > 50, seen
    assert seen[True, False] > 5, seen


def pruned(value: object) -> object:
    """Without what stands for nothing: null, and a storage that neither knows."""
    if isinstance(value, dict):
        kept = {key: pruned(item) for key, item in value.items() if item is not None}
        if isinstance(kept.get("storage"), dict):
            known = kept["storage"].get("storageType") in ("nfs", "azureStorage")
            kept = kept if known else {k: v for k, v in kept.items() if k != "storage"}
        return kept
    return [pruned(item) for item in value] if isinstance(value, list) else value


MANAGER = """
const {toMegaBytes, toSeconds} = require('./common/experimentConfig.js');
const {parseArgs} = require('./common/globals/arguments.js');
const tried = (call) => { try { return call(); } catch { return NaN; } };
const known = (level) => parseArgs([
  '--port', '1', '--experiment-id', 'x', '--action', 'create', '--experiments-directory', '/x',
  '--python-interpreter', 'x', '--log-level', level]).logLevel;
const [sizes, times, levels] = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify([
  sizes.map((size) => Number.isFinite(tried(() => toMegaBytes(size))) ? toMegaBytes(size) : null),
  times.map((time) => Number.isFinite(tried(() => toSeconds(time)))),
  levels.map((level) => tried(() => known(level)) === level)]));
"""
_SIZES = """
8gb 4g 4Gi 4GI 512mb 512MB 1.5tb 100b 1b 0gb gb b 8 8g 1e3kb 1e-9gb 0x10mb 0b1mb 0o7mb -1gb +5gb
1_0gb NaNgb Infinitygb infgb .5gb 5.gb .gb 1e400gb 1,5gb gbgb 8gib 8mib 2TB \u0661gb
"""
SIZES = [*_SIZES.split(), "", " ", "8 GB", " 8gb", "8gb ", "8\tgb", "1 0gb"]
TIMES = ["10s", "1_0s", "1e1h", "\u0661s", " 1 m", "1.5h", ".5m", "1D", "+1s", "1_000m"]


def test_managers_numbers() -> None:
    """NNI's manager, in JavaScript, makes the same of sizes, durations and levels of the log."""
    levels = ["fatal", "error", "warning", "info", "debug", "trace"]
    run = subprocess.run(
        ["./node", "-e", MANAGER],
        cwd=sources().parent / "nni_node",
        input=json.dumps([SIZES, TIMES, levels]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    sizes, times, known = json.loads(run.stdout)
    for text, size in zip(SIZES, sizes, strict=True):
        counted = megabytes(text)
        assert (None if math.isnan(counted) else counted) == size, text
    for text, right in zip(TIMES, times, strict=True):
        found = check(f"{RIGHT}maxTrialDuration: '{text}'\n".encode())
        assert [f.rule for f in found] == ([] if right else ["NNI47"]), text
    for level, right in zip(levels, known, strict=True):
        found = check(f"{RIGHT}logLevel: {level}\n".encode())
        assert [f.rule for f in found] == ([] if right else ["NNI48"]), level
    assert {True, False} == set(times) == set(known)


SEND = """
import json, requests, sys
from nni.experiment.config import ExperimentConfig, utils
utils.get_ipv4_address = lambda: "192.0.2.1"
data = ExperimentConfig.load(sys.argv[1]).json()
sent = json.loads(requests.Request("POST", "http://192.0.2.1", json=data).prepare().body)
print(json.dumps(sent["searchSpace"]["x"]["_value"][0]))
"""


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("1.5", "1.5"),
        ("[1, {a: ~}]", '[1, {"a": null}]'),
        ("{1: a}", '{"1": "a"}'),
        ("2020-01-01", None),
        ("'2020-01-01'", '"2020-01-01"'),
        ("{2020-01-01: 1}", None),
        (".nan", None),
        ("-.inf", None),
        ("!!set {a}", None),
        ("!!binary /w==", None),
    ],
)
def test_what_json_carries(nni: Nni, value: str, sent: str | None) -> None:
    """What NNI cannot send to its manager is a hazard, though it has passed the validation."""
    text = RIGHT.replace("uniform, _value: [0, 1]", f"choice, _value: [{value}]")
    file = nni.folder / "sent.yaml"
    file.write_text(text)
    run = subprocess.run(
        [interpreter(), "-c", SEND, str(file)], capture_output=True, text=True, check=False
    )
    assert (run.stdout.splitlines()[-1] if run.returncode == 0 else None) == sent
    rules = {finding.rule for finding in check(text.encode(), nni.folder)}
    assert ("NNI06" in rules) is (sent is None)
