"""Rules on tuner and assessor: NNI takes any name and arguments, and its dispatcher fails later.

Sources: nni/runtime/default_config/builtin_algorithms.yml and the signatures of the classes named
there, of the package nni 3.0; nni/tools/package_utils/tuner_factory.py, which makes them without
asking their validators. What lacks a package was found by making each in a plain installation.
"""

from __future__ import annotations

from dataclasses import dataclass

from fcgitops.nnifile.nesting import Nesting
from fcgitops.nnifile.schema_load import Config, Loaded, shown
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named

MODES = ("maximize", "minimize")
NUMBERS = ("choice", "randint", "uniform", "quniform", "loguniform", "qloguniform")
ALL_TYPES = (*NUMBERS, "normal", "qnormal", "lognormal", "qlognormal")


@dataclass(frozen=True)
class Algorithm:
    """One of NNI's own."""

    arguments: tuple[str, ...]
    """What its constructor takes."""
    needs: str = ""
    """Packages that `pip install nni` does not bring."""
    types: tuple[str, ...] = ALL_TYPES
    """What it draws from; none where its search space is another one."""
    mode: str = ""
    """optimize_mode by default; empty where it does not go by it."""
    advisor: bool = False
    """Whether it is an assessor too."""
    chooses: str = "anything"
    """What it chooses from: anything, numbers, also texts that float() takes (numeric), or what
    NumPy makes a row of and gives back as it was (alike)."""
    converts: bool = False
    """Whether it makes numbers of texts: float('1e-5')."""
    nests: Nesting = "none"
    """How it finds a space in a choice."""


_GP = (
    "optimize_mode", "utility", "kappa", "xi", "nu", "alpha", "cold_start_num",
    "selection_num_warm_up", "selection_num_starting_points",
)  # fmt: skip
_METIS = (
    "optimize_mode", "no_resampling", "no_candidates", "selection_num_starting_points",
    "cold_start_num", "exploration_probability",
)  # fmt: skip
_PBT = (
    "optimize_mode", "all_checkpoint_dir", "population_size", "factor", "resample_probability",
    "fraction",
)  # fmt: skip
_HYPEROPT = (
    "algorithm_name", "optimize_mode", "parallel_optimize", "constant_liar_type",
)  # fmt: skip
_BOHB = (
    "optimize_mode", "min_budget", "max_budget", "eta", "min_points_in_model", "top_n_percent",
    "num_samples", "random_fraction", "bandwidth_factor", "min_bandwidth", "config_space",
)  # fmt: skip
_PPO = (
    "optimize_mode", "trials_per_update", "epochs_per_update", "minibatch_size", "ent_coef", "lr",
    "vf_coef", "max_grad_norm", "gamma", "lam", "cliprange",
)  # fmt: skip
_MORPHISM = (
    "task", "input_width", "input_channel", "n_output_node", "algorithm_name", "optimize_mode",
    "path", "verbose", "beta", "t_min", "max_model_size", "default_model_len",
    "default_model_width",
)  # fmt: skip
_DNGO = ("optimize_mode", "sample_size", "trials_per_update", "num_epochs_per_training")
_GP_TYPES = ("choice", "uniform", "quniform", "loguniform", "qloguniform")  # randint fails, tried
_METIS_TYPES = ("choice", "randint", "uniform", "quniform")
_SMAC_TYPES = ("choice", "randint", "uniform", "loguniform", "quniform")

TUNERS = {
    "TPE": Algorithm(("optimize_mode", "seed", "tpe_args"), mode="minimize", converts=True,
                     nests="all named"),
    "Random": Algorithm(("seed", "optimize_mode"), converts=True, nests="all named"),
    "GridSearch": Algorithm(("optimize_mode",), converts=True, nests="all named"),
    "Batch": Algorithm((), types=("choice",)),
    "Evolution": Algorithm(("optimize_mode", "population_size"), mode="maximize", nests="named"),
    "Metis": Algorithm(_METIS, types=_METIS_TYPES, mode="maximize", chooses="numbers"),
    "GP": Algorithm(_GP, types=_GP_TYPES, mode="maximize", chooses="numeric"),
    "PBT": Algorithm(_PBT, mode="maximize", chooses="alike", nests="once"),
    "Hyperband": Algorithm(("optimize_mode", "R", "eta", "exec_mode"), mode="maximize",
                           advisor=True, nests="any"),
    "RegularizedEvolutionTuner": Algorithm(
        ("optimize_mode", "population_size", "sample_size"), types=(), mode="maximize"
    ),
    "TPE_legacy": Algorithm(_HYPEROPT, "hyperopt==0.1.2", mode="minimize", nests="named"),
    "Anneal": Algorithm(_HYPEROPT, "hyperopt==0.1.2", mode="minimize", nests="named"),
    "SMAC": Algorithm(("optimize_mode", "config_dedup"), "ConfigSpaceNNI and smac4nni", _SMAC_TYPES,
                      mode="maximize"),
    "DNGO": Algorithm(_DNGO, "torch and pybnn", NUMBERS, mode="maximize"),
    "BOHB": Algorithm(_BOHB, "ConfigSpace and statsmodels", mode="maximize", advisor=True),
    "PPO": Algorithm(_PPO, "gym", (), mode="maximize"),
    "NetworkMorphism": Algorithm(_MORPHISM, "torch", (), mode="maximize"),
}  # fmt: skip
ASSESSORS = {
    "Medianstop": Algorithm(("optimize_mode", "start_step"), mode="maximize"),
    "Curvefitting": Algorithm(("epoch_num", "start_step", "threshold", "gap")),
}
_ALIASES = {f"{name}tuner": name for name in ("ppo", "batch", "metis", "gp", "pbt", "dngo")}


def find(name: str, known: dict[str, Algorithm]) -> Algorithm | None:
    """An algorithm by its name, in any case, or its alias."""
    lower = _ALIASES.get(name.lower(), name.lower())
    return next((found for key, found in known.items() if key.lower() == lower), None)


def tuner(loaded: Loaded) -> Algorithm | None:
    """The tuner of an experiment where it is one of NNI's own."""
    config = loaded.algorithm("tuner")
    name = config.get("name", str) if config else None
    return find(name, TUNERS) if name else None


def check(loaded: Loaded) -> None:
    """Adds the findings of all rules."""
    for role, known in (("tuner", TUNERS), ("assessor", ASSESSORS)):
        config = loaded.algorithm(role)
        if config is not None:
            _algorithm(loaded, config, role, known)
    chosen = tuner(loaded)
    assessor = loaded.algorithm("assessor")
    if chosen is not None and chosen.advisor and assessor is not None:
        message = "is ignored: the tuner stops trials itself"
        loaded.report("NNI51", loaded.experiment.at("assessor"), message, "leave it out")


def _algorithm(loaded: Loaded, config: Config, role: str, known: dict[str, Algorithm]) -> None:
    """NNI41, NNI43: tuner_factory.py raises, and the experiment ends in the status ERROR."""
    class_name = config.get("className", str)
    if class_name and "." not in class_name:
        message = f"is {shown(class_name)}: NNI splits it at its last dot, and fails"
        loaded.report("NNI41", config.at("className"), message, "MODULE.CLASS")
    name = config.get("name", str)
    if not name:
        return
    algorithm = find(name, known)
    if algorithm is None:
        message = f"is {shown(name)}, no {role} of NNI's: the experiment ends in an error"
        hint = did_you_mean(name, known) or "`nnictl algo register` adds others"
        loaded.report("NNI41", config.at("name"), message, hint)
        return
    if algorithm.needs:
        message = f"is {name}, which needs {algorithm.needs} in the manager's image"
        loaded.report("NNI43", config.at("name"), message)
    _arguments(loaded, config, name, algorithm)


def _arguments(loaded: Loaded, config: Config, name: str, algorithm: Algorithm) -> None:
    """NNI42, NNI67: they are handed to the constructor by name, spelled as they are."""
    arguments = config.values["classArgs"]
    if "classArgs" in config.broken or not isinstance(arguments, dict | None):
        return
    path = config.at("classArgs")
    for key in arguments or {}:
        if key not in algorithm.arguments:
            message = f"is nothing that {name} takes: the experiment ends in an error"
            hint = did_you_mean(key, algorithm.arguments) if len(str(key)) <= 64 else ""
            loaded.report("NNI42", (*path, named(key)), message, hint)
    if not algorithm.mode:
        return
    mode = (arguments or {}).get("optimize_mode", None)
    if mode is None and "optimize_mode" not in (arguments or {}):
        message = f"has no optimize_mode, so {name} will {algorithm.mode}"
        loaded.report("NNI67", config.path, message, "classArgs: {optimize_mode: …}")
    elif mode not in MODES:
        message = f"is {shown(mode)}"
        loaded.report("NNI42", (*path, "optimize_mode"), message, "maximize or minimize")
